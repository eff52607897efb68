/** The state of metadata that are being fetched (BEP 9), and what peers say before it is known how many pieces there are. */
import { LIMITS } from '../limits.js'
import { type Instant, type PeerKey, ZERO } from '../values.js'
import { metadataPieces } from '../wire/utmetadata.js'

/** Metadata that were here whole and wrong. */
export interface MetadataRejection {
  readonly bytes: number
  /** What to ban for each piece. */
  readonly givers: readonly string[]
  readonly fingerprints: readonly number[]
}

/** While only the hash of the torrent is known. */
export interface MetadataState {
  /** How long the metadata are that are being fetched; 0 while none are. */
  bytes: number
  /** Fetched from this peer alone, to find out who lied before. */
  alone: PeerKey | undefined
  /** Per piece, 1 + the key of the peer that gave it; 0 while it is missing. */
  givers: Uint32Array
  /** Per piece, how many peers it is on order from. */
  orders: Uint8Array
  /** What to ban, should a peer prove to have given wrong pieces; kept beyond its connection. */
  readonly giversBanNames: Map<PeerKey, string>
  received: number
  /** Every piece is here, and what they come to is being found out. */
  full: boolean
  readonly rejections: MetadataRejection[]
}

export interface MetadataRequest {
  readonly at: Instant
  /** Not waited for any more: others may be asked. */
  overdue: boolean
}

/** What passed between us and one peer about metadata. */
export interface PeerMetadata {
  /** How long it says that they are; 0 where it has none, or none that could be. */
  bytes: number
  /** Pieces that we asked for, and that it may still answer with. */
  readonly asked: Map<number, MetadataRequest>
  /** Of those, how many are waited for. */
  waiting: number
  /** It refused or let us wait, so often in a row; and is not asked again before. */
  failures: number
  notBefore: number
  /** Pieces that it asked for, and got or did not get. */
  served: number
  denied: number
}

/** What a peer has of pieces that nobody can count yet. */
export interface EarlyPieces {
  /** It has everything. */
  all: boolean
  /** It said by a bitfield of so many bytes; undefined where it did not. */
  exactBytes: number | undefined
  /** A bit for each piece, as far as it named any. */
  bits: Uint8Array
}

export const newMetadata = (): MetadataState => ({
  bytes: ZERO,
  alone: undefined,
  givers: new Uint32Array(0),
  orders: new Uint8Array(0),
  giversBanNames: new Map(),
  received: 0,
  full: false,
  rejections: [],
})

export const newPeerMetadata = (): PeerMetadata => ({
  bytes: ZERO,
  asked: new Map(),
  waiting: 0,
  failures: 0,
  notBefore: ZERO,
  served: 0,
  denied: 0,
})

/** Every piece is missing again. */
export const beginAttempt = (metadata: MetadataState, bytes: number, alone: PeerKey | undefined): void => {
  const pieces = metadataPieces(bytes)
  metadata.bytes = bytes
  metadata.alone = alone
  metadata.givers = new Uint32Array(pieces)
  metadata.orders = new Uint8Array(pieces)
  metadata.giversBanNames.clear()
  metadata.received = 0
  metadata.full = false
}

export const hasEarly = ({ bits }: EarlyPieces, index: number): boolean =>
  ((bits[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0

/** Makes room as it is needed: an index is within any torrent that there may be. */
export const addEarly = (early: EarlyPieces, index: number): void => {
  const at = index >>> 3
  if (at >= early.bits.length) {
    const most = Math.ceil(LIMITS.piecesMax / 8)
    const larger = new Uint8Array(Math.min(most, Math.max(at + 1, 2 * early.bits.length)))
    larger.set(early.bits)
    early.bits = larger
  }
  early.bits[at] = (early.bits[at] ?? 0) | (0x80 >>> (index & 7))
}

/** The bits of as many pieces as it turns out that there are; undefined where what was said is of another torrent. */
export const earlyBits = ({ exactBytes, bits }: EarlyPieces, pieceCount: number): Uint8Array | undefined => {
  const bytes = Math.ceil(pieceCount / 8)
  if (exactBytes !== undefined && exactBytes !== bytes) return undefined
  for (let at = bytes; at < bits.length; at++) if (bits[at] !== 0) return undefined
  const exact = new Uint8Array(bytes)
  exact.set(bits.subarray(0, bytes))
  const spare = pieceCount % 8 === 0 ? 0 : 0xff >>> (pieceCount % 8)
  return ((exact[bytes - 1] ?? 0) & spare) === 0 ? exact : undefined
}

/** One peer less is waited for with this piece. */
export const unorder = (metadata: MetadataState | undefined, piece: number): void => {
  const orders = metadata?.orders[piece] ?? 0
  if (metadata !== undefined && orders > 0) metadata.orders[piece] = orders - 1
}

/** With its connection: what is on order from a peer may be asked of others. */
export const leaveMetadata = (metadata: MetadataState | undefined, peer: PeerMetadata | undefined): void => {
  for (const [piece, { overdue }] of peer?.asked ?? []) if (!overdue) unorder(metadata, piece)
}

export const earlyOf = (peer: { early: EarlyPieces | undefined }): EarlyPieces => {
  peer.early ??= { all: false, exactBytes: undefined, bits: new Uint8Array(0) }
  return peer.early
}
