/**
 * Metadata of a torrent of very many files, by magnet, from libtorrent and from Torrewind, to each of them: until they are
 * known and kept. Nothing is on disk but the .torrent, as nothing else is asked for.
 *
 *   node --import tsx bench/metadata.ts [RUNS] [FILES]
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { toHex } from '../src/values.js'
import { encodeTorrent } from '../src/wire/createinfo.js'
import { parseTorrent } from '../src/wire/metainfo.js'
import { Child } from '../test/interop/child.js'
import { numberOf, waitForJson } from '../test/interop/json.js'
import { libtorrentUnavailable, PYTHON, peerScript } from '../test/interop/python.js'
import { median, printTable, range } from './table.js'

const [runs = 5, fileCount = 100_000] = process.argv.slice(2).map(Number)
const BOUND_MS = 60_000
const FILE_BYTES = 100
const PIECE = 1_048_576

const unavailable = libtorrentUnavailable()
if (unavailable !== undefined) throw new Error(unavailable)
const folder = mkdtempSync(path.join(tmpdir(), 'torrewind-metadata-'))
const inFolder = (name: string): string => path.join(folder, name)
const torrent = inFolder('many.torrent')

const libtorrent = (role: string, what: string, more: readonly string[]): Child =>
  new Child({
    name: `libtorrent ${role}`,
    command: PYTHON,
    args: [peerScript('libtorrent_peer.py'), role, what, inFolder('lt'), '--host', '127.0.0.1', ...more],
  })
const torrewind = (role: string, what: string, data: string, more: readonly string[]): Child =>
  new Child({
    name: `torrewind ${role}`,
    command: process.execPath,
    args: [fileURLToPath(new URL('torrewind-peer.mjs', import.meta.url)), role, what, inFolder('tw'), data, ...more],
  })
const addressOf = async (seed: Child): Promise<string> => {
  const port = numberOf(await waitForJson(seed, 'listening', BOUND_MS), 'port')
  await waitForJson(seed, 'seeding', BOUND_MS)
  return `127.0.0.1:${port}`
}

const files = Array.from({ length: fileCount }, (_, at) => ({
  path: ['many', `folder ${Math.floor(at / 500)}`, `a file with a name as they are ${at}.bin`],
  length: FILE_BYTES,
}))
const pieces = Math.ceil((fileCount * FILE_BYTES) / PIECE)
const bytes = encodeTorrent({
  name: 'many',
  files,
  multiFile: true,
  pieceLength: PIECE,
  pieceHashes: new Uint8Array(pieces * 20),
})
writeFileSync(torrent, bytes)
const began = performance.now()
const { infoHash } = parseTorrent(bytes)
const parseMs = performance.now() - began
const magnet = `magnet:?xt=urn:btih:${toHex(infoHash)}`

interface Way {
  readonly name: string
  readonly seconds: number[]
  readonly cpuSeconds: number[]
  readonly rssMiB: number[]
  begin(): Child
}
const way = (name: string, begin: () => Child): Way => ({ name, seconds: [], cpuSeconds: [], rssMiB: [], begin })

const theirSeed = libtorrent('seed', torrent, [])
const ourSeed = torrewind('seed', torrent, inFolder('data-seed'), [])
try {
  const theirs = await addressOf(theirSeed)
  const ours = await addressOf(ourSeed)
  let data = 0
  const ways = [
    way('libtorrent from libtorrent', () => libtorrent('get', magnet, ['--metadata', '--peer', theirs])),
    way('Torrewind from libtorrent', () => torrewind('metadata', magnet, inFolder(`data-${data++}`), [theirs])),
    way('libtorrent from Torrewind', () => libtorrent('get', magnet, ['--metadata', '--peer', ours])),
    way('Torrewind from Torrewind', () => torrewind('metadata', magnet, inFolder(`data-${data++}`), [ours])),
  ]
  for (let run = 0; run < runs; run++)
    for (const { begin, seconds, cpuSeconds, rssMiB } of ways) {
      const child = begin()
      const done = await waitForJson(child, 'done', BOUND_MS)
      seconds.push(numberOf(done, 'seconds'))
      cpuSeconds.push(numberOf(done, 'cpuSeconds'))
      rssMiB.push(numberOf(done, 'rssMiB'))
      await child.end(BOUND_MS)
    }
  const mib = (statSync(torrent).size / 1_048_576).toFixed(1)
  console.log(
    `${fileCount} files, a .torrent of ${mib} MiB, which takes ${parseMs.toFixed(0)} ms to parse the first time\n`,
  )
  const first = ways[0]?.seconds ?? []
  printTable(
    ['magnet', 'seconds', 'ratio', 'CPU s of the process', 'resident MiB'],
    ways.map(({ name, seconds, cpuSeconds, rssMiB }, at) => [
      name,
      range(seconds, 2),
      at === 0
        ? '1'
        : range(
            seconds.map((value, run) => value / (first[run] ?? Number.NaN)),
            2,
          ),
      range(cpuSeconds, 2),
      median(rssMiB).toFixed(0),
    ]),
  )
} finally {
  await theirSeed.stop()
  await ourSeed.stop()
  rmSync(folder, { recursive: true, force: true })
}
