/** The rig: engines in folders of their own, and ways to wait for what they do. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstValueFrom } from 'rxjs'
import { filter } from 'rxjs/operators'
import type { AddOptions, Progress, Transfer } from '../../src/api.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import type { EventOf, EventType } from '../../src/events/vocabulary.js'
import { createEngine, type Engine, type EngineOptions, TorrewindError } from '../../src/index.js'
import { nodeClock } from '../../src/node/clock.js'
import { logFolder } from '../../src/node/machine.js'
import type { LogStore, TransferLog } from '../../src/ports.js'
import { openLevelLogStore } from '../../src/store/level-log.js'
import { type LogVerdict, verifyLog } from '../../src/store/verify-log.js'
import type { InfoHash, PeerAddress } from '../../src/values.js'
import { waitAtMost } from '../contracts/waiting.js'
import { type Content, writeContent } from './content.js'

export const within = waitAtMost(15_000)
const HOST = '127.0.0.1'

export const at = (port: number): PeerAddress => ({ host: HOST, port })

export class Rig {
  readonly #undo: (() => unknown)[] = []

  /** Called at the end, the last first. */
  later(undo: () => unknown): void {
    this.#undo.push(undo)
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'torrewind-engine-'))
    this.later(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
    return folder
  }

  async engine(dataDir: string, options: Omit<EngineOptions, 'dataDir'> = {}): Promise<Engine> {
    // Raw peers speak as the tests say and count who dials: encryption and uTP have tests of their own.
    const engine = await createEngine({ host: HOST, dataDir, encryption: 'off', utp: false, ...options })
    this.later(() => engine.close())
    return engine
  }

  /** An engine that seeds the content. */
  async seed(
    content: Content,
    options: Omit<EngineOptions, 'dataDir'> = {},
    record: AddOptions['record'] = 'events',
  ): Promise<Seeding> {
    const folder = await this.folder()
    await writeContent(content, folder)
    const engine = await this.engine(join(folder, 'data'), options)
    const transfer = await engine.add(content.torrent, { path: folder, record })
    await within(transfer.done, 'the seed')
    return { engine, transfer, folder, address: at(engine.port) }
  }

  async dispose(): Promise<void> {
    let failure: unknown
    for (const undo of this.#undo.splice(0).reverse())
      try {
        await within(Promise.resolve(undo()), 'the clearing away')
      } catch (error) {
        failure ??= error
      }
    if (failure !== undefined) throw failure
  }
}

export interface Seeding {
  readonly engine: Engine
  readonly transfer: Transfer
  readonly folder: string
  readonly address: PeerAddress
}

/** Runs the test with a rig that is cleared away afterwards, however it ends. */
export const rigged = (test: (rig: Rig) => Promise<void>) => async (): Promise<void> => {
  const rig = new Rig()
  try {
    await test(rig)
  } catch (error) {
    await rig.dispose().catch(() => undefined) // what went wrong first says more
    throw error
  }
  await rig.dispose()
}

/** The code that it fails with; `nothing` where it goes well. */
export const codeOf = async (act: () => unknown): Promise<unknown> => {
  try {
    await act()
    return 'nothing'
  } catch (error) {
    return error instanceof TorrewindError ? error.code : error
  }
}

/** The first progress that this accepts. */
export const progressWhen = (transfer: Transfer, accepts: (progress: Progress) => boolean): Promise<Progress> =>
  within(firstValueFrom(transfer.progress$.pipe(filter(accepts))), 'progress')

/** The first event of this type from `from` on. */
export const eventWhen = async <Type extends EventType>(
  transfer: Transfer,
  type: Type,
  accepts: (event: EventOf<Type>) => boolean = () => true,
  from = 0,
): Promise<LoggedEvent & { readonly event: EventOf<Type> }> => {
  type Wanted = LoggedEvent & { readonly event: EventOf<Type> }
  const search = async (): Promise<Wanted> => {
    for await (const logged of transfer.events({ from }))
      if (logged.event.type === type && accepts(logged.event as EventOf<Type>)) return logged as Wanted
    throw new Error(`the log ended without ${type}`)
  }
  return within(search(), `an event ${type}`)
}

/** Opens the logs of a data folder that no engine has open. */
export const withLogs = async <Result>(dataDir: string, work: (logs: LogStore) => Promise<Result>): Promise<Result> => {
  const logs = await openLevelLogStore(logFolder(dataDir), nodeClock())
  try {
    return await work(logs)
  } finally {
    await logs.close()
  }
}

/** Opens the log of one transfer. */
export const withLog = <Result>(
  dataDir: string,
  content: Content,
  work: (log: TransferLog) => Promise<Result>,
): Promise<Result> =>
  withLogs(dataDir, async (logs) => {
    const log = await logs.open({ infoHash: content.metainfo.infoHash, torrent: content.torrent })
    try {
      return await work(log)
    } finally {
      await log.close()
    }
  })

export const verdictOf = (dataDir: string, infoHash: InfoHash): Promise<LogVerdict> =>
  withLogs(dataDir, (logs) => verifyLog(logs, infoHash))

/** Every event that is in the log now. */
export const eventsOf = async (transfer: Transfer): Promise<readonly LoggedEvent[]> => {
  const events: LoggedEvent[] = []
  const last = transfer.state.nextSeq - 1
  for await (const logged of transfer.events({ to: last })) events.push(logged)
  return events
}
