/**
 * The bus: every actor's inbox, and the one place that delivers to them.
 *
 * `post` only puts an envelope into the queue; `drain` takes one at a time, first in, first out, and calls `next` on the
 * addressee's inbox, an RxJS `Subject`. Nobody else calls `next` within a turn, because a nested `next` would show other
 * subscribers the envelopes in the wrong order. RxJS throws what a subscriber throws on a later timer while the
 * producer goes on, so each delivery is guarded: the first throw stops the turn and is thrown again by `drain`.
 */

import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'
import { type Observable, Subject } from '../rx.js'

/** Names an actor: a kind, and for peers and pieces a number. Made by `addressOf`, read by `showActor`. */
export type Address = number & { readonly address: true }

const KINDS = ['transfer', 'trackers', 'peer', 'piece'] as const
export type Kind = (typeof KINDS)[number]

export const addressOf = (kind: Kind, number = 0): Address => (number * KINDS.length + KINDS.indexOf(kind)) as Address
export const showActor = (address: Address): string => {
  const kind = KINDS[address % KINDS.length] ?? ''
  return kind === 'peer' || kind === 'piece' ? `${kind}/${Math.floor(address / KINDS.length)}` : kind
}

export interface Envelope<Content> {
  readonly to: Address
  readonly content: Content
}

export class Bus<Content> {
  readonly #inboxes = new Map<Address, Subject<Content>>()
  readonly #traffic = new Subject<Envelope<Content>>()
  #queue: Envelope<Content>[] = []
  #draining = false
  #thrown: { readonly error: unknown } | undefined

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
    const inbox = new Subject<Content>()
    inbox.subscribe((content) => {
      try {
        hear(content)
      } catch (error) {
        this.#thrown ??= { error }
      }
    })
    this.#inboxes.set(address, inbox)
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
        this.#inboxes.get(envelope.to)?.next(envelope.content)
        if (this.#thrown !== undefined) throw this.#thrown.error
      }
    } finally {
      if (this.#queue.length > 0) this.#queue = []
      this.#thrown = undefined
      this.#draining = false
    }
  }
}
