/** Questions that we asked and that wait for their answers, oldest first. */
import { LIMITS } from '../limits.js'
import { type PeerAddress, showAddress, toHex } from '../values.js'

const TRANSACTION_BYTES = 4

interface Waiting<About> {
  readonly to: PeerAddress
  readonly about: About
  readonly askedAt: number
  late: boolean
}

export class Transactions<About> {
  readonly #entropy: (length: number) => Uint8Array
  readonly #waiting = new Map<string, Waiting<About>>()
  /** How many questions wait for an answer from each address. */
  readonly #addresses = new Map<string, number>()

  constructor(entropy: (length: number) => Uint8Array) {
    this.#entropy = entropy
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Whether something from there may be an answer. */
  awaits(address: PeerAddress): boolean {
    return this.#addresses.has(showAddress(address))
  }

  /** A question goes out under these bytes, which nobody can guess who does not see it; undefined where too many wait. */
  open(to: PeerAddress, about: About, now: number): Uint8Array | undefined {
    if (this.#waiting.size >= LIMITS.dhtTransactionsMax) return undefined
    let id = this.#entropy(TRANSACTION_BYTES)
    while (this.#waiting.has(toHex(id))) id = this.#entropy(TRANSACTION_BYTES)
    this.#waiting.set(toHex(id), { to, about, askedAt: now, late: false })
    const name = showAddress(to)
    this.#addresses.set(name, (this.#addresses.get(name) ?? 0) + 1)
    return id
  }

  /** What was asked under these bytes of whoever is there; nothing where it was somebody else, or nobody. */
  close(id: Uint8Array, from: PeerAddress): About | undefined {
    if (id.length !== TRANSACTION_BYTES) return undefined
    const name = toHex(id)
    const waiting = this.#waiting.get(name)
    if (waiting === undefined || waiting.to.host !== from.host || waiting.to.port !== from.port) return undefined
    this.#forget(name, waiting)
    return waiting.about
  }

  /** Those that were silent for long enough to ask others too, once each, and those that are given up. */
  overdue(now: number): readonly { readonly about: About; readonly to: PeerAddress; readonly lost: boolean }[] {
    const overdue: { about: About; to: PeerAddress; lost: boolean }[] = []
    for (const [name, waiting] of this.#waiting) {
      const { about, to, askedAt } = waiting
      if (now - askedAt < LIMITS.dhtLateMs) break
      const lost = now - askedAt >= LIMITS.dhtTimeoutMs
      if (lost) this.#forget(name, waiting)
      if (!lost && waiting.late) continue
      waiting.late = true
      overdue.push({ about, to, lost })
    }
    return overdue
  }

  #forget(name: string, { to }: Waiting<About>): void {
    this.#waiting.delete(name)
    const address = showAddress(to)
    const count = this.#addresses.get(address) ?? 1
    if (count > 1) this.#addresses.set(address, count - 1)
    else this.#addresses.delete(address)
  }
}
