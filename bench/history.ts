/**
 * How long it takes to look into a long history: states at any of its events, steps back, and what changed last.
 *
 *   node --import tsx bench/history.ts [EVENTS]
 *
 * The log is on LevelDB: a download of pieces of a mebibyte, block by block, with twenty peers.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Checkpointer } from '../src/checkpointer.js'
import { evolve } from '../src/events/evolve.js'
import { initialState } from '../src/events/state.js'
import type { TransferEvent } from '../src/events/vocabulary.js'
import { nodeClock } from '../src/node/clock.js'
import { foldLog, History } from '../src/replay/index.js'
import { openLevelLogStore } from '../src/store/level-log.js'
import { BLOCK_BYTES, infoHash, instant, peerKey, pieceIndex, seq } from '../src/values.js'
import { Bitfield } from '../src/wire/bitfield.js'
import { printTable } from './table.js'

const BLOCKS = 64
const PEERS = 20
/** A piece: a request for each four blocks, the blocks, and what becomes of it. */
const EVENTS_OF_A_PIECE = BLOCKS / 4 + BLOCKS + 4
const EVENTS_OF_A_MS = 20
const BEGAN = 1_700_000_000_000
const PENDING_MAX = 20_000

function* download(pieces: number): Generator<TransferEvent> {
  const pieceLength = BLOCKS * BLOCK_BYTES
  const torrent = { infoHash: new Uint8Array(20).fill(1), name: 'a', folder: '/a', private: false }
  yield { type: 'transfer-added', ...torrent, pieceLength, totalBytes: pieces * pieceLength }
  const peerId = new Uint8Array(20).fill(2)
  yield { type: 'session-began', session: 1, version: '0.1.0', randomSeed: 5, peerId, machineStartedAt: 1_000 }
  yield { type: 'session-examined' }
  yield { type: 'download-began' }
  for (let number = 1; number <= PEERS; number++) {
    const peer = peerKey(number)
    const address = { host: `10.0.0.${number}`, port: 6881 }
    yield { type: 'candidates-found', source: 'user', addresses: [address] }
    yield { type: 'dial-began', peer, ...address }
    yield { type: 'peer-connected', peer }
    const id = new Uint8Array(20).fill(number + 2)
    yield { type: 'handshake-received', peer, peerId: id, fast: true, extensions: false }
    const some = Bitfield.filled(pieces).bytes.map((byte, at) => (at % 2 === 0 ? 0 : byte))
    yield number === 1 ? { type: 'have-all-received', peer } : { type: 'bitfield-received', peer, bits: some }
    yield { type: 'interested-sent', peer }
    yield { type: 'unchoke-received', peer }
  }
  const peer = peerKey(1)
  for (let index = 0; index < pieces; index++) {
    const piece = pieceIndex(index)
    for (let block = 0; block < BLOCKS; block += 4) {
      yield {
        type: 'blocks-requested',
        peer,
        ranges: [{ piece, offset: block * BLOCK_BYTES, length: 4 * BLOCK_BYTES }],
      }
      for (let next = block; next < block + 4; next++)
        yield { type: 'block-received', peer, piece, offset: next * BLOCK_BYTES, length: BLOCK_BYTES }
    }
    for (const type of ['piece-filled', 'piece-verified', 'piece-stored'] as const) yield { type, piece }
    yield { type: 'pieces-announced', pieces: [piece] }
  }
}

const count = Number(process.argv[2] ?? 1_000_000)
const folder = await mkdtemp(join(tmpdir(), 'torrewind-history-'))
const store = await openLevelLogStore(folder, nodeClock())
const log = await store.open({ infoHash: infoHash(new Uint8Array(20).fill(1)), torrent: new Uint8Array(100) })
const checkpointer = new Checkpointer(log, 0)
log.onCommitted = (committedSeq) => checkpointer.reached(committedSeq)
const committed = async (): Promise<void> => {
  log.flush()
  while (log.pendingEvents > 0) await new Promise((resolve) => setImmediate(resolve))
}

const state = initialState()
let written = 0
for (const event of download(Math.ceil(count / EVENTS_OF_A_PIECE))) {
  if (written === count) break
  const at = instant(BEGAN + Math.floor(written / EVENTS_OF_A_MS))
  log.append(at, event)
  evolve(state, { seq: seq(written), at, event })
  written++
  checkpointer.look(state)
  if (log.pendingEvents > PENDING_MAX) await committed()
}
await committed()

const rows: (readonly string[])[] = []
const row = (what: string, times: readonly number[]): void => {
  const sorted = [...times].sort((one, other) => one - other)
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1)
  rows.push([what, String(times.length), at(0.5), at(0.9), at(1)])
}
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}
const everywhere = Array.from({ length: 60 }, (_, at) => Math.floor((((at * 7_919) % 997) / 997) * written))
const back = Array.from({ length: 30 }, (_, at) => Math.floor(written * 0.55) - at)
for (const round of ['in a process that has just begun', 'again']) {
  const history = new History(log)
  const times: number[] = []
  for (const wanted of everywhere) times.push(await timed(() => history.stateAt({ seq: wanted })))
  row(`a state anywhere, ${round}`, times)
  const steps: number[] = []
  for (const wanted of back) steps.push(await timed(() => history.stateAt({ seq: wanted })))
  row(`a step back, ${round}`, steps)
}
const history = new History(log)
const last = { seq: written - 1 }
row('what changed an early piece last', [
  await timed(() => history.lastChange({ type: 'piece', piece: pieceIndex(100) }, last)),
])
const middle = Math.floor(written / 2)
row('what 100 events changed', [await timed(() => history.diff({ seq: middle }, { seq: middle + 100 }))])
const foldMs = await timed(() => foldLog(log, { fromStart: true }))

console.log(`A log of ${written} events, in ms:\n`)
printTable(['', 'times', 'median', '90 %', 'most'], rows)
console.log(`\nRead and folded: ${Math.round(written / (foldMs / 1_000))} events a second.`)
await log.close()
await store.close()
await rm(folder, { recursive: true })
