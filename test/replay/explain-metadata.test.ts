/** Why nobody knows what a torrent is: every cause of metadata where it is true, and where it is not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { peerKey } from '../../src/values.js'
import { METADATA_PIECE_BYTES } from '../../src/wire/utmetadata.js'
import { added, downloading, open, session } from '../actors/beginnings.js'
import { given, type Story } from '../actors/given.js'
import { codesOf, testCases, why } from './asking.js'

const UNKNOWN = { pieceLength: 0, totalBytes: 0 }
const BYTES = 2 * METADATA_PIECE_BYTES
const seeking = (...events: TransferEvent[]): Story =>
  given(added(UNKNOWN), session(), { type: 'metadata-sought' }, events)
const told = (): Story => given(downloading(), open(1))
const met = open(1, { extensions: true })
const offered: TransferEvent = { type: 'metadata-offered', peer: peerKey(1), bytes: BYTES }
const begun = (alone?: 1): TransferEvent => ({
  type: 'metadata-attempt-began',
  bytes: BYTES,
  alone: alone && peerKey(alone),
})
const requested: TransferEvent = { type: 'metadata-requested', peer: peerKey(1), metadataPieces: [0, 1] }
const received = (metadataPiece: number): TransferEvent => ({
  type: 'metadata-received',
  peer: peerKey(1),
  metadataPiece,
})
const refused: TransferEvent = { type: 'metadata-refused', peer: peerKey(1), metadataPiece: 0 }
const rejected: readonly TransferEvent[] = [
  { type: 'metadata-filled' },
  { type: 'metadata-rejected', suspects: [peerKey(1)], fingerprints: [1, 2] },
  { type: 'metadata-liar-banned', address: '10.0.0.1', kind: 'wrong-piece' },
]

testCases('metadata', [
  {
    code: 'metadata-unknown',
    verdict: 'stuck',
    story: () => seeking(),
    not: told,
    cites: ['transfer-added', 'metadata-sought'],
  },
  {
    code: 'metadata-coming',
    verdict: 'progressing',
    story: () => seeking(...met, offered, begun(), requested, received(0)),
    not: () => seeking(...met),
    cites: ['metadata-requested', 'metadata-received'],
    text: /1 of 2 pieces.*10\.0\.0\.1:6881/,
  },
  {
    code: 'metadata-on-parole',
    verdict: 'progressing',
    story: () => seeking(...met, offered, begun(1), requested),
    not: () => seeking(...met, offered, begun(), requested),
    cites: ['metadata-attempt-began'],
  },
  {
    code: 'metadata-nowhere',
    verdict: 'stuck',
    story: () => seeking(...met),
    not: () => seeking(...met, offered, begun(), requested),
    cites: ['handshake-received'],
  },
  {
    code: 'metadata-refused',
    verdict: 'stuck',
    story: () => seeking(...met, offered, begun(), { ...requested, metadataPieces: [0] }, refused),
    not: () =>
      seeking(...met, offered, begun(), { ...requested, metadataPieces: [0] }, refused).after(
        LIMITS.metadataRetryMaxMs,
      ),
    cites: ['metadata-refused'],
  },
  {
    code: 'metadata-rejected',
    verdict: 'stuck',
    story: () => seeking(...met, offered, begun(), requested, received(0), received(1), ...rejected),
    not: () => seeking(...met, offered, begun(), requested),
    cites: ['metadata-rejected', 'metadata-liar-banned'],
    text: /wrong once/,
  },
  {
    code: 'metadata-unusable',
    verdict: 'stopped',
    story: () => seeking({ type: 'transfer-failed', code: 'TORRENT_INVALID', message: 'TORRENT_INVALID: no name' }),
    not: () => seeking({ type: 'transfer-failed', code: 'DISK_FULL', message: 'DISK_FULL: no room' }),
    cites: ['transfer-failed'],
    text: /no name/,
  },
])

test('explain: a torrent that nobody knows is not complete, though no piece of it is missing', async () => {
  const explanation = await why(seeking())
  assert.is.not(explanation.verdict, 'complete')
  assert.ok(codesOf(explanation).includes('no-peers'))
})

test.run()
