/**
 * Merkle trees of BitTorrent v2 (BEP 52): SHA-256 over blocks of 16 KiB, two by two up to one root for each file.
 *
 * Strategy: a layer is one array of hashes, 32 bytes each, without those that only balance the tree: these follow from
 * their height alone and are made once. So a tree is never held whole, and a layer costs what its pieces do. Height 0 is
 * that of the blocks.
 */
import { hash } from 'node:crypto'
import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'
import { BLOCK_BYTES, equalBytes } from '../values.js'

export const MERKLE_HASH_BYTES = 32

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')

/** A copy of a part, or a view of it, is never of Node's Buffer, whose `slice` shares memory. */
const hashAt = (layer: Uint8Array, index: number): Uint8Array =>
  new Uint8Array(layer.buffer, layer.byteOffset + index * MERKLE_HASH_BYTES, MERKLE_HASH_BYTES)

const countOf = (layer: Uint8Array): number => layer.length / MERKLE_HASH_BYTES

/** The smallest power of two that is no smaller, by its exponent. */
export const heightOver = (count: number): number => {
  assert(Number.isSafeInteger(count) && count > 0, 'a tree stands over one hash at least')
  let height = 0
  for (let width = 1; width < count; width *= 2) height++
  return height
}

const pair = new Uint8Array(2 * MERKLE_HASH_BYTES)

const parentOf = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  pair.set(left)
  pair.set(right, MERKLE_HASH_BYTES)
  return sha256(pair)
}

/** Of each height, the hash over nothing but balance: leaves beyond the end of a file are zero. */
const balance: Uint8Array[] = [new Uint8Array(MERKLE_HASH_BYTES)]

const balanceAt = (height: number): Uint8Array => {
  for (let at = balance.length; at <= height; at++) {
    const below = balance[at - 1] ?? new Uint8Array(MERKLE_HASH_BYTES)
    balance.push(parentOf(below, below))
  }
  return balance[height] ?? new Uint8Array(MERKLE_HASH_BYTES)
}

/** The hash of each block, the last of which may be shorter. */
export const blockHashes = (bytes: Uint8Array): Uint8Array => {
  const count = Math.ceil(bytes.length / BLOCK_BYTES)
  const hashes = new Uint8Array(count * MERKLE_HASH_BYTES)
  for (let block = 0; block < count; block++) {
    const at = block * BLOCK_BYTES
    hashes.set(sha256(bytes.subarray(at, at + BLOCK_BYTES)), block * MERKLE_HASH_BYTES)
  }
  return hashes
}

/** The hash of one block. */
export const blockHash = (block: Uint8Array): Uint8Array => sha256(block)

/** A layer two by two, where it lies at `height`. */
const layerAbove = (layer: Uint8Array, height: number): Uint8Array => {
  const count = countOf(layer)
  const above = new Uint8Array(Math.ceil(count / 2) * MERKLE_HASH_BYTES)
  for (let at = 0; at < count; at += 2) {
    const right = at + 1 < count ? hashAt(layer, at + 1) : balanceAt(height)
    above.set(parentOf(hashAt(layer, at), right), (at / 2) * MERKLE_HASH_BYTES)
  }
  return above
}

/** The hash that stands `levels` above a layer at `height`, which it covers whole. */
export const rootOver = (layer: Uint8Array, height: number, levels: number): Uint8Array => {
  assert(countOf(layer) > 0 && countOf(layer) <= 2 ** levels, 'a root stands over all of its layer')
  let hashes = layer
  for (let level = 0; level < levels; level++) hashes = layerAbove(hashes, height + level)
  return hashAt(hashes, 0)
}

/** The tree of one file: how many blocks it has, and so how high it is. */
export interface TreeShape {
  readonly blocks: number
  readonly height: number
  /** Of the layer with one hash a piece; the tree of a file of one piece ends there or below. */
  readonly pieceHeight: number
  /** Hashes of that layer. */
  readonly pieces: number
}

export const shapeOf = (length: number, pieceLength: number): TreeShape => {
  const blocks = Math.ceil(length / BLOCK_BYTES)
  const height = heightOver(blocks)
  const pieceHeight = Math.min(height, heightOver(pieceLength / BLOCK_BYTES))
  return { blocks, height, pieceHeight, pieces: Math.ceil(length / pieceLength) }
}

/** Whether a layer of pieces is that of the file with this root. */
export const isPieceLayer = (layer: Uint8Array, shape: TreeShape, root: Uint8Array): boolean =>
  layer.length === shape.pieces * MERKLE_HASH_BYTES &&
  equalBytes(rootOver(layer, shape.pieceHeight, shape.height - shape.pieceHeight), root)

/** Which hashes of a file are asked for, as in the messages of BEP 52, but for its root. */
export interface HashRange {
  /** Height of the layer that is asked for. */
  readonly baseLayer: number
  readonly index: number
  readonly length: number
  /** Layers above it of which the hashes are told that prove it. */
  readonly proofLayers: number
}

/** Levels that the hashes asked for span themselves. */
const spanOf = ({ length }: HashRange): number => heightOver(length)

/** How many uncles come with them: none of layers that can be made of the hashes themselves. */
export const unclesIn = (range: HashRange): number => Math.max(0, range.proofLayers - spanOf(range) + 1)

/**
 * Whether there are such hashes in the tree: a stranger's numbers. Some count those that only balance the tree, so that
 * the length is a power of two, and some end with the layer.
 */
export const isRangeOf = (range: HashRange, { height }: Pick<TreeShape, 'height'>): boolean => {
  const { baseLayer, index, length, proofLayers } = range
  if (baseLayer >= height || length === 0 || length > LIMITS.hashesPerMessageMax) return false
  const fits = index % 2 ** spanOf(range) === 0 && index + length <= 2 ** (height - baseLayer)
  return fits && baseLayer + proofLayers < height
}

/**
 * The hashes of a range and their uncles, of a layer at `layerHeight` that is known whole, and no higher than the range.
 * The tree above is made anew: what is asked for often is the layer of pieces, which takes a millisecond for thousands.
 */
export const hashesOf = (
  layer: Uint8Array,
  layerHeight: number,
  shape: Pick<TreeShape, 'height'>,
  range: HashRange,
): Uint8Array => {
  const { baseLayer, index, length } = range
  assert(layerHeight <= baseLayer && isRangeOf(range, shape), 'hashes of the tree are asked for')
  const answer = new Uint8Array((length + unclesIn(range)) * MERKLE_HASH_BYTES)
  let hashes = layer
  let at = 0
  const put = (from: Uint8Array, height: number, position: number): void => {
    const bytes = position < countOf(from) ? hashAt(from, position) : balanceAt(height)
    answer.set(bytes, at++ * MERKLE_HASH_BYTES)
  }
  for (let height = layerHeight; height < baseLayer; height++) hashes = layerAbove(hashes, height)
  for (let offset = 0; offset < length; offset++) put(hashes, baseLayer, index + offset)
  let height = baseLayer
  let position = index
  const climb = (): void => {
    hashes = layerAbove(hashes, height++)
    position = Math.floor(position / 2)
  }
  for (let level = 0; level < spanOf(range); level++) climb()
  for (let uncles = unclesIn(range); uncles > 0; uncles--) {
    put(hashes, height, position ^ 1)
    climb()
  }
  return answer
}

/**
 * What the hashes of a range and their uncles come to: a hash of the tree at the height that the last uncle leads to.
 * Undefined where they are too many or too few.
 */
export const provenBy = (
  hashes: Uint8Array,
  range: HashRange,
): { readonly height: number; readonly index: number; readonly hash: Uint8Array } | undefined => {
  const uncles = unclesIn(range)
  if (hashes.length !== (range.length + uncles) * MERKLE_HASH_BYTES) return undefined
  const span = spanOf(range)
  let height = range.baseLayer + span
  let index = Math.floor(range.index / 2 ** span)
  const asked = new Uint8Array(hashes.buffer, hashes.byteOffset, range.length * MERKLE_HASH_BYTES)
  let proven = rootOver(asked, range.baseLayer, span)
  for (let uncle = 0; uncle < uncles; uncle++) {
    const other = hashAt(hashes, range.length + uncle)
    proven = index % 2 === 0 ? parentOf(proven, other) : parentOf(other, proven)
    index = Math.floor(index / 2)
    height++
  }
  return { height, index, hash: proven }
}
