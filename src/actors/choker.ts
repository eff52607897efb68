/**
 * The choker: whom to serve (BEP 3).
 *
 * Every ten seconds the interested peers are ranked, tit for tat: by what they give us while we fetch, by what they take
 * from us once we seed, so that a seed's upload goes where it is used best. One slot is optimistic and goes round every
 * thirty seconds, so that newcomers get a chance and better partners are found. Peers that snub us keep no slot but that.
 */
import { PEER_WINDOW_MS, rateOf } from '../events/meter.js'
import type { PeerState, TransferState } from '../events/state.js'
import type { Random } from '../random.js'
import type { Instant, PeerKey } from '../values.js'

export const CHOKER = {
  roundMs: 10_000,
  optimisticMs: 30_000,
  /** Peers served at one time, the optimistic one among them; libtorrent's default too. */
  slots: 8,
  /** A peer that came less than this ago is three times as likely to be the optimistic one (BEP 3). */
  newMs: 60_000,
} as const

/** How many peers are served at one time. */
export const slotsOf = ({ bounds }: Readonly<TransferState>): number =>
  bounds.uploadSlots === 0 ? CHOKER.slots : bounds.uploadSlots

export interface Slots {
  readonly unchoke: readonly PeerKey[]
  readonly choke: readonly PeerKey[]
  /** Who holds the optimistic slot from now on, if that changes. */
  readonly optimistic: PeerKey | undefined
}

export const isServed = (peer: Readonly<PeerState>): boolean => peer.standing.tags.amChoking !== true
export const wantsOurs = (peer: Readonly<PeerState>): boolean =>
  peer.standing.tags.open === true && peer.standing.tags.peerInterested === true

const merit = (state: Readonly<TransferState>, peer: Readonly<PeerState>, now: Instant): number =>
  rateOf(state.standing.tags.seeding === true ? peer.uploaded : peer.downloaded, now, PEER_WINDOW_MS)

/** Best first; of equals, those that are served already, then who came first. */
const ranked = (state: Readonly<TransferState>, peers: readonly PeerState[], now: Instant): readonly PeerState[] =>
  peers
    .map((peer) => ({ peer, merit: merit(state, peer, now) }))
    .sort((a, b) => b.merit - a.merit || Number(isServed(b.peer)) - Number(isServed(a.peer)) || a.peer.key - b.peer.key)
    .map(({ peer }) => peer)

const drawOptimistic = (peers: readonly PeerState[], now: Instant, random: Random): PeerState | undefined => {
  const tickets = peers.flatMap((peer) => (now - peer.since < CHOKER.newMs ? [peer, peer, peer] : [peer]))
  return tickets.length === 0 ? undefined : tickets[random.below(tickets.length, 'optimistic-unchoke')]
}

/** A whole round. */
export const chooseSlots = (state: Readonly<TransferState>, now: Instant, random: Random): Slots => {
  const open = [...state.peers.values()].filter((peer) => peer.standing.tags.open === true)
  const eager = ranked(state, open.filter(wantsOurs), now)
  const regular = eager.filter(({ snubbed }) => !snubbed).slice(0, slotsOf(state) - 1)
  const holder = eager.find(({ key }) => key === state.optimistic)
  const due = now - state.optimisticAt >= CHOKER.optimisticMs
  const others = eager.filter((peer) => !regular.includes(peer))
  const optimistic =
    due || holder === undefined || regular.includes(holder) ? drawOptimistic(others, now, random) : holder
  const served = new Set(optimistic === undefined ? regular : [...regular, optimistic])
  return {
    unchoke: [...served].filter((peer) => !isServed(peer)).map(({ key }) => key),
    choke: open.filter((peer) => isServed(peer) && !served.has(peer)).map(({ key }) => key),
    optimistic: optimistic === undefined || optimistic === holder ? undefined : optimistic.key,
  }
}

/** Between rounds a free slot is given away at once: a swarm of few peers should not wait ten seconds. */
export const fillSlots = (state: Readonly<TransferState>, now: Instant): readonly PeerKey[] => {
  let free = slotsOf(state)
  const waiting: PeerState[] = []
  for (const peer of state.peers.values()) {
    if (!wantsOurs(peer)) continue
    if (!isServed(peer)) waiting.push(peer)
    else if (--free === 0) return []
  }
  return ranked(
    state,
    waiting.filter(({ snubbed }) => !snubbed),
    now,
  )
    .slice(0, free)
    .map(({ key }) => key)
}
