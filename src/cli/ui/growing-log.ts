/**
 * The logs of a data folder while another process may write them: each reading is of one snapshot, and a newer snapshot
 * takes the place of an older one, which is let go when nobody reads it any more.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { LoggedEvent } from '../../events/codec.js'
import { logFolder } from '../../node/machine.js'
import type { Checkpoint, LogReader, LogReaders } from '../../ports.js'
import type { ReadableLog } from '../../replay/index.js'
import type { InfoHash } from '../../values.js'
import { chooseTransfer, type KnownTransfer, listTransfers } from '../choose-transfer.js'
import { fingerprint, LOOK_EVERY_MS } from '../log-tail.js'
import { openLogs } from '../logs.js'

/** A snapshot of a large log takes a while: the next one is taken after so many times as long. */
const REST_FACTOR = 4
const CLOSING_WAITS_MAX = 100

/** A snapshot and how many hold it: readers that are the current ones of their log, and readings under way. */
class Snapshot {
  readonly logs: LogReaders
  /** Those that are not closed yet, this one among them. */
  readonly #others: Set<Snapshot>
  #holders = 0

  constructor(logs: LogReaders, others: Set<Snapshot>) {
    this.logs = logs
    this.#others = others
    others.add(this)
  }

  hold(): void {
    this.#holders++
  }

  async letGo(): Promise<void> {
    this.#holders--
    if (this.#holders > 0) return
    await this.logs.close()
    this.#others.delete(this)
  }
}

interface Current {
  readonly reader: LogReader
  readonly snapshot: Snapshot
}

/** Reads as a log does; `committedSeq` grows with the snapshots. */
export class GrowingLog implements ReadableLog {
  readonly infoHash: InfoHash
  #current: Current

  constructor(infoHash: InfoHash, current: Current) {
    this.infoHash = infoHash
    this.#current = current
    current.snapshot.hold()
  }

  get committedSeq(): number {
    return this.#current.reader.committedSeq
  }

  get firstSeq(): number {
    return this.#current.reader.firstSeq ?? 0
  }

  async *read(from: number, to?: number): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    const { reader, snapshot } = this.#current
    snapshot.hold()
    try {
      yield* reader.read(from, to)
    } finally {
      await snapshot.letGo()
    }
  }

  async loadCheckpoint(atMost?: number): Promise<Checkpoint | undefined> {
    const { reader, snapshot } = this.#current
    snapshot.hold()
    try {
      return await reader.loadCheckpoint(atMost)
    } finally {
      await snapshot.letGo()
    }
  }

  /** Whether it has grown. */
  async take(next: Current): Promise<boolean> {
    const last = this.#current
    next.snapshot.hold()
    this.#current = next
    await last.snapshot.letGo()
    return next.reader.committedSeq > last.reader.committedSeq
  }

  close(): Promise<void> {
    return this.#current.snapshot.letGo()
  }
}

/** The logs of a data folder. */
export class GrowingLogs {
  readonly #dataDir: string
  readonly #open = new Map<GrowingLog, () => void>()
  readonly #snapshots = new Set<Snapshot>()
  #newest: Snapshot

  private constructor(dataDir: string, logs: LogReaders) {
    this.#dataDir = dataDir
    this.#newest = new Snapshot(logs, this.#snapshots)
    this.#newest.hold()
  }

  /** Throws `DATA_UNUSABLE` where there is no log. */
  static async open(dataDir: string): Promise<GrowingLogs> {
    return new GrowingLogs(dataDir, await openLogs(dataDir))
  }

  transfers(): Promise<readonly KnownTransfer[]> {
    return listTransfers(this.#newest.logs)
  }

  /** Throws as `chooseTransfer` does. */
  choose(text: string): Promise<KnownTransfer> {
    return chooseTransfer(this.#newest.logs, text)
  }

  /** `grown` is called after a log has grown. Undefined where there is no such transfer. */
  async log(infoHash: InfoHash, grown: () => void): Promise<GrowingLog | undefined> {
    const snapshot = this.#newest
    snapshot.hold()
    try {
      const reader = await snapshot.logs.reader(infoHash)
      if (reader === undefined) return undefined
      const log = new GrowingLog(infoHash, { reader, snapshot })
      this.#open.set(log, grown)
      return log
    } finally {
      await snapshot.letGo()
    }
  }

  /** Takes a new snapshot whenever the files have changed, as long as `wanted` says so, until it is aborted. */
  async follow(wanted: () => boolean, signal: AbortSignal): Promise<void> {
    let seen: string | undefined
    while (!signal.aborted) {
      let restMs = LOOK_EVERY_MS
      if (wanted()) {
        const began = performance.now()
        // What cannot be read just now may be by the next look; until then what was read last is shown.
        seen = await this.#look(seen).catch(() => undefined)
        restMs = Math.max(restMs, REST_FACTOR * (performance.now() - began))
      }
      await wait(restMs, undefined, { signal }).catch(() => {})
    }
  }

  /** Looked at before the snapshot: what is written after it changes the next look. */
  async #look(seen: string | undefined): Promise<string> {
    const found = await fingerprint(logFolder(this.#dataDir))
    if (found !== seen) await this.#renew()
    return found
  }

  async #renew(): Promise<void> {
    const last = this.#newest
    this.#newest = new Snapshot(await openLogs(this.#dataDir), this.#snapshots)
    this.#newest.hold()
    for (const [log, grown] of this.#open) {
      // Of a transfer that was removed just now, what was there before stays to be looked at.
      const reader = await this.#newest.logs.reader(log.infoHash)
      if (reader !== undefined && (await log.take({ reader, snapshot: this.#newest }))) grown()
    }
    await last.letGo()
  }

  /** Waits for readings that are under way, within a bound: what is left behind then, the next reader removes. */
  async close(): Promise<void> {
    for (const log of this.#open.keys()) await log.close()
    await this.#newest.letGo()
    for (let waits = 0; this.#snapshots.size > 0 && waits < CLOSING_WAITS_MAX; waits++) await wait(LOOK_EVERY_MS / 10)
  }
}
