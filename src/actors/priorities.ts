/**
 * Priorities (BEP 40): which of many candidates are dialed first, and who makes way for whom where all places are taken.
 *
 * Both sides of a connection come to the same number, so a swarm whose peers are all full still takes newcomers in, and
 * nobody gets all places by coming often. Where we do not know how others see us there are no priorities.
 */
import type { Candidate, PeerState, TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import { type PeerAddress, readAddress } from '../values.js'
import { peerPriority } from '../wire/peerpriority.js'

/** Our address as others see it, of each family. */
export const ourAddresses = ({ ownAddresses }: Readonly<TransferState>): readonly PeerAddress[] =>
  [...ownAddresses].flatMap((name) => readAddress(name) ?? [])

const priorityOf = (ours: readonly PeerAddress[], theirs: PeerAddress): number => {
  for (const address of ours) {
    const priority = peerPriority(address, theirs)
    if (priority !== undefined) return priority
  }
  return 0
}

/** Those that are to be dialed, first come first; of more than there is room for those of the highest priority. */
export const chosenOf = (
  state: Readonly<TransferState>,
  candidates: readonly Readonly<Candidate>[],
  room: number,
): readonly Readonly<Candidate>[] => {
  if (candidates.length <= room) return candidates
  const ours = ourAddresses(state)
  if (ours.length === 0) return candidates.slice(0, room)
  const ranked = candidates.map((candidate, order) => ({
    candidate,
    order,
    // The user's own first, and those that failed last.
    rank: candidate.source === 'user' ? -1 : Math.min(candidate.failures, 2),
    priority: priorityOf(ours, candidate.address),
  }))
  ranked.sort((left, right) => left.rank - right.rank || right.priority - left.priority || left.order - right.order)
  return ranked.slice(0, room).map(({ candidate }) => candidate)
}

/** It has been there for a while, and nothing goes on between us. */
const isIdle = (peer: Readonly<PeerState>, now: number): boolean =>
  peer.webSeed === undefined &&
  peer.requested.size === 0 &&
  peer.asked.size === 0 &&
  now - peer.since > LIMITS.idlePeerMs &&
  now - peer.lastBlockAt > LIMITS.idlePeerMs &&
  peer.standing.tags.amChoking === true

/** The idle peer of the lowest priority, where that is lower than the newcomer's. */
export const whoMakesWay = (
  state: Readonly<TransferState>,
  newcomer: PeerAddress,
  now: number,
): Readonly<PeerState> | undefined => {
  const ours = ourAddresses(state)
  if (ours.length === 0) return undefined
  let lowest: Readonly<PeerState> | undefined
  let least = priorityOf(ours, newcomer)
  for (const peer of state.peers.values()) {
    if (!isIdle(peer, now)) continue
    const port = peer.incoming ? (peer.listenPort ?? peer.address.port) : peer.address.port
    const priority = priorityOf(ours, { host: peer.address.host, port })
    if (priority >= least) continue
    least = priority
    lowest = peer
  }
  return lowest
}
