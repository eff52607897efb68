/** Folds of where the files of a transfer are, and what they are called. */

import type { PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import type { Folds } from './fold.js'

export const storageFolds = {
  'folder-set'(state, event) {
    state.folder = event.folder
    state.moving = undefined
    state.movedFrom = ''
    state.stamps.clear()
    state.unsafe = [...Bitfield.filled(state.geometry.pieceCount).indices()] as PieceIndex[] // of the torrent's length
  },
  'move-began'(state, { folder, names }) {
    state.moving = { folder, names: new Map(names.map(({ file, path }) => [file, path])) }
  },
  'files-moved'(state) {
    if (state.moving === undefined) return
    if (state.folder !== state.moving.folder) state.movedFrom = state.folder
    state.folder = state.moving.folder
    state.names = state.moving.names
    state.moving = undefined
  },
  'move-failed'(state) {
    state.moving = undefined
  },
} satisfies Partial<Folds>
