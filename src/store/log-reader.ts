/** The reader of one transfer's log on a shelf, up to an end that is known. */
import type { Checkpoint, LogReader } from '../ports.js'
import type { InfoHash } from '../values.js'
import { unpackCheckpoint } from './checkpoints.js'
import { type LogBase, loadBase } from './log-base.js'
import { allOf, checkpointKey, readCheckpointKey } from './log-keys.js'
import { readCommittedInputs } from './read-inputs.js'
import { endByKey, readEvents } from './read-records.js'
import type { Shelf } from './shelf.js'

/** Sequence numbers of the checkpoints of a log, in order. */
export const listCheckpoints = async (shelf: Shelf, hash: InfoHash): Promise<number[]> => {
  const seqs: number[] = []
  for await (const keys of shelf.keys(allOf('checkpoint', hash))) {
    for (const key of keys) {
      const seq = readCheckpointKey(key)
      if (seq !== undefined) seqs.push(seq)
    }
  }
  return seqs
}

/** The newest of these checkpoints, at or below `atMost`, that is not damaged. */
export const findCheckpoint = async (
  shelf: Shelf,
  hash: InfoHash,
  seqs: readonly number[],
  atMost: number,
): Promise<Checkpoint | undefined> => {
  for (const seq of seqs.filter((each) => each <= atMost).reverse()) {
    const bytes = await shelf.get(checkpointKey(hash, seq))
    const snapshot = bytes && unpackCheckpoint(bytes, seq)
    if (snapshot !== undefined) return { seq, snapshot }
  }
  return undefined
}

/** As `findCheckpoint`; where there is none, what the log begins with. */
export const findState = async (
  shelf: Shelf,
  hash: InfoHash,
  { seqs, base }: { readonly seqs: readonly number[]; readonly base: LogBase | undefined },
  atMost: number,
): Promise<Checkpoint | undefined> => {
  const found = await findCheckpoint(shelf, hash, seqs, atMost)
  if (base === undefined || base.firstSeq > atMost || (found !== undefined && found.seq > base.firstSeq)) return found
  return { seq: base.firstSeq, snapshot: base.snapshot }
}

/**
 * A reader of what is there now. It verifies nothing before it reads, so that what is left of a damaged log can be
 * read; but a checkpoint past the end of the records shows that some are missing.
 */
export const openReader = async (shelf: Shelf, hash: InfoHash): Promise<LogReader> => {
  const base = await loadBase(shelf, hash)
  const seqs = await listCheckpoints(shelf, hash)
  const committedSeq = Math.max(await endByKey(shelf, hash), seqs.at(-1) ?? 0)
  const firstSeq = base?.firstSeq ?? 0
  return {
    firstSeq,
    committedSeq,
    read: (from, to = committedSeq) => readEvents(shelf, hash, from, Math.min(to, committedSeq), base),
    readInputs: (from, to) => readCommittedInputs({ shelf, hash, firstSeq, committedSeq }, from, to),
    loadCheckpoint: (atMost = committedSeq) => findState(shelf, hash, { seqs, base }, atMost),
  }
}
