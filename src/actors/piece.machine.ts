/** What may follow what while a piece is in flight (missing and stored pieces are bits, not machines). */
import { setup } from 'xstate'
import { lifecycleOf } from './step.js'

export type PieceTag = 'fetching' | 'hashing' | 'doubted' | 'writing' | 'gone'

const stay = {}

export const pieceMachine = setup({}).createMachine({
  id: 'piece',
  initial: 'fetching',
  on: { 'piece-dropped': '.dropped' },
  states: {
    fetching: {
      tags: 'fetching',
      on: { 'blocks-requested': stay, 'block-received': stay, 'piece-filled': 'hashing', 'blocks-disproved': stay },
    },
    hashing: {
      tags: 'hashing',
      on: {
        'piece-verified': 'writing',
        'piece-rejected': 'fetching',
        'piece-doubted': 'doubted',
        'blocks-disproved': 'fetching',
      },
    },
    doubted: { tags: 'doubted', on: { 'piece-rejected': 'fetching', 'blocks-disproved': 'fetching' } },
    writing: { tags: 'writing', on: { 'piece-stored': 'stored' } },
    stored: { tags: 'gone', type: 'final' },
    dropped: { tags: 'gone', type: 'final' },
  },
})

export const pieceLifecycle = lifecycleOf<PieceTag>(pieceMachine)
