/** What the page can look at: the logs of a data folder, and capsules that were named or dropped onto it. */
import { TorrewindError } from '../../errors.js'
import type { TransferState } from '../../events/state.js'
import { nonsense } from '../../replay/capsule.js'
import { History, type ReadableLog } from '../../replay/index.js'
import { cidText } from '../../wire/identity.js'
import type { TorrentSubject } from '../../wire/kept.js'
import { withCapsule } from '../capsule-file.js'
import type { GrowingLogs } from './growing-log.js'
import type { Listed } from './page-types.js'
import { Survey } from './survey.js'

/** Capsules that are open at one time: the one that was dropped first is let go for another. */
const CAPSULES_MAX = 4
/** States that are kept as they were asked for: those of a step, and of the step before it. */
const STATES_KEPT = 3

/** A history, and what is known of it beside. */
export class Source {
  readonly history: History
  readonly survey: Survey
  readonly #states = new Map<number, Promise<TransferState>>()
  readonly #listeners = new Set<() => void>()
  readonly #gone = new AbortController()
  #surveying: Promise<void> = Promise.resolve()

  constructor(
    readonly id: string,
    readonly kind: 'log' | 'capsule',
    readonly metainfo: TorrentSubject,
    readonly log: ReadableLog,
    readonly letGo: () => Promise<void>,
  ) {
    this.history = new History(log)
    this.survey = new Survey(log)
  }

  get firstSeq(): number {
    return this.log.firstSeq ?? 0
  }

  get isFollowed(): boolean {
    return this.#listeners.size > 0
  }

  get cid(): string {
    return cidText(this.metainfo)
  }

  /** To be read only: it is handed out more than once. */
  async stateAt(seq: number): Promise<Readonly<TransferState>> {
    const known = this.#states.get(seq)
    this.#states.delete(seq)
    const state = known ?? this.history.stateAt({ seq })
    this.#states.set(seq, state)
    for (const oldest of this.#states.keys()) {
      if (this.#states.size <= STATES_KEPT) break
      this.#states.delete(oldest)
    }
    // A failure is not kept: what was asked for may be there by the next time.
    state.catch(() => this.#states.delete(seq))
    return state
  }

  /** Calls back when the log has grown, or more of it was surveyed. Returns how to end that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The log has grown, or is looked at for the first time. */
  grown(): void {
    this.#tell()
    const told = (): void => this.#tell()
    this.#surveying = this.#surveying.then(() => this.survey.extend(told, this.#gone.signal))
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  async close(): Promise<void> {
    this.#gone.abort()
    await this.#surveying
    await this.letGo()
  }

  /** What a capsule says that cannot be is no fault of ours. */
  faultOf(error: unknown): unknown {
    return this.kind === 'capsule' ? nonsense(error) : error
  }
}

/** Opens a capsule for longer than a call takes. */
const holdCapsule = (id: string, file: string, gone: () => Promise<void>): Promise<Source> =>
  new Promise((resolve, reject) => {
    let letGo = (): void => {}
    const held = new Promise<void>((done) => {
      letGo = done
    })
    const over = withCapsule(file, async ({ reader, metainfo }) => {
      resolve(
        new Source(id, 'capsule', metainfo, reader, async () => {
          letGo()
          await over
          await gone()
        }),
      )
      await held
    })
    over.catch(reject)
  })

export class Sources {
  readonly #logs: GrowingLogs | undefined
  readonly #open = new Map<string, Promise<Source>>()
  /** The logs among them. */
  readonly #looked = new Set<Source>()
  #capsules = 0
  /** What is shown unless the page asks for another one. */
  first: string | undefined

  constructor(logs: GrowingLogs | undefined) {
    this.#logs = logs
  }

  async list(): Promise<readonly Listed[]> {
    const transfers = (await this.#logs?.transfers()) ?? []
    const logs = transfers.map(({ infoHash, metainfo, cid }): Listed => {
      return { id: infoHash, kind: 'log', name: metainfo.name, cid }
    })
    const open = await Promise.all(this.#open.values())
    const capsules = open.filter(({ kind }) => kind === 'capsule')
    return [...logs, ...capsules.map(({ id, kind, metainfo, cid }): Listed => ({ id, kind, name: metainfo.name, cid }))]
  }

  /** Throws `TRANSFER_UNKNOWN` where there is none. */
  open(id: string): Promise<Source> {
    const known = this.#open.get(id)
    if (known !== undefined) return known
    const opened = this.#openLog(id)
    this.#open.set(id, opened)
    opened.catch(() => this.#open.delete(id))
    return opened
  }

  async #openLog(id: string): Promise<Source> {
    const transfer = (await this.#logs?.transfers())?.find(({ infoHash }) => infoHash === id)
    let source: Source | undefined
    const log = transfer && (await this.#logs?.log(transfer.entry.infoHash, () => source?.grown()))
    if (transfer === undefined || log === undefined)
      throw new TorrewindError('TRANSFER_UNKNOWN', `there is no history ${id}; it may have been closed`)
    source = new Source(id, 'log', transfer.metainfo, log, async () => {})
    this.#looked.add(source)
    source.grown()
    return source
  }

  /** `gone` is called when it is let go, or cannot be opened. */
  async openCapsule(file: string, gone: () => Promise<void> = async () => {}): Promise<Source> {
    const id = `capsule-${++this.#capsules}`
    const opened = holdCapsule(id, file, gone)
    const source = await opened.catch(async (error: unknown) => {
      await gone()
      throw error
    })
    await this.#makeRoom()
    this.#open.set(id, opened)
    source.grown()
    return source
  }

  async #makeRoom(): Promise<void> {
    const capsules = (await Promise.all(this.#open.values())).filter(({ kind }) => kind === 'capsule')
    for (const oldest of capsules.slice(0, Math.max(0, capsules.length + 1 - CAPSULES_MAX))) {
      this.#open.delete(oldest.id)
      await oldest.close()
    }
  }

  /** Takes in what is written to logs that somebody looks at, until it is aborted. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#logs?.follow(() => [...this.#looked].some(({ isFollowed }) => isFollowed), signal)
  }

  async close(): Promise<void> {
    for (const source of await Promise.all(this.#open.values())) await source.close()
    await this.#logs?.close()
  }
}
