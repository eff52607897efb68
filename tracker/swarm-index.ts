/**
 * The file index: from an info-hash to the number of its swarm, which goes to another when the swarm is forgotten.
 *
 * Strategy: info-hashes lie packed, and are hashed with a secret seed, so that nobody can tell which of them fall into one
 * place. Making a text of each, as a `Map` would need, takes longer than all the rest of finding a swarm.
 */
import { mix } from '../src/random.js'
import type { InfoHash } from '../src/values.js'
import { readUint32 } from '../src/wire/integers.js'
import { Buckets, NO_SLOT } from './buckets.js'

const WORDS = 5
/** Of a number: its info-hash, and the hash of that. */
const FIELDS = WORDS + 1
const NUMBERS_AT_FIRST = 64

export class SwarmIndex {
  readonly #seed: number
  #fields = new Int32Array(NUMBERS_AT_FIRST * FIELDS)
  readonly #buckets = new Buckets((number) => this.#fields[number * FIELDS + WORDS] ?? 0)
  readonly #wanted = new Int32Array(WORDS)
  readonly #free: number[] = []
  /** Numbers below this one were given at some time. */
  #used = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  get count(): number {
    return this.#buckets.count
  }

  find(infoHash: InfoHash): number | undefined {
    const hash = this.#want(infoHash)
    for (let bucket = this.#buckets.first(hash); ; bucket = this.#buckets.next(bucket)) {
      const number = this.#buckets.at(bucket)
      if (number === NO_SLOT) return undefined
      if (this.#isWanted(number)) return number
    }
  }

  /** Gives a number to an info-hash that has none. */
  add(infoHash: InfoHash): number {
    const number = this.#free.pop() ?? this.#used++
    const at = number * FIELDS
    if (at + FIELDS > this.#fields.length) {
      const longer = new Int32Array(this.#fields.length * 2)
      longer.set(this.#fields)
      this.#fields = longer
    }
    this.#fields[at + WORDS] = this.#want(infoHash)
    this.#fields.set(this.#wanted, at)
    this.#buckets.add(number)
    return number
  }

  remove(number: number): void {
    this.#buckets.remove(number)
    this.#free.push(number)
  }

  #want(infoHash: InfoHash): number {
    let hash = this.#seed
    for (let at = 0; at < WORDS; at++) {
      const word = readUint32(infoHash, at * 4)
      this.#wanted[at] = word
      hash = mix(hash, word)
    }
    return hash
  }

  #isWanted(number: number): boolean {
    for (let at = 0; at < WORDS; at++) if (this.#fields[number * FIELDS + at] !== this.#wanted[at]) return false
    return true
  }
}
