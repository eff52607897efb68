/** The log in a capsule, as everything that reads logs takes it. */
import { FIRST_PREVIOUS_HASH, type LoggedEvent, type LogRecord, NewerVersion, readRecord } from '../events/codec.js'
import { type Geometry, geometryOf } from '../events/geometry.js'
import type { LoggedInput } from '../events/input-codec.js'
import type { Checkpoint, LogReader } from '../ports.js'
import { equalBytes } from '../values.js'
import type { CapsuleBlocks } from './capsule-blocks.js'
import { CapsuleFault } from './capsule-damage.js'
import { readCapsuleInputs } from './capsule-inputs.js'
import { INSTANT_MAX, type KeyframeLinks, type RecordsLink } from './capsule-root.js'
import { decodeIpld } from './dag-cbor.js'
import { PeerCount, vetEvent } from './vet-event.js'
import { vetSnapshot } from './vet-snapshot.js'

/** Blocks that are kept as events: some steps back and forth stay within them. One takes about 300 KiB as events. */
const BLOCKS_KEPT = 16

interface Place extends RecordsLink {
  readonly firstSeq: number
}

export class CapsuleLog implements LogReader {
  readonly committedSeq: number
  /** The first event that there is. */
  readonly firstSeq: number
  readonly #blocks: CapsuleBlocks
  readonly #places: readonly Place[]
  readonly #geometry: Geometry
  /** Those used last come last. */
  readonly #kept = new Map<number, readonly LogRecord[]>()

  constructor(blocks: CapsuleBlocks) {
    const { firstSeq, endSeq, records, of } = blocks.root
    this.#blocks = blocks
    this.firstSeq = firstSeq
    this.committedSeq = endSeq
    this.#geometry = geometryOf(of.pieceLength, of.totalBytes)
    let seq = firstSeq
    this.#places = records.map((link) => {
      const place = { ...link, firstSeq: seq }
      seq += link.events
      return place
    })
  }

  /** Throws `CAPSULE_DAMAGED`, `CAPSULE_INVALID` or `CAPSULE_VERSION` at the first block that cannot be read. */
  async *read(first: number, to: number = this.committedSeq): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    const from = Math.max(first, this.firstSeq)
    const end = Math.min(to, this.committedSeq)
    if (from >= end) return
    let previousHash: Uint8Array | undefined
    const peers = new PeerCount()
    for (let at = this.#indexOf(from); (this.#places[at]?.firstSeq ?? end) < end; at++) {
      for (const { firstSeq, events, previousHash: link, hash } of await this.#records(at)) {
        if (firstSeq >= end) return
        const endSeq = firstSeq + events.length
        if (previousHash !== undefined && !equalBytes(link, previousHash))
          throw this.#fault('CAPSULE_INVALID', 'its record does not follow from the one before it', firstSeq, endSeq)
        previousHash = hash
        if (endSeq <= from) continue
        const batch =
          firstSeq >= from && endSeq <= end ? events : events.slice(Math.max(0, from - firstSeq), end - firstSeq)
        for (const { seq, event } of batch) {
          const wrong = peers.after(event)
          if (wrong !== undefined) throw this.#fault('CAPSULE_INVALID', wrong, seq, seq + 1)
        }
        yield batch
      }
    }
  }

  /** Throws as `read` does. */
  readInputs(from: number, to: number = this.committedSeq): AsyncIterable<readonly LoggedInput[]> {
    return readCapsuleInputs(this.#blocks, from, to)
  }

  async loadCheckpoint(atMost: number = this.committedSeq): Promise<Checkpoint | undefined> {
    const { base, keyframes } = this.#blocks.root
    for (const keyframe of keyframes.filter(({ seq }) => seq <= atMost).reverse()) {
      const snapshot = await this.#snapshot(keyframe).catch((error: unknown) => {
        // Such a one only saves time.
        if (error instanceof CapsuleFault) return undefined
        throw error
      })
      if (snapshot !== undefined) return { seq: keyframe.seq, snapshot }
    }
    return base === undefined || base.seq > atMost ? undefined : { seq: base.seq, snapshot: await this.#snapshot(base) }
  }

  /** Every block is read that no event needs. Throws as `read` does. */
  async verifyKeyframes(): Promise<void> {
    const { base, keyframes } = this.#blocks.root
    for (const keyframe of base === undefined ? keyframes : [base, ...keyframes])
      await this.#snapshot(keyframe).catch((error: unknown) => {
        if (!(error instanceof CapsuleFault)) throw error
        // One of another version is whole all the same.
        if (error.code === 'CAPSULE_VERSION') return
        const where = `its snapshot of the state before event ${keyframe.seq} is spoiled, and no event`
        throw new CapsuleFault(error.code, `${where}: ${error.reason}`)
      })
  }

  /** Every recorded input is read. Throws as `read` does. */
  async verifyInputs(): Promise<void> {
    const inputs = this.readInputs(this.firstSeq)[Symbol.asyncIterator]()
    while ((await inputs.next()).done !== true);
  }

  async #snapshot({ seq, chunks }: KeyframeLinks): Promise<Uint8Array> {
    const snapshot = await this.#blocks.readAll(chunks)
    vetSnapshot(snapshot, seq, this.#geometry, this.#blocks.root)
    return snapshot
  }

  #fault(code: CapsuleFault['code'], reason: string, seq: number, nextSeq: number): CapsuleFault {
    return new CapsuleFault(code, reason, { firstSeq: this.firstSeq, seq, nextSeq })
  }

  /** Which block has the event. */
  #indexOf(seq: number): number {
    let low = 0
    let high = this.#places.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#places[middle]?.firstSeq ?? 0) <= seq) low = middle
      else high = middle
    }
    return low
  }

  async #records(at: number): Promise<readonly LogRecord[]> {
    const place = this.#places[at]
    if (place === undefined) return []
    const records = this.#kept.get(at) ?? (await this.#open(place, at === 0))
    this.#kept.delete(at)
    this.#kept.set(at, records)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= BLOCKS_KEPT) break
      this.#kept.delete(oldest)
    }
    return records
  }

  async #open(place: Place, isFirst: boolean): Promise<readonly LogRecord[]> {
    const { firstSeq, events: count } = place
    let seq = firstSeq
    const fault = (code: CapsuleFault['code'], reason: string) => this.#fault(code, reason, seq, firstSeq + count)
    try {
      const value = decodeIpld(await this.#blocks.read(place, 'dag-cbor'), { valuesMax: count + 1, depthMax: 1 })
      const records: LogRecord[] = []
      for (const bytes of Array.isArray(value) ? value : []) {
        if (!(bytes instanceof Uint8Array)) break
        const record = readRecord(bytes)
        const first = isFirst && records.length === 0 ? FIRST_PREVIOUS_HASH : record.previousHash
        if (record.firstSeq !== seq || record.events.length === 0 || !equalBytes(first, record.previousHash)) break
        for (const { seq: own, at, event } of record.events) {
          seq = own
          const wrong =
            at > INSTANT_MAX ? 'its time is none' : vetEvent(event, own, this.#blocks.root.of, this.#geometry)
          if (wrong !== undefined) throw fault('CAPSULE_INVALID', wrong)
        }
        seq++
        records.push(record)
      }
      if (seq !== firstSeq + count) throw fault('CAPSULE_INVALID', 'its block has other records than the root says')
      return records
    } catch (error) {
      if (error instanceof NewerVersion) throw fault('CAPSULE_VERSION', error.message)
      if (error instanceof CapsuleFault) throw error.readable === undefined ? fault(error.code, error.reason) : error
      if (error instanceof Error) throw fault('CAPSULE_INVALID', error.message)
      throw error
    }
  }
}
