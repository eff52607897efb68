/**
 * Streaming: how long a player waits that reads at a steady rate, where all peers together send twice as much.
 *
 *   node --import tsx bench/streaming.ts [RUNS] [KIB_PER_SECOND]
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createEngine, type Engine } from '../src/index.js'
import { encodeTorrent } from '../src/wire/createinfo.js'
import { printTable } from './table.js'

const [runs = 3, rate = 1_024] = process.argv.slice(2).map(Number)
const KIB = 1_024
const PIECE = 256 * KIB
const SECONDS = 10
const bytes = randomBytes(SECONDS * rate * KIB)

const hashes = Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, at) =>
  createHash('sha1')
    .update(bytes.subarray(at * PIECE, (at + 1) * PIECE))
    .digest(),
)
const torrent = encodeTorrent({
  name: 'film',
  files: [{ path: ['film'], length: bytes.length }],
  multiFile: false,
  pieceLength: PIECE,
  pieceHashes: new Uint8Array(Buffer.concat(hashes)),
  trackers: [],
  private: false,
})

/** The share of what the player needs that each seed sends. */
const SWARMS: Readonly<Record<string, readonly number[]>> = {
  'one seed': [2],
  'four alike': [0.5, 0.5, 0.5, 0.5],
  'one quick, seven slow': [1.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
}

interface Outcome {
  readonly startMs: number
  readonly waitedMs: number
  readonly longestMs: number
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What a player does that has a second in its buffer before it begins. */
const play = async (stream: AsyncIterable<Uint8Array>): Promise<Outcome> => {
  const asked = performance.now()
  const reader = stream[Symbol.asyncIterator]()
  let [read, waitedMs, longestMs, beganAt] = [0, 0, 0, 0]
  for (;;) {
    const next = await reader.next()
    if (next.done === true) break
    read += next.value.length
    const now = performance.now()
    if (beganAt === 0) {
      if (read >= rate * KIB) beganAt = now
      continue
    }
    // When this chunk is due on the screen, as far as it did not stop before.
    const dueAt = beganAt + waitedMs + (1_000 * (read - next.value.length)) / (rate * KIB)
    if (now > dueAt) {
      waitedMs += now - dueAt
      longestMs = Math.max(longestMs, now - dueAt)
    } else await sleep(Math.max(0, dueAt - 1_000 - now))
  }
  return { startMs: beganAt - asked, waitedMs, longestMs }
}

const run = async (shares: readonly number[]): Promise<Outcome> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'torrewind-streaming-'))
  const engines: Engine[] = []
  const open = async (name: string, uploadLimit = 0): Promise<Engine> => {
    const engine = await createEngine({ host: '127.0.0.1', dataDir: path.join(folder, name), dht: false, uploadLimit })
    engines.push(engine)
    return engine
  }
  try {
    await mkdir(path.join(folder, 'seed'))
    await writeFile(path.join(folder, 'seed', 'film'), bytes)
    const peers: { host: string; port: number }[] = []
    for (const [at, share] of shares.entries()) {
      const engine = await open(`data-${at}`, Math.round(share * rate * KIB))
      await (await engine.add(torrent, { path: path.join(folder, 'seed') })).done
      peers.push({ host: '127.0.0.1', port: engine.port })
    }
    const transfer = await (await open('data')).add(torrent, { path: path.join(folder, 'files'), peers })
    return await play(transfer.stream(0))
  } finally {
    for (const engine of engines) await engine.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const rows: string[][] = []
for (const [name, shares] of Object.entries(SWARMS)) {
  const outcomes: Outcome[] = []
  for (let at = 0; at < runs; at++) outcomes.push(await run(shares))
  const show = (of: keyof Outcome): string => outcomes.map((outcome) => (outcome[of] / 1_000).toFixed(2)).join(' ')
  rows.push([name, show('startMs'), show('waitedMs'), show('longestMs')])
}
printTable(['peers, twice what is played', 'a second was there after, s', 'waited in all, s', 'longest wait, s'], rows)
