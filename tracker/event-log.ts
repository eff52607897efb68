/**
 * The log of a tracker's events on the medium: a row of files, of which the oldest go.
 *
 * Strategy: records are packed as they come, and a chunk is written when it is full, or a moment after its first record;
 * so an announce costs a copy of its answer, and a kill the last second. Files, and not the database that keeps logs of
 * transfers: what is forgotten goes by the gigabyte, which is one call for a file, and others read while it is written.
 * A medium that is too slow, or full, costs records, which are counted, and never an announce.
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import path from 'node:path'
import { messageOf, TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { chunksOf, type EventFile, eventFilePath, listEventFiles } from './event-files.js'
import { EventPacker, type SealedChunk } from './event-packer.js'
import { FIRST_PREVIOUS, type Keeping } from './event-record.js'
import { LevelDatabase } from './level-database.js'
import type { StoreAnswer } from './store.js'
import type { Refusal, RefusalCode, SwarmRequest } from './swarm.js'
import type { CounterName, FrontName } from './tally.js'
import type { Witness } from './witness.js'

export interface EventLogOptions {
  readonly folder: string
  readonly bytesMax: number
  readonly keeping: Keeping
  readonly intervalSeconds: number
  now(): number
  /** Hears once that nothing can be written any more. */
  failed(error: TorrewindError): void
}

interface End {
  readonly nextSeq: number
  readonly hash: Uint8Array
}

/** Where the log ends: the last whole chunk of the newest file that has any. */
const endOf = async (files: readonly EventFile[]): Promise<End> => {
  for (const file of [...files].reverse()) {
    let end: End | undefined
    for await (const { firstSeq, count, hash } of chunksOf(file.path)) end = { nextSeq: firstSeq + count, hash }
    if (end !== undefined) return end
  }
  return { nextSeq: 0, hash: FIRST_PREVIOUS }
}

export class EventLog implements Witness {
  readonly #options: EventLogOptions
  readonly #packer: EventPacker
  /** Holds the folder: one process at a time writes to it, on every system, and lets go however it ends. */
  readonly #lock: LevelDatabase
  readonly #files: EventFile[]
  #handle: FileHandle | undefined
  /** Of the file that is written. */
  #number: number
  #fileBytes = 0
  #pending: SealedChunk[] = []
  #pendingBytes = 0
  #writing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failure: TorrewindError | undefined
  #kept = 0
  #lost = 0

  /** Makes the folder where it is missing. Throws DATA_LOCKED and DATA_UNUSABLE. */
  static async open(options: EventLogOptions): Promise<EventLog> {
    const { folder } = options
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw new TorrewindError('DATA_UNUSABLE', `${folder} cannot be used: ${messageOf(error)}`, { cause: error })
    })
    const lock = await LevelDatabase.open(path.join(folder, 'lock'))
    try {
      const files = await listEventFiles(folder)
      const log = new EventLog(options, lock, files, await endOf(files))
      await log.#roll()
      log.#note(true)
      log.#arm()
      return log
    } catch (error) {
      await lock.close()
      if (error instanceof TorrewindError) throw error
      throw new TorrewindError('DATA_UNUSABLE', `${folder} cannot be used: ${messageOf(error)}`, { cause: error })
    }
  }

  private constructor(options: EventLogOptions, lock: LevelDatabase, files: readonly EventFile[], end: End) {
    this.#options = options
    this.#lock = lock
    this.#files = [...files]
    this.#number = files.at(-1)?.number ?? 0
    this.#packer = new EventPacker(end.nextSeq, end.hash, (chunk) => this.#take(chunk))
  }

  answered(front: FrontName, request: SwarmRequest, nowMs: number, answer: StoreAnswer): void {
    if (this.#takes()) this.#packer.answered(front, request, nowMs, answer)
  }

  refused(front: FrontName, request: SwarmRequest, nowMs: number, refusal: Refusal): void {
    if (this.#takes()) this.#packer.refused(front, request, nowMs, refusal)
  }

  dismissed(counter: CounterName, from: Uint8Array, nowMs: number, why: RefusalCode | 'limited'): void {
    if (this.#takes()) this.#packer.dismissed(counter, from, nowMs, why)
  }

  /** Records that are on their way to the medium or there, those that were let go, and the bytes of all files. */
  get counts(): { readonly kept: number; readonly lost: number; readonly bytes: number } {
    const before = this.#files.reduce((sum, { bytes }) => sum + bytes, 0)
    return { kept: this.#kept + this.#packer.count, lost: this.#lost, bytes: before + this.#fileBytes }
  }

  /** Writes what there is. */
  async flush(): Promise<void> {
    this.#packer.seal()
    while (this.#writing !== undefined) await this.#writing
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.flush()
    await this.#handle?.close().catch(() => {})
    await this.#lock.close()
  }

  /** Whether a record is kept, which is then written within the delay. */
  #takes(): boolean {
    if (this.#failure !== undefined) {
      this.#lost++
      return false
    }
    if (this.#timer === undefined) this.#arm()
    return true
  }

  /** By which a reader knows how long peers are kept, however much before it is forgotten. */
  #note(begins: boolean): void {
    const { now, keeping, intervalSeconds } = this.#options
    this.#packer.opened(now(), begins, keeping, intervalSeconds)
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#packer.seal()
    }, LIMITS.trackerEventDelayMs)
  }

  #take(chunk: SealedChunk): boolean {
    const { bytes, records } = chunk
    if (this.#failure !== undefined || this.#pendingBytes + bytes.length > LIMITS.trackerEventPendingBytesMax) {
      this.#lost += records
      return false
    }
    this.#kept += records
    this.#pending.push(chunk)
    this.#pendingBytes += bytes.length
    this.#startWriting()
    return true
  }

  #startWriting(): void {
    this.#writing ??= this.#write()
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#writing = undefined
        if (this.#pending.length > 0) this.#startWriting()
      })
  }

  async #write(): Promise<void> {
    for (let chunk = this.#pending.shift(); chunk !== undefined; chunk = this.#pending.shift()) {
      if (this.#fileBytes > 0 && this.#fileBytes + chunk.bytes.length > this.#fileBytesMax) {
        await this.#roll()
        this.#note(false)
      }
      await this.#handle?.writeFile(chunk.bytes)
      this.#fileBytes += chunk.bytes.length
      this.#pendingBytes -= chunk.bytes.length
      this.#packer.reuse(chunk)
    }
  }

  get #fileBytesMax(): number {
    return Math.floor(this.#options.bytesMax / LIMITS.trackerEventFiles)
  }

  /** Goes on in a new file, and forgets the oldest, so that there is room for it. */
  async #roll(): Promise<void> {
    const { folder, bytesMax } = this.#options
    if (this.#handle !== undefined) {
      await this.#handle.close()
      this.#files.push({ path: eventFilePath(folder, this.#number), number: this.#number, bytes: this.#fileBytes })
    }
    this.#number++
    this.#handle = await open(eventFilePath(folder, this.#number), 'wx')
    this.#fileBytes = 0
    let total = this.#files.reduce((sum, { bytes }) => sum + bytes, 0)
    while (this.#files.length > 0 && (total + this.#fileBytesMax > bytesMax || this.#isCrowded)) {
      const oldest = this.#files.shift()
      if (oldest === undefined) break
      await rm(oldest.path, { force: true })
      total -= oldest.bytes
    }
  }

  /** A tracker that is started again and again makes a file each time. */
  get #isCrowded(): boolean {
    return this.#files.length >= LIMITS.trackerEventFilesMax
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    const said = `the log of events is written no more: ${messageOf(error)}`
    this.#failure = new TorrewindError('STORE_FAILED', said, { cause: error })
    for (const { records } of this.#pending) {
      this.#kept -= records
      this.#lost += records
    }
    this.#pending = []
    this.#options.failed(this.#failure)
  }
}
