/** Items that others put into the DHT by us (BEP 44), until they expire, and no more of them than there is room for. */
import { LIMITS } from '../limits.js'
import { equalBytes, toHex } from '../values.js'
import { KRPC_ERRORS } from '../wire/krpc.js'
import { claimedTarget, isItemRight, type StoredItem } from '../wire/storeditem.js'

interface Kept {
  readonly item: StoredItem
  readonly at: number
}

export class ItemStore {
  /** By target; what was put last comes last. */
  readonly #items = new Map<string, Kept>()

  get size(): number {
    return this.#items.size
  }

  get(target: Uint8Array, now: number): StoredItem | undefined {
    const name = toHex(target)
    const kept = this.#items.get(name)
    if (kept === undefined || now - kept.at < LIMITS.dhtItemKeptMs) return kept?.item
    this.#items.delete(name)
    return undefined
  }

  /** Keeps the item, or says with which error it is refused. */
  put(item: StoredItem, cas: number | undefined, now: number): number | undefined {
    const target = claimedTarget(item)
    const known = this.get(target, now)
    if (known?.signed !== undefined && item.signed !== undefined) {
      if (cas !== undefined && cas !== known.signed.seq) return KRPC_ERRORS.casMismatch
      if (item.signed.seq < known.signed.seq) return KRPC_ERRORS.seqTooLow
      if (item.signed.seq === known.signed.seq && !equalBytes(item.value, known.value)) return KRPC_ERRORS.seqTooLow
    }
    // Last, as it takes longest.
    if (!isItemRight(item)) return KRPC_ERRORS.signatureInvalid
    const name = toHex(target)
    this.#items.delete(name)
    this.#items.set(name, { item, at: now })
    const [oldest] = this.#items.keys()
    if (this.#items.size > LIMITS.dhtItemsMax && oldest !== undefined) this.#items.delete(oldest)
    return undefined
  }

  /** Clears away what has expired: what was put first comes first. */
  sweep(now: number): void {
    for (const [name, { at }] of this.#items) {
      if (now - at < LIMITS.dhtItemKeptMs) return
      this.#items.delete(name)
    }
  }
}
