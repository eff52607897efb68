/** The vocabulary of introductions: what came of offers and answers that trackers pass on between peers (WebRTC). */
import type { PeerKey } from '../values.js'
import { bytes, list, oneOf, text, whole } from './fields.js'
import { event } from './table.js'

const tracker = text
/** Counted by the engine, over all of its transfers, as long as it runs. */
const introduction = whole()

export const INTRODUCTION_EVENTS = {
  'offers-made': event(
    260,
    'We wished for so many peers of the tracker, and gave it these offers of connections (WebRTC) to pass on.',
    { tracker, wanted: whole(), introductions: list(introduction) },
  ),
  'offer-answered': event(261, 'Somebody answered an offer of ours: the connection is being opened.', {
    introduction,
    tracker,
    peerId: bytes,
  }),
  'offer-received': event(262, 'The tracker passed on an offer of another, which we answer.', {
    introduction,
    tracker,
    peerId: bytes,
  }),
  'introduction-opened': event(263, 'The connection is open, and is taken or turned away as any that comes.', {
    introduction,
    tracker,
  }),
  'introduction-failed': event(264, 'No connection came of an offer, of ours or of another; `reason` says why.', {
    introduction,
    tracker,
    reason: oneOf('not-described', 'unanswered', 'tracker-lost', 'withdrawn', 'unreadable', 'unreachable', 'timeout'),
    detail: text,
  }),
  'offers-ignored': event(265, 'The tracker passes on more offers than are answered; told once a minute.', {
    tracker,
    reason: oneOf('no-room', 'too-often'),
  }),
  'peer-introduced': event(
    266,
    'The peer is the one whom this introduction brought. Of two such connections to one peer, both sides keep that of the smaller rank.',
    { peer: whole<PeerKey>(), introduction, rank: whole() },
  ),
} as const
