/**
 * The retainer: keeps the log of a transfer that runs within its bounds of age and size.
 *
 * Strategy: it looks when the log has grown by an eighth of its bound, or time passed by an eighth of the age, and then
 * makes as much room as will be filled until it looks again. So the bound holds, and no event is summed up more often
 * than it must be. The state that stands for what goes is folded a few milliseconds at a time, as peers wait meanwhile.
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

const within = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value))

export class Retainer {
  readonly #options: RetainerOptions
  /** Time and bytes from one look to the next. */
  readonly #periodMs: number | undefined
  #stepBytes: number
  #lookedAtBytes = 0
  #cancelWake: Cancel | undefined
  #looking: Promise<void> | undefined
  #stopped = false

  constructor(options: RetainerOptions) {
    const { maxAgeMs, maxBytes = 0 } = options.retention
    this.#options = options
    this.#stepBytes = Math.max(LIMITS.retentionStepBytesMin, Math.floor(maxBytes / 8))
    this.#periodMs =
      maxAgeMs === undefined
        ? undefined
        : within(LIMITS.retentionPeriodMinMs, Math.floor(maxAgeMs / 8), LIMITS.retentionPeriodMaxMs)
    this.#wakeLater()
  }

  /** Something was committed. */
  reached(): void {
    if (this.#options.retention.maxBytes === undefined) return
    if (this.#options.log.writtenBytes - this.#lookedAtBytes >= this.#stepBytes) this.#look()
  }

  /** Resolves when nothing is under way any more. The log must be open until then. */
  async close(): Promise<void> {
    this.#stop()
    await this.#looking
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
    this.#lookedAtBytes = this.#options.log.writtenBytes
    this.#looking = this.#lookOnce()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#looking = undefined
      })
  }

  async #lookOnce(): Promise<void> {
    const { clock, logs, log, infoHash, retention } = this.#options
    const { maxAgeMs, maxBytes } = retention
    const room = maxBytes === undefined ? undefined : Math.max(0, maxBytes - this.#stepBytes)
    const first = await firstKept(logs, infoHash, { maxAgeMs, maxBytes: room }, clock.now())
    if (this.#stopped || first <= (log.firstSeq ?? 0)) return
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
  async #rest(): Promise<void> {
    const { clock } = this.#options
    await new Promise<void>((resolve) => clock.wakeAt(clock.now() as Instant, resolve))
    if (this.#stopped) throw new TorrewindError('TRANSFER_CLOSED', 'the transfer was closed meanwhile')
  }

  /** A log that cannot be written tells its owner so. */
  #fail(error: unknown): void {
    if (this.#stopped) return
    if (!(error instanceof TorrewindError)) throw error
    this.#stop()
    if (error.code !== 'LOG_FAILED') this.#options.failed({ code: error.code, message: messageOf(error) })
  }
}
