/**
 * Culprits: who spoiled which pieces of one node, by the content itself, and whether they were banned for it.
 *
 * A piece that somebody spoiled is settled when it is fetched again whole and right, or at once where one peer gave all
 * of it. Then it is known who spoiled it. Pieces that were in flight at the same time may be spoiled before that; but by
 * the time that a second one is settled, whoever spoiled both is banned.
 */
import { blockFingerprints } from '../src/fingerprints.js'
import type { Finding } from './checkers.js'
import type { Content } from './content.js'

/** Pieces that somebody spoiled. */
interface Spoiled {
  readonly open: Set<number>
  readonly settled: Set<number>
}

export class Culprits {
  readonly #content: Content
  readonly #records = new Map<string, Spoiled>()
  readonly #banned = new Set<string>()

  constructor(content: Content) {
    this.#content = content
  }

  /** A new process remembers whom it banned, and no piece that was spoiled. */
  began(): void {
    this.#records.clear()
  }

  banned(name: string): void {
    this.#banned.add(name)
    this.#records.delete(name)
  }

  /** For each block of the piece who gave it, and its fingerprint. */
  rejected(piece: number, givers: readonly string[], fingerprints: readonly number[]): Finding {
    const { pieceLength } = this.#content.metainfo
    const right = blockFingerprints(this.#content.bytes.subarray(piece * pieceLength, (piece + 1) * pieceLength))
    const names = new Set(givers.filter((name, block) => name !== '' && fingerprints[block] !== right[block]))
    for (const name of names) {
      if (this.#banned.has(name)) continue
      const spoiled = this.#records.get(name) ?? { open: new Set(), settled: new Set() }
      this.#records.set(name, spoiled)
      spoiled.open.add(piece)
    }
    // Nobody else can have done it this time; of those before nothing is known yet.
    const [sole] = givers
    return sole !== undefined && givers.every((name) => name === sole) ? this.#settle(sole, piece) : undefined
  }

  /** The piece is whole and right. */
  verified(piece: number): Finding {
    let found: Finding
    for (const name of this.#records.keys()) {
      const finding = this.#settle(name, piece)
      found ??= finding
    }
    return found
  }

  #settle(name: string, piece: number): Finding {
    const spoiled = this.#records.get(name)
    if (spoiled?.open.delete(piece) !== true) return undefined
    const { settled } = spoiled
    const before = [...settled].join(', ')
    settled.add(piece)
    return settled.size > 1 ? `${name} spoiled piece ${before} and then piece ${piece}, and is not banned` : undefined
  }
}
