/**
 * The web seed actor: a web server that has the content, asked as if it were a peer that serves us and has everything
 * (BEP 19). What it gives wrong is blamed on it as on any peer.
 */
import type { PeerState, TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import type { Failure } from '../outside.js'
import { boundedText } from '../values.js'
import { blocksArrived } from './blocks.js'
import { pickGap } from './gaps.js'
import { hasRoom } from './orders.js'
import { closePeer } from './peer-steps.js'
import { refillOthers } from './refills.js'
import { type Circumstances, type Decision, decided, NOTHING, type PeerInput, type PeerRequest } from './vocabulary.js'

const refill = (state: Readonly<TransferState>, peer: Readonly<PeerState>, { now }: Circumstances): Decision => {
  if (!hasRoom(peer) || state.standing.tags.downloading !== true) return NOTHING
  const ranges = pickGap(state, peer, now)
  if (ranges.length === 0) return NOTHING
  return decided({
    events: [{ type: 'blocks-requested', peer: peer.key, ranges }],
    effects: [{ type: 'request', peer: peer.key, ranges }],
  })
}

/** Of these one file is lacking, and others may be there. */
const LACKS_FILE: ReadonlySet<string> = new Set(['NOT_FOUND'])
/** Of these nothing is to be hoped for soon. */
const USELESS: ReadonlySet<string> = new Set([
  ...['FORBIDDEN', 'NO_RANGES', 'WEB_PAGE', 'ENCODED', 'REDIRECTS', 'UNSUPPORTED', 'LOCAL_ADDRESS', 'BLOCKED'],
])

/** The server's own wish, within bounds, or twice as long each time. */
const againMs = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  reason: string,
  retryAfterMs: number | undefined,
): number => {
  const failures = peer.downloaded.total > 0 ? 0 : (state.webSeeds.get(peer.webSeed ?? '')?.failures ?? 0)
  const usual = Math.min(LIMITS.webSeedRetryMaxMs, LIMITS.webSeedRetryMs * 2 ** Math.min(failures, 16))
  const least = USELESS.has(reason) || LACKS_FILE.has(reason) ? LIMITS.webSeedUselessMs : usual
  return Math.max(least, Math.min(retryAfterMs ?? 0, LIMITS.webSeedRetryAfterMaxMs))
}

const fail = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  { code, message }: Failure,
  retryAfterMs?: number,
): Decision =>
  decided({
    events: [
      {
        type: 'web-seed-failed',
        peer: peer.key,
        url: peer.webSeed ?? '',
        reason: boundedText(code, LIMITS.reasonTextMax),
        detail: boundedText(message, LIMITS.reasonTextMax),
        againMs: againMs(state, peer, code, retryAfterMs),
      },
    ],
    messages: [...refillOthers(state, peer.key), { to: 'transfer', message: { type: 'ask-web-seeds' } }],
    effects: [{ type: 'hang-up', peer: peer.key }],
  })

const isWanted = (state: Readonly<TransferState>, piece: number): boolean =>
  state.wanted.has(piece) && !state.stored.has(piece)

const stumbled = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  { failure, retryAfterMs, firstPiece, lastPiece }: Extract<PeerInput, { type: 'web-seed-stumbled' }>,
): Decision => {
  if (!LACKS_FILE.has(failure.code)) return fail(state, peer, failure, retryAfterMs)
  let others = false
  for (const piece of peer.has.indices())
    if ((piece < firstPiece || piece > lastPiece) && isWanted(state, piece)) others = true
  if (!others) return fail(state, peer, failure, retryAfterMs)
  const reason = boundedText(`${failure.code}: ${failure.message}`, LIMITS.reasonTextMax)
  return decided({
    events: [{ type: 'web-seed-lacks', peer: peer.key, url: peer.webSeed ?? '', firstPiece, lastPiece, reason }],
    effects: [{ type: 'forget-requests', peer: peer.key }],
    messages: [{ to: 'peer', peer: peer.key, message: { type: 'refill' } }, ...refillOthers(state, peer.key)],
  })
}

const lookAtTime = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  circumstances: Circumstances,
): Decision => {
  if (state.standing.tags.downloading !== true) return closePeer(state, peer, 'both-complete', '')
  const silentMs = circumstances.now - peer.lastBlockAt
  if (peer.requested.size > 0 && silentMs > LIMITS.webSeedSlowMs)
    return fail(state, peer, { code: 'SLOW', message: `no block for ${Math.round(silentMs / 1_000)} s` })
  return refill(state, peer, circumstances)
}

/** What is on its way comes all the same, unless nothing else of it is wanted. */
const cancelled = (peer: Readonly<PeerState>, { range }: Extract<PeerRequest, { type: 'cancel-block' }>): Decision =>
  decided({
    events: [{ type: 'requests-cancelled', peer: peer.key, ranges: [range] }],
    effects: peer.requested.size > 1 ? [] : [{ type: 'forget-requests', peer: peer.key }],
    messages: [{ to: 'peer', peer: peer.key, message: { type: 'refill' } }],
  })

export const decideWebSeed = (
  state: Readonly<TransferState>,
  peer: PeerState,
  cause: PeerInput | PeerRequest,
  circumstances: Circumstances,
): Decision => {
  switch (cause.type) {
    case 'refill':
      return refill(state, peer, circumstances)
    case 'blocks-arrived':
      return blocksArrived(state, peer, cause.blocks)
    case 'web-seed-stumbled':
      return stumbled(state, peer, cause)
    case 'look-at-time':
      return lookAtTime(state, peer, circumstances)
    case 'cancel-block':
      return cancelled(peer, cause)
    case 'close':
      return closePeer(state, peer, cause.reason, cause.detail)
    case 'review-interest':
      return state.standing.tags.downloading === true && peer.interesting === 0 && peer.requested.size === 0
        ? closePeer(state, peer, 'both-complete', '')
        : NOTHING
    default:
      return NOTHING // what only peers say
  }
}
