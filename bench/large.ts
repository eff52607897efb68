/**
 * Memory with a large torrent: 100 GiB in 25,600 pieces, sparse at the seed, fetched for some seconds.
 *
 *   node --import tsx bench/large.ts [SECONDS]
 */
import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeTorrent } from '../src/wire/createinfo.js'
import { Child } from '../test/interop/child.js'
import { numberOf, waitForJson } from '../test/interop/json.js'
import { PYTHON, peerScript } from '../test/interop/python.js'
import { memoryFolder } from './folder.js'

const seconds = Number(process.argv[2] ?? 10)
const pieceLength = 4 * 1_048_576
const pieces = 25_600
const length = pieceLength * pieces
const BOUND_MS = 60_000

const sparse = mkdtempSync(path.join(tmpdir(), 'torrewind-large-'))
const memory = memoryFolder('large')
try {
  const file = openSync(path.join(sparse, 'zeros'), 'w')
  ftruncateSync(file, length)
  closeSync(file)
  const digest = createHash('sha1').update(new Uint8Array(pieceLength)).digest()
  const pieceHashes = new Uint8Array(pieces * 20)
  for (let piece = 0; piece < pieces; piece++) pieceHashes.set(digest, piece * 20)
  const torrent = path.join(sparse, 'zeros.torrent')
  writeFileSync(
    torrent,
    encodeTorrent({ name: 'zeros', files: [{ path: ['zeros'], length }], multiFile: false, pieceLength, pieceHashes }),
  )
  const seed = new Child({
    name: 'libtorrent seed',
    command: PYTHON,
    args: [peerScript('libtorrent_peer.py'), 'seed', torrent, sparse, '--host', '127.0.0.1'],
  })
  mkdirSync(path.join(memory, 'got'))
  try {
    const port = numberOf(await waitForJson(seed, 'listening', BOUND_MS), 'port')
    await waitForJson(seed, 'seeding', BOUND_MS)
    const get = new Child({
      name: 'torrewind get',
      command: process.execPath,
      args: [
        fileURLToPath(new URL('torrewind-peer.mjs', import.meta.url)),
        ...['get', torrent, path.join(memory, 'got'), path.join(memory, 'data'), `127.0.0.1:${port}`],
      ],
    })
    await waitForJson(get, 'listening', BOUND_MS)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    get.signal('SIGTERM')
    const stopped = await waitForJson(get, 'stopped', BOUND_MS)
    const gib = numberOf(stopped, 'storedBytes') / 2 ** 30
    console.log(
      `100 GiB in ${pieces} pieces: ${gib.toFixed(2)} GiB fetched in ${seconds} s, ` +
        `${numberOf(stopped, 'rssMiB').toFixed(0)} MiB resident, ${(numberOf(stopped, 'cpuSeconds') / gib).toFixed(2)} CPU s/GiB`,
    )
    await get.end(BOUND_MS)
  } finally {
    await seed.stop()
  }
} finally {
  rmSync(sparse, { recursive: true, force: true })
  rmSync(memory, { recursive: true, force: true })
}
