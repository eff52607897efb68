/**
 * Compaction: the oldest events of a log give way to a base, which sums them up.
 *
 * The base is written durably first, and from then on the log begins after it; only then are the old records deleted.
 * Who dies in between leaves records that nobody reads, which the next opening deletes.
 */
import { TorrewindError } from '../errors.js'
import type { Compacted, LogPart, SnapshotBefore } from '../ports.js'
import type { InfoHash } from '../values.js'
import { loadBase, packBase } from './log-base.js'
import { allOf, baseKey, readInputsKey, readRecordKey, seqRange } from './log-keys.js'
import { openReader } from './log-reader.js'
import { openRecord } from './read-records.js'
import { type Shelf, writeDurably } from './shelf.js'

/** Deletes what a base stands for. Does nothing where nothing of it is left. */
export const clearBelow = async (shelf: Shelf, hash: InfoHash, firstSeq: number): Promise<void> => {
  for (const kind of ['record', 'inputs', 'checkpoint'] as const) {
    const range = seqRange(kind, hash, 0, firstSeq)
    if ((await shelf.lastKey(range)) !== undefined) await shelf.clear(range)
  }
}

/** Compacts a log that nobody has open, up to the last record that begins at or before a sequence number. */
export const compactLog = async (
  shelf: Shelf,
  hash: InfoHash,
  before: number,
  snapshotBefore: SnapshotBefore,
): Promise<Compacted> => {
  const began = (await loadBase(shelf, hash))?.firstSeq ?? 0
  const reader = await openReader(shelf, hash)
  const key = await shelf.lastKey(seqRange('record', hash, 0, Math.min(before, reader.committedSeq) + 1))
  const firstSeq = key === undefined ? 0 : (readRecordKey(key)?.firstSeq ?? 0)
  const value = key && (await shelf.get(key))
  if (key === undefined || value === undefined || firstSeq <= began) return { firstSeq: began, removed: 0 }
  const { previousHash } = openRecord(key, value)
  const snapshot = await snapshotBefore(reader, firstSeq)
  await writeDurably(shelf, [
    { type: 'put', key: baseKey(hash), value: packBase({ firstSeq, previousHash, snapshot }) },
  ])
  await clearBelow(shelf, hash, firstSeq)
  return { firstSeq, removed: firstSeq - began }
}

/** What a log takes, part by part, oldest first. */
export const measureLog = async (shelf: Shelf, hash: InfoHash): Promise<readonly LogPart[]> => {
  const parts: LogPart[] = []
  for (const kind of ['record', 'inputs'] as const)
    for await (const entries of shelf.entries(allOf(kind, hash)))
      for (const [key, value] of entries) {
        const place = kind === 'record' ? readRecordKey(key) : readInputsKey(key)
        if (place === undefined) throw new TorrewindError('LOG_DAMAGED', 'a key of the log is damaged')
        parts.push({ firstSeq: place.firstSeq, bytes: key.length + value.length })
      }
  return parts.sort((left, right) => left.firstSeq - right.firstSeq)
}
