/**
 * Allowed fast: the pieces that a new peer gets from us even while we choke it, so that it soon has something to trade
 * (BEP 6). Which they are follows from its address and the torrent, so that many connections give nobody more of them.
 */
import { createHash } from 'node:crypto'
import type { PeerState, TransferState } from '../events/state.js'
import { isSuperSeed } from '../events/super-seed.js'
import { LIMITS } from '../limits.js'
import type { PieceIndex } from '../values.js'
import { hostToBytes } from '../wire/compact.js'
import { type Decision, decided, NOTHING } from './vocabulary.js'

/** Who has one address has the others of its network: of IPv4 as the BEP says, of IPv6, which it leaves open, a site's. */
const NETWORK_BYTES = { ipv4: 3, ipv6: 6 } as const
/** Of a small torrent only so great a part is given away. */
const PIECES_FOR_EACH_GIVEN = 32

const networkOf = (host: string): Uint8Array | undefined => {
  const bytes = hostToBytes(host)
  if (bytes === undefined) return undefined
  return bytes.fill(0, bytes.length === 4 ? NETWORK_BYTES.ipv4 : NETWORK_BYTES.ipv6)
}

const sha1 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The canonical algorithm of BEP 6; empty where the host is no IP address. */
export const allowedFastSet = (
  host: string,
  infoHash: Uint8Array,
  pieceCount: number,
  most: number,
): readonly PieceIndex[] => {
  const network = networkOf(host)
  if (network === undefined) return []
  const set = new Set<PieceIndex>()
  const count = Math.min(most, pieceCount)
  for (let x = sha1(network, infoHash); set.size < count; x = sha1(x)) {
    const view = new DataView(x.buffer, x.byteOffset, x.length)
    for (let at = 0; at < x.length && set.size < count; at += 4)
      set.add((view.getUint32(at) % pieceCount) as PieceIndex)
  }
  return [...set]
}

/** Where few have a piece, who is given it is for the choker to say: all newcomers at once would starve a slow seed. */
const isCommon = (state: Readonly<TransferState>, piece: PieceIndex): boolean => {
  let holders = 0
  for (const peer of state.peers.values())
    if (peer.has.has(piece) && ++holders >= LIMITS.allowedFastHoldersMin) return true
  return false
}

/** A peer that has just said what it has: is it new, and what do we have for it? */
export const welcome = (state: Readonly<TransferState>, peer: Readonly<PeerState>): Decision => {
  const { pieceCount } = state.geometry
  const most = Math.min(LIMITS.allowedFastGiven, Math.ceil(pieceCount / PIECES_FOR_EACH_GIVEN))
  if (!peer.fast || peer.has.count >= most || peer.fastGiven.size > 0 || isSuperSeed(state)) return NOTHING
  const pieces = allowedFastSet(peer.address.host, state.infoHash, pieceCount, most).filter(
    (piece) => state.announced.has(piece) && isCommon(state, piece),
  )
  if (pieces.length === 0) return NOTHING
  return decided({
    events: [{ type: 'allowed-fast-sent', peer: peer.key, pieces }],
    effects: pieces.map((piece) => ({ type: 'send', peer: peer.key, message: { type: 'allowed-fast', piece } })),
  })
}

/** It is one of those that we allowed, and the peer has not asked for all of them yet. */
export const isAllowedFast = (peer: Readonly<PeerState>, piece: PieceIndex): boolean =>
  peer.fastGiven.has(piece) && peer.fastBlocksLeft > 0 && !peer.has.has(piece)
