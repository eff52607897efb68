/** A tap: between a process and one connection of it, where the watch hears what it says and bad manners change it. */
import { MESSAGE_ID } from '../src/wire/messages.js'
import type { Side } from './host.js'
import type { Manners } from './manners.js'
import type { Tap } from './network.js'
import { readSaid, type Said } from './said.js'
import type { NodeWatch } from './watch.js'

export class NodeTap implements Tap, Said {
  #amChoking = true

  constructor(
    readonly side: Side,
    readonly watch: NodeWatch,
    readonly manners: Manners,
  ) {}

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    this.watch.waits(this.side.unsentBytes)
    readSaid(chunks, this)
    this.manners.send(this.side, chunks, flushed, this.#amChoking)
  }

  message(id: number, piece: number): void {
    if (id === MESSAGE_ID.choke) this.#amChoking = true
    else if (id === MESSAGE_ID.unchoke) this.#amChoking = false
    else if (id === MESSAGE_ID.have) this.watch.have(piece)
    else if (id === MESSAGE_ID.haveAll) this.watch.haveAll()
  }

  bitfield(bits: Uint8Array): void {
    this.watch.bitfield(bits)
  }

  block(piece: number, offset: number, bytes: Uint8Array): void {
    this.watch.block(piece, offset, bytes)
  }
}
