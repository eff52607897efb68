/**
 * The Merkle trees of a torrent's files (BEP 52): of each file the layer of pieces, as far as it is known, and of pieces in
 * flight the hashes of their blocks. Bytes that the state must not hold; what is known of them it is told by events.
 */
import type { Geometry } from './events/geometry.js'
import { LIMITS } from './limits.js'
import { equalBytes, type PieceIndex } from './values.js'
import {
  blockHash,
  type HashRange,
  hashesOf,
  heightOver,
  isPieceLayer,
  isRangeOf,
  MERKLE_HASH_BYTES,
  provenBy,
  rootOver,
  shapeOf,
  type TreeShape,
} from './wire/merkle.js'
import type { Metainfo } from './wire/metainfo.js'

interface Tree {
  /** Position in the torrent's files. */
  readonly file: number
  readonly root: Uint8Array
  readonly shape: TreeShape
  readonly firstPiece: number
  /** The hash of each piece, zeros where it is unknown. Of a file of one piece that is the root. */
  readonly layer: Uint8Array
  /** How many of them are unknown. */
  unknown: number
}

const ZEROS = new Uint8Array(MERKLE_HASH_BYTES)

export class FileTrees {
  /** In the order of their pieces, without empty files. */
  readonly #trees: readonly Tree[]
  readonly #byFile: ReadonlyMap<number, Tree>
  readonly #byRoot = new Map<string, Tree>()
  /** Hashes of the blocks of pieces in flight, and of those judged by them which are right. */
  readonly #blocks = new Map<PieceIndex, Uint8Array>()

  constructor(
    { files, pieceLayers, pieceLength }: Pick<Metainfo, 'files' | 'pieceLayers' | 'pieceLength'>,
    readonly geometry: Geometry,
  ) {
    const trees: Tree[] = []
    for (const [file, { offset, length, piecesRoot }] of files.entries()) {
      if (piecesRoot === undefined) continue
      const shape = shapeOf(length, pieceLength)
      const known = shape.pieces === 1 ? piecesRoot.slice() : pieceLayers.get(file)
      const tree: Tree = {
        file,
        root: piecesRoot,
        shape,
        firstPiece: offset / pieceLength,
        layer: known ?? new Uint8Array(shape.pieces * MERKLE_HASH_BYTES),
        unknown: known === undefined ? shape.pieces : 0,
      }
      trees.push(tree)
      const name = rootName(piecesRoot)
      // Equal files have one root: whoever asks for its hashes is served from the first.
      if (!this.#byRoot.has(name)) this.#byRoot.set(name, tree)
    }
    this.#trees = trees
    this.#byFile = new Map(trees.map((tree) => [tree.file, tree]))
  }

  /** Files of which hashes of pieces are unknown. */
  get incomplete(): readonly { readonly file: number; readonly piece: PieceIndex; readonly pieces: number }[] {
    return this.#trees.flatMap(({ file, firstPiece, shape: { pieces }, unknown }) =>
      unknown > 0 ? [{ file, piece: firstPiece as PieceIndex, pieces }] : [],
    )
  }

  fileOf(root: Uint8Array): number | undefined {
    return this.#byRoot.get(rootName(root))?.file
  }

  rootOf(file: number): Uint8Array | undefined {
    return this.#byFile.get(file)?.root
  }

  /** Whether the hash of the piece is known. */
  knows(piece: PieceIndex): boolean {
    const hash = this.#hashOf(piece)
    return hash !== undefined && !equalBytes(hash, ZEROS)
  }

  /** Whether the piece has these blocks. */
  matches(piece: PieceIndex, blocks: Uint8Array): boolean {
    const tree = this.#treeAt(piece)
    const hash = this.#hashOf(piece)
    if (tree === undefined || hash === undefined || !this.knows(piece)) return false
    return equalBytes(rootOver(blocks, 0, tree.shape.pieceHeight), hash)
  }

  /** The whole layer of pieces, once every hash of it is known. */
  layerOf(file: number): Uint8Array | undefined {
    const tree = this.#byFile.get(file)
    return tree === undefined || tree.unknown > 0 || tree.shape.pieces === 1 ? undefined : tree.layer
  }

  /** Takes a layer that was kept, where it proves itself. */
  restore(file: number, layer: Uint8Array): void {
    const tree = this.#byFile.get(file)
    if (tree === undefined || !isPieceLayer(layer, tree.shape, tree.root)) return
    tree.layer.set(layer)
    tree.unknown = 0
  }

  /** Takes hashes that a peer sent where they prove themselves, or, if they do not, none of them. */
  learn(file: number, range: HashRange, hashes: Uint8Array): boolean {
    const tree = this.#byFile.get(file)
    if (tree === undefined || !isRangeOf(range, tree.shape)) return false
    const proven = provenBy(hashes, range)
    if (proven === undefined || !this.#isKnown(tree, proven)) return false
    if (range.baseLayer === tree.shape.pieceHeight) {
      for (let at = 0; at < range.length && range.index + at < tree.shape.pieces; at++) {
        const to = (range.index + at) * MERKLE_HASH_BYTES
        if (equalBytes(tree.layer.subarray(to, to + MERKLE_HASH_BYTES), ZEROS)) tree.unknown--
        tree.layer.set(hashes.subarray(at * MERKLE_HASH_BYTES, (at + 1) * MERKLE_HASH_BYTES), to)
      }
    } else if (range.baseLayer === 0) {
      const piece = (tree.firstPiece + range.index / 2 ** tree.shape.pieceHeight) as PieceIndex // of this file
      this.#blocks.set(piece, hashes.slice(0, range.length * MERKLE_HASH_BYTES))
    }
    return true
  }

  /** Where the hashes of pieces lie, from this one on. */
  chunkAt(piece: PieceIndex): { readonly file: number; readonly range: HashRange } | undefined {
    const tree = this.#treeAt(piece)
    if (tree === undefined || tree.shape.pieces === 1) return undefined
    const { pieceHeight, height, pieces } = tree.shape
    const index = piece - tree.firstPiece
    const length = Math.min(LIMITS.hashesAskedMax, 2 ** heightOver(Math.max(2, pieces - index)))
    return { file: tree.file, range: { baseLayer: pieceHeight, index, length, proofLayers: height - pieceHeight - 1 } }
  }

  /** Where the hashes of a piece's blocks lie; undefined where its one block is its own hash. */
  blocksOf(piece: PieceIndex): { readonly file: number; readonly range: HashRange } | undefined {
    const tree = this.#treeAt(piece)
    if (tree === undefined || tree.shape.pieceHeight === 0) return undefined
    const length = 2 ** tree.shape.pieceHeight
    const index = (piece - tree.firstPiece) * length
    return { file: tree.file, range: { baseLayer: 0, index, length, proofLayers: tree.shape.pieceHeight - 1 } }
  }

  /** Whether a block is right; undefined where its hash is not known. */
  judge(piece: PieceIndex, block: number, bytes: Uint8Array): boolean | undefined {
    const known = this.#blocks.get(piece)
    if (known === undefined) return undefined
    const at = block * MERKLE_HASH_BYTES
    return equalBytes(blockHash(bytes), known.subarray(at, at + MERKLE_HASH_BYTES))
  }

  /** The hashes of its blocks are known. */
  judges(piece: PieceIndex): boolean {
    return this.#blocks.has(piece)
  }

  /** The piece is in flight no longer. */
  drop(piece: PieceIndex): void {
    this.#blocks.delete(piece)
  }

  /** The piece whose blocks are needed to tell these hashes; `none` where the layer of pieces will do. */
  sourceOf(file: number, range: HashRange): PieceIndex | 'none' | 'unknown' {
    const tree = this.#byFile.get(file)
    if (tree === undefined || !isRangeOf(range, tree.shape)) return 'unknown'
    const { pieceHeight } = tree.shape
    if (tree.unknown > 0) return 'unknown'
    if (range.baseLayer >= pieceHeight) return 'none'
    const perPiece = 2 ** (pieceHeight - range.baseLayer)
    const piece = Math.floor(range.index / perPiece)
    const withinOne = Math.floor((range.index + range.length - 1) / perPiece) === piece && piece < tree.shape.pieces
    return withinOne ? ((tree.firstPiece + piece) as PieceIndex) : 'unknown' // within the file
  }

  /** The hashes of a range and their uncles, with those of the blocks of the piece that `sourceOf` has named. */
  tell(file: number, range: HashRange, blocks: Uint8Array | undefined): Uint8Array | undefined {
    const tree = this.#byFile.get(file)
    if (tree === undefined) return undefined
    const { pieceHeight } = tree.shape
    if (range.baseLayer >= pieceHeight) return hashesOf(tree.layer, pieceHeight, tree.shape, range)
    if (blocks === undefined) return undefined
    const perPiece = 2 ** (pieceHeight - range.baseLayer)
    const piece = Math.floor(range.index / perPiece)
    const within = { ...range, index: range.index - piece * perPiece }
    const below = pieceHeight - 1 - range.baseLayer
    if (range.proofLayers <= below) return hashesOf(blocks, 0, { height: pieceHeight }, within)
    const lower = hashesOf(blocks, 0, { height: pieceHeight }, { ...within, proofLayers: below })
    const above = { baseLayer: pieceHeight, index: piece, length: 1, proofLayers: range.proofLayers - below - 1 }
    const upper = hashesOf(tree.layer, pieceHeight, tree.shape, above)
    const all = new Uint8Array(lower.length + upper.length - MERKLE_HASH_BYTES)
    all.set(lower)
    all.set(upper.subarray(MERKLE_HASH_BYTES), lower.length)
    return all
  }

  #isKnown(
    tree: Tree,
    proven: { readonly height: number; readonly index: number; readonly hash: Uint8Array },
  ): boolean {
    const { height, index, hash } = proven
    if (height === tree.shape.height) return equalBytes(hash, tree.root)
    if (height !== tree.shape.pieceHeight || index >= tree.shape.pieces) return false
    const known = tree.layer.subarray(index * MERKLE_HASH_BYTES, (index + 1) * MERKLE_HASH_BYTES)
    return !equalBytes(known, ZEROS) && equalBytes(hash, known)
  }

  #hashOf(piece: PieceIndex): Uint8Array | undefined {
    const tree = this.#treeAt(piece)
    if (tree === undefined) return undefined
    const at = (piece - tree.firstPiece) * MERKLE_HASH_BYTES
    return tree.layer.subarray(at, at + MERKLE_HASH_BYTES)
  }

  /** By bisection: the last tree that begins at or before the piece. */
  #treeAt(piece: PieceIndex): Tree | undefined {
    let low = 0
    let high = this.#trees.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#trees[middle]?.firstPiece ?? 0) <= piece) low = middle
      else high = middle - 1
    }
    const tree = this.#trees[low]
    return tree !== undefined && piece >= tree.firstPiece && piece < tree.firstPiece + tree.shape.pieces
      ? tree
      : undefined
  }
}

const rootName = (root: Uint8Array): string => String.fromCharCode(...root)
