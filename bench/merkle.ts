/**
 * Hashing of pieces in v2 (BEP 52) beside v1's: SHA-1 of a piece of 1 MiB, and SHA-256 of its blocks with the tree above them.
 *
 *   node --import tsx bench/merkle.ts [RUNS]
 */
import { hash, randomFillSync } from 'node:crypto'
import { blockHashes, rootOver } from '../src/wire/merkle.js'
import { printTable, range } from './table.js'

const runs = Number(process.argv[2] ?? 5)
const PIECE_BYTES = 1_048_576
const PIECES = 256
const piece = randomFillSync(new Uint8Array(PIECE_BYTES))

const layer = blockHashes(piece)
const ways: readonly (readonly [string, () => unknown])[] = [
  ['SHA-1 of the piece', () => hash('sha1', piece, 'buffer')],
  ['SHA-256 of the piece', () => hash('sha256', piece, 'buffer')],
  ['SHA-256 of its blocks', () => blockHashes(piece)],
  ['its blocks and the tree', () => rootOver(blockHashes(piece), 0, 6)],
  ['the tree alone', () => rootOver(layer, 0, 6)],
]
const speeds = ways.map((): number[] => [])
for (let run = 0; run < runs; run++)
  for (const [at, [, work]] of ways.entries()) {
    const began = performance.now()
    for (let time = 0; time < PIECES; time++) work()
    speeds[at]?.push((PIECES * 1_000) / (performance.now() - began))
  }
printTable(
  ['way', 'MiB/s', 'of SHA-1'],
  ways.map(([name], at) => {
    const ratios = (speeds[at] ?? []).map((speed, run) => speed / (speeds[0]?.[run] ?? Number.NaN))
    return [name, range(speeds[at] ?? []), at === 0 ? '1' : range(ratios, 2)]
  }),
)
