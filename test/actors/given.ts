/** Given events, when an input comes, then these events and effects: tests of actors on a clock that stands still. */
import * as assert from 'uvu/assert'
import { ActorSystem } from '../../src/actors/system.js'
import type {
  BlockMessage,
  Effect,
  Input,
  PeerInput,
  PieceInput,
  PlainMessage,
  TransferInput,
} from '../../src/actors/vocabulary.js'
import { present } from '../../src/assert.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import { evolve } from '../../src/events/evolve.js'
import { lengthOfBlock } from '../../src/events/geometry.js'
import { initialState, type PeerState, type PieceState, type TransferState } from '../../src/events/state.js'
import type { EventOf, EventType, TransferEvent } from '../../src/events/vocabulary.js'
import { BLOCK_BYTES, type Instant, instant, peerKey, pieceIndex, seq } from '../../src/values.js'

/** When the given events happened: the end of 2023. */
export const BEGAN_AT = 1_700_000_000_000

/** The effect of one kind. */
export type EffectOf<Type extends Effect['type']> = Extract<Effect, { type: Type }>

export const toTransfer = (input: TransferInput): Input => ({ to: 'transfer', input })
export const toPeer = (peer: number, input: PeerInput): Input => ({ to: 'peer', peer: peerKey(peer), input })
export const toPiece = (piece: number, input: PieceInput): Input => ({ to: 'piece', piece: pieceIndex(piece), input })
export const says = (peer: number, message: PlainMessage | BlockMessage): Input =>
  toPeer(
    peer,
    message.type === 'piece' ? { type: 'blocks-arrived', blocks: [message] } : { type: 'message-arrived', message },
  )
export const woken: Input = toTransfer({ type: 'woken' })

/** The bytes of all good blocks: nobody looks at them but to hash them, which is the outside's work. */
export const GOOD_BYTES = new Uint8Array(BLOCK_BYTES)

/** A transfer whose events are told one after the other. Its clock moves only when it is told to. */
export class Story {
  readonly state: TransferState
  readonly system: ActorSystem
  /** Everything that happened, the given events among it. */
  readonly log: LoggedEvent[] = []
  /** What the last `when` brought about. */
  events: TransferEvent[] = []
  effects: Effect[] = []
  now: Instant = instant(BEGAN_AT)
  /** Whatever is done with effects beside noting them down. */
  onEffect: (effect: Effect) => void = () => undefined

  constructor(events: readonly TransferEvent[], state: TransferState = initialState()) {
    this.state = state
    this.system = new ActorSystem(state, {
      now: () => this.now,
      record: (logged) => {
        this.log.push(logged)
        this.events.push(logged.event)
      },
      perform: (effect) => {
        this.effects.push(effect)
        this.onEffect(effect)
      },
      rested: () => undefined,
    })
    this.also(...events)
  }

  /** More events that nobody decided. */
  also(...events: readonly TransferEvent[]): this {
    for (const event of events) {
      const logged = { seq: seq(this.state.nextSeq), at: this.now, event }
      evolve(this.state, logged)
      this.log.push(logged)
    }
    return this
  }

  /** Time passes, and nobody wakes. */
  after(ms: number): this {
    this.now = instant(this.now + ms)
    return this
  }

  /** The inputs come, one after the other; what they bring about is in `events` and `effects`. */
  when(...inputs: readonly Input[]): this {
    this.events = []
    this.effects = []
    for (const input of inputs) this.system.accept(input)
    return this
  }

  /** Time passes with a look at the clock each second; what that brought about is gathered. */
  pass(ms: number): this {
    this.events = []
    this.effects = []
    for (let left = ms; left > 0; left -= 1_000) {
      this.after(Math.min(left, 1_000))
      this.system.accept(woken)
    }
    return this
  }

  /** The log commits everything. */
  commits(): this {
    return this.when(toTransfer({ type: 'log-committed', committedSeq: this.state.nextSeq }))
  }

  /** The block comes from the peer, right or wrong, asked for or not. */
  block(peer: number, piece: number, block: number): Input {
    const length = lengthOfBlock(this.state.geometry, pieceIndex(piece), block)
    return says(peer, { type: 'piece', piece, offset: block * BLOCK_BYTES, block: GOOD_BYTES.subarray(0, length) })
  }

  /** Every block of the piece comes from the peer. */
  wholePiece(peer: number, piece: number): Input[] {
    const blocks = present(this.state.pieces.get(pieceIndex(piece)), 'a piece in flight').blocks
    return Array.from({ length: blocks }, (_, block) => this.block(peer, piece, block))
  }

  /** Hashed, found right, and written. */
  static stored(piece: number): Input[] {
    return [
      toPiece(piece, { type: 'piece-hashed', good: true, fingerprints: [] }),
      toPiece(piece, { type: 'piece-written' }),
    ]
  }

  peer(key: number): PeerState {
    return present(this.state.peers.get(peerKey(key)), `peer ${key}`)
  }

  piece(index: number): PieceState {
    return present(this.state.pieces.get(pieceIndex(index)), `piece ${index} in flight`)
  }

  /** Events of one kind among the last. */
  eventsOf<Type extends EventType>(type: Type): EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type)
  }

  effectsOf<Type extends Effect['type']>(type: Type): EffectOf<Type>[] {
    return this.effects.filter((effect): effect is EffectOf<Type> => effect.type === type)
  }

  /** Messages sent to the peer, and requests among them, by their types. */
  sentTo(key: number): string[] {
    return this.effects.flatMap((effect) => {
      if (effect.type === 'tell-pieces' && effect.peers.some((peer) => peer === key))
        return effect.pieces.map(() => 'have')
      if (!('peer' in effect) || effect.peer !== key) return []
      return effect.type === 'send' ? [effect.message.type] : effect.type === 'request' ? ['request'] : []
    })
  }

  /** Blocks asked of the peer by the last `when`: `PIECE:BLOCK` each. */
  askedOf(key: number): string[] {
    return this.effectsOf('request')
      .filter(({ peer }) => peer === key)
      .flatMap(({ ranges }) => ranges.flatMap(blocksOf))
  }

  /** Exactly these types of events, in this order. */
  thenEvents(...types: readonly EventType[]): this {
    assert.equal(
      this.events.map(({ type }) => type),
      types,
    )
    return this
  }

  thenEffects(...types: readonly Effect['type'][]): this {
    assert.equal(
      this.effects.map(({ type }) => type),
      types,
    )
    return this
  }

  thenNothing(): this {
    return this.thenEvents().thenEffects()
  }

  /** The peer's connection was ended by us, for this reason. */
  thenClosed(peer: number, reason: string): this {
    const closed = this.eventsOf('peer-closed').find((event) => event.peer === peer)
    assert.ok(closed, `peer ${peer} was closed`)
    assert.is(closed.by, 'us')
    assert.is(closed.reason, reason)
    assert.ok(
      this.effectsOf('hang-up').some((effect) => effect.peer === peer),
      `peer ${peer} was hung up on`,
    )
    assert.not(this.state.peers.has(peerKey(peer)))
    return this
  }
}

const blocksOf = ({ piece, offset, length }: { piece: number; offset: number; length: number }): string[] => {
  const names: string[] = []
  for (let at = offset; at < offset + length; at += BLOCK_BYTES) names.push(`${piece}:${at / BLOCK_BYTES}`)
  return names
}

export const given = (...events: readonly (TransferEvent | readonly TransferEvent[])[]): Story =>
  new Story(events.flat() as TransferEvent[]) // one level is all there is

/** Why our own code stops, where it does. */
export const assertionOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof Error && error.name === 'AssertionError') return error.message
    throw error
  }
  return 'no assertion'
}
