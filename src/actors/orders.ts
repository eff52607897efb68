/** Orders: how many blocks to have on order from a peer, and when to ask for more. */
import type { PeerState } from '../events/state.js'
import { LIMITS } from '../limits.js'

export const orderTarget = (peer: Readonly<PeerState>): number =>
  peer.snubbed ? 1 : Math.min(peer.pipeline.target, peer.requestsMax, LIMITS.requestsOutstandingMax)

/** Half empty before it is filled again, so that many requests go out in one write. */
export const isRunningLow = (peer: Readonly<PeerState>, onOrder: number): boolean => {
  const target = orderTarget(peer)
  return onOrder <= (target < 16 ? target - 1 : target >> 1)
}
