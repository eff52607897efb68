/** Orders: how many blocks to have on order from a peer, and when to ask for more. */
import type { PeerState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import { BLOCK_BYTES } from '../values.js'

export const orderTarget = (peer: Readonly<PeerState>): number =>
  peer.webSeed !== undefined
    ? LIMITS.webSeedBlocksMax
    : peer.snubbed
      ? 1
      : Math.min(peer.pipeline.target, peer.requestsMax, LIMITS.requestsOutstandingMax)

/** How long the peer took for each block so far, if any came. */
export const usualBlockMs = ({ pipeline }: Readonly<PeerState>): number | undefined =>
  pipeline.rate === 0 ? undefined : (BLOCK_BYTES * 1_000) / pipeline.rate

/** Half empty before it is filled again, so that many requests go out in one write. */
export const isRunningLow = (peer: Readonly<PeerState>, onOrder: number): boolean => {
  const target = orderTarget(peer)
  return onOrder <= (target < 16 ? target - 1 : target >> 1)
}

/** Whether the peer can be asked for more, by what its state says at once; most peers of a swarm choke us. */
export const hasRoom = (peer: Readonly<PeerState>): boolean => {
  const { tags } = peer.standing
  if (tags.amInterested !== true || (tags.peerChoking === true && peer.allowedFast.size === 0)) return false
  return isRunningLow(peer, peer.requested.size)
}
