/**
 * Transports: what uTP and encryption cost beside plain TCP, and libtorrent's beside ours, each downloader in turn so
 * that the ratios hold although the machine's speed drifts; on loopback, and over a way of 50 ms that loses 1 %.
 *
 *   node --import tsx bench/transports.ts [RUNS] [MIB over loopback] [MIB over the far way]      0 for none of it
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { NoLink, openLink } from '../scripts/validity/link.js'
import { Child } from '../test/interop/child.js'
import { numberOf, waitForJson } from '../test/interop/json.js'
import { libtorrentUnavailable, PYTHON, peerScript } from '../test/interop/python.js'
import { memoryFolder } from './folder.js'
import { printTable, range } from './table.js'

const BOUND_MS = 300_000
const [runs, mib, farMib] = [
  Number(process.argv[2] ?? 3),
  Number(process.argv[3] ?? 256),
  Number(process.argv[4] ?? 16),
]
const torrewindPeer = fileURLToPath(new URL('torrewind-peer.mjs', import.meta.url))

/** A pair of peers of one kind, and what they are told. */
interface Pair {
  readonly name: string
  readonly kind: 'torrewind' | 'libtorrent'
  readonly options: readonly string[]
}

const ours = (name: string, options: object): Pair => ({ name, kind: 'torrewind', options: [JSON.stringify(options)] })
const libtorrents = (name: string, ...options: string[]): Pair => ({ name, kind: 'libtorrent', options })
const QUIET = { lsd: false, dht: false, portMapping: false }
const TCP = { ...QUIET, utp: false, encryption: 'off' }
const UTP = { ...QUIET, tcp: false, encryption: 'off' }
const PLAIN: readonly Pair[] = [
  ours('TCP', TCP),
  ours('uTP', UTP),
  libtorrents('uTP of libtorrent', '--transport', 'utp'),
]
const ENCRYPTED: readonly Pair[] = [
  ours('TCP, handshake encrypted', { ...TCP, encryption: 'prefer' }),
  ours('TCP, RC4', { ...TCP, encryption: 'require' }),
  ours('uTP, RC4', { ...UTP, encryption: 'require' }),
  libtorrents('TCP of libtorrent'),
  libtorrents('TCP, RC4, of libtorrent', '--encryption', 'rc4'),
]

interface Place {
  readonly host: string
  readonly prefix: readonly string[]
}

interface Figures {
  readonly mibPerSecond: number[]
  readonly cpuSeconds: number[]
}

const folder = memoryFolder('bench')
const inFolder = (name: string): string => path.join(folder, name)

/** A torrent of so much, of which the first peer has everything. */
const makeTorrent = (size: number): string => {
  const torrent = inFolder(`${size}.torrent`)
  const args = [
    inFolder(`source-${size}`),
    'content',
    torrent,
    '--piece-length',
    '262144',
    '--file',
    `.=${size * 1_048_576}`,
  ]
  const made = spawnSync(PYTHON, [peerScript('make_torrent.py'), ...args], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  return torrent
}

const start = (pair: Pair, role: string, torrent: string, dir: string, at: Place, peer: string): Child => {
  const [option = '{}'] = pair.options
  const engine = JSON.stringify({ ...(pair.kind === 'torrewind' ? JSON.parse(option) : {}), host: at.host })
  const args =
    pair.kind === 'torrewind'
      ? [process.execPath, torrewindPeer, role, torrent, dir, `${dir}-data-${role}`, peer, 'events', engine]
      : [PYTHON, peerScript('libtorrent_peer.py'), role, torrent, dir, '--host', at.host, '--seconds', '300']
  if (pair.kind === 'libtorrent') args.push(...pair.options, ...(peer === '-' ? [] : ['--peer', peer]))
  const [command = '', ...rest] = [...at.prefix, ...args]
  return new Child({ name: `${pair.name} ${role}`, command, args: rest })
}

const once = async (
  pair: Pair,
  size: number,
  torrent: string,
  [from, to]: readonly [Place, Place],
): Promise<Figures> => {
  const seed = start(pair, 'seed', torrent, inFolder(`source-${size}`), from, '-')
  try {
    const port = numberOf(await waitForJson(seed, 'listening', BOUND_MS), 'port')
    await waitForJson(seed, 'seeding', BOUND_MS)
    const get = start(pair, 'get', torrent, inFolder('got'), to, `${from.host}:${port}`)
    try {
      const done = await waitForJson(get, 'done', BOUND_MS)
      await get.end(BOUND_MS)
      const same = spawnSync('cmp', [inFolder(`source-${size}/content`), inFolder('got/content')])
      if (same.status !== 0) throw new Error(`the bytes differ: ${same.stdout}`)
      return {
        mibPerSecond: [numberOf(done, 'mibPerSecond')],
        cpuSeconds: [(numberOf(done, 'cpuSeconds') * 1_024) / size],
      }
    } finally {
      await get.stop()
    }
  } finally {
    await seed.stop()
    for (const name of ['got', 'got-data-get', `source-${size}-data-seed`])
      rmSync(inFolder(name), { recursive: true, force: true })
  }
}

const measure = async (pairs: readonly Pair[], size: number, places: readonly [Place, Place]): Promise<void> => {
  const torrent = makeTorrent(size)
  const all = pairs.map((): Figures => ({ mibPerSecond: [], cpuSeconds: [] }))
  for (let run = 0; run < runs; run++)
    for (const [at, pair] of pairs.entries()) {
      const { mibPerSecond, cpuSeconds } = await once(pair, size, torrent, places)
      all[at]?.mibPerSecond.push(...mibPerSecond)
      all[at]?.cpuSeconds.push(...cpuSeconds)
    }
  const ratio = (of: (row: Figures) => readonly number[], row: Figures): string => {
    const [first] = all
    return row === first
      ? '1'
      : range(
          of(row).map((value, run) => value / ((first && of(first)[run]) ?? Number.NaN)),
          2,
        )
  }
  printTable(
    ['carried by', 'MiB/s', 'ratio', 'CPU s/GiB of the downloader', 'ratio'],
    all.map((row, at) => [
      pairs[at]?.name ?? '',
      range(row.mibPerSecond, 2),
      ratio(({ mibPerSecond }) => mibPerSecond, row),
      range(row.cpuSeconds, 2),
      ratio(({ cpuSeconds }) => cpuSeconds, row),
    ]),
  )
}

const far = async (): Promise<void> => {
  const end = { latencyUs: 12_500, uploadRate: 12_500_000, downloadRate: 12_500_000, lossRate: 0.01 }
  const link = await openLink([end, end])
  try {
    const [from = '', to = ''] = link.hosts
    console.log(`\nOver a way of 50 ms and 100 Mbit/s that loses 1 % each way, ${farMib} MiB:\n`)
    await measure(PLAIN, farMib, [
      { host: from, prefix: link.prefix(0) },
      { host: to, prefix: link.prefix(1) },
    ])
  } finally {
    await link.close()
  }
}

const unavailable = libtorrentUnavailable()
if (unavailable !== undefined) throw new Error(unavailable)
try {
  const here = { host: '127.0.0.1', prefix: [] }
  console.log(`${runs} runs of each in turn: median (least to most)`)
  if (mib > 0) {
    console.log(`\nOver loopback, ${mib} MiB:\n`)
    await measure([...PLAIN, ...ENCRYPTED], mib, [here, here])
  }
  if (farMib > 0) await far()
} catch (error) {
  if (!(error instanceof NoLink)) throw error
  console.log(`No far way: ${error.message}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
