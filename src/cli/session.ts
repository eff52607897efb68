/** A session: the engine that `seed` and `get` run, how it is shown while it works, and how it is let go of. */
import type { Subscription } from 'rxjs'
import {
  createEngine,
  type Engine,
  type EngineOptions,
  type Progress,
  TorrewindError,
  type Transfer,
} from '../index.js'
import { type Bar, openBar, SILENT } from './bar.js'
import type { CommandContext } from './context.js'
import { showEvent } from './events-text.js'
import { showBytes, showCount, showRate, showSeconds } from './format.js'
import { Standstill } from './standstill.js'
import { TrackerTroubles } from './tracker-troubles.js'

const SAY_EVERY_MS = 1_000

/** Before anything is added, so that nobody who is blocked is met; and says what of it was not understood. */
const block = async (context: CommandContext, engine: Engine, files: readonly string[]): Promise<void> => {
  const { ranges, lines, errors, firstErrors } = await engine.setBlocklist({ files })
  context.say({ type: 'blocklist', ranges, lines, errors })
  context.tell(`${showCount(ranges, 'range')} of addresses blocked, of ${showCount(lines, 'line')}`)
  const [first] = firstErrors
  if (first !== undefined)
    context.tell(`  ${showCount(errors, 'line')} not understood, the first of them line ${first.line}: ${first.text}`)
}

/** A log that cannot be gone on with is not the end of the transfer. */
const withWayOn = (error: unknown): unknown =>
  error instanceof TorrewindError && (error.code === 'LOG_DAMAGED' || error.code === 'LOG_VERSION')
    ? new TorrewindError(
        error.code,
        `${error.message}. \`torrewind log verify\` says what of it can be read; \`torrewind log forget\` forgets it, and then what is on disk is hashed and kept`,
        { cause: error },
      )
    : error

export interface SessionOptions extends Omit<EngineOptions, 'dataDir' | 'blocklist'> {
  /** Paths of them. */
  readonly blocklistFiles?: readonly string[] | undefined
}

/** Opens an engine on the data folder, and closes it in good order however the work ends. */
export const withEngine = async (
  context: CommandContext,
  { blocklistFiles, ...options }: SessionOptions,
  work: (engine: Engine) => Promise<void>,
  sayPort = true,
): Promise<void> => {
  const engine = await createEngine({ ...options, dataDir: context.dataDir })
  try {
    if (sayPort) context.say({ type: 'listening', port: engine.port })
    if (blocklistFiles !== undefined) await block(context, engine, blocklistFiles)
    context.debug(`listening on port ${engine.port}, event log in ${context.dataDir}`)
    await work(engine)
  } catch (error) {
    throw withWayOn(error)
  } finally {
    await engine.close()
  }
}

/** Resolves with false where the user stops the command first; the promise's failure is thrown. */
export const unlessStopped = async (context: CommandContext, promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => !context.stopped.aborted), context.untilStopped().then(() => false)])

export const failureOf = ({ failure }: Progress): TorrewindError | undefined =>
  failure && new TorrewindError(failure.code as TorrewindError['code'], failure.message) // the engine made it from one

/** Seeds until the user stops it, or a goal is reached. Throws what stops the transfer itself. */
export const seedUntilStopped = async (context: CommandContext, transfer: Transfer): Promise<void> => {
  let watching: Subscription | undefined
  const ended = new Promise<void>((resolve, reject) => {
    watching = transfer.progress$.subscribe((progress) => {
      const error = failureOf(progress)
      if (error !== undefined) reject(error)
      else if (progress.phase === 'paused') resolve() // a goal was reached: nobody else pauses it
    })
  })
  try {
    await Promise.race([ended, context.untilStopped()])
  } finally {
    watching?.unsubscribe()
  }
}

/** The counts of a transfer, for JSON lines. */
export const countsOf = (progress: Progress): Readonly<Record<string, unknown>> => {
  const { failure: _, ...counts } = progress
  return counts
}

const share = (progress: Progress): readonly [part: number, whole: number] =>
  progress.phase === 'metadata'
    ? [progress.metadataReceivedBytes, Math.max(1, progress.metadataBytes)] // nothing of what nobody knows
    : progress.phase === 'checking'
      ? [progress.pieces - progress.checkingPieces, progress.pieces]
      : [Math.min(progress.storedBytes, progress.wantedBytes), progress.wantedBytes]

const amountOf = ({ storedBytes, wantedBytes }: Progress): string =>
  `${showBytes(storedBytes)} of ${showBytes(wantedBytes)}`

/** What is known of a torrent of which nobody knows more than the hash. */
const metadataNote = ({ metadataBytes, metadataReceivedBytes, peers }: Progress): string => {
  if (metadataBytes > 0)
    return `metadata: ${showBytes(metadataReceivedBytes)} of ${showBytes(metadataBytes)}, ${showCount(peers, 'peer')}`
  if (peers === 0) return 'looking for peers that have the metadata'
  return `${showCount(peers, 'peer')}, and none of them has the metadata yet`
}

const noteOf = (progress: Progress): string => {
  const { phase, storedBytes, wantedBytes, downloadRate, uploadRate, peers, webSeeds, checkingPieces } = progress
  if (phase === 'metadata') return metadataNote(progress)
  if (phase === 'checking') return `checking what is on disk, ${showCount(checkingPieces, 'piece')} left`
  if (phase === 'seeding') return `seeding at ${showRate(uploadRate)} to ${showCount(peers, 'peer')}`
  if (phase !== 'downloading') return phase
  const left = downloadRate > 0 ? `, ${showSeconds((wantedBytes - storedBytes) / downloadRate)} left` : ''
  const web = webSeeds > 0 ? ` and ${showCount(webSeeds, 'web seed')}` : ''
  return `${amountOf(progress)}, ${showRate(downloadRate)} from ${showCount(peers, 'peer')}${web}${left}`
}

/** Events that say what happens without burying it: not those of single blocks and pieces. */
const QUIET =
  /^(?:block|request|piece-|pieces-announced|have-received|choke-round|keep-alive|interested|not-interested)/

/** Shows a transfer's progress until it is told to stop: a bar or lines for people, and a JSON line a second. */
export const showProgress = (context: CommandContext, transfer: Transfer, troubles = new TrackerTroubles()): Bar => {
  let name = ''
  let bar: Bar = SILENT
  /** What a magnet calls it may not be its name. */
  const nameAnew = (): void => {
    if (transfer.name === name) return
    bar.clear()
    name = transfer.name
    bar = openBar(context, name.length > 30 ? `${name.slice(0, 29)}…` : name)
  }
  nameAnew()
  const standstill = new Standstill(transfer.infoHash, context.dataDir)
  const warn = (progress: Progress): void => {
    for (const text of [...troubles.news(progress), ...standstill.news(progress, performance.now())]) {
      bar.clear()
      context.warn(text)
    }
  }
  let saidAt = Number.NEGATIVE_INFINITY
  const watching = transfer.progress$.subscribe((progress) => {
    nameAnew()
    warn(progress)
    if (progress.phase !== 'starting') bar.update(...share(progress), noteOf(progress))
    const now = performance.now()
    if (now - saidAt < SAY_EVERY_MS) return
    saidAt = now
    context.say({ type: 'progress', ...countsOf(progress) })
  })
  if (context.logLevel === 'debug') {
    watching.add(
      transfer.committed$.subscribe((events) => {
        for (const logged of events) if (!QUIET.test(logged.event.type)) context.debug(showEvent(logged))
      }),
    )
  }
  return {
    update: (value, total, note) => bar.update(value, total, note),
    clear: () => bar.clear(),
    stop() {
      if (!watching.closed) warn(transfer.progress)
      if (!watching.closed) bar.update(...share(transfer.progress), amountOf(transfer.progress))
      watching.unsubscribe()
      bar.stop()
    },
  }
}
