/**
 * A download with hundreds of connections on it: from one seed, while others are connected that choke, and say each tenth of
 * a second what they have by now. Torrewind's and libtorrent's in turn, with the others and without.
 *
 *   node --import tsx bench/connections.ts [RUNS] [MIB] [OTHERS]
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseTorrent } from '../src/index.js'
import { type InfoHash, peerId } from '../src/values.js'
import { encodeHandshake, HANDSHAKE_BYTES } from '../src/wire/handshake.js'
import { encodeMessage } from '../src/wire/messages.js'
import { Child } from '../test/interop/child.js'
import { numberOf, waitForJson } from '../test/interop/json.js'
import { libtorrentUnavailable, PYTHON, peerScript } from '../test/interop/python.js'
import { makeContent, memoryFolder } from './folder.js'
import { printTable, range } from './table.js'

const [runs = 3, mib = 512, others = 500] = process.argv.slice(2).map(Number)
const BOUND_MS = 300_000
const HAVE_EVERY_MS = 100
const ROOM = { bounds: { maxPeers: others + 100 }, connections: { maxConnections: others + 100 } }

const unavailable = libtorrentUnavailable()
if (unavailable !== undefined) throw new Error(unavailable)
const folder = memoryFolder('connections')
const inFolder = (name: string): string => path.join(folder, name)
const torrent = inFolder('content.torrent')

type Start = (role: string, dir: string, peers: readonly string[]) => Child
const libtorrent: Start = (role, dir, peers) =>
  new Child({
    name: `libtorrent ${role}`,
    command: PYTHON,
    args: [
      ...[peerScript('libtorrent_peer.py'), role, torrent, dir, '--connections', String(2 * others + 100)],
      ...peers.flatMap((peer) => ['--peer', peer]),
    ],
  })
const torrewind: Start = (role, dir) =>
  new Child({
    name: `torrewind ${role}`,
    command: process.execPath,
    args: [
      fileURLToPath(new URL('torrewind-peer.mjs', import.meta.url)),
      ...[role, torrent, dir, `${dir}-data`, '-', 'events', JSON.stringify(ROOM)],
    ],
  })

/** One of the others, of an address of its own; it dials again until it is answered. */
const join = (port: number, at: number, infoHash: InfoHash): Promise<Socket> =>
  new Promise((resolve) => {
    const dial = (): void => {
      const id = peerId(Buffer.from(`-OT0001-${String(at).padStart(12, '0')}`))
      const localAddress = `127.${1 + (at >> 8)}.${at & 0xff}.1`
      const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true })
      let heard = 0
      socket.write(encodeHandshake({ infoHash, peerId: id, reserved: { extensions: false, fast: true, dht: false } }))
      socket.write(encodeMessage({ type: 'have-none' }))
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        heard += chunk.length
        if (heard - chunk.length < HANDSHAKE_BYTES && heard >= HANDSHAKE_BYTES) resolve(socket)
      })
      socket.on('close', () => {
        if (heard < HANDSHAKE_BYTES) setTimeout(dial, 50)
      })
    }
    dial()
  })

interface Figures {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly rssMiB: number
  /** Of the others, who were still there shortly before the end. */
  readonly left: number
}

const measure = async (start: Start, source: string, count: number): Promise<Figures> => {
  const { infoHash, pieceCount } = parseTorrent(readFileSync(torrent))
  const downloader = start('get', inFolder('got'), [])
  const running: Child[] = [downloader]
  let say: ReturnType<typeof setInterval> | undefined
  const sockets: Socket[] = []
  try {
    const port = numberOf(await waitForJson(downloader, 'listening', BOUND_MS), 'port')
    sockets.push(...(await Promise.all(Array.from({ length: count }, (_, at) => join(port, at, infoHash)))))
    let next = 0
    let left = 0
    say = setInterval(() => {
      const have = encodeMessage({ type: 'have', piece: next++ % pieceCount })
      left = 0
      for (const socket of sockets) {
        if (socket.destroyed || socket.readyState !== 'open') continue
        socket.write(have)
        left++
      }
    }, HAVE_EVERY_MS)
    const began = performance.now()
    running.push(libtorrent('seed', source, [`127.0.0.1:${port}`]))
    const done = await waitForJson(downloader, 'done', BOUND_MS)
    return {
      seconds: (performance.now() - began) / 1_000,
      cpuSeconds: numberOf(done, 'cpuSeconds'),
      rssMiB: numberOf(done, 'rssMiB'),
      left,
    }
  } finally {
    clearInterval(say)
    for (const socket of sockets) socket.destroy()
    for (const child of running) await child.stop()
    const { status } = spawnSync('cmp', [path.join(source, 'content'), inFolder('got/content')])
    if (status !== 0) console.log('the downloader has other bytes')
    for (const name of ['got', 'got-data']) rmSync(inFolder(name), { recursive: true, force: true })
  }
}

try {
  const source = inFolder('source')
  makeContent(source, torrent, mib)
  const cases = [
    { name: 'libtorrent, alone', start: libtorrent, count: 0, all: [] as Figures[] },
    { name: `libtorrent, ${others} others`, start: libtorrent, count: others, all: [] as Figures[] },
    { name: 'Torrewind, alone', start: torrewind, count: 0, all: [] as Figures[] },
    { name: `Torrewind, ${others} others`, start: torrewind, count: others, all: [] as Figures[] },
  ]
  for (let run = 0; run < runs; run++)
    for (const { start, count, all } of cases) all.push(await measure(start, source, count))
  console.log(`${mib} MiB from one seed; seconds from the start of the seed, which dials\n`)
  printTable(
    ['downloader', 'seconds', 'CPU s', 'resident MiB', 'others left'],
    cases.map(({ name, all }) => [
      name,
      range(
        all.map(({ seconds }) => seconds),
        2,
      ),
      range(
        all.map(({ cpuSeconds }) => cpuSeconds),
        2,
      ),
      range(all.map(({ rssMiB }) => rssMiB)),
      range(all.map(({ left }) => left)),
    ]),
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
