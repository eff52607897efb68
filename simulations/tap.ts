/** A tap: between a process and one connection of it, where the watch hears what is said and bad manners change it. */
import { MESSAGE_ID } from '../src/wire/messages.js'
import type { Conversation } from './conversation.js'
import type { Side } from './host.js'
import type { Manners } from './manners.js'
import type { Tap } from './network.js'
import { readSaid, type Said } from './said.js'
import type { NodeWatch } from './watch.js'

export class NodeTap implements Tap, Said {
  /** Where nobody follows the conversation, what comes need not be read twice. */
  readonly received: Tap['received']
  readonly #side: Side
  readonly #watch: NodeWatch
  readonly #manners: Manners
  readonly #conversation: Conversation | undefined
  #amChoking = true

  constructor(side: Side, watch: NodeWatch, manners: Manners) {
    this.#side = side
    this.#watch = watch
    this.#manners = manners
    const conversation = watch.follow()
    this.#conversation = conversation
    if (conversation === undefined) return
    this.received = (chunk, hear) => {
      conversation.hears(chunk)
      hear(chunk)
      conversation.heard()
    }
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    // What a hostile peer adds waits, too, and says nothing about its engine.
    if (this.#manners.honest) this.#watch.waits(this.#side.unsentBytes)
    readSaid(chunks, this)
    this.#manners.send(this.#side, chunks, flushed, this.#amChoking)
  }

  message(id: number, piece: number, offset: number, length: number): void {
    if (id === MESSAGE_ID.choke) this.#amChoking = true
    else if (id === MESSAGE_ID.unchoke) this.#amChoking = false
    else if (id === MESSAGE_ID.have) this.#watch.have(piece)
    else if (id === MESSAGE_ID.haveAll) this.#watch.haveAll()
    this.#conversation?.says(id, piece, offset, length)
  }

  bitfield(bits: Uint8Array): void {
    this.#watch.bitfield(bits)
    this.#conversation?.saysPieces()
  }

  block(piece: number, offset: number, bytes: Uint8Array): void {
    this.#watch.block(piece, offset, bytes)
    this.#conversation?.serves(piece, offset, bytes.length)
  }
}
