/** A holder: a peer that has what we want, and what keeps it from bringing it. */
import { orderTarget, usualBlockMs } from '../../actors/orders.js'
import type { PeerState } from '../../events/state.js'
import { LIMITS } from '../../limits.js'
import { type PieceIndex, showAddress } from '../../values.js'
import { type Claim, claim, showDuration } from './claim.js'
import { lastOf } from './evidence.js'

/** A peer that brings nothing for so long is slow, whatever it does otherwise. */
const SLOW_MS = 10_000
/** Or takes so long for each block. */
const SLOW_BLOCK_MS = 5_000

/** A web seed has no connection that is open or not, and is asked like one that is. */
export const isOpen = (peer: Readonly<PeerState>): boolean =>
  peer.standing.tags.open === true || peer.webSeed !== undefined

/** It would give us blocks of the piece if we asked. */
export const serves = (peer: Readonly<PeerState>, piece: PieceIndex): boolean =>
  peer.standing.tags.peerChoking !== true || peer.allowedFast.has(piece)

/** As much is on order from it as it can take. */
export const isBusy = (peer: Readonly<PeerState>): boolean => peer.requested.size >= Math.max(1, orderTarget(peer) >> 1)

export const isSilent = (peer: Readonly<PeerState>, now: number): boolean => now - peer.lastBlockAt >= SLOW_MS

export const isSlow = (peer: Readonly<PeerState>, now: number): boolean =>
  isSilent(peer, now) || (usualBlockMs(peer) ?? 0) >= SLOW_BLOCK_MS

/** That a peer chokes us is said by its last word on it, or by its never having said otherwise. */
export const whyChoked = ({ key, address, since }: Readonly<PeerState>, now: number): Claim => {
  const isIt = (event: { readonly peer: number }): boolean => event.peer === key
  return claim(
    'chokes-us',
    `${showAddress(address)} chokes us; we have been connected for ${showDuration(now - since)}`,
    lastOf('choke-received', isIt),
    lastOf('unchoke-received', isIt),
    lastOf('handshake-received', isIt),
  )
}

export const requestsMost = (peer: Readonly<PeerState>): number =>
  Math.min(peer.requestsMax, LIMITS.requestsOutstandingMax)
