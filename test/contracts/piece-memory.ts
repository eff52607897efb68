/** What every `PieceMemory` keeps to. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { PieceMemory } from '../../src/ports.js'
import { BLOCK_BYTES, pieceIndex } from '../../src/values.js'

export interface PieceMemoryPlace {
  readonly memory: PieceMemory
  readonly pieceLength: number
  /** Bytes of three pieces, of which the last is short. */
  readonly bytes: Uint8Array
}

const PIECES = [0, 1, 2].map(pieceIndex)

export const pieceMemoryContract = (name: string, make: () => PieceMemoryPlace): void => {
  const pieceOf = ({ bytes, pieceLength }: PieceMemoryPlace, piece: number): Uint8Array =>
    bytes.subarray(piece * pieceLength, (piece + 1) * pieceLength)

  /** Each block as a view that is another thing after the call. */
  const keep = (place: PieceMemoryPlace, piece: number, offset: number, bytes: Uint8Array): void => {
    const view = bytes.slice()
    place.memory.keep(pieceIndex(piece), offset, view)
    view.fill(0xee)
  }

  const keepAll = (place: PieceMemoryPlace, piece: number): void => {
    const bytes = pieceOf(place, piece)
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) keep(place, piece, at, bytes.subarray(at, at + BLOCK_BYTES))
  }

  const holds = (place: PieceMemoryPlace, piece: number, expected: Uint8Array): boolean =>
    Buffer.compare(place.memory.held(pieceIndex(piece), expected.length), expected) === 0

  test(`${name}: what was kept of several pieces is held, a short last one too`, () => {
    const place = make()
    for (const piece of PIECES) keepAll(place, piece)
    for (const piece of PIECES) assert.ok(holds(place, piece, pieceOf(place, piece)))
  })

  test(`${name}: blocks are kept in any order, and a block kept again takes the place of the one before`, () => {
    const place = make()
    const right = pieceOf(place, 1)
    for (let at = right.length - BLOCK_BYTES; at >= 0; at -= BLOCK_BYTES)
      keep(place, 1, at, right.subarray(at, at + BLOCK_BYTES))
    const other = right.slice(BLOCK_BYTES, 2 * BLOCK_BYTES).reverse()
    keep(place, 1, BLOCK_BYTES, other)
    const expected = right.slice()
    expected.set(other, BLOCK_BYTES)
    assert.ok(holds(place, 1, expected))
    keep(place, 1, BLOCK_BYTES, right.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES))
    assert.ok(holds(place, 1, right))
  })

  test(`${name}: bytes that are no whole block are kept where they belong`, () => {
    const place = make()
    const right = pieceOf(place, 0)
    for (const [from, to] of [
      [20_000, right.length],
      [0, 7],
      [7, 20_000],
    ] as const)
      keep(place, 0, from, right.subarray(from, to))
    assert.ok(holds(place, 0, right))
  })

  test(`${name}: what was not kept is not there by itself`, () => {
    const place = make()
    const right = pieceOf(place, 0)
    keep(place, 0, 0, right.subarray(0, BLOCK_BYTES))
    assert.not.ok(holds(place, 0, right))
    assert.ok(holds(place, 0, right.subarray(0, BLOCK_BYTES)))
  })

  test(`${name}: a piece whose memory was taken back begins anew, and none need have had any`, () => {
    const place = make()
    keepAll(place, 0)
    keepAll(place, 1)
    for (const piece of [0, 0, 2]) place.memory.takeBack(pieceIndex(piece))
    place.memory.trim()
    assert.throws(() => place.memory.held(pieceIndex(0), 1), /the (buffer|memory) of piece 0/)
    const other = pieceOf(place, 0).slice().reverse()
    keep(place, 0, 0, other)
    assert.ok(holds(place, 0, other))
    assert.ok(holds(place, 1, pieceOf(place, 1)))
  })
}
