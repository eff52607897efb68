/** Answers of a user's function: whatever it does, what comes of it are numbers that can be used, or one error. */
import { messageOf, TorrewindError } from '../src/errors.js'
import type { PeerAddress } from '../src/values.js'

/** Where and when a function is asked. */
export interface Asking {
  readonly seed: number
  readonly node: number
  /** Since the simulation began. */
  seconds(): number
  /** The node at an address. */
  nodeAt(address: PeerAddress): number
  /** Hears of what ends the run, before it is thrown. */
  failed(error: TorrewindError): void
}

/** In place of numbers: the engine decides as it would without the function. */
export const AS_EVER = 'default'

const SHOWN_CHARACTERS = 100

const show = (value: unknown): string => {
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value).slice(0, SHOWN_CHARACTERS)
  if (value instanceof Promise) return 'a promise'
  try {
    // NaN and undefined become null there, and say so themselves where they are what is wrong.
    const text = JSON.stringify(value)
    if (text !== undefined && text !== '{}') return text.slice(0, SHOWN_CHARACTERS)
  } catch {
    // Cyclic, or it refuses: it is shown as what it is.
  }
  return Object.prototype.toString.call(value)
}

/** The first place of the user's own in a stack. */
const placeOf = (error: unknown): string => {
  const frame = error instanceof Error ? /^\s*at (.*)$/m.exec(error.stack ?? '')?.[1] : undefined
  return frame === undefined ? '' : `, at ${frame}`
}

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  Symbol.iterator in value &&
  typeof value[Symbol.iterator] === 'function'

/** What is wrong with a number that was given, if anything is. */
export type Judge = (given: number) => string | undefined

/** A picker or a choker. */
export class Asked<View> {
  readonly #name: string
  readonly #function: (view: View) => unknown
  readonly #asking: Asking

  constructor(name: string, given: (view: View) => unknown, asking: Asking) {
    this.#name = name
    this.#function = given
    this.#asking = asking
  }

  /** Throws `STRATEGY_INVALID`, as does whoever reads the numbers: those that nobody reads are not judged. */
  ask<Given extends number>(view: View, judge: Judge): Iterable<Given> | typeof AS_EVER {
    const answer = this.#attempt(() => this.#function(view))
    if (answer === AS_EVER) return AS_EVER
    if (isIterable(answer)) return this.#read(answer, judge)
    // Nobody waits for it, so nobody would hear why it is rejected.
    if (answer instanceof Promise) answer.catch(() => undefined)
    throw this.#fail(`returned ${show(answer)}, which is neither an order of numbers nor "${AS_EVER}"`)
  }

  /** Ends even where the answer does not: there are only so many numbers that may be given, and each only once. */
  *#read<Given extends number>(answer: Iterable<unknown>, judge: Judge): Generator<Given> {
    const before = new Set<number>()
    const iterator = this.#attempt(() => answer[Symbol.iterator]())
    for (;;) {
      const { done, value } = this.#attempt(() => {
        const { done, value } = iterator.next()
        return { done, value }
      })
      if (done === true) return
      if (typeof value !== 'number') throw this.#unusable(answer, value, 'which is no number')
      const wrong = before.has(value) ? 'which it gave before' : judge(value)
      if (wrong !== undefined) throw this.#unusable(answer, value, wrong)
      before.add(value)
      yield value as Given // judged to be one
    }
  }

  #attempt<Value>(work: () => Value): Value {
    try {
      return work()
    } catch (error) {
      throw this.#fail(`threw "${messageOf(error).slice(0, SHOWN_CHARACTERS)}"${placeOf(error)}`, error)
    }
  }

  #unusable(answer: Iterable<unknown>, value: unknown, wrong: string): TorrewindError {
    return this.#fail(`gave ${show(value)}, ${wrong}${Array.isArray(answer) ? `; it returned ${show(answer)}` : ''}`)
  }

  #fail(what: string, cause?: unknown): TorrewindError {
    const { seed, node } = this.#asking
    const when = `${this.#asking.seconds().toFixed(3)} s on node ${node} of seed ${seed}`
    const error = new TorrewindError('STRATEGY_INVALID', `after ${when} the ${this.#name} ${what}`, { cause })
    this.#asking.failed(error)
    return error
  }
}
