/** How a torrent is cut: bytes into pieces, pieces into blocks (BEP 3); in v2 pieces end where their file does (BEP 52). */
import type { PieceIndex } from '../values.js'
import { BLOCK_BYTES } from '../values.js'
import type { Bitfield } from '../wire/bitfield.js'

export interface Geometry {
  readonly pieceLength: number
  /** With the padding between files that begin with a piece each. */
  readonly totalBytes: number
  readonly pieceCount: number
  /** Blocks in every piece but those that are shorter. */
  readonly blocksPerPiece: number
  /** Where files begin with a piece each: how many bytes are in pieces that hold fewer, as a file ends in them. */
  readonly shortPieces: ReadonlyMap<number, number>
}

const NONE: ReadonlyMap<number, number> = new Map()

/** Of a torrent whose metadata are not known: it has no piece. */
export const NO_GEOMETRY: Geometry = {
  pieceLength: 0,
  totalBytes: 0,
  pieceCount: 0,
  blocksPerPiece: 0,
  shortPieces: NONE,
}

export const geometryOf = (
  pieceLength: number,
  totalBytes: number,
  shortPieces: ReadonlyMap<number, number> = NONE,
): Geometry =>
  pieceLength === 0
    ? NO_GEOMETRY
    : {
        pieceLength,
        totalBytes,
        pieceCount: Math.ceil(totalBytes / pieceLength),
        blocksPerPiece: Math.ceil(pieceLength / BLOCK_BYTES),
        shortPieces,
      }

/** Whether a piece can be so much shorter than others: where it is not known who says so. */
export const isShortPiece = ({ pieceCount, pieceLength }: Geometry, piece: number, bytes: number): boolean =>
  Number.isInteger(piece) &&
  piece >= 0 &&
  piece < pieceCount &&
  Number.isInteger(bytes) &&
  bytes > 0 &&
  bytes < pieceLength

/** Bytes of this piece as v1 sees it: only the last may be shorter. */
export const lengthWithPadding = (geometry: Geometry, piece: PieceIndex): number =>
  piece === geometry.pieceCount - 1 ? geometry.totalBytes - piece * geometry.pieceLength : geometry.pieceLength

/** What peers may ask for: where files end within pieces, the rest of each is padding, and zeros (BEP 47). */
export const servedLengthOf = (geometry: Geometry, piece: PieceIndex): number =>
  geometry.shortPieces.size === 0 ? lengthWithPadding(geometry, piece) : geometry.pieceLength

/** Bytes of this piece that are in a file. */
export const lengthOfPiece = (geometry: Geometry, piece: PieceIndex): number => {
  if (geometry.shortPieces.size === 0) return lengthWithPadding(geometry, piece)
  return geometry.shortPieces.get(piece) ?? lengthWithPadding(geometry, piece)
}

/** Bytes of some pieces. */
export const bytesOfPieces = (geometry: Geometry, pieces: Bitfield): number => {
  const { pieceLength, pieceCount, shortPieces } = geometry
  const last = (pieceCount - 1) as PieceIndex // a torrent has a piece at least
  let bytes = pieces.count * pieceLength
  if (pieces.has(last)) bytes -= pieceLength - lengthOfPiece(geometry, last)
  for (const [piece, length] of shortPieces) if (piece !== last && pieces.has(piece)) bytes -= pieceLength - length
  return bytes
}

/** Bytes of all pieces, without padding. */
export const contentBytesOf = (geometry: Geometry): number => {
  const { totalBytes, shortPieces } = geometry
  let bytes = totalBytes
  for (const [piece, length] of shortPieces) bytes -= lengthWithPadding(geometry, piece as PieceIndex) - length // its own
  return bytes
}

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
