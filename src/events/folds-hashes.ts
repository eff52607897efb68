/** Folds of what is known of the trees of files (BEP 52). */
import type { Folds } from './fold.js'
import { stepPeer } from './folds-peers.js'
import { geometryOf } from './geometry.js'

export const hashFolds = {
  'trees-described'(state, event) {
    const { pieceLength, totalBytes } = state.geometry
    state.version = event.hybrid ? 'hybrid' : 'v2'
    state.infoHashV2 = event.infoHashV2
    const shortPieces = new Map<number, number>(event.shortPieces.map(({ piece, bytes }) => [piece, bytes]))
    state.geometry = geometryOf(pieceLength, totalBytes, shortPieces)
  },
  'peer-agreed-on-v2'(state, event) {
    stepPeer(state, event.peer, event.type).v2 = true
  },
} satisfies Partial<Folds>
