/**
 * Inspection: what the inspectors of XState are told of a transfer, as a projection of its events.
 *
 * Machines here are tables that `evolve` steps, and no live actors. So each connection, each piece in flight and the transfer
 * itself is told as the actor that it would be, in the form of XState's `inspect` option: an actor when it is first met, then
 * for each event that its machine takes that event and the snapshot after it. Nothing of it is kept or computed unless asked.
 */
import type { AnyStateMachine } from 'xstate'
import { peerLifecycle, peerMachine } from '../actors/peer.machine.js'
import { pieceLifecycle, pieceMachine } from '../actors/piece.machine.js'
import { transferMachine } from '../actors/transfer.machine.js'
import type { LoggedEvent } from '../events/codec.js'
import { evolve } from '../events/evolve.js'
import type { TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { type PeerKey, type PieceIndex, showAddress, toHex } from '../values.js'
import { plain } from './diff.js'

/** As a machine's persisted snapshot. Ours have no context: here it says whom the actor stands for. */
export interface InspectedSnapshot {
  /** `stopped` where the process ended before the machine did. */
  readonly status: 'active' | 'done' | 'stopped'
  readonly value: unknown
  readonly context: Readonly<Record<string, unknown>>
  readonly tags: readonly string[]
  readonly children: Readonly<Record<string, never>>
}

/** What inspectors read of an actor's reference. */
export interface InspectedActor {
  readonly id: string
  readonly sessionId: string
  readonly _parent: InspectedActor | undefined
  readonly logic: { readonly config: unknown }
  getSnapshot(): InspectedSnapshot
}

type Told = { readonly type: string } & Readonly<Record<string, unknown>>

/** In the form of XState's inspection events; `at` is when the transfer had it, in ms since 1970. */
export type InspectionEvent = { readonly rootId: string; readonly actorRef: InspectedActor; readonly at: number } & (
  | { readonly type: '@xstate.actor' }
  | { readonly type: '@xstate.event'; readonly event: Told; readonly sourceRef: undefined }
  | { readonly type: '@xstate.snapshot'; readonly event: Told; readonly snapshot: InspectedSnapshot }
)

interface Stands {
  readonly id: string
  readonly tags: Readonly<Partial<Record<string, true>>>
}

class Actor implements InspectedActor {
  readonly logic: { readonly config: unknown }
  #snapshot: InspectedSnapshot

  constructor(
    readonly id: string,
    readonly sessionId: string,
    readonly _parent: InspectedActor | undefined,
    machine: AnyStateMachine,
    context: InspectedSnapshot['context'],
    standing: Stands,
  ) {
    this.logic = { config: machine.config }
    this.#snapshot = { status: 'active', value: '', context, tags: [], children: {} }
    this.stand(standing)
  }

  getSnapshot(): InspectedSnapshot {
    return this.#snapshot
  }

  /** True where the machine has come to its end. */
  stand({ id, tags }: Stands): boolean {
    const isOver = tags.gone === true || tags.closed === true
    const value: unknown = id.startsWith('{') ? JSON.parse(id) : id
    this.#snapshot = { ...this.#snapshot, status: isOver ? 'done' : 'active', value, tags: Object.keys(tags) }
    return isOver
  }

  concern(context: InspectedSnapshot['context']): void {
    this.#snapshot = { ...this.#snapshot, context }
  }

  stop(): void {
    this.#snapshot = { ...this.#snapshot, status: 'stopped' }
  }
}

const takes = ({ events }: AnyStateMachine): ReadonlySet<string> => new Set<string>(events)
const [BY_TRANSFER, BY_PEER, BY_PIECE] = [takes(transferMachine), takes(peerMachine), takes(pieceMachine)]

const piecesOf = (event: TransferEvent): readonly PieceIndex[] => {
  if ('piece' in event) return [event.piece]
  return 'ranges' in event ? [...new Set(event.ranges.map(({ piece }) => piece))] : []
}

const contextOf = ({ name, infoHash }: Readonly<TransferState>): InspectedSnapshot['context'] => ({
  name,
  infoHash: toHex(infoHash),
})

export class Inspection {
  readonly #state: TransferState
  readonly #root: Actor
  readonly #peers = new Map<PeerKey, Actor>()
  readonly #pieces = new Map<PieceIndex, Actor>()
  #told: InspectionEvent[] = []

  /** Begins where the state is, which is this one's from here on. */
  constructor(state: TransferState) {
    this.#state = state
    this.#root = new Actor('transfer', 'transfer', undefined, transferMachine, contextOf(state), state.standing)
    this.#tell({ type: '@xstate.actor', actorRef: this.#root })
    for (const key of state.peers.keys()) this.#peer(key)
    for (const piece of state.pieces.keys()) this.#piece(piece)
  }

  /** What the event comes to; with the first, also the actors that there are. */
  take(logged: LoggedEvent): readonly InspectionEvent[] {
    const { event, at } = logged
    this.#told = this.#told.map((each) => ({ ...each, at })) // those that there were to begin with
    const peer = 'peer' in event ? event.peer : undefined
    const pieces = BY_PIECE.has(event.type) ? piecesOf(event) : []
    // Met before the event, which may be their last: else nobody would know where they stood.
    if (peer !== undefined) this.#peer(peer)
    for (const piece of pieces) this.#piece(piece)
    evolve(this.#state, logged)
    if (event.type === 'session-began') this.#stopAll()
    if (peer !== undefined) this.#stepPeer(peer, event)
    for (const piece of pieces) this.#stepPiece(piece, event)
    if (event.type === 'transfer-added') this.#root.concern(contextOf(this.#state))
    if (BY_TRANSFER.has(event.type)) this.#step(this.#root, this.#state.standing, event)
    const told = this.#told
    this.#told = []
    return told
  }

  #tell(
    told:
      | { type: '@xstate.actor'; actorRef: Actor }
      | { type: '@xstate.event'; actorRef: Actor; event: Told; sourceRef: undefined }
      | { type: '@xstate.snapshot'; actorRef: Actor; event: Told; snapshot: InspectedSnapshot },
  ): void {
    this.#told.push({ ...told, rootId: this.#root.sessionId, at: this.#state.at })
  }

  /** Whoever is met with an event that its machine takes stands where that begins. */
  #peer(key: PeerKey, standing?: Stands): Actor | undefined {
    const known = this.#peers.get(key)
    const peer = this.#state.peers.get(key)
    if (known !== undefined || peer === undefined) return known
    const address = showAddress(peer.address)
    const actor = new Actor(
      `peer ${address}`,
      `peer-${key}`,
      this.#root,
      peerMachine,
      { address },
      standing ?? peer.standing,
    )
    this.#peers.set(key, actor)
    this.#tell({ type: '@xstate.actor', actorRef: actor })
    return actor
  }

  #piece(piece: PieceIndex, standing?: Stands): Actor | undefined {
    const known = this.#pieces.get(piece)
    const ledger = this.#state.pieces.get(piece)
    if (known !== undefined || ledger === undefined) return known
    // A piece may be in flight again, and is another actor then.
    const id = `piece-${piece}-${this.#state.nextSeq}`
    const actor = new Actor(`piece ${piece}`, id, this.#root, pieceMachine, { piece }, standing ?? ledger.standing)
    this.#pieces.set(piece, actor)
    this.#tell({ type: '@xstate.actor', actorRef: actor })
    return actor
  }

  #stepPeer(key: PeerKey, event: TransferEvent): void {
    const isTaken = BY_PEER.has(event.type)
    const actor = this.#peer(key, isTaken ? peerLifecycle.initial : undefined)
    if (actor === undefined || !isTaken) return
    const standing = this.#state.peers.get(key)?.standing ?? { id: 'closed', tags: { closed: true } }
    if (this.#step(actor, standing, event)) this.#peers.delete(key)
  }

  #stepPiece(piece: PieceIndex, event: TransferEvent): void {
    const actor = this.#piece(piece, pieceLifecycle.initial)
    if (actor === undefined) return
    const end = event.type === 'piece-stored' ? 'stored' : 'dropped'
    const standing = this.#state.pieces.get(piece)?.standing ?? { id: end, tags: { gone: true } }
    if (this.#step(actor, standing, event)) this.#pieces.delete(piece)
  }

  /** True where the actor has come to its end. */
  #step(actor: Actor, standing: Stands, event: TransferEvent): boolean {
    const shown = plain(event) as Told // an object of an event's fields, as JSON has them
    this.#tell({ type: '@xstate.event', actorRef: actor, event: shown, sourceRef: undefined })
    const isOver = actor.stand(standing)
    this.#tell({ type: '@xstate.snapshot', actorRef: actor, event: shown, snapshot: actor.getSnapshot() })
    return isOver
  }

  /** A process that begins has none of the connections and half-filled pieces of the one before. */
  #stopAll(): void {
    for (const actor of [...this.#peers.values(), ...this.#pieces.values()]) {
      actor.stop()
      this.#tell({
        type: '@xstate.snapshot',
        actorRef: actor,
        event: { type: 'xstate.stop' },
        snapshot: actor.getSnapshot(),
      })
    }
    this.#peers.clear()
    this.#pieces.clear()
  }
}

/** The version of `@statelyai/inspect` whose messages these are. */
const MESSAGE_VERSION = '0.7.2'

/** An inspection event as `@statelyai/inspect` sends it to Stately's inspector, over a WebSocket as JSON. */
export const inspectionMessage = (told: InspectionEvent): Readonly<Record<string, unknown>> => {
  const { type, rootId, at, actorRef } = told
  const { sessionId, _parent } = actorRef
  const message = { type, sessionId, rootId, createdAt: String(at), id: null, _version: MESSAGE_VERSION }
  switch (told.type) {
    case '@xstate.actor': {
      const definition = JSON.stringify(actorRef.logic.config)
      return {
        ...message,
        name: actorRef.id,
        parentId: _parent?.sessionId,
        definition,
        snapshot: actorRef.getSnapshot(),
      }
    }
    case '@xstate.event':
      return { ...message, event: told.event, sourceId: undefined }
    case '@xstate.snapshot':
      return { ...message, event: told.event, snapshot: told.snapshot }
  }
}
