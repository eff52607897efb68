/** Folding a log: the state at any sequence number, from the nearest checkpoint or from the start. */
import { TorrewindError } from '../errors.js'
import { evolve } from '../events/evolve.js'
import { restoreSnapshot } from '../events/snapshot.js'
import { initialState, type TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import type { TransferLog } from '../ports.js'

export type ReadableLog = Pick<TransferLog, 'read' | 'readInputs' | 'loadCheckpoint' | 'firstSeq' | 'committedSeq'>

export interface Folded {
  readonly state: TransferState
  /** Events folded, those below the checkpoint left out. */
  readonly events: number
}

export interface FoldOptions {
  /** The state just before this sequence number; the end of the log, where it is left out. */
  readonly before?: number
  /** Fold from the first event, whatever checkpoints there are. */
  readonly fromStart?: boolean
  /** Awaited now and then, where others are to have their turn meanwhile. */
  readonly rest?: () => Promise<void>
}

/** The state before the first event that there is. Throws `LOG_VERSION` where no checkpoint of this version has it. */
export const firstState = async (log: ReadableLog): Promise<TransferState> => {
  const { firstSeq = 0 } = log
  if (firstSeq === 0) return initialState()
  const checkpoint = await log.loadCheckpoint(firstSeq)
  const state = checkpoint?.seq === firstSeq ? restoreSnapshot(checkpoint.snapshot) : undefined
  if (state !== undefined) return state
  throw new TorrewindError(
    'LOG_VERSION',
    `the log was compacted by another version of Torrewind: it begins with event ${firstSeq}, after a state that this one cannot read`,
  )
}

const startOf = async (log: ReadableLog, { before, fromStart }: FoldOptions): Promise<TransferState> => {
  const checkpoint = fromStart === true ? undefined : await log.loadCheckpoint(before)
  return (checkpoint && restoreSnapshot(checkpoint.snapshot)) ?? firstState(log)
}

/** Folds what lies between the state and `before` onto it. Throws `LOG_DAMAGED` or `LOG_VERSION`. */
export const foldOnto = async (
  state: TransferState,
  log: ReadableLog,
  before: number,
  rest?: () => Promise<void>,
): Promise<Folded> => {
  let events = 0
  let restAt: number = LIMITS.foldEventsAtOnce
  if (state.nextSeq >= before) return { state, events }
  for await (const batch of log.read(state.nextSeq, before)) {
    for (const logged of batch) {
      if (logged.seq >= before) break
      evolve(state, logged)
      events++
    }
    if (rest === undefined || events < restAt) continue
    restAt = events + LIMITS.foldEventsAtOnce
    await rest()
  }
  if (state.nextSeq < before)
    throw new TorrewindError('LOG_DAMAGED', `the log ends at event ${state.nextSeq - 1}, not at ${before - 1}`)
  return { state, events }
}

/** The state before a sequence number. Throws `LOG_DAMAGED` or `LOG_VERSION` where the log cannot be read. */
export const foldLog = async (log: ReadableLog, options: FoldOptions = {}): Promise<Folded> =>
  foldOnto(await startOf(log, options), log, options.before ?? log.committedSeq, options.rest)
