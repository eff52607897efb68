/**
 * Super-seeding: which piece to show to whom, so that a first seed sends each piece about once (BEP 16).
 *
 * Strategy: a peer is shown a piece that nobody else has or was shown, and the next once it passed one on; two at a time,
 * so that its requests do not run dry while the news of the first travels. Among equals chance decides.
 */
import type { PeerState, TransferState } from '../events/state.js'
import { isSuperSeed, waitingToSpread } from '../events/super-seed.js'
import { LIMITS } from '../limits.js'
import type { PieceIndex } from '../values.js'
import { type Circumstances, type Decision, decided, NOTHING } from './vocabulary.js'

/** How many peers were shown each piece, or have it. */
class Copies {
  readonly #shown = new Map<PieceIndex, number>()
  constructor(readonly state: Readonly<TransferState>) {
    for (const peer of state.peers.values())
      for (const piece of peer.revealed.keys()) if (!peer.has.has(piece)) this.show(piece)
  }

  show(piece: PieceIndex): void {
    this.#shown.set(piece, (this.#shown.get(piece) ?? 0) + 1)
  }

  of(piece: PieceIndex): number {
    return this.state.rarity.availability(piece) + (this.#shown.get(piece) ?? 0)
  }
}

const choose = (
  { geometry }: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  copies: Copies,
  from: number,
): PieceIndex | undefined => {
  let best: PieceIndex | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (let step = 0; step < geometry.pieceCount && fewest > 0; step++) {
    const piece = ((from + step) % geometry.pieceCount) as PieceIndex // within the torrent
    if (peer.has.has(piece) || peer.revealed.has(piece)) continue
    const count = copies.of(piece)
    if (count >= fewest) continue
    best = piece
    fewest = count
  }
  return best
}

const lacksSome = (peer: Readonly<PeerState>): boolean => peer.standing.tags.open === true && !peer.seed

/** At most one more piece for each peer. */
export const reveal = (state: Readonly<TransferState>, { now, random }: Circumstances): Decision => {
  if (!isSuperSeed(state)) return NOTHING
  const peers = [...state.peers.values()].filter(lacksSome)
  const eager = peers.filter((peer) => waitingToSpread(state, peer, peers.length === 1, now) < LIMITS.revealedAtOnceMax)
  if (eager.length === 0) return NOTHING
  const copies = new Copies(state)
  const shown = eager.flatMap((peer) => {
    const piece = choose(state, peer, copies, random.below(state.geometry.pieceCount, 'revealed-piece'))
    if (piece === undefined) return []
    copies.show(piece)
    return [{ peer: peer.key, piece }]
  })
  return decided({
    events: shown.map((each) => ({ type: 'piece-revealed', ...each })),
    effects: shown.map(({ peer, piece }) => ({ type: 'send', peer, message: { type: 'have', piece } })),
  })
}
