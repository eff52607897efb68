/** Chance of a world: one stream of draws for each purpose and node, so that a new draw shifts no other. */
import { assert } from '../src/assert.js'
import { mix } from '../src/random.js'

const textBits = (text: string): number => {
  let bits = 0
  for (let at = 0; at < text.length; at++) bits = mix(bits, text.charCodeAt(at))
  return bits
}

const TWO_32 = 0x1_0000_0000

export class Chance {
  readonly #seed: number
  #draws = 0

  constructor(seed: number, purpose: string, node = 0) {
    this.#seed = mix(mix(mix(seed >>> 0, Math.floor(seed / TWO_32)), textBits(purpose)), node)
  }

  /** 32 bits. */
  bits(): number {
    return mix(this.#seed, ++this.#draws)
  }

  /** From 0 up to, but not including, 1. */
  unit(): number {
    return (this.bits() + this.bits() / TWO_32) / TWO_32
  }

  /** A whole number from 0 up to, but not including, `below`. */
  below(below: number): number {
    if (below < 1) assert(false, `nothing can be drawn from ${below}`)
    return Math.floor((this.bits() / TWO_32) * below)
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  happens(probability: number): boolean {
    return this.bits() < probability * TWO_32
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value // `below` names one of them
  }

  /** Some of them, each once, in an order of chance. */
  some<Value>(values: readonly Value[], count: number): Value[] {
    const left = values.slice()
    const taken: Value[] = []
    while (taken.length < count && left.length > 0) taken.push(...left.splice(this.below(left.length), 1))
    return taken
  }

  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean
  }

  /** Of mean 0 and standard deviation 1 (Marsaglia's polar method): without sines, which are not the same everywhere. */
  normal(): number {
    for (;;) {
      const [across, up] = [2 * this.unit() - 1, 2 * this.unit() - 1]
      const square = across * across + up * up
      if (square > 0 && square < 1) return across * Math.sqrt((-2 * Math.log(square)) / square)
    }
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at++) bytes[at] = this.bits() >>> 24
    return bytes
  }
}
