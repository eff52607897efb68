/** A holding: one torrent on one machine, over all of its processes: its files there, the watch over it, and what runs of it. */
import { TorrewindError } from '../src/errors.js'
import { stateHash } from '../src/events/snapshot.js'
import type { LogReader } from '../src/ports.js'
import type { TorrentTransfer } from '../src/transfer.js'
import { type InfoHash, toHex } from '../src/values.js'
import { wireHashesOf } from '../src/wire/identity.js'
import { bytesOnDiskRight, crashLosesNothing, decidesTheSame, type Finding, foldGivesLiveState } from './checkers.js'
import { WORLD_BEGAN_AT } from './clock.js'
import type { Content } from './content.js'
import { DiskMedium } from './medium.js'
import { NodeWatch, type WatchOptions } from './watch.js'

/** The content of a seed was put there a day before the world began. */
const FILLED_AT = WORLD_BEGAN_AT - 86_400_000

export interface HoldingOptions extends Pick<WatchOptions, 'world' | 'followed' | 'mayBeBanned' | 'diskFails'> {
  readonly content: Content
  /** Has the whole content before the world begins; but this piece. */
  readonly seed: boolean
  readonly lacks: number | undefined
  report(checker: string, text: string): void
  logged: WatchOptions['logged']
  /** For the first time or again, every wanted piece is stored and committed. */
  completed(): void
}

export class Holding {
  readonly content: Content
  readonly medium: DiskMedium
  readonly watch: NodeWatch
  completedAt: number | undefined
  /** Of the process that runs now. */
  transfer: TorrentTransfer | undefined
  /** Where its user knows the files to be. */
  folder = '/downloads'
  #wantsPause = false
  readonly #options: HoldingOptions
  /** By which peers may name it. */
  readonly #hashes: ReadonlySet<string>

  constructor(options: HoldingOptions) {
    const { content, seed, lacks, world, completed } = options
    this.#options = options
    this.content = content
    this.#hashes = new Set(wireHashesOf(content.metainfo).map(toHex))
    this.medium = new DiskMedium(content)
    if (seed || lacks !== undefined) this.medium.fill(FILLED_AT)
    if (lacks !== undefined) this.medium.erasePiece(lacks, FILLED_AT)
    this.watch = new NodeWatch({
      ...options,
      medium: this.medium,
      completed: () => {
        this.completedAt ??= world.now
        completed()
      },
      state: () => this.transfer?.state,
    })
  }

  get infoHash(): InfoHash {
    return this.content.metainfo.infoHash
  }

  isNamed(infoHash: Uint8Array): boolean {
    return this.#hashes.has(toHex(infoHash))
  }

  /** It has everything, and seeds as far as its turn has come. */
  get finished(): boolean {
    if (this.transfer === undefined) return false
    const { phase } = this.transfer.progress
    return phase === 'seeding' || (phase === 'queued' && this.transfer.state.missing === 0)
  }

  /** Its process is about to be no more. */
  examine(): void {
    if (this.transfer !== undefined) this.watch.examine(this.transfer.state)
  }

  /** After a failure of the world that is over, as a user would. */
  async resume(): Promise<void> {
    const { transfer } = this
    if (transfer?.state.failure === undefined) return
    await refusable(() => transfer.resume())
  }

  async pause(): Promise<void> {
    this.#wantsPause = true
    await refusable(async () => this.transfer?.pause())
  }

  /** A crash may have taken the word of it from the log: then its user says it again to the next process. */
  async unpause(): Promise<void> {
    this.#wantsPause = false
    await this.#goOn()
  }

  /** A process has it. */
  async began(): Promise<void> {
    if (!this.#wantsPause && this.transfer?.state.standing.tags.paused === true) await this.#goOn()
  }

  async #goOn(): Promise<void> {
    await refusable(async () => this.transfer?.resume())
  }

  async moveInQueue(place: number): Promise<void> {
    const { transfer } = this
    await refusable(async () => {
      if (transfer !== undefined) transfer.place = place
    })
  }

  /** Notes where the files are once they are there, as a program would. */
  async move(folder: string): Promise<void> {
    const { transfer } = this
    await refusable(async () => {
      await transfer?.move(folder)
      if (transfer !== undefined) this.folder = folder
    })
  }

  /** Compares what the log says with what was live when it was closed. */
  async checkEnd({ state }: TorrentTransfer, log: LogReader | undefined, of: { recorded: boolean; whole: boolean }) {
    if (log !== undefined && of.whole)
      this.#found('foldGivesLiveState', await foldGivesLiveState(log, stateHash(state)))
    if (log !== undefined && of.recorded) this.#found('decidesTheSame', await decidesTheSame(log))
    if (!this.watch.rotten)
      this.#found('bytesOnDiskRight', bytesOnDiskRight(this.content, this.medium, state.stored.indices()))
  }

  /** Looks at what a crash has left of the log. */
  async checkCrash(log: LogReader | undefined, how: 'process' | 'power'): Promise<void> {
    const { committedSeq, durable, everDurable } = this.watch
    const left = await (how === 'power'
      ? crashLosesNothing(log, 0, everDurable)
      : crashLosesNothing(log, committedSeq, durable))
    this.#found('crashLosesNothing', left.finding)
    // What was committed and not yet on the medium may be lost with the power, and is then to be fetched again.
    if (how === 'power') this.watch.lost(left.committedSeq, left.stored)
  }

  #found(checker: string, finding: Finding): void {
    if (finding !== undefined) this.#options.report(checker, finding)
  }
}

/** Its user may ask for what cannot be, and is told so. */
const refusable = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof TorrewindError)) throw error
  }
}
