/**
 * Checkpoints: snapshots of the state beside the log, so that opening a long log need not fold all of it.
 *
 * One is `version, sequence number, snapshot, SHA-256 of all of that`. It only saves time: a damaged one is passed over
 * for the one before it. A bounded number is kept, spread evenly over the log, so that the state anywhere is a short
 * fold away.
 */
import { contentOf, seal } from '../events/codec.js'
import { Reader, Unreadable, Writer } from '../events/fields.js'
import { LIMITS } from '../limits.js'

const CHECKPOINT_VERSION = 1

export const packCheckpoint = (seq: number, snapshot: Uint8Array): Uint8Array => {
  const writer = new Writer()
  writer.byte(CHECKPOINT_VERSION)
  writer.whole(seq)
  writer.raw(snapshot)
  return seal(writer.take()).bytes
}

/** The snapshot; undefined where the bytes are damaged, of another sequence number or of a newer version. */
export const unpackCheckpoint = (bytes: Uint8Array, seq: number): Uint8Array | undefined => {
  const sealed = contentOf(bytes)
  if (sealed === undefined) return undefined
  const reader = new Reader(sealed.content)
  try {
    if (reader.byte() !== CHECKPOINT_VERSION || reader.whole() !== seq) return undefined
    return reader.rest().slice()
  } catch (error) {
    if (error instanceof Unreadable) return undefined
    throw error
  }
}

/**
 * Which of these checkpoints, in order, are to go, so that few enough are left: always the one whose neighbours are the
 * closest to each other, but neither the first nor one of the newest.
 */
export const thinOut = (
  seqs: readonly number[],
  kept: number = LIMITS.checkpointsKept,
  newestKept: number = LIMITS.checkpointsNewestKept,
): readonly number[] => {
  const left = [...seqs]
  const gone: number[] = []
  while (left.length > kept) {
    let chosen = 1
    let closest = Number.POSITIVE_INFINITY
    for (let at = 1; at < left.length - newestKept; at++) {
      const distance = (left[at + 1] ?? 0) - (left[at - 1] ?? 0)
      if (distance < closest) {
        closest = distance
        chosen = at
      }
    }
    gone.push(...left.splice(chosen, 1))
  }
  return gone
}
