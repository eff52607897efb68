/**
 * How exactly rate limits are kept, and how alike peers are served under them: over ten seconds, or as many as are asked for,
 * on real sockets, counted where the limit is and at the other end. Both count whole blocks, and between them are the buffers
 * of sockets, which at low rates hold much of what goes in ten seconds; so the two ends differ by what these have more or less
 * of than at the beginning, and the less the longer it takes.
 *
 *   node --import tsx bench/limits.ts [SECONDS] [BYTES_PER_SECOND...]
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, createTorrent, type Engine, type EngineOptions, type Transfer } from '../src/index.js'
import { memoryFolder } from './folder.js'
import { printTable } from './table.js'

const [seconds = 10, ...given] = process.argv.slice(2).map(Number)
const rates = given.length > 0 ? given : [1_000_000, 5_000_000]
const WINDOW_MS = seconds * 1_000
/** Until what stood in sockets has gone out. */
const WARM_UP_MS = 8_000
const MANY = 5
const TORRENTS = 2

const folder = memoryFolder('limits')
const mib = Math.ceil((Math.max(...rates) * (WINDOW_MS + 2 * WARM_UP_MS)) / 1_000 / 1_048_576) + 16
const sources = Array.from({ length: TORRENTS }, (_, at) => ({
  dir: join(folder, `source-${at}`),
  torrent: join(folder, `${at}.torrent`),
}))
/** Of the other transfer, where one of two is limited. */
const SLOW = 50_000
const NONE = { download: 0, upload: 0 }
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Peer {
  readonly engine: Engine
  readonly transfer: Transfer
}

const engines: Engine[] = []
let opened = 0
const open = async (options: EngineOptions = {}): Promise<Engine> => {
  const engine = await createEngine({ host: '127.0.0.1', dataDir: join(folder, `data-${opened++}`), ...options })
  engines.push(engine)
  return engine
}

/** One that has the torrent, or fetches it from those who do. */
const add = async (engine: Engine, torrent: number, seeds?: readonly Peer[], limits = NONE): Promise<Peer> => {
  const source = sources[torrent]
  if (source === undefined) throw new Error('there is no such torrent')
  const path = seeds === undefined ? source.dir : join(folder, `got-${opened++}`)
  const peers = seeds?.map((seed) => ({ host: '127.0.0.1', port: seed.engine.port }))
  const transfer = await engine.add(source.torrent, { path, peers, limits })
  if (seeds === undefined) await transfer.done
  return { engine, transfer }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
/** Jain's index: 1 where all have the same, 1/n where one has everything. */
const jain = (values: readonly number[]): number =>
  sum(values) ** 2 / (values.length * sum(values.map((value) => value ** 2)))

interface Measured {
  /** Bytes a second, where the limit is. */
  readonly own: number
  /** Of each at the other end. */
  readonly others: readonly number[]
}

type Way = 'download' | 'upload'
const OTHER: Readonly<Record<Way, Way>> = { download: 'upload', upload: 'download' }

/** Over the window: of those who have the limit, which is one of that way, and of those at the other end. */
const measure = async (way: Way, limited: readonly Peer[], others: readonly Peer[]): Promise<Measured> => {
  await sleep(WARM_UP_MS)
  const bytesOf = (which: Way, { transfer }: Peer): number => transfer.progress[`${which}edBytes`]
  const read = (): number[] => [
    ...others.map((peer) => bytesOf(OTHER[way], peer)),
    sum(limited.map((peer) => bytesOf(way, peer))),
  ]
  const [began, before] = [performance.now(), read()]
  await sleep(WINDOW_MS)
  const [ended, after] = [performance.now(), read()]
  const gone = after.map((bytes, at) => ((bytes - (before[at] ?? 0)) * 1_000) / (ended - began))
  return { own: gone.at(-1) ?? 0, others: gone.slice(0, -1) }
}

const times = <Value>(count: number, work: (at: number) => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => work(at)))

const CASES: Readonly<Record<string, (rate: number) => Promise<Measured>>> = {
  async 'up, all transfers together'(rate) {
    const engine = await open({ uploadLimit: rate })
    const seeds = await times(TORRENTS, async (at) => add(engine, at))
    const got = await times(TORRENTS, async (at) => add(await open(), at, seeds.slice(at, at + 1)))
    return measure('upload', seeds, got)
  },
  async 'up, one transfer of two'(rate) {
    const engine = await open()
    const seeds = await times(TORRENTS, async (at) => add(engine, at))
    for (const [at, { transfer }] of seeds.entries()) transfer.limits = { ...NONE, upload: at === 0 ? rate : SLOW }
    const got = await times(TORRENTS, async (at) => add(await open(), at, seeds.slice(at, at + 1)))
    return measure('upload', seeds.slice(0, 1), got.slice(0, 1))
  },
  async 'down, all transfers together'(rate) {
    const engine = await open({ downloadLimit: rate })
    const seeds = await times(TORRENTS, async (at) => add(await open(), at))
    const got = await times(TORRENTS, async (at) => add(engine, at, seeds.slice(at, at + 1)))
    return measure('download', got, seeds)
  },
  async 'down, one transfer of two'(rate) {
    const engine = await open()
    const seeds = await times(TORRENTS, async (at) => add(await open(), at))
    const got = await times(TORRENTS, async (at) => {
      const limits = { ...NONE, download: at === 0 ? rate : SLOW }
      return add(engine, at, seeds.slice(at, at + 1), limits)
    })
    return measure('download', got.slice(0, 1), seeds.slice(0, 1))
  },
  async 'up, one seed to five'(rate) {
    const seed = await add(await open({ uploadLimit: rate }), 0)
    const got = await times(MANY, async () => add(await open(), 0, [seed]))
    return measure('upload', [seed], got)
  },
  async 'down, five seeds to one'(rate) {
    const seeds = await times(MANY, async () => add(await open(), 0))
    const got = await add(await open({ downloadLimit: rate }), 0, seeds)
    return measure('download', [got], seeds)
  },
}

try {
  for (const { dir, torrent } of sources) {
    mkdirSync(dir)
    writeFileSync(join(dir, 'content'), randomBytes(mib * 1_048_576))
    const made = await createTorrent({ path: join(dir, 'content'), pieceLength: 262_144 })
    writeFileSync(torrent, made.torrent)
  }
  const rows: string[][] = []
  for (const [name, run] of Object.entries(CASES))
    for (const rate of rates) {
      const { own, others } = await run(rate)
      const [here, there] = [own, sum(others)].map((bytes) => ((100 * bytes) / rate).toFixed(2))
      rows.push([name, String(rate), here ?? '', there ?? '', others.length > 1 ? jain(others).toFixed(4) : '-'])
      await Promise.all(engines.splice(0).map((engine) => engine.close()))
    }
  console.log(
    `what went over ${WINDOW_MS / 1_000} s, in % of the limit, counted where the limit is and at the other end\n`,
  )
  printTable(['limit', 'bytes a second', '% here', '% there', "Jain's index there"], rows)
} finally {
  await Promise.all(engines.map((engine) => engine.close()))
  rmSync(folder, { recursive: true, force: true })
}
