/** A tap: between a process and one connection of it, where the watch hears what is said and bad manners change it. */
import { MESSAGE_ID } from '../src/wire/messages.js'
import type { Conversation } from './conversation.js'
import type { Holding } from './holding.js'
import type { Side } from './host.js'
import type { Manners } from './manners.js'
import type { Tap } from './network.js'
import { infoHashSaid, readSaid, type Said } from './said.js'

/** Whose connection it is. */
export interface TappedNode {
  readonly manners: Manners
  /** Conversations are followed. */
  readonly followed: boolean
  holdingOf(infoHash: Uint8Array): Holding | undefined
}

export class NodeTap implements Tap, Said {
  /** Where nobody follows the conversation, what comes need not be read twice. */
  readonly received: Tap['received']
  readonly #side: Side
  readonly #node: TappedNode
  /** What the connection is about: known when our engine greets. */
  #holding: Holding | undefined
  #conversation: Conversation | undefined
  /** What came before that. */
  #early: Uint8Array[] = []
  #amChoking = true

  constructor(side: Side, node: TappedNode) {
    this.#side = side
    this.#node = node
    if (!node.followed) return
    this.received = (chunk, hear) => {
      if (this.#holding === undefined) this.#early.push(chunk.slice())
      else this.#conversation?.hears(chunk)
      hear(chunk)
      this.#conversation?.heard()
    }
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    const { manners } = this.#node
    if (this.#holding === undefined) this.#greet(chunks)
    // What a hostile peer adds waits, too, and says nothing about its engine.
    if (manners.honest) this.#holding?.watch.waits(this.#side.unsentBytes)
    readSaid(chunks, this)
    if (this.#holding === undefined) this.#side.send(chunks, flushed)
    else manners.send(this.#side, this.#holding.content, chunks, flushed, this.#amChoking)
  }

  message(id: number, piece: number, offset: number, length: number): void {
    if (id === MESSAGE_ID.choke) this.#amChoking = true
    else if (id === MESSAGE_ID.unchoke) this.#amChoking = false
    else if (id === MESSAGE_ID.have) this.#holding?.watch.have(piece)
    else if (id === MESSAGE_ID.haveAll) this.#holding?.watch.haveAll()
    this.#conversation?.says(id, piece, offset, length)
  }

  bitfield(bits: Uint8Array): void {
    this.#holding?.watch.bitfield(bits)
    this.#conversation?.saysPieces()
  }

  block(piece: number, offset: number, bytes: Uint8Array): void {
    this.#holding?.watch.block(piece, offset, bytes)
    this.#conversation?.serves(piece, offset, bytes.length)
  }

  #greet(chunks: readonly Uint8Array[]): void {
    const infoHash = infoHashSaid(chunks)
    this.#holding = infoHash && this.#node.holdingOf(infoHash)
    const conversation = this.#holding?.watch.follow()
    this.#conversation = conversation
    const early = this.#early
    this.#early = []
    for (const [at, chunk] of early.entries()) {
      conversation?.hears(chunk)
      // Of the last it is said by whoever brings it.
      if (at < early.length - 1) conversation?.heard()
    }
  }
}
