/** The watch over one node: hears all that its processes log and send, and runs the checkers on it. */

import type { TransferState } from '../src/events/state.js'
import type { EventType, TransferEvent } from '../src/events/vocabulary.js'
import { LIMITS } from '../src/limits.js'
import type { Instant, PieceIndex } from '../src/values.js'
import { announcedIsDurable, bytesOnDiskRight, type Finding, servedIsRight } from './checkers.js'
import type { Content } from './content.js'
import { Conversation } from './conversation.js'
import { Culprits } from './culprits.js'
import type { DiskMedium } from './medium.js'
import {
  everyPieceCounted,
  noPeerPastItsLimit,
  noQueuePastItsLimit,
  ordersAddUp,
  pieceInOnePlace,
} from './state-checkers.js'
import type { LogWatch } from './watched-logs.js'
import type { World } from './world.js'

export interface WatchOptions {
  readonly world: World
  readonly content: Content
  readonly medium: DiskMedium
  /** What is said over its connections is compared with the protocol. */
  readonly followed: boolean
  /** Names a checker and says what it found. */
  report(checker: string, text: string): void
  /** True for the address of a peer that does something wrong. */
  mayBeBanned(address: string): boolean
  /** True while something is wrong with the disk. */
  diskFails(): boolean
  /** Every wanted piece is stored and committed. */
  completed(): void
  logged(seq: number, at: Instant, event: TransferEvent): void
  state(): Readonly<TransferState> | undefined
}

/** Bytes that one connection may let wait: what the engine hands out, and as much again of small messages. */
const UNSENT_BYTES_MAX = 2 * LIMITS.blocksInSocketMax * 16_384

/** Going over all peers takes longer than other checks: at the first of so many commits. */
const PEERS_CHECKED_EVERY = 32
/** A queue of the peer that they name may be longer after these: that one is looked at each time. */
const LENGTHENS_QUEUE: Partial<Record<EventType, true>> = {
  'blocks-requested': true,
  'requests-released': true,
  'requests-cancelled': true,
  'block-refused': true,
  'request-received': true,
  'choke-received': true,
  'allowed-fast-received': true,
  'suggestion-received': true,
  'suggestion-sent': true,
  'block-wasted': true,
}
/** A list of the transfer may be longer after these: all are looked at with the next commit, when the turn is over. */
const LENGTHENS_LIST: Partial<Record<EventType, true>> = {
  'candidates-found': true,
  'dial-began': true,
  'peer-accepted': true,
  'piece-rejected': true,
}

export class NodeWatch implements LogWatch {
  /** Pieces of which a commit says that they are stored. */
  readonly durable = new Set<number>()
  /** Those of which one ever said so: a loss of power may take back that it was found wrong since. */
  readonly everDurable = new Set<number>()
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
  #commits = 0
  #grew = false
  readonly #pending: { readonly seq: number; readonly event: TransferEvent }[] = []
  readonly #options: WatchOptions
  readonly #culprits: Culprits

  constructor(options: WatchOptions) {
    this.#options = options
    this.#culprits = new Culprits(options.content)
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
    this.#options.logged(seq, at, event)
    if (at < this.#lastAt) this.#found('timeNeverRunsBack', `event ${seq} is ${this.#lastAt - at} ms before the last`)
    this.#lastAt = at
    this.#options.world.note(seq)
    this.#checkQueues(event)
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
      case 'queued':
        this.#pending.push({ seq, event })
        break
      case 'session-began':
        this.#culprits.began()
        break
      case 'piece-rejected':
        this.#found('poisonersAreBanned', this.#rejected(event.piece, event.fingerprints))
        break
      case 'piece-verified':
        this.#found('poisonersAreBanned', this.#culprits.verified(event.piece))
        break
      case 'transfer-failed':
        if (!this.#options.diskFails())
          this.#found('failsOnlyWithItsDisk', `nothing is wrong with the disk, and it failed: ${event.message}`)
        break
      case 'address-banned':
        this.banned++
        this.#culprits.banned(event.address)
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
    if (state === undefined) return
    this.#found('pieceInOnePlace', pieceInOnePlace(state))
    const isDue = this.#commits++ % PEERS_CHECKED_EVERY === 0
    if (isDue || this.#grew) this.#found('noQueuePastItsLimit', noQueuePastItsLimit(state))
    if (isDue) this.#found('ordersAddUp', ordersAddUp(state))
    this.#grew = false
  }

  /** Looks at the whole of a state that is about to be no more. */
  examine(state: Readonly<TransferState>): void {
    this.#found('everyPieceCounted', everyPieceCounted(state))
    this.#found('noQueuePastItsLimit', noQueuePastItsLimit(state))
    this.#found('ordersAddUp', ordersAddUp(state))
  }

  /** Listens to a new connection, where conversations of this node are followed. */
  follow(): Conversation | undefined {
    const { content, followed } = this.#options
    return followed ? new Conversation(content, (checker, text) => this.#found(checker, text)) : undefined
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

  /** What the event may have made longer. */
  #checkQueues(event: TransferEvent): void {
    if (LENGTHENS_QUEUE[event.type] === true && 'peer' in event) {
      const peer = this.#options.state()?.peers.get(event.peer)
      if (peer !== undefined) this.#found('noQueuePastItsLimit', noPeerPastItsLimit(peer))
    } else if (LENGTHENS_LIST[event.type] === true) this.#grew = true
  }

  #rejected(piece: PieceIndex, fingerprints: readonly number[]): Finding {
    const [rejection] = this.#options.state()?.rejections.get(piece)?.slice(-1) ?? []
    return this.#culprits.rejected(piece, rejection?.givers ?? [], fingerprints)
  }

  #commit(event: TransferEvent): void {
    const { content, medium } = this.#options
    // Who waits for a turn to seed has everything.
    if (event.type === 'seeding-began' || (event.type === 'queued' && event.of === 'seeds')) this.#options.completed()
    else if (event.type === 'piece-stored') {
      this.#store(event.piece)
      if (!this.rotten) this.#found('bytesOnDiskRight', bytesOnDiskRight(content, medium, [event.piece]))
    } else if (event.type === 'piece-checked') {
      if (event.good) this.#store(event.piece)
      else this.durable.delete(event.piece)
    }
  }

  #store(piece: number): void {
    this.durable.add(piece)
    this.everDurable.add(piece)
  }

  #found(checker: string, finding: Finding): void {
    if (finding !== undefined) this.#options.report(checker, finding)
  }
}
