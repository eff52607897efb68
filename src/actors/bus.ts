/**
 * The bus: every actor's inbox, and the one place that delivers to them.
 *
 * `post` only puts an envelope into the queue; `drain` takes one at a time, first in, first out, and calls `next` on the
 * addressee's inbox, an RxJS `Subject`. Nobody else calls `next` within a turn, because a nested `next` would show other
 * subscribers the envelopes in the wrong order. The actor itself is no subscriber: RxJS throws what a subscriber throws
 * on a later timer while the producer goes on, but what an actor throws must stop the turn; and half of the time of a
 * delivery went into passing it on to a single one.
 */

import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'
import { type Observable, Subject } from '../rx.js'

/** Names an actor: a kind, and for peers and pieces a number. Made by `addressOf`, read by `showActor`. */
export type Address = number & { readonly address: true }

const KINDS = ['transfer', 'trackers', 'peer', 'piece'] as const
export type Kind = (typeof KINDS)[number]

export const addressOf = (kind: Kind, number = 0): Address => (number * KINDS.length + KINDS.indexOf(kind)) as Address
export const kindOf = (address: Address): Kind => KINDS[address % KINDS.length] ?? 'transfer'
export const numberOf = (address: Address): number => Math.floor(address / KINDS.length)
export const showActor = (address: Address): string => {
  const kind = kindOf(address)
  return kind === 'peer' || kind === 'piece' ? `${kind}/${numberOf(address)}` : kind
}

export interface Envelope<Content> {
  readonly to: Address
  readonly content: Content
}

/** An actor hears before anybody who subscribes to its inbox. */
class Inbox<Content> extends Subject<Content> {
  constructor(readonly hear: (content: Content) => void) {
    super()
  }

  override next(content: Content): void {
    this.hear(content)
    if (this.observed) super.next(content)
  }
}

export class Bus<Content> {
  readonly #inboxes = new Map<Address, Inbox<Content>>()
  readonly #traffic = new Subject<Envelope<Content>>()
  readonly #hearerOf: (address: Address) => ((content: Content) => void) | undefined
  readonly #queue: Envelope<Content>[] = []
  #draining = false

  /** `hearerOf` is asked for an actor that has no inbox yet when the first thing for it is delivered. */
  constructor(hearerOf: (address: Address) => ((content: Content) => void) | undefined = () => undefined) {
    this.#hearerOf = hearerOf
  }

  /** Every envelope, as it is delivered. For tools; an actor listens to its inbox. */
  get traffic$(): Observable<Envelope<Content>> {
    return this.#traffic
  }

  has(address: Address): boolean {
    return this.#inboxes.has(address)
  }

  get actors(): number {
    return this.#inboxes.size
  }

  /** Gives an actor its inbox. */
  settle(address: Address, hear: (content: Content) => void): void {
    assert(!this.has(address), `${showActor(address)} has an inbox already`)
    this.#inboxes.set(address, new Inbox(hear))
  }

  /** Takes the inbox away; what is still on its way to it is dropped. */
  retire(address: Address): void {
    this.#inboxes.get(address)?.complete()
    this.#inboxes.delete(address)
  }

  post(to: Address, content: Content): void {
    this.#queue.push({ to, content })
  }

  /** Delivers until all is quiet. Throws what an actor threw; the envelopes behind it are dropped. */
  drain(): void {
    assert(!this.#draining, 'a turn is not started within a turn')
    this.#draining = true
    try {
      for (let step = 0; step < this.#queue.length; step++) {
        assert(step < LIMITS.turnStepsMax, 'a turn ends after a bounded number of steps')
        const envelope = this.#queue[step]
        if (envelope === undefined) break
        if (this.#traffic.observed) this.#traffic.next(envelope)
        const inbox = this.#inboxes.get(envelope.to) ?? this.#open(envelope.to)
        inbox?.next(envelope.content)
      }
    } finally {
      this.#queue.length = 0
      this.#draining = false
    }
  }

  #open(address: Address): Inbox<Content> | undefined {
    const hear = this.#hearerOf(address)
    if (hear !== undefined) this.settle(address, hear)
    return this.#inboxes.get(address)
  }
}
