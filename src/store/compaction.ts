/**
 * Compaction: the oldest events of a log give way to a base, which sums them up.
 *
 * The base is written durably first, and from then on the log begins after it; only then are the old records deleted.
 * Who dies in between leaves records that nobody reads, which the next opening deletes.
 */
import { TorrewindError } from '../errors.js'
import type { Compacted, LogPart, LogReader, SnapshotBefore } from '../ports.js'
import type { InfoHash } from '../values.js'
import { type LogBase, packBase } from './log-base.js'
import { allOf, baseKey, readInputsKey, readRecordKey, seqRange } from './log-keys.js'
import { openRecord } from './read-records.js'
import { type Shelf, writeDurably } from './shelf.js'

/** Deletes what a base stands for. Does nothing where nothing of it is left. */
export const clearBelow = async (shelf: Shelf, hash: InfoHash, firstSeq: number): Promise<void> => {
  for (const kind of ['record', 'inputs', 'checkpoint'] as const) {
    const range = seqRange(kind, hash, 0, firstSeq)
    if ((await shelf.lastKey(range)) !== undefined) await shelf.clear(range)
  }
}

export interface Compaction {
  readonly shelf: Shelf
  readonly hash: InfoHash
  /** Of the log, as it is now. */
  readonly reader: LogReader
  readonly before: number
  readonly snapshotBefore: SnapshotBefore
  /** The base is there, and what it stands for is about to go. */
  took?(base: LogBase): void
}

/** Compacts a log up to the last record that begins at or before a sequence number; others may append to it meanwhile. */
export const compactLog = async ({ shelf, hash, reader, before, ...how }: Compaction): Promise<Compacted> => {
  const { firstSeq: began = 0, committedSeq } = reader
  const key = await shelf.lastKey(seqRange('record', hash, 0, Math.min(before, committedSeq) + 1))
  const firstSeq = key === undefined ? 0 : (readRecordKey(key)?.firstSeq ?? 0)
  const value = key && (await shelf.get(key))
  if (key === undefined || value === undefined || firstSeq <= began) return { firstSeq: began, removed: 0 }
  const { previousHash } = openRecord(key, value)
  const base: LogBase = { firstSeq, previousHash, snapshot: await how.snapshotBefore(reader, firstSeq) }
  await writeDurably(shelf, [{ type: 'put', key: baseKey(hash), value: packBase(base) }])
  how.took?.(base)
  await clearBelow(shelf, hash, firstSeq)
  return { firstSeq, removed: firstSeq - began }
}

/** What a log takes, part by part, oldest first; each of so many bytes at least, but for the last. */
export const measureLog = async (shelf: Shelf, hash: InfoHash, partBytesMin: number): Promise<readonly LogPart[]> => {
  const parts: LogPart[] = []
  for (const kind of ['record', 'inputs'] as const) {
    let part: { readonly firstSeq: number; bytes: number } | undefined
    for await (const entries of shelf.entries(allOf(kind, hash)))
      for (const [key, value] of entries) {
        const place = kind === 'record' ? readRecordKey(key) : readInputsKey(key)
        if (place === undefined) throw new TorrewindError('LOG_DAMAGED', 'a key of the log is damaged')
        if (part === undefined || part.bytes >= partBytesMin) {
          part = { firstSeq: place.firstSeq, bytes: 0 }
          parts.push(part)
        }
        part.bytes += key.length + value.length
      }
  }
  return parts.sort((left, right) => left.firstSeq - right.firstSeq)
}
