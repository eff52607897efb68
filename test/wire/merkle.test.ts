/** Merkle trees of BEP 52, against a tree that is made by the letter: all leaves, all layers, nothing left out. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BLOCK_BYTES, toHex } from '../../src/values.js'
import {
  blockHashes,
  hashesOf,
  heightOver,
  isPieceLayer,
  isRangeOf,
  MERKLE_HASH_BYTES,
  provenBy,
  rootOver,
  shapeOf,
  unclesIn,
} from '../../src/wire/merkle.js'

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** All layers, the leaves first, each as wide as its power of two. */
const wholeTree = (bytes: Uint8Array): Uint8Array[][] => {
  const leaves: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) leaves.push(sha256(bytes.subarray(at, at + BLOCK_BYTES)))
  while (leaves.length !== 2 ** heightOver(leaves.length)) leaves.push(new Uint8Array(MERKLE_HASH_BYTES))
  const layers = [leaves]
  for (let top = leaves; top.length > 1; ) {
    const above: Uint8Array[] = []
    for (let at = 0; at < top.length; at += 2)
      above.push(sha256(top[at] ?? new Uint8Array(), top[at + 1] ?? new Uint8Array()))
    layers.push(above)
    top = above
  }
  return layers
}

const content = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 1_000) bytes[at] = at / 1_000
  return bytes
}

const joined = (hashes: readonly (Uint8Array | undefined)[]): Uint8Array => {
  const bytes = new Uint8Array(hashes.length * MERKLE_HASH_BYTES)
  hashes.forEach((hash, at) => {
    if (hash !== undefined) bytes.set(hash, at * MERKLE_HASH_BYTES)
  })
  return bytes
}

const rootOf = (layers: Uint8Array[][]): Uint8Array => layers.at(-1)?.[0] ?? new Uint8Array()

/** A layer as it is kept: without what only balances the tree. */
const pieceLayerOf = (bytes: Uint8Array, pieceLength: number): Uint8Array => {
  const { pieceHeight, pieces } = shapeOf(bytes.length, pieceLength)
  return joined((wholeTree(bytes)[pieceHeight] ?? []).slice(0, pieces))
}

const LENGTHS = [1, 16_383, 16_384, 16_385, 49_152, 65_536, 65_537, 200_000, 262_144, 500_000]

test('merkle: the root over the blocks of a file is that of the whole tree, however many blocks it has', () => {
  for (const length of LENGTHS) {
    const bytes = content(length)
    const { height } = shapeOf(length, 16_384)
    assert.is(toHex(rootOver(blockHashes(bytes), 0, height)), toHex(rootOf(wholeTree(bytes))), `${length} bytes`)
  }
})

test('merkle: the layer of pieces leads to the same root, and to no other', () => {
  for (const length of LENGTHS)
    for (const pieceLength of [16_384, 32_768, 131_072]) {
      const bytes = content(length)
      const shape = shapeOf(length, pieceLength)
      const layer = pieceLayerOf(bytes, pieceLength)
      const root = rootOf(wholeTree(bytes))
      assert.ok(isPieceLayer(layer, shape, root), `${length} bytes in pieces of ${pieceLength}`)
      assert.not(isPieceLayer(layer, shape, sha256(root)))
      assert.not(isPieceLayer(joined([root, root]).slice(0, 33), shape, root), 'a length of no hashes')
      assert.not(isPieceLayer(new Uint8Array([...layer, ...new Uint8Array(32)]), shape, root), 'one hash too many')
      layer[3] = (layer[3] ?? 0) ^ 1
      assert.not(isPieceLayer(layer, shape, root), 'one bit changed')
    }
})

const anyRange = fc.integer({ min: 2, max: 600_000 }).chain((length) => {
  const bytes = content(length)
  const { height } = shapeOf(length, 16_384)
  return fc
    .record({
      baseLayer: fc.nat(Math.max(0, height - 1)),
      exponent: fc.nat(6),
      place: fc.nat(1_000),
      proofLayers: fc.nat(Math.max(0, height - 1)),
    })
    .map(({ baseLayer, exponent, place, proofLayers }) => {
      const width = 2 ** Math.max(0, height - baseLayer)
      const count = Math.min(width, 2 ** exponent)
      const range = { baseLayer, index: (place % (width / count)) * count, length: count, proofLayers }
      return { bytes, range, shape: shapeOf(length, 16_384) }
    })
})

test('merkle: hashes and uncles are those of the whole tree, and prove themselves to where they lead', () => {
  fc.assert(
    fc.property(anyRange, ({ bytes, range, shape }) => {
      if (!isRangeOf(range, shape)) return
      const layers = wholeTree(bytes)
      const { baseLayer, index, length, proofLayers } = range
      const answer = hashesOf(blockHashes(bytes), 0, shape, range)
      const asked = (layers[baseLayer] ?? []).slice(index, index + length)
      const uncles: (Uint8Array | undefined)[] = []
      for (let level = heightOver(length); level <= proofLayers; level++)
        uncles.push(layers[baseLayer + level]?.[Math.floor(index / 2 ** level) ^ 1])
      assert.is(uncles.length, unclesIn(range))
      assert.is(toHex(answer), toHex(joined([...asked, ...uncles])))
      const proven = provenBy(answer, range)
      assert.ok(proven)
      assert.is(toHex(proven?.hash ?? answer), toHex(layers[proven?.height ?? 0]?.[proven?.index ?? 0] ?? answer))
    }),
  )
})

test('merkle: a whole proof leads to the root; a bit changed anywhere in it leads elsewhere', () => {
  const bytes = content(500_000)
  const shape = shapeOf(bytes.length, 65_536)
  const range = { baseLayer: 2, index: 4, length: 2, proofLayers: shape.height - 1 - 2 }
  const answer = hashesOf(pieceLayerOf(bytes, 65_536), 2, shape, range)
  const root = toHex(rootOf(wholeTree(bytes)))
  assert.is(answer.length, (2 + 2) * MERKLE_HASH_BYTES)
  assert.equal([provenBy(answer, range)?.height, provenBy(answer, range)?.index], [shape.height, 0])
  assert.is(toHex(provenBy(answer, range)?.hash ?? answer), root)
  for (let at = 0; at < answer.length; at += 7) {
    const wrong = answer.slice()
    wrong[at] = (wrong[at] ?? 0) ^ 0x80
    assert.is.not(toHex(provenBy(wrong, range)?.hash ?? wrong), root, `byte ${at}`)
  }
})

test('merkle: a proof that is too long or too short proves nothing', () => {
  const bytes = content(500_000)
  const shape = shapeOf(bytes.length, 16_384)
  const range = { baseLayer: 0, index: 8, length: 4, proofLayers: shape.height - 1 }
  const answer = hashesOf(blockHashes(bytes), 0, shape, range)
  assert.ok(provenBy(answer, range))
  for (let cut = 1; cut <= answer.length; cut++) assert.is(provenBy(answer.slice(0, -cut), range), undefined)
  assert.is(provenBy(new Uint8Array([...answer, ...new Uint8Array(32)]), range), undefined)
})

test('merkle: what is past a tree, is not aligned, or is too much is no range of it', () => {
  const shape = shapeOf(500_000, 16_384)
  const range = { baseLayer: 0, index: 0, length: 2, proofLayers: 0 }
  assert.is(shape.height, 5)
  assert.ok(isRangeOf(range, shape))
  assert.ok(isRangeOf({ ...range, index: 30 }, shape), 'what only balances the tree belongs to it')
  assert.ok(isRangeOf({ ...range, index: 28, length: 3 }, shape), 'the layer may end it')
  assert.ok(isRangeOf({ ...range, proofLayers: 4 }, shape))
  for (const wrong of [
    { index: 1 },
    { index: 32 },
    { index: 2, length: 4 },
    { length: 0 },
    { length: 64 },
    { length: 0xffff_ffff },
    { index: 0xffff_fffe },
    { baseLayer: 5 },
    { baseLayer: 0xffff_ffff },
    { proofLayers: 5 },
    { baseLayer: 4, proofLayers: 1 },
    { proofLayers: 0xffff_ffff },
  ])
    assert.not(isRangeOf({ ...range, ...wrong }, shape), JSON.stringify(wrong))
  assert.not(isRangeOf(range, shapeOf(1, 16_384)), 'a tree of one hash has none below its root')
})

test.run()
