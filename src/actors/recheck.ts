/**
 * Rechecking: which pieces a new session must read and hash before it trusts them.
 *
 * The log says what is stored, so a restart hashes almost nothing: pieces whose bytes may be on disk although no event
 * says so; pieces of files that somebody else changed, made or removed; and, after a loss of power, what was not synced.
 */
import type { TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { FileFinding } from '../outside.js'
import type { PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { type Decision, decided, NOTHING } from './vocabulary.js'

type Reason = Extract<TransferEvent, { type: 'check-began' }>['reason']
type Change = Extract<TransferEvent, { type: 'file-changed' }>['reason']

export const checkOf = (pieces: Bitfield, reason: Reason): Decision =>
  pieces.count === 0
    ? NOTHING
    : decided({
        events: [{ type: 'check-began', reason, pieces: pieces.bytes.slice() }],
        effects: [{ type: 'check', pieces: [...pieces.indices()] as PieceIndex[] }], // bits of the torrent's length
      })

/** How the file is not as we left it, if it is not. */
const changeOf = (state: Readonly<TransferState>, { file, length, stamp }: FileFinding): Change | undefined => {
  const left = state.stamps.get(file)
  if (stamp === undefined) return left === undefined && !state.cleanEnd ? undefined : 'missing'
  if (stamp.bytes > length) return 'size'
  if (state.cleanEnd) {
    if (left === undefined) return 'time'
    if (left.bytes !== stamp.bytes) return 'size'
    return left.modifiedAt === stamp.modifiedAt ? undefined : 'time'
  }
  // We were writing until we were cut off, so only a change after our last event is somebody else's.
  return stamp.modifiedAt > state.endedAt + LIMITS.stampSlackMs ? 'time' : undefined
}

const hasStored = (state: Readonly<TransferState>, { firstPiece, lastPiece }: FileFinding): boolean => {
  for (let piece = firstPiece; piece <= lastPiece; piece++) if (state.stored.has(piece)) return true
  return false
}

/** Files as they are now, against what the log says of them. */
export const checkAfterExamining = (state: Readonly<TransferState>, files: readonly FileFinding[]): Decision => {
  const suspect = new Bitfield(state.geometry.pieceCount)
  const events: TransferEvent[] = []
  const fresh = state.session <= 1
  let reason: Reason = fresh ? 'new' : 'unsafe'
  for (const finding of files) {
    const { file, length, firstPiece, lastPiece, stamp } = finding
    if (length === 0) continue
    const stored = hasStored(state, finding)
    if (fresh ? stamp === undefined : !stored && stamp === undefined) continue
    const change = fresh ? undefined : (missingWith(state, finding, stored) ?? changeOf(state, finding))
    if (!fresh && change === undefined) continue
    if (change !== undefined) {
      events.push({ type: 'file-changed', file, reason: change })
      reason = 'changed'
    }
    for (let piece = firstPiece; piece <= lastPiece; piece++) suspect.set(piece)
  }
  for (const piece of state.unsafe) suspect.set(piece)
  const unsynced = state.powerLost ? [...state.unsynced, ...state.syncing] : []
  for (const piece of unsynced) suspect.set(piece)
  if (unsynced.length > 0) reason = 'power-lost'
  const check = checkOf(suspect, reason)
  return decided({ events: [...events, ...check.events], effects: check.effects })
}

/** A file that is gone although pieces of it are stored, or too short for them, is changed however the session ended. */
const missingWith = (state: Readonly<TransferState>, finding: FileFinding, stored: boolean): Change | undefined => {
  if (!stored) return undefined
  if (finding.stamp === undefined) return 'missing'
  const { lastPiece, length, stamp } = finding
  return state.stored.has(lastPiece) && stamp.bytes < length ? 'size' : undefined
}
