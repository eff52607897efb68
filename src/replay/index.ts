/** Replay: the public names of `torrewind/replay`. */
import { restoreSnapshot, stateHash } from '../events/snapshot.js'
import { initialState } from '../events/state.js'
import { foldOnto, type ReadableLog } from './fold.js'

export { type LoggedEvent, type LogRecord, readRecord } from '../events/codec.js'
export { evolve } from '../events/evolve.js'
export { stateHash } from '../events/snapshot.js'
export { initialState, type TransferState } from '../events/state.js'
export { EVENT_TYPES, type EventOf, type EventType, type TransferEvent, VOCABULARY } from '../events/vocabulary.js'
export { DIFFERENCES_MAX, type Difference } from './diff.js'
export { CAUSE_CODES, CAUSES, type CauseCode } from './explain/causes.js'
export type { Verdict } from './explain/claim.js'
export { type Cause, type ExplainOptions, type Explanation, explain, type Question } from './explain/explain.js'
export { type Folded, type FoldOptions, foldLog, foldOnto, type ReadableLog } from './fold.js'
export { History, type Moment } from './history.js'
export type { Subject } from './subject.js'
export { type PeerWaste, type WasteKind, wasteOf } from './waste.js'

export interface Divergence {
  /** The checkpoint that differs was taken just before this sequence number. */
  readonly seq: number
  readonly expectedHash: string
  readonly actualHash: string
}

export interface Replayed {
  readonly events: number
  readonly stateHash: string
  /** Undefined where there was no checkpoint to compare with. */
  readonly matches: boolean | undefined
  readonly divergence: Divergence | undefined
}

/** Folds the whole log, and on the way compares the state with the newest checkpoint. */
export const replay = async (log: ReadableLog, before: number = log.committedSeq): Promise<Replayed> => {
  const checkpoint = await log.loadCheckpoint(before)
  const kept = checkpoint === undefined ? undefined : restoreSnapshot(checkpoint.snapshot)
  const state = initialState()
  let events = 0
  let divergence: Divergence | undefined
  if (kept !== undefined) {
    events += (await foldOnto(state, log, kept.nextSeq)).events
    const [expectedHash, actualHash] = [stateHash(kept), stateHash(state)]
    if (expectedHash !== actualHash) divergence = { seq: kept.nextSeq, expectedHash, actualHash }
  }
  events += (await foldOnto(state, log, before)).events
  const matches = kept === undefined ? undefined : divergence === undefined
  return { events, stateHash: stateHash(state), matches, divergence }
}
