/**
 * How fast a log is replayed: read from LevelDB, folded, and decided again from recorded inputs; and what recording costs.
 *
 * The log is that of one downloader of a simulated swarm of real engines, with all of its peers, written to LevelDB again.
 * Rounds follow each other in one process, so that the ratios hold although the machine's speed drifts.
 *
 *   node --import tsx bench/replay.ts [MIB] [PEERS]
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findScenario, populate, readSettings, runSwarm } from '../simulations/index.js'
import type { LoggedEvent } from '../src/events/codec.js'
import { RecordWriter } from '../src/events/codec.js'
import { evolve } from '../src/events/evolve.js'
import { InputRecordWriter, type LoggedInput } from '../src/events/input-codec.js'
import { initialState } from '../src/events/state.js'
import { LIMITS } from '../src/limits.js'
import { nodeClock } from '../src/node/clock.js'
import type { LogReader, TransferEntry } from '../src/ports.js'
import { decideAgain } from '../src/replay/decide-again.js'
import { foldLog } from '../src/replay/fold.js'
import { openLevelLogStore } from '../src/store/level-log.js'
import { infoHash } from '../src/values.js'
import { median } from './table.js'

const MIB = 1_048_576
const ROUNDS = 7
const mib = Number(process.argv[2] ?? 128)
const peers = Number(process.argv[3] ?? 8)

interface Recorded {
  readonly events: readonly LoggedEvent[]
  readonly inputs: readonly LoggedInput[]
}

const all = async <Item>(batches: AsyncIterable<readonly Item[]>): Promise<readonly Item[]> => {
  const items: Item[] = []
  for await (const batch of batches) for (const item of batch) items.push(item)
  return items
}

const NONE: AsyncIterable<readonly LoggedInput[]> = (async function* () {})()

/** What the first downloader has in its log. */
const record = async (): Promise<Recorded> => {
  const { defaults } = findScenario('flash-crowd')
  const changed = { peers, contentBytes: mib * MIB, pieceLength: 262_144, recordedNodes: 2, uploadRate: 20 * MIB }
  const settings = readSettings(defaults, { ...changed, seedUploadRate: 20 * MIB, downloadRate: 0 })
  let reader: () => Promise<LogReader | undefined> = async () => undefined
  const { violations } = await runSwarm({ seed: 1, settings }, async (swarm, given) => {
    const population = populate(swarm, given)
    const node = population.leechers[0]
    reader = async () => node?.reader()
    await swarm.run({ seconds: given.limitSeconds, when: () => population.presence.over() })
    return { population, endSeconds: swarm.seconds }
  })
  const log = await reader()
  if (log === undefined || violations.length > 0) throw new Error(`the simulation went wrong: ${violations[0]?.text}`)
  return { events: await all(log.read(0)), inputs: await all(log.readInputs?.(0) ?? NONE) }
}

const entry: TransferEntry = { infoHash: infoHash(new Uint8Array(20).fill(0x5a)), torrent: new Uint8Array(20) }

/** Every input before the events of its turn, as they came. */
const write = async (folder: string, { events, inputs }: Recorded, recording: boolean): Promise<void> => {
  const store = await openLevelLogStore(folder, nodeClock())
  const log = await store.open(entry)
  let next = 0
  for (const { seq, at, event } of events) {
    for (let input = inputs[next]; recording && input?.seq === seq; input = inputs[++next])
      log.appendInput(input.at, input.input)
    log.append(at, event)
    if (log.pendingEvents < LIMITS.logPendingEventsPause) continue
    log.flush()
    await new Promise<void>((resolve) => {
      log.onCommitted = () => resolve()
    })
  }
  await store.close()
}

const folderBytes = async (folder: string): Promise<number> => {
  let bytes = 0
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size
  return bytes
}

const say = (what: string, figure: string): void => console.log(`${what.padEnd(56)} ${figure}`)
const perSecond = (count: number, ms: number): string => `${Math.round((count / ms) * 1_000).toLocaleString('en')}/s`

/** Milliseconds of each round but the first, which warms up. */
const rounds = async (job: () => unknown): Promise<number> => {
  const took: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now()
    await job()
    if (round > 0) took.push(performance.now() - began)
  }
  return median(took)
}

const packEvents = ({ events }: Recorded): void => {
  const writer = new RecordWriter()
  for (const { seq, at, event } of events) {
    writer.add(at, event)
    if (writer.count === LIMITS.logRecordEventsMax) writer.finish(seq, entry.torrent)
  }
}

const packInputs = ({ inputs }: Recorded): void => {
  const writer = new InputRecordWriter()
  for (const { number, seq, at, input } of inputs) {
    writer.add(seq, at, input)
    if (writer.count === LIMITS.logRecordEventsMax) writer.finish(number, entry.torrent)
  }
}

const recorded = await record()
const folder = await mkdtemp(join(tmpdir(), 'torrewind-bench-'))
try {
  const { events, inputs } = recorded
  say('a downloader of', `${mib} MiB among ${peers + 1}, ${events.length} events, ${inputs.length} inputs`)
  const [plain, full] = [join(folder, 'events'), join(folder, 'inputs')]
  await write(plain, recorded, false)
  await write(full, recorded, true)
  const [without, beside] = [await folderBytes(plain), await folderBytes(full)]
  say(
    'bytes an event on disk; and of inputs beside it',
    ((n: number) => n.toFixed(1))(without / events.length).concat(
      `; ${((beside - without) / events.length).toFixed(1)}`,
    ),
  )
  const store = await openLevelLogStore(full, nodeClock())
  const log = await store.open(entry)
  const readMs = await rounds(() => all(log.read(0)))
  const evolveMs = await rounds(() => {
    const state = initialState()
    for (const logged of events) evolve(state, logged)
  })
  const foldMs = await rounds(() => foldLog(log, { fromStart: true }))
  const decideMs = await rounds(async () => {
    const decided = await decideAgain(log)
    if (decided === undefined || decided.divergence !== undefined) throw new Error('it decides otherwise')
  })
  const eventsMs = await rounds(() => packEvents(recorded))
  const inputsMs = await rounds(() => packInputs(recorded))
  say('events read', perSecond(events.length, readMs))
  say('events evolved', perSecond(events.length, evolveMs))
  say('events read and folded', perSecond(events.length, foldMs))
  say(
    'inputs read and decided again',
    `${perSecond(inputs.length, decideMs)}, ${perSecond(events.length, decideMs)} in events`,
  )
  say(
    'us to pack an event; and the inputs of one',
    `${((eventsMs / events.length) * 1e3).toFixed(2)}; ${((inputsMs / events.length) * 1e3).toFixed(2)}`,
  )
  await store.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}
