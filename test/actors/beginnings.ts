/** Events that stories begin with: a small torrent, sessions, and peers in every condition. */
import { geometryOf, lengthOfPiece } from '../../src/events/geometry.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { BLOCK_BYTES, type PeerKey, peerKey, pieceIndex } from '../../src/values.js'
import { Bitfield } from '../../src/wire/bitfield.js'

export interface Shape {
  readonly pieceLength: number
  readonly totalBytes: number
}

/** Eight pieces of two blocks; the last block of all has 100 bytes. */
export const SMALL: Shape = { pieceLength: 32_768, totalBytes: 8 * 32_768 - 16_284 }
export const PIECES = 8
export const OUR_ID = new Uint8Array(20).fill(0x77)
export const INFO_HASH = new Uint8Array(20).fill(0x11)
export const SEED = 12_345

export const added = (shape: Shape = SMALL, isPrivate = false): TransferEvent => ({
  type: 'transfer-added',
  infoHash: INFO_HASH,
  name: 'small',
  folder: '/somewhere',
  pieceLength: shape.pieceLength,
  totalBytes: shape.totalBytes,
  private: isPrivate,
})

export const session = (number = 1, { machineStartedAt = 1_000_000, randomSeed = SEED } = {}): TransferEvent => ({
  type: 'session-began',
  session: number,
  version: '0',
  randomSeed,
  peerId: OUR_ID,
  machineStartedAt,
})

/** A new transfer that lacks everything and fetches. */
export const downloading = (shape: Shape = SMALL): TransferEvent[] => [
  added(shape),
  session(),
  { type: 'session-examined' },
  { type: 'download-began' },
]

/** The bits of these pieces. */
export const bitsOf = (pieces: readonly number[], count = PIECES): Uint8Array => {
  const bits = new Bitfield(count)
  for (const piece of pieces) bits.set(piece)
  return bits.bytes
}

export const everyPiece = (count = PIECES): number[] => Array.from({ length: count }, (_, piece) => piece)

/** A transfer that has everything, found by a check, and serves. */
export const seeding = (shape: Shape = SMALL): TransferEvent[] => {
  const count = geometryOf(shape.pieceLength, shape.totalBytes).pieceCount
  const pieces = everyPiece(count).map(pieceIndex)
  return [
    added(shape),
    session(),
    { type: 'check-began', reason: 'new', pieces: bitsOf(pieces, count) },
    { type: 'session-examined' },
    ...pieces.map((piece): TransferEvent => ({ type: 'piece-checked', piece, good: true })),
    { type: 'check-ended' },
    { type: 'seeding-began' },
    { type: 'pieces-announced', pieces },
  ]
}

export interface Guest {
  readonly incoming?: boolean
  readonly fast?: boolean
  readonly extensions?: boolean
  readonly has?: 'all' | 'nothing' | readonly number[]
  /** We said that we are interested. */
  readonly weWant?: boolean
  /** It said so. */
  readonly wants?: boolean
  /** It serves us. */
  readonly serves?: boolean
  /** We serve it. */
  readonly served?: boolean
  readonly id?: Uint8Array
  readonly host?: string
  readonly port?: number
  readonly pieceCount?: number
}

export const hostOf = (key: number): string => `10.0.0.${key}`
export const idOf = (key: number): Uint8Array => new Uint8Array(20).fill(key)

/** A connection that is open at the network, and nothing was said. */
export const connected = (key: number, guest: Guest = {}): TransferEvent[] => {
  const peer = peerKey(key)
  const address = { host: guest.host ?? hostOf(key), port: guest.port ?? 6_881 }
  return guest.incoming === true
    ? [{ type: 'peer-accepted', peer, ...address }]
    : [
        { type: 'candidates-found', source: 'tracker', addresses: [address] },
        { type: 'dial-began', peer, ...address },
        { type: 'peer-connected', peer },
      ]
}

const hasOf = (peer: PeerKey, { has = 'nothing', fast = false, pieceCount = PIECES }: Guest): TransferEvent[] => {
  if (has === 'nothing') return fast ? [{ type: 'have-none-received', peer }] : []
  if (has === 'all' && fast) return [{ type: 'have-all-received', peer }]
  return [{ type: 'bitfield-received', peer, bits: bitsOf(has === 'all' ? everyPiece(pieceCount) : has, pieceCount) }]
}

/** An open connection, after the handshakes. */
export const open = (key: number, guest: Guest = {}): TransferEvent[] => {
  const peer = peerKey(key)
  const events: TransferEvent[] = [
    ...connected(key, guest),
    {
      type: 'handshake-received',
      peer,
      peerId: guest.id ?? idOf(key),
      fast: guest.fast === true,
      extensions: guest.extensions === true,
    },
    ...hasOf(peer, guest),
  ]
  if (guest.weWant === true) events.push({ type: 'interested-sent', peer })
  if (guest.wants === true) events.push({ type: 'interested-received', peer })
  if (guest.serves === true) events.push({ type: 'unchoke-received', peer })
  if (guest.served === true) events.push({ type: 'unchoke-sent', peer })
  return events
}

/** A seed that serves us. Nothing is on order from it yet. */
export const seedPeer = (key: number, guest: Guest = {}): TransferEvent[] =>
  open(key, { has: 'all', weWant: true, serves: true, ...guest })

/** A peer without any piece that wants ours. */
export const leecher = (key: number, guest: Guest = {}): TransferEvent[] => open(key, { wants: true, ...guest })

/** Every block of these pieces, given by the peer and stored. The pieces must not be in flight. */
export const fetched = (key: number, pieces: readonly number[], shape: Shape = SMALL): TransferEvent[] => {
  const geometry = geometryOf(shape.pieceLength, shape.totalBytes)
  const peer = peerKey(key)
  return pieces.map(pieceIndex).flatMap((piece): TransferEvent[] => {
    const whole = { piece, offset: 0, length: lengthOfPiece(geometry, piece) }
    const blocks: TransferEvent[] = []
    for (let offset = 0; offset < whole.length; offset += BLOCK_BYTES)
      blocks.push({
        type: 'block-received',
        peer,
        piece,
        offset,
        length: Math.min(BLOCK_BYTES, whole.length - offset),
      })
    return [
      { type: 'blocks-requested', peer, ranges: [whole] },
      ...blocks,
      { type: 'piece-filled', piece },
      { type: 'piece-verified', piece },
      { type: 'piece-stored', piece },
    ]
  })
}
