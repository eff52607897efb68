/** Replaying: a log is folded and compared with what is known of it, and decided again where its inputs were recorded. */
import type { Strategy } from '../actors/strategy.js'
import { restoreSnapshot, stateHash } from '../events/snapshot.js'
import { type DecidedAgain, type DecisionDivergence, decideAgain } from './decide-again.js'
import { firstState, foldOnto, type ReadableLog } from './fold.js'

/** A checkpoint, taken of the live state just before this sequence number, is not what the log folds to. */
export interface CheckpointDivergence {
  readonly kind: 'checkpoint'
  readonly seq: number
  readonly expectedHash: string
  readonly actualHash: string
}

export type Divergence = CheckpointDivergence | DecisionDivergence

export interface Replayed {
  readonly events: number
  readonly stateHash: string
  /** How many checkpoints the state was compared with, up to the first that differs. */
  readonly checkpoints: number
  /** Undefined where no inputs were recorded. */
  readonly decided: DecidedAgain | undefined
  /** Undefined where there was nothing to compare with. */
  readonly matches: boolean | undefined
  /** The first. */
  readonly divergence: Divergence | undefined
}

export interface ReplayOptions {
  /** Events below this number; all, where it is left out. */
  readonly before?: number | undefined
  /** What recorded inputs were decided by; ours, where it is left out. */
  readonly strategy?: Strategy | undefined
}

interface Known {
  readonly seq: number
  readonly hash: string
}

/** What the checkpoints of this version say, in order. */
const checkpointsOf = async (log: ReadableLog, before: number): Promise<readonly Known[]> => {
  const known: Known[] = []
  for (let atMost = before; atMost >= 0; ) {
    const checkpoint = await log.loadCheckpoint(atMost)
    if (checkpoint === undefined || checkpoint.seq > atMost) break
    const kept = restoreSnapshot(checkpoint.snapshot)
    if (kept !== undefined) known.unshift({ seq: kept.nextSeq, hash: stateHash(kept) })
    atMost = checkpoint.seq - 1
  }
  return known
}

/**
 * Folds a log from its start, compares the state on the way with every checkpoint, and decides recorded inputs again.
 * Throws `LOG_DAMAGED` or `LOG_VERSION` where it cannot be read.
 */
export const replay = async (log: ReadableLog, options: ReplayOptions = {}): Promise<Replayed> => {
  const { before = log.committedSeq, strategy } = options
  const state = await firstState(log)
  let [events, checkpoints] = [0, 0]
  let divergence: Divergence | undefined
  for (const { seq, hash: expectedHash } of await checkpointsOf(log, before)) {
    events += (await foldOnto(state, log, seq)).events
    checkpoints++
    const actualHash = stateHash(state)
    if (expectedHash === actualHash) continue
    divergence = { kind: 'checkpoint', seq, expectedHash, actualHash }
    break
  }
  events += (await foldOnto(state, log, before)).events
  const decided = await decideAgain(log, { before, strategy })
  const other = decided?.divergence
  if (other !== undefined && (divergence === undefined || other.seq < divergence.seq)) divergence = other
  const matches = checkpoints === 0 && decided === undefined ? undefined : divergence === undefined
  return { events, stateHash: stateHash(state), checkpoints, decided, matches, divergence }
}
