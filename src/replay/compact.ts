/** Compacting: a log is bounded by age or by size, and what is left goes on as if all of it were there. */
import { TorrewindError } from '../errors.js'
import { takeSnapshot } from '../events/snapshot.js'
import { LIMITS } from '../limits.js'
import type { Compacted, LogReader, LogStore } from '../ports.js'
import type { InfoHash } from '../values.js'
import { foldLog } from './fold.js'
import { History } from './history.js'

/** What of a log is kept; what both bounds allow. The state goes on whatever is compacted. */
export interface Retention {
  /** Events that happened longer ago are compacted, in ms. */
  readonly maxAgeMs?: number | undefined
  /** The oldest events beyond so many bytes of the log are, recorded inputs counted with them. */
  readonly maxBytes?: number | undefined
}

/** Compacts the events below a number, up to where a record begins. The log must be closed. */
export const compact = (logs: LogStore, infoHash: InfoHash, before: number): Promise<Compacted> =>
  logs.compact(infoHash, before, async (log, seq) => takeSnapshot((await foldLog(log, { before: seq })).state))

const firstYoungerThan = async (reader: LogReader, at: number): Promise<number> => {
  const history = new History(reader)
  try {
    return (await history.seqOf({ at })) + 1
  } catch (error) {
    // None is that old.
    if (error instanceof TorrewindError && error.code === 'OPTION_INVALID') return history.firstSeq
    throw error
  }
}

const firstWithin = async (logs: LogStore, infoHash: InfoHash, maxBytes: number): Promise<number> => {
  const parts = await logs.measure(infoHash, Math.floor(maxBytes / LIMITS.retentionParts))
  let bytes = 0
  let first = Number.MAX_SAFE_INTEGER
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = parts[at]
    if (part === undefined) break
    bytes += part.bytes
    if (bytes > maxBytes) break
    first = part.firstSeq
  }
  return first
}

/** The first event that is kept. */
export const firstKept = async (
  logs: LogStore,
  infoHash: InfoHash,
  { maxAgeMs, maxBytes }: Retention,
  now: number,
): Promise<number> => {
  const reader = await logs.reader(infoHash)
  if (reader === undefined) return 0
  const young = maxAgeMs === undefined ? 0 : await firstYoungerThan(reader, now - maxAgeMs)
  return Math.max(young, maxBytes === undefined ? 0 : await firstWithin(logs, infoHash, maxBytes))
}

/** Compacts what is beyond the bounds; a log that is within them is left alone. */
export const retain = async (
  logs: LogStore,
  infoHash: InfoHash,
  retention: Retention,
  now: number,
): Promise<Compacted | undefined> => {
  const first = await firstKept(logs, infoHash, retention, now)
  return first === 0 ? undefined : compact(logs, infoHash, first)
}
