/**
 * One seed to five downloaders at once, which find each other by peer exchange: Torrewind's, and beside it libtorrent's, in
 * turn. Every downloader is a process of its own.
 *
 *   node --import tsx bench/five.ts [RUNS] [MIB] [DOWNLOADERS]
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from '../test/interop/child.js'
import { numberOf, waitForJson } from '../test/interop/json.js'
import { libtorrentUnavailable, PYTHON, peerScript } from '../test/interop/python.js'
import { makeContent, memoryFolder } from './folder.js'
import { printTable, range } from './table.js'

const [runs = 3, mib = 256, downloaders = 5] = process.argv.slice(2).map(Number)
const BOUND_MS = 300_000

const unavailable = libtorrentUnavailable()
if (unavailable !== undefined) throw new Error(unavailable)
const folder = memoryFolder('five')
const inFolder = (name: string): string => path.join(folder, name)
const torrent = inFolder('content.torrent')

type Start = (role: string, dir: string, peers: readonly string[]) => Child
const libtorrent: Start = (role, dir, peers) =>
  new Child({
    name: `libtorrent ${role}`,
    command: PYTHON,
    args: [
      ...[peerScript('libtorrent_peer.py'), role, torrent, dir, '--host', '127.0.0.1'],
      ...peers.flatMap((peer) => ['--peer', peer]),
      // Who is done goes on serving, as ours does until it is stopped.
      ...(role === 'get' ? ['--stay'] : []),
    ],
  })
const torrewind: Start = (role, dir, peers) =>
  new Child({
    name: `torrewind ${role}`,
    command: process.execPath,
    args: [
      fileURLToPath(new URL('torrewind-peer.mjs', import.meta.url)),
      ...[role === 'get' ? 'stay' : role, torrent, dir, `${dir}-data`, ...peers],
    ],
  })

const measure = async (start: Start, source: string): Promise<number> => {
  const seed = start('seed', source, [])
  const port = numberOf(await waitForJson(seed, 'listening', BOUND_MS), 'port')
  await waitForJson(seed, 'seeding', BOUND_MS)
  const all: Child[] = [seed]
  try {
    const began = performance.now()
    for (let at = 0; at < downloaders; at++) all.push(start('get', inFolder(`got-${at}`), [`127.0.0.1:${port}`]))
    await Promise.all(all.slice(1).map((child) => waitForJson(child, 'done', BOUND_MS)))
    return (performance.now() - began) / 1_000
  } finally {
    for (const child of all) await child.stop()
    for (let at = 0; at < downloaders; at++) {
      const { status } = spawnSync('cmp', [path.join(source, 'content'), inFolder(`got-${at}/content`)])
      if (status !== 0) console.log(`downloader ${at} has other bytes`)
      for (const name of [`got-${at}`, `got-${at}-data`]) rmSync(inFolder(name), { recursive: true, force: true })
    }
    rmSync(`${source}-data`, { recursive: true, force: true })
  }
}

try {
  const source = inFolder('source')
  makeContent(source, torrent, mib)
  const theirs: number[] = []
  const ours: number[] = []
  for (let run = 0; run < runs; run++) {
    theirs.push(await measure(libtorrent, source))
    ours.push(await measure(torrewind, source))
  }
  console.log(`${mib} MiB from one seed to ${downloaders} at once, until the last is done; programs' starts count\n`)
  const ratios = ours.map((seconds, run) => seconds / (theirs[run] ?? Number.NaN))
  printTable(
    ['swarm of', 'seconds', 'ratio'],
    [
      ['libtorrent', range(theirs, 2), '1'],
      ['Torrewind', range(ours, 2), range(ratios, 2)],
    ],
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
