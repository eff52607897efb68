/**
 * The actor system of one transfer: handles one input at a time, to the end.
 *
 * A turn delivers an input, lets every actor decide until all is quiet, and then hands the effects out in order. Each
 * decision's events are evolved and recorded before the next message is delivered. Inputs that come meanwhile wait.
 */

import type { LoggedEvent } from '../events/codec.js'
import { evolve } from '../events/evolve.js'
import type { TransferState } from '../events/state.js'
import type { EventType, TransferEvent } from '../events/vocabulary.js'
import { randomOf } from '../random.js'
import { type Observable, Subject } from '../rx.js'
import { type Instant, type PeerKey, type PieceIndex, seq } from '../values.js'
import { type Address, addressOf, Bus, type Envelope, kindOf, numberOf } from './bus.js'
import { decidePeer } from './peer.js'
import { decidePiece } from './piece.js'
import { OURS, type Strategy } from './strategy.js'
import { decideTrackers } from './trackers.js'
import { decideTransfer } from './transfer.js'
import type {
  Circumstances,
  Decision,
  Effect,
  Input,
  Message,
  PeerInput,
  PeerRequest,
  PieceInput,
  PieceRequest,
  TrackersInput,
  TrackersRequest,
  TransferInput,
  TransferMessage,
} from './vocabulary.js'

type Cause =
  | TransferInput
  | TransferMessage
  | PeerInput
  | PeerRequest
  | PieceInput
  | PieceRequest
  | TrackersInput
  | TrackersRequest

/** What the system needs of its surroundings. */
export interface Surroundings {
  now(): Instant
  /** A turn begins, at the time that its decisions are made by. Left out where nobody records the inputs. */
  begin?(at: Instant, input: Input): void
  /** Logs the event; called for each, in order, right after it was evolved. */
  record(logged: LoggedEvent): void
  /** Carries out an effect of the turn that just became quiet. May give inputs, which wait for their turn. */
  perform(effect: Effect): void
  /** Nothing waits any more. */
  rested(): void
}

/** Peers and pieces are gone for their actors with these. */
const ENDS_PEER: Partial<Record<EventType, true>> = {
  'peer-closed': true,
  'dial-failed': true,
  'web-seed-failed': true,
}
const ENDS_PIECE: Partial<Record<EventType, true>> = { 'piece-stored': true, 'piece-dropped': true }

export class ActorSystem {
  readonly #bus = new Bus<Cause>((address) => this.#hearerOf(address))
  readonly #inputs = new Subject<Input>()
  readonly #events = new Subject<LoggedEvent>()
  readonly #effects = new Subject<Effect>()
  #waiting: Input[] = []
  #busy = false
  #pending: Effect[] = []
  #circumstances: Circumstances | undefined

  constructor(
    readonly state: TransferState,
    readonly surroundings: Surroundings,
    readonly strategy: Strategy = OURS,
  ) {
    this.#bus.settle(addressOf('transfer'), (cause) =>
      this.#apply(decideTransfer(this.state, cause as TransferInput | TransferMessage, this.#now)),
    )
    this.#bus.settle(addressOf('trackers'), (cause) =>
      this.#apply(decideTrackers(this.state, cause as TrackersInput | TrackersRequest, this.#now)),
    )
  }

  get inputs$(): Observable<Input> {
    return this.#inputs
  }
  get events$(): Observable<LoggedEvent> {
    return this.#events
  }
  get effects$(): Observable<Effect> {
    return this.#effects
  }
  get traffic$(): Observable<Envelope<Cause>> {
    return this.#bus.traffic$
  }

  /** Handles the input now, or after those before it. Throws what a decision throws: our own bug. */
  accept(input: Input): void {
    this.#waiting.push(input)
    if (this.#busy) return
    this.#busy = true
    try {
      for (let at = 0; at < this.#waiting.length; at++) {
        const next = this.#waiting[at]
        if (next !== undefined) this.#turn(next)
      }
    } finally {
      this.#waiting = []
      this.#pending = []
      this.#busy = false
    }
    this.surroundings.rested()
  }

  /** An event that no decision makes: what a session begins with. Not within a turn. */
  record(event: TransferEvent): void {
    this.#evolve(event, this.surroundings.now())
  }

  #turn(input: Input): void {
    if (this.#inputs.observed) this.#inputs.next(input)
    const now = this.surroundings.now()
    this.surroundings.begin?.(now, input)
    this.#circumstances = {
      now,
      random: randomOf(this.state.randomSeed, this.state.nextSeq),
      strategy: this.strategy,
    }
    switch (input.to) {
      case 'peer':
        this.#bus.post(addressOf('peer', input.peer), input.input)
        break
      case 'piece':
        this.#bus.post(addressOf('piece', input.piece), input.input)
        break
      default:
        this.#bus.post(addressOf(input.to), input.input)
    }
    this.#bus.drain()
    const effects = this.#pending
    if (effects.length === 0) return
    this.#pending = []
    for (const effect of effects) {
      if (this.#effects.observed) this.#effects.next(effect)
      this.surroundings.perform(effect)
    }
  }

  get #now(): Circumstances {
    if (this.#circumstances === undefined) throw new Error('decisions are made within a turn')
    return this.#circumstances
  }

  #apply(decision: Decision): void {
    for (const event of decision.events) this.#evolve(event, this.#now.now)
    for (const message of decision.messages) this.#send(message)
    for (const effect of decision.effects) this.#pending.push(effect)
  }

  #evolve(event: TransferEvent, at: Instant): void {
    const logged: LoggedEvent = { seq: seq(this.state.nextSeq), at, event }
    evolve(this.state, logged)
    this.surroundings.record(logged)
    if (this.#events.observed) this.#events.next(logged)
    if (ENDS_PEER[event.type] && 'peer' in event) this.#bus.retire(addressOf('peer', event.peer))
    if (ENDS_PIECE[event.type] && 'piece' in event) this.#bus.retire(addressOf('piece', event.piece))
  }

  #send(message: Message): void {
    switch (message.to) {
      case 'peer':
        this.#bus.post(addressOf('peer', message.peer), message.message)
        break
      case 'piece':
        this.#bus.post(addressOf('piece', message.piece), message.message)
        break
      default:
        this.#bus.post(addressOf(message.to), message.message)
    }
  }

  /** Peers and pieces get their inbox with the first thing said to them, if they are still there. */
  #hearerOf(to: Address): ((cause: Cause) => void) | undefined {
    const number = numberOf(to)
    if (kindOf(to) === 'peer') {
      const key = number as PeerKey // the address was made from one
      if (!this.state.peers.has(key)) return undefined
      return (cause) => this.#apply(decidePeer(this.state, key, cause as PeerInput | PeerRequest, this.#now))
    }
    const piece = number as PieceIndex // the address was made from one
    if (!this.state.pieces.has(piece)) return undefined
    return (cause) => this.#apply(decidePiece(this.state, piece, cause as PieceInput | PieceRequest))
  }
}
