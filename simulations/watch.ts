/** The watch over one node: hears all that its processes log and send, and runs the checkers on it. */

import type { TransferState } from '../src/events/state.js'
import type { TransferEvent } from '../src/events/vocabulary.js'
import { LIMITS } from '../src/limits.js'
import type { Instant } from '../src/values.js'
import { announcedIsDurable, bytesOnDiskRight, type Finding, pieceInOnePlace, servedIsRight } from './checkers.js'
import type { Content } from './content.js'
import type { DiskMedium } from './medium.js'
import type { LogWatch } from './watched-logs.js'
import type { World } from './world.js'

export interface WatchOptions {
  readonly world: World
  readonly content: Content
  readonly medium: DiskMedium
  /** Names a checker and says what it found. */
  report(checker: string, text: string): void
  /** True for the address of a peer that does something wrong. */
  mayBeBanned(address: string): boolean
  /** Every wanted piece is stored and committed. */
  completed(): void
  state(): Readonly<TransferState> | undefined
}

/** Bytes that one connection may let wait: what the engine hands out, and as much again of small messages. */
const UNSENT_BYTES_MAX = 2 * LIMITS.blocksInSocketMax * 16_384

export class NodeWatch implements LogWatch {
  /** Pieces of which a commit says that they are stored. */
  readonly durable = new Set<number>()
  committedSeq = 0
  events = 0
  blocksReceived = 0
  /** Of blocks that were kept, and of blocks that others were handed. */
  receivedBytes = 0
  servedBytes = 0
  banned = 0
  /** A bit on its disk is wrong without anybody's fault: then what it serves may be, too. */
  rotten = false
  #lastAt = 0
  readonly #pending: { readonly seq: number; readonly event: TransferEvent }[] = []
  readonly #options: WatchOptions

  constructor(options: WatchOptions) {
    this.#options = options
  }

  /** A new process: what the one before did not commit is lost, and its clock may be another. */
  began(): void {
    this.#pending.length = 0
    this.#lastAt = 0
  }

  /** The power was lost, and with it the end of the log. */
  lost(committedSeq: number, stored: Iterable<number>): void {
    this.committedSeq = committedSeq
    this.durable.clear()
    for (const piece of stored) this.durable.add(piece)
  }

  appended(seq: number, at: Instant, event: TransferEvent): void {
    this.events++
    if (at < this.#lastAt) this.#found('timeNeverRunsBack', `event ${seq} is ${this.#lastAt - at} ms before the last`)
    this.#lastAt = at
    this.#options.world.note(seq)
    switch (event.type) {
      case 'block-received':
        this.blocksReceived++
        this.receivedBytes += event.length
        break
      case 'block-served':
        this.servedBytes += event.length
        break
      case 'piece-stored':
      case 'piece-checked':
      case 'seeding-began':
        this.#pending.push({ seq, event })
        break
      case 'address-banned':
        this.banned++
        if (!this.#options.mayBeBanned(event.address))
          this.#found('noHonestPeerBanned', `${event.address} was banned for piece ${event.piece}`)
        break
    }
  }

  committed(committedSeq: number): void {
    this.committedSeq = committedSeq
    let done = 0
    for (const { seq, event } of this.#pending) {
      if (seq >= committedSeq) break
      done++
      this.#commit(event)
    }
    this.#pending.splice(0, done)
    const state = this.#options.state()
    if (state !== undefined) this.#found('pieceInOnePlace', pieceInOnePlace(state))
  }

  /** So many bytes wait to be sent over one connection. */
  waits(unsentBytes: number): void {
    if (unsentBytes > UNSENT_BYTES_MAX) this.#found('noQueuePastItsLimit', `${unsentBytes} bytes wait to be sent`)
  }

  have(piece: number): void {
    if (!this.durable.has(piece)) this.#found('announcedIsDurable', `have ${piece} was sent before it was durable`)
  }

  bitfield(bits: Uint8Array): void {
    this.#found('announcedIsDurable', announcedIsDurable(this.durable, bits, this.#options.content.pieces))
  }

  haveAll(): void {
    const { pieces } = this.#options.content
    if (this.durable.size < pieces)
      this.#found('announcedIsDurable', `have-all was sent with ${this.durable.size} of ${pieces} pieces durable`)
  }

  block(piece: number, offset: number, bytes: Uint8Array): void {
    if (this.rotten) return
    this.#found('servedIsRight', servedIsRight(this.#options.content, this.durable, piece, offset, bytes))
  }

  #commit(event: TransferEvent): void {
    const { content, medium } = this.#options
    if (event.type === 'seeding-began') this.#options.completed()
    else if (event.type === 'piece-stored') {
      this.durable.add(event.piece)
      if (!this.rotten) this.#found('bytesOnDiskRight', bytesOnDiskRight(content, medium, [event.piece]))
    } else if (event.type === 'piece-checked') {
      if (event.good) this.durable.add(event.piece)
      else this.durable.delete(event.piece)
    }
  }

  #found(checker: string, finding: Finding): void {
    if (finding !== undefined) this.#options.report(checker, finding)
  }
}
