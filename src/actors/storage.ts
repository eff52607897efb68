/** Storage: where the files are to be; what is done about it is the session's, since the log must have it first. */
import type { TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import { boundedText } from '../values.js'
import { type Decision, decided, NOTHING, type TransferInput } from './vocabulary.js'

type InputOf<Type extends TransferInput['type']> = Extract<TransferInput, { readonly type: Type }>

/** One at a time, and of files that were looked at. */
export const beginMove = (state: Readonly<TransferState>, { folder, names }: InputOf<'move-asked'>): Decision =>
  state.moving === undefined && state.examined && state.standing.tags.ending !== true
    ? decided({ events: [{ type: 'move-began', folder, names }] })
    : NOTHING

export const endMove = (state: Readonly<TransferState>): Decision =>
  state.moving === undefined ? NOTHING : decided({ events: [{ type: 'files-moved' }] })

export const giveMoveUp = (state: Readonly<TransferState>, { failure }: InputOf<'move-failed'>): Decision =>
  state.moving === undefined
    ? NOTHING
    : decided({
        events: [
          { type: 'move-failed', reason: boundedText(`${failure.code}: ${failure.message}`, LIMITS.reasonTextMax) },
        ],
      })
