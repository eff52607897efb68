import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { banName } from '../../src/events/banning.js'
import {
  blockAt,
  blockKey,
  blockOfKey,
  blocksOfPiece,
  geometryOf,
  lengthOfBlock,
  lengthOfPiece,
  pieceOfKey,
} from '../../src/events/geometry.js'
import {
  banNameOf,
  emptyLedger,
  giverOf,
  giversOf,
  isHere,
  openLedger,
  order,
  ordersOf,
  receive,
  unorder,
} from '../../src/events/ledger.js'
import { BLOCK_BYTES, instant, peerKey, pieceIndex } from '../../src/values.js'
import { assertionOf } from '../actors/given.js'

const GEOMETRY = geometryOf(100_000, 250_000)
const newLedger = () => openLedger(GEOMETRY, pieceIndex(0), instant(5))
const name = (peer: number) => () => `host ${peer}`

test('geometry: only the last piece and the last block of a piece are shorter', () => {
  assert.is(GEOMETRY.pieceCount, 3)
  assert.is(GEOMETRY.blocksPerPiece, 7)
  assert.equal(
    [0, 1, 2].map((piece) => lengthOfPiece(GEOMETRY, pieceIndex(piece))),
    [100_000, 100_000, 50_000],
  )
  assert.equal(
    [0, 1, 2].map((piece) => blocksOfPiece(GEOMETRY, pieceIndex(piece))),
    [7, 7, 4],
  )
  assert.is(lengthOfBlock(GEOMETRY, pieceIndex(0), 6), 100_000 - 6 * BLOCK_BYTES)
  assert.is(lengthOfBlock(GEOMETRY, pieceIndex(2), 3), 50_000 - 3 * BLOCK_BYTES)
})

const anyGeometry = fc
  .tuple(fc.integer({ min: 1_024, max: 400_000 }), fc.integer({ min: 1, max: 3_000_000 }))
  .map(([pieceLength, totalBytes]) => geometryOf(pieceLength, totalBytes))

test('geometry: the blocks of every piece make up the whole, and each is known by its key', () => {
  fc.assert(
    fc.property(anyGeometry, (geometry) => {
      let bytes = 0
      let before = -1
      for (let index = 0; index < geometry.pieceCount; index++) {
        const piece = pieceIndex(index)
        for (let block = 0; block < blocksOfPiece(geometry, piece); block++) {
          const length = lengthOfBlock(geometry, piece, block)
          assert.ok(length > 0 && length <= BLOCK_BYTES)
          assert.is(blockAt(geometry, index, block * BLOCK_BYTES, length), block)
          const key = blockKey(geometry, index, block)
          assert.ok(key > before)
          assert.is(pieceOfKey(geometry, key), index)
          assert.is(blockOfKey(geometry, key), block)
          before = key
          bytes += length
        }
      }
      assert.is(bytes, geometry.totalBytes)
    }),
    { numRuns: 50 },
  )
})

test('geometry: whatever numbers a stranger sends, only those of a block name one', () => {
  const uint32 = fc.oneof(fc.nat(300_000), fc.constantFrom(0, BLOCK_BYTES, 0xffff_ffff, 0xffff_c000))
  fc.assert(
    fc.property(anyGeometry, uint32, uint32, uint32, (geometry, piece, offset, length) => {
      const block = blockAt(geometry, piece, offset, length)
      if (block === undefined) return
      assert.ok(piece < geometry.pieceCount && block < blocksOfPiece(geometry, pieceIndex(piece)))
      assert.is(offset, block * BLOCK_BYTES)
      assert.is(length, lengthOfBlock(geometry, pieceIndex(piece), block))
    }),
  )
})

test('ledger: a new one lacks every block', () => {
  const ledger = newLedger()
  assert.equal([ledger.blocks, ledger.open, ledger.received], [7, 7, 0])
  assert.equal(giversOf(ledger), [])
})

test('ledger: a block is received once, and remembers who gave it and what to ban', () => {
  const ledger = newLedger()
  order(ledger, 3)
  unorder(ledger, 3)
  receive(ledger, 3, peerKey(0), name(0))
  receive(ledger, 4, peerKey(9), name(9))
  assert.equal([giverOf(ledger, 3), giverOf(ledger, 4), giverOf(ledger, 5)], [0, 9, undefined])
  assert.equal([banNameOf(ledger, 3), banNameOf(ledger, 4), banNameOf(ledger, 5)], ['host 0', 'host 9', ''])
  assert.equal(giversOf(ledger), [0, 9])
  assert.is(
    assertionOf(() => receive(ledger, 3, peerKey(1), name(1))),
    'a block is received once',
  )
  assert.is(
    assertionOf(() => unorder(ledger, 3)),
    'only a block on order can be taken off order',
  )
})

type Step = readonly [doing: 'order' | 'unorder' | 'receive' | 'empty', block: number, peer: number]
const anyStep: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('order', 'order', 'unorder', 'receive', 'receive', 'empty'),
  fc.nat(6),
  fc.nat(3),
)

test('ledger: its counts are those of its blocks, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const ledger = newLedger()
      const orders = new Array<number>(7).fill(0)
      const givers = new Array<number | undefined>(7).fill(undefined)
      for (const [doing, block, peer] of steps) {
        const ordered = orders[block] ?? 0
        if (doing === 'order') {
          order(ledger, block)
          orders[block] = ordered + 1
        } else if (doing === 'unorder' && ordered > 0) {
          unorder(ledger, block)
          orders[block] = ordered - 1
        } else if (doing === 'receive' && givers[block] === undefined) {
          receive(ledger, block, peerKey(peer), name(peer))
          givers[block] = peer
        } else if (doing === 'empty' && peer === 0) {
          emptyLedger(ledger)
          givers.fill(undefined)
        }
        assert.equal(
          [0, 1, 2, 3, 4, 5, 6].map((at) => ordersOf(ledger, at)),
          orders,
        )
        assert.equal(
          [0, 1, 2, 3, 4, 5, 6].map((at) => giverOf(ledger, at)),
          givers,
        )
        assert.equal(
          [0, 1, 2, 3, 4, 5, 6].map((at) => isHere(ledger, at)),
          givers.map((giver) => giver !== undefined),
        )
        assert.is(ledger.received, givers.filter((giver) => giver !== undefined).length)
        assert.is(ledger.open, givers.filter((giver, at) => giver === undefined && orders[at] === 0).length)
        assert.equal([...giversOf(ledger)].sort(), [...new Set(givers.filter((giver) => giver !== undefined))].sort())
      }
    }),
    { numRuns: 300 },
  )
})

test('ban: a host is banned with all its ports, but on loopback the port alone', () => {
  assert.is(banName({ host: '10.0.0.1', port: 5 }), '10.0.0.1')
  assert.is(banName({ host: '2001:db8::1', port: 5 }), '2001:db8::1')
  assert.is(banName({ host: '127.0.0.1', port: 5 }), '127.0.0.1:5')
  assert.is(banName({ host: '::1', port: 5 }), '[::1]:5')
})

test.run()
