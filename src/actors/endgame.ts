/**
 * The endgame: what to ask of one peer that is on order from another, when every wanted block is here or on order.
 *
 * Strategy: only of a peer with nothing else to do, and only what it would bring in half the time, from the end of the
 * line that will take longest, by what each peer brought so far. So nobody waits for a slow peer at the end, and hardly a
 * block comes twice: it is cancelled while the other peer still has several to send before it. Rejected: asking everybody
 * for everything (BEP 3) or a few idle peers for anything, as a swarm of slow peers has a good part of a torrent on order
 * at any time, and received a tenth of it twice.
 */
import { blockOfKey, pieceOfKey } from '../events/geometry.js'
import { isHere, ordersOf } from '../events/ledger.js'
import type { PeerState, PieceState, TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import type { Instant, PieceIndex } from '../values.js'
import { usualBlockMs } from './orders.js'

/** How many times sooner it must be expected. */
const SOONER = 2

/** What is on order from another peer. */
interface Line {
  readonly peer: Readonly<PeerState>
  /** For each block: as usual, or as long as nothing came, whatever is longer. */
  readonly blockMs: number
}

const wholeMs = ({ peer, blockMs }: Line): number => peer.requested.size * blockMs

/** Every block that is wanted is here or on order. */
const inEndgame = (state: Readonly<TransferState>): boolean => {
  if (state.rarity.length > 0) return false
  for (const { open } of state.pieces.values()) if (open > 0) return false
  return true
}

/** The one that will take longest comes first. */
const linesOf = (state: Readonly<TransferState>, idle: Readonly<PeerState>, now: Instant): readonly Line[] => {
  const lines: Line[] = []
  for (const peer of state.peers.values())
    if (peer !== idle && peer.requested.size > 0)
      lines.push({ peer, blockMs: Math.max(usualBlockMs(peer) ?? 0, now - peer.lastBlockAt) })
  return lines.sort((a, b) => wholeMs(b) - wholeMs(a) || a.peer.key - b.peer.key)
}

/** Blocks for a peer with nothing on order, at most `count` of them. */
export const pickAtTheEnd = (
  state: Readonly<TransferState>,
  idle: Readonly<PeerState>,
  count: number,
  now: Instant,
  mayFetch: (ledger: Readonly<PieceState>) => boolean,
): readonly { readonly piece: PieceIndex; readonly block: number }[] => {
  if (!inEndgame(state)) return []
  const lines = linesOf(state, idle, now)
  const taken = new Map<number, { piece: PieceIndex; block: number }>()
  for (const line of lines) {
    const nextMs = usualBlockMs(idle) ?? line.blockMs
    const isSooner = (waitMs: number): boolean =>
      waitMs > 0 && waitMs >= SOONER * Math.max(nextMs, idle.pipeline.delayMs + taken.size * nextMs)
    const isNear = (key: number): boolean =>
      lines.some((other) => other.peer.requested.has(key) && !isSooner(wholeMs(other)))
    if (!isSooner(wholeMs(line))) break
    const keys = [...line.peer.requested.keys()]
    for (let at = keys.length - 1; at >= 0 && isSooner((at + 1) * line.blockMs); at--) {
      const key = keys[at] ?? 0
      const [piece, block] = [pieceOfKey(state.geometry, key), blockOfKey(state.geometry, key)]
      const ledger = state.pieces.get(piece)
      if (ledger === undefined || isHere(ledger, block) || taken.has(key) || !mayFetch(ledger)) continue
      const orders = ordersOf(ledger, block)
      if (orders >= LIMITS.endgameOrdersMax || (orders > 1 && isNear(key))) continue
      taken.set(key, { piece, block })
      if (taken.size === count) return [...taken.values()]
    }
  }
  return [...taken.values()]
}
