/** How a torrent is cut: bytes into pieces, pieces into blocks (BEP 3). */
import type { PieceIndex } from '../values.js'
import { BLOCK_BYTES } from '../values.js'

export interface Geometry {
  readonly pieceLength: number
  readonly totalBytes: number
  readonly pieceCount: number
  /** Blocks in every piece but, perhaps, the last. */
  readonly blocksPerPiece: number
}

export const geometryOf = (pieceLength: number, totalBytes: number): Geometry => ({
  pieceLength,
  totalBytes,
  pieceCount: Math.ceil(totalBytes / pieceLength),
  blocksPerPiece: Math.ceil(pieceLength / BLOCK_BYTES),
})

/** Bytes of this piece; only the last may be shorter. */
export const lengthOfPiece = (geometry: Geometry, piece: PieceIndex): number =>
  piece === geometry.pieceCount - 1 ? geometry.totalBytes - piece * geometry.pieceLength : geometry.pieceLength

export const blocksOfPiece = (geometry: Geometry, piece: PieceIndex): number =>
  Math.ceil(lengthOfPiece(geometry, piece) / BLOCK_BYTES)

/** Bytes of a block; only the last of a piece may be shorter. */
export const lengthOfBlock = (geometry: Geometry, piece: PieceIndex, block: number): number =>
  Math.min(BLOCK_BYTES, lengthOfPiece(geometry, piece) - block * BLOCK_BYTES)

/** A number that stands for one block of the torrent. */
export const blockKey = (geometry: Geometry, piece: number, block: number): number =>
  piece * geometry.blocksPerPiece + block
export const pieceOfKey = (geometry: Geometry, key: number): PieceIndex =>
  Math.floor(key / geometry.blocksPerPiece) as PieceIndex // keys are made from indices of pieces
export const blockOfKey = (geometry: Geometry, key: number): number => key % geometry.blocksPerPiece

/** The block at an offset; undefined where a stranger's numbers name none exactly. */
export const blockAt = (geometry: Geometry, piece: number, offset: number, length: number): number | undefined => {
  if (piece >= geometry.pieceCount || offset % BLOCK_BYTES !== 0) return undefined
  const block = offset / BLOCK_BYTES
  const index = piece as PieceIndex // just checked to be one
  return block < blocksOfPiece(geometry, index) && length === lengthOfBlock(geometry, index, block) ? block : undefined
}
