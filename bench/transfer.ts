/**
 * Transfers beside libtorrent: the same torrent, the same machine, one run after the other in turn, so that the ratio
 * holds although the machine's speed drifts. Every byte is compared once; the event log is on.
 *
 *   node --import tsx bench/transfer.ts [RUNS] [MIB] [v1|v2|hybrid]
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from '../test/interop/child.js'
import { numberOf, waitForJson } from '../test/interop/json.js'
import { libtorrentUnavailable, PYTHON, peerScript } from '../test/interop/python.js'
import { memoryFolder } from './folder.js'
import { median, printTable, range } from './table.js'

const BOUND_MS = 300_000
const runs = Number(process.argv[2] ?? 5)
const mib = Number(process.argv[3] ?? 1024)
const format = process.argv[4] ?? 'v1'

interface Figures {
  readonly name: string
  readonly mibPerSecond: number[]
  readonly cpuSeconds: number[]
  readonly rssMiB: number[]
  logShare: number
}

const figures = (name: string): Figures => ({ name, mibPerSecond: [], cpuSeconds: [], rssMiB: [], logShare: 0 })

const folder = memoryFolder('bench')
const inFolder = (name: string): string => path.join(folder, name)
const torrent = inFolder('content.torrent')
const source = inFolder('source')
const torrewindPeer = fileURLToPath(new URL('torrewind-peer.mjs', import.meta.url))

const sizeOf = (entry: string): number =>
  statSync(entry).isDirectory()
    ? readdirSync(entry).reduce((sum, name) => sum + sizeOf(path.join(entry, name)), 0)
    : statSync(entry).size

const libtorrent = (role: string, dir: string, more: readonly string[]): Child =>
  new Child({
    name: `libtorrent ${role}`,
    command: PYTHON,
    args: [peerScript('libtorrent_peer.py'), role, torrent, dir, '--host', '127.0.0.1', ...more],
  })

const torrewind = (role: string, dir: string, data: string, more: readonly string[]): Child =>
  new Child({
    name: `torrewind ${role}`,
    command: process.execPath,
    args: [torrewindPeer, role, torrent, dir, inFolder(data), ...more],
  })

/** Starts a seed and gives the address to fetch from. */
const seeding = async (seed: Child): Promise<string> => {
  const port = numberOf(await waitForJson(seed, 'listening', BOUND_MS), 'port')
  await waitForJson(seed, 'seeding', BOUND_MS)
  return `127.0.0.1:${port}`
}

const fetched = async (into: Figures, get: Child): Promise<void> => {
  const done = await waitForJson(get, 'done', BOUND_MS)
  into.mibPerSecond.push(numberOf(done, 'mibPerSecond'))
  into.cpuSeconds.push((numberOf(done, 'cpuSeconds') * 1024) / mib)
  into.rssMiB.push(numberOf(done, 'rssMiB'))
  await get.end(BOUND_MS)
}

const compare = (): void => {
  const { status, stdout } = spawnSync('cmp', [path.join(source, 'content'), inFolder('got/content')])
  if (status !== 0) throw new Error(`the bytes differ: ${stdout}`)
}

const clear = (...names: readonly string[]): void => {
  for (const name of names) rmSync(inFolder(name), { recursive: true, force: true })
}

const measure = async (): Promise<void> => {
  const theirs = figures('libtorrent from libtorrent')
  const ours = figures('Torrewind from libtorrent')
  const fromUs = figures('libtorrent from Torrewind')
  const self = figures('Torrewind from Torrewind')
  const seedCpu: number[] = []
  const theirSeed = libtorrent('seed', source, [])
  const ourSeed = torrewind('seed', source, 'data-seed', [])
  try {
    const theirAddress = await seeding(theirSeed)
    const ourAddress = await seeding(ourSeed)
    for (let run = 0; run <= runs; run++) {
      // The first run of each warms the caches, and is not counted.
      const into = (counted: Figures): Figures => (run === 0 ? figures('warm-up') : counted)
      clear('got', 'data-get')
      await fetched(into(theirs), libtorrent('get', inFolder('got'), ['--peer', theirAddress]))
      clear('got', 'data-get')
      await fetched(into(ours), torrewind('get', inFolder('got'), 'data-get', [theirAddress]))
      ours.logShare = sizeOf(inFolder('data-get')) / (mib * 1_048_576)
      if (run === 0) compare()
      clear('got', 'data-get')
      await fetched(into(fromUs), libtorrent('get', inFolder('got'), ['--peer', ourAddress]))
      if (run === 0) compare()
      clear('got', 'data-get')
      await fetched(into(self), torrewind('get', inFolder('got'), 'data-get', [ourAddress]))
    }
    ourSeed.signal('SIGTERM')
    const stopped = await waitForJson(ourSeed, 'stopped', BOUND_MS)
    const seeded = (2 * (runs + 1) * mib) / 1024
    seedCpu.push(numberOf(stopped, 'cpuSeconds') / seeded)
    console.log(
      `Seeding: ${seedCpu[0]?.toFixed(2)} CPU seconds per GiB, ${numberOf(stopped, 'rssMiB').toFixed(0)} MiB resident`,
    )
  } finally {
    await theirSeed.stop()
    await ourSeed.stop()
  }
  const all = [theirs, ours, fromUs, self]
  const ratio = (of: (row: Figures) => readonly number[], row: Figures): string => {
    const pairs = of(row).map((value, run) => value / (of(theirs)[run] ?? Number.NaN))
    return row === theirs ? '1' : range(pairs, 2)
  }
  printTable(
    ['downloader', 'MiB/s', 'ratio', 'CPU s/GiB', 'ratio', 'resident MiB', 'log, % of payload'],
    all.map((row) => [
      row.name,
      range(row.mibPerSecond),
      ratio(({ mibPerSecond }) => mibPerSecond, row),
      range(row.cpuSeconds, 2),
      ratio(({ cpuSeconds }) => cpuSeconds, row),
      median(row.rssMiB).toFixed(0),
      row.logShare === 0 ? '' : (row.logShare * 100).toFixed(3),
    ]),
  )
}

const unavailable = libtorrentUnavailable()
if (unavailable !== undefined) throw new Error(unavailable)
try {
  console.log(`${mib} MiB in pieces of 1 MiB (${format}), ${runs} runs of each in turn: median (least to most)\n`)
  const content = ['--format', format, '--piece-length', '1048576', '--file', `.=${mib * 1_048_576}`]
  const made = spawnSync(PYTHON, [peerScript('make_torrent.py'), source, 'content', torrent, ...content], {
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(made.stderr)
  await measure()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
