/**
 * What recording inputs costs: downloads over loopback from one seed, with and without, in turn, so that the ratio holds
 * although the machine's speed drifts.
 *
 *   npm run build && node --import tsx bench/recording.ts [RUNS] [MIB]
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTorrent } from '../src/create.js'
import { Child } from '../test/interop/child.js'
import { numberOf, waitForJson } from '../test/interop/json.js'
import { memoryFolder } from './folder.js'
import { printTable, range } from './table.js'

const BOUND_MS = 300_000
const MIB = 1_048_576
const runs = Number(process.argv[2] ?? 7)
const mib = Number(process.argv[3] ?? 512)
const KINDS = ['events', 'inputs'] as const

const folder = memoryFolder('bench')
const inFolder = (name: string): string => path.join(folder, name)
const script = fileURLToPath(new URL('torrewind-peer.mjs', import.meta.url))

const sizeOf = (entry: string): number =>
  statSync(entry).isDirectory()
    ? readdirSync(entry).reduce((sum, name) => sum + sizeOf(path.join(entry, name)), 0)
    : statSync(entry).size

const peer = (role: string, dir: string, data: string, more: readonly string[] = []): Child =>
  new Child({
    name: `torrewind ${role}`,
    command: process.execPath,
    args: [script, role, inFolder('content.torrent'), dir, inFolder(data), ...more],
  })

interface Figures {
  readonly cpuSeconds: number[]
  readonly mibPerSecond: number[]
  logBytes: number
}

const download = async (address: string, kind: string, into: Figures): Promise<void> => {
  for (const name of ['got', 'data-get']) rmSync(inFolder(name), { recursive: true, force: true })
  const get = peer('get', inFolder('got'), 'data-get', [address, kind])
  const done = await waitForJson(get, 'done', BOUND_MS)
  into.cpuSeconds.push((numberOf(done, 'cpuSeconds') * 1_024) / mib)
  into.mibPerSecond.push(numberOf(done, 'mibPerSecond'))
  await get.end(BOUND_MS)
  into.logBytes = sizeOf(inFolder('data-get'))
}

const fresh = (): Figures => ({ cpuSeconds: [], mibPerSecond: [], logBytes: 0 })

try {
  mkdirSync(inFolder('source'))
  const block = createHash('sha512').update('content').digest()
  writeFileSync(inFolder('source/content'), Buffer.alloc(mib * MIB, block))
  const { torrent } = await createTorrent({ path: inFolder('source/content'), pieceLength: MIB })
  writeFileSync(inFolder('content.torrent'), torrent)
  const seed = peer('seed', inFolder('source'), 'data-seed')
  try {
    const address = `127.0.0.1:${numberOf(await waitForJson(seed, 'listening', BOUND_MS), 'port')}`
    await waitForJson(seed, 'seeding', BOUND_MS)
    const figures = { events: fresh(), inputs: fresh() }
    for (const kind of KINDS) await download(address, kind, fresh()) // warms the caches
    for (let run = 0; run < runs; run++) for (const kind of KINDS) await download(address, kind, figures[kind])
    const { events } = figures
    console.log(`${mib} MiB in pieces of 1 MiB, ${runs} runs of each in turn: median (least to most)\n`)
    printTable(
      ['recorded', 'CPU s/GiB', 'ratio', 'MiB/s', 'log, KiB'],
      KINDS.map((kind) => [
        kind,
        range(figures[kind].cpuSeconds, 2),
        range(
          figures[kind].cpuSeconds.map((cpu, run) => cpu / (events.cpuSeconds[run] ?? Number.NaN)),
          3,
        ),
        range(figures[kind].mibPerSecond),
        (figures[kind].logBytes / 1_024).toFixed(0),
      ]),
    )
  } finally {
    await seed.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
