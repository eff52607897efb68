/**
 * The retainer: keeps the log of a transfer that runs within its bounds of age and size.
 *
 * Strategy: it looks when the log has grown by an eighth of its bound, or time passed by an eighth of the age, and then
 * makes as much room as will be filled until it looks again. So the bound holds but for what is written during a look,
 * and no event is summed up more often than it must be. What was written meanwhile is looked at next, and before it is
 * closed at the latest. The state that stands for what goes is folded a few milliseconds at a time, as peers wait.
 */
import { messageOf, TorrewindError } from './errors.js'
import { takeSnapshot } from './events/snapshot.js'
import { LIMITS } from './limits.js'
import type { Cancel, Clock, Failure, LogReader, LogStore, TransferLog } from './ports.js'
import { firstKept, type Retention } from './replay/compact.js'
import { foldLog } from './replay/fold.js'
import { type InfoHash, type Instant, instant } from './values.js'

export interface RetainerOptions {
  readonly clock: Clock
  readonly logs: LogStore
  readonly log: TransferLog
  readonly infoHash: InfoHash
  readonly retention: Retention
  /** The log cannot be kept within its bounds, and goes on growing. Called once. */
  failed(failure: Failure): void
}

/** What is written before it is looked again, at least. */
const stepBytesOf = (maxBytes: number): number => Math.max(LIMITS.retentionStepBytesMin, Math.floor(maxBytes / 8))

/** Bounds that leave room for a step, for a log that will be written. */
export const withRoom = (retention: Retention, stepBytes = stepBytesOf(retention.maxBytes ?? 0)): Retention => ({
  maxAgeMs: retention.maxAgeMs,
  maxBytes: retention.maxBytes === undefined ? undefined : Math.max(0, retention.maxBytes - stepBytes),
})

const within = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value))

export class Retainer {
  readonly #options: RetainerOptions
  /** Time and bytes from one look to the next. */
  readonly #periodMs: number | undefined
  #stepBytes: number
  /** Where the log was when it was looked at, and how much it may grow until it is looked at again. */
  #lookedAtBytes: number
  #freeBytes: number
  #cancelWake: Cancel | undefined
  #looking: Promise<void> | undefined
  #stopped = false

  constructor(options: RetainerOptions) {
    const { maxAgeMs, maxBytes = 0 } = options.retention
    this.#options = options
    this.#stepBytes = stepBytesOf(maxBytes)
    this.#lookedAtBytes = options.log.writtenBytes
    this.#freeBytes = this.#stepBytes
    this.#periodMs =
      maxAgeMs === undefined
        ? undefined
        : within(LIMITS.retentionPeriodMinMs, Math.floor(maxAgeMs / 8), LIMITS.retentionPeriodMaxMs)
    this.#wakeLater()
  }

  /** Something was committed. */
  reached(): void {
    if (this.#hasGrown()) this.#look()
  }

  /** Resolves when the log is within its bounds and nothing is under way any more. The log must be open until then. */
  async close(): Promise<void> {
    this.#stop()
    await this.#looking
    // Nobody looks at what closing the log writes yet: half a step is left for that.
    if (this.#hasGrown(this.#freeBytes / 2)) await this.#lookNow()
  }

  #hasGrown(most = this.#freeBytes): boolean {
    const { retention, log } = this.#options
    return retention.maxBytes !== undefined && log.writtenBytes - this.#lookedAtBytes >= most
  }

  #stop(): void {
    this.#stopped = true
    this.#cancelWake?.()
  }

  #wakeLater(): void {
    if (this.#periodMs === undefined || this.#stopped) return
    const { clock } = this.#options
    this.#cancelWake = clock.wakeAt(instant(clock.now() + this.#periodMs), () => {
      this.#look()
      this.#wakeLater()
    })
  }

  #look(): void {
    if (this.#looking !== undefined || this.#stopped) return
    this.#looking = this.#lookNow().finally(() => {
      this.#looking = undefined
      this.reached()
    })
  }

  async #lookNow(): Promise<void> {
    this.#lookedAtBytes = this.#options.log.writtenBytes
    this.#freeBytes = this.#stepBytes
    try {
      await this.#lookOnce()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #lookOnce(): Promise<void> {
    const { clock, logs, log, infoHash, retention } = this.#options
    const first = await firstKept(logs, infoHash, withRoom(retention, this.#stepBytes), clock.now())
    if (first <= (log.firstSeq ?? 0)) return
    await log.compact(first, (reader, seq) => this.#snapshotBefore(reader, seq))
  }

  /** A snapshot that is larger than what it makes room for is not written more often than that. */
  async #snapshotBefore(reader: LogReader, before: number): Promise<Uint8Array> {
    const { state } = await foldLog(reader, { before, rest: () => this.#rest() })
    const snapshot = takeSnapshot(state)
    this.#stepBytes = Math.max(this.#stepBytes, snapshot.length)
    return snapshot
  }

  /** Lets others have their turn. */
  #rest(): Promise<void> {
    const { clock } = this.#options
    return new Promise((resolve) => clock.wakeAt(clock.now() as Instant, resolve))
  }

  /** A log that cannot be written tells its owner so. */
  #fail(error: unknown): void {
    if (!(error instanceof TorrewindError)) throw error
    if (this.#stopped) return
    this.#stop()
    if (error.code !== 'LOG_FAILED') this.#options.failed({ code: error.code, message: messageOf(error) })
  }
}
