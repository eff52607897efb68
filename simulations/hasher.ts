/**
 * The simulated hasher: real SHA-1 and SHA-256, with the time that they take.
 *
 * Bytes that are those of a piece of a content are recognised by comparing every one of them, which is a tenth of the
 * work, and have the digest that was made of that piece once. All others are hashed: corruption is really caught.
 */
import { createHash } from 'node:crypto'
import type { Hasher } from '../src/ports.js'
import { blockHashes } from '../src/wire/merkle.js'
import type { Content } from './content.js'
import { transmissionUs } from './host.js'
import { labelOf, type World } from './world.js'

export interface HasherSettings {
  /** Bytes a second; 0 answers at once. */
  readonly rate: number
}

export class SimulatedHasher implements Hasher {
  readonly #world: World
  readonly #contents: readonly Content[]
  readonly #rate: number
  readonly #label: number
  #busyUntil = 0
  #stopped = false

  constructor(world: World, node: number, contents: readonly Content[], { rate }: HasherSettings) {
    this.#world = world
    this.#contents = contents
    this.#rate = rate
    this.#label = labelOf('hash', node)
  }

  sha1(bytes: Uint8Array, done: (digest: Uint8Array) => void): void {
    this.#take(bytes, () => this.#known(bytes) ?? createHash('sha1').update(bytes).digest(), done)
  }

  blockHashes(bytes: Uint8Array, done: (hashes: Uint8Array) => void): void {
    this.#take(bytes, () => blockHashes(bytes), done)
  }

  #known(bytes: Uint8Array): Uint8Array | undefined {
    for (const content of this.#contents) {
      const digest = content.digestOf(bytes)
      if (digest !== undefined) return digest
    }
    return undefined
  }

  #take(bytes: Uint8Array, digest: () => Uint8Array, done: (digest: Uint8Array) => void): void {
    if (this.#rate === 0) {
      done(digest())
      return
    }
    this.#busyUntil = Math.max(this.#busyUntil, this.#world.now) + transmissionUs(bytes.length, this.#rate)
    this.#world.schedule(this.#busyUntil, this.#label, () => {
      if (!this.#stopped) done(digest())
    })
  }

  stop(): void {
    this.#stopped = true
  }
}
