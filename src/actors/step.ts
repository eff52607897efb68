/**
 * Steps an XState machine as the pure table that it is: a standing and an event give the next standing.
 *
 * Our machines have no context, guards or actions, so a state's value says all there is to say of it. Each value is
 * therefore resolved once and each step taken once; from then on a step is a look-up (XState's own pure `transition()`
 * builds an actor a call, and a live actor swallows what is thrown and ignores what it does not know). An event that a
 * machine has no place for is our bug, and throws.
 */
import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { AssertionError } from '../assert.js'

/** A state of a machine, shared by all that stand in it: compare with `===`. */
export interface Standing<Tag extends string> {
  /** The state's value as text, such as `open.peerChoking`; stable, and what a checkpoint keeps. */
  readonly id: string
  readonly tags: Readonly<Partial<Record<Tag, true>>>
}

export interface Lifecycle<Tag extends string> {
  readonly initial: Standing<Tag>
  /** Throws an assertion where the machine has no place for an event of this type here. */
  step(standing: Standing<Tag>, eventType: string): Standing<Tag>
  restore(id: string): Standing<Tag>
}

const inert: AnyActorScope = {
  self: { id: 'inert', sessionId: 'inert', _parent: undefined, _process() {}, send() {}, getSnapshot: () => undefined },
  id: 'inert',
  sessionId: 'inert',
  logger: () => undefined,
  defer: () => undefined,
  emit: () => undefined,
  actionExecutor: () => undefined,
  stopChild: () => undefined,
  system: { _sendInspectionEvent: () => undefined, _bookId: () => 'inert', _register: () => 'inert' },
} as unknown as AnyActorScope // only what a machine without actions, timers and children reads

const idOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

export const lifecycleOf = <Tag extends string>(machine: AnyStateMachine): Lifecycle<Tag> => {
  interface Place extends Standing<Tag> {
    readonly snapshot: AnyMachineSnapshot
    readonly next: Map<string, Place>
  }
  const places = new Map<string, Place>()
  const placeOf = (snapshot: AnyMachineSnapshot): Place => {
    const id = idOf(snapshot.value)
    const known = places.get(id)
    if (known !== undefined) return known
    const tags = Object.fromEntries([...snapshot.tags].map((tag) => [tag, true])) as Standing<Tag>['tags']
    const place: Place = { id, tags, snapshot, next: new Map() }
    places.set(id, place)
    return place
  }
  const restore = (id: string): Place =>
    places.get(id) ?? placeOf(machine.resolveState({ value: id.startsWith('{') ? JSON.parse(id) : id, context: {} }))
  const take = (place: Place, eventType: string): Place => {
    const event = { type: eventType }
    // Not `can()`, which says no to a step that stays where it is.
    const known = machine.getTransitionData(place.snapshot, event)?.length ?? 0
    if (known === 0) throw new AssertionError(`${machine.id}: no '${eventType}' in ${place.id}`)
    const next = placeOf(machine.transition(place.snapshot, event, inert) as AnyMachineSnapshot)
    place.next.set(eventType, next)
    return next
  }
  return {
    initial: placeOf(machine.getInitialSnapshot(inert, undefined) as AnyMachineSnapshot),
    restore,
    step(standing, eventType) {
      const place = places.get(standing.id) ?? restore(standing.id)
      return place.next.get(eventType) ?? take(place, eventType)
    },
  }
}
