/** The super-seed: whether we are one, and which of the pieces that it showed have been passed on (BEP 16). */
import { LIMITS } from '../limits.js'
import type { PieceIndex } from '../values.js'
import type { PeerState, TransferState } from './state.js'

/** Only from the start: peers that were told what we have before we had everything know it already. */
export const isSuperSeed = (state: Readonly<TransferState>): boolean =>
  state.superSeeding && state.announced.full && state.sessionDownloaded === 0

/**
 * The peer has the piece that it was shown, and so has somebody else: it was passed on. Where there is nobody else to
 * pass it on to, having it is enough.
 */
export const isSpread = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  piece: PieceIndex,
  alone: boolean,
): boolean => peer.has.has(piece) && (alone || state.rarity.availability(piece) > 1 || state.seedsConnected > 0)

/** Shown, not passed on, and still worth waiting for. */
export const waitingToSpread = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  alone: boolean,
  now: number,
): number => {
  let waiting = 0
  for (const [piece, since] of peer.revealed)
    if (!isSpread(state, peer, piece, alone) && now - since < LIMITS.revealedPatienceMs) waiting++
  return waiting
}
