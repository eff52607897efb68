/** Waste: every byte that came for nothing, by its kind and by the peer that sent it. */
import { evolve } from '../events/evolve.js'
import { blockAt, blockKey, lengthOfBlock } from '../events/geometry.js'
import { giverOf } from '../events/ledger.js'
import type { TransferState } from '../events/state.js'
import type { EventOf } from '../events/vocabulary.js'
import { type PeerKey, showAddress } from '../values.js'
import type { History, Moment } from './history.js'

/**
 * `hash-failed`: of a piece whose hash was wrong. `endgame`: asked of two peers, and the other was first. `duplicate`:
 * here already, and not asked for again. `late`: given up before it came. `unasked`: never asked for.
 */
export type WasteKind = 'hash-failed' | 'endgame' | 'duplicate' | 'late' | 'unasked'

export interface PeerWaste {
  /** `HOST:PORT` of the connection; the host alone where it was gone before the hash was known. */
  readonly peer: string
  readonly kind: WasteKind
  readonly bytes: number
  /** Numbers of the events that say so: the last few. */
  readonly events: readonly number[]
}

const EVENTS_CITED = 8

/** The kind of a block that came for nothing; `state` is that before the event. */
const kindOf = (state: Readonly<TransferState>, event: EventOf<'block-wasted'>): WasteKind => {
  if (event.kind !== 'duplicate') return event.kind
  const block = blockAt(state.geometry, event.piece, event.offset, event.length)
  if (block === undefined) return 'duplicate'
  return state.peers.get(event.peer)?.requested.has(blockKey(state.geometry, event.piece, block)) === true
    ? 'endgame'
    : 'duplicate'
}

class Account {
  readonly #entries = new Map<string, { peer: string; kind: WasteKind; bytes: number; events: number[] }>()

  add(peer: string, kind: WasteKind, bytes: number, seq: number): void {
    const name = `${kind} ${peer}`
    const entry = this.#entries.get(name) ?? { peer, kind, bytes: 0, events: [] }
    entry.bytes += bytes
    if (entry.events.at(-1) !== seq) entry.events.push(seq)
    if (entry.events.length > EVENTS_CITED) entry.events.shift()
    this.#entries.set(name, entry)
  }

  /** The most first. */
  get entries(): readonly PeerWaste[] {
    return [...this.#entries.values()].sort((a, b) => b.bytes - a.bytes || (a.peer < b.peer ? -1 : 1))
  }
}

/** What was wasted up to a moment, in all the sessions that the log has. Goes through all of it, where anything was. */
export const wasteOf = async (history: History, moment: Moment): Promise<readonly PeerWaste[]> => {
  const end = await history.stateAt(moment)
  const account = new Account()
  const wasted = Object.values(end.waste).reduce((sum, bytes) => sum + bytes, 0)
  if (wasted === 0) return account.entries
  const state = await history.stateBeforeAll()
  const addressOf = (peer: PeerKey): string | undefined => {
    const address = state.peers.get(peer)?.address
    return address === undefined ? undefined : showAddress(address)
  }
  for await (const events of history.read(history.firstSeq, end.nextSeq))
    for (const logged of events) {
      const { seq, event } = logged
      if (event.type === 'block-wasted')
        account.add(addressOf(event.peer) ?? `peer ${event.peer}`, kindOf(state, event), event.length, seq)
      else if (event.type === 'piece-rejected') {
        const ledger = state.pieces.get(event.piece)
        for (let block = 0; ledger !== undefined && block < ledger.blocks; block++) {
          const giver = giverOf(ledger, block)
          if (giver === undefined) continue
          const name = addressOf(giver) ?? ledger.giversBanNames.get(giver) ?? `peer ${giver}`
          account.add(name, 'hash-failed', lengthOfBlock(state.geometry, event.piece, block), seq)
        }
      }
      evolve(state, logged)
    }
  return account.entries
}
