/**
 * Clocks: how far the clock of one side is ahead of the other's, from messages in both directions.
 *
 * A message from `a` to `b` bounds that from above, one from `b` to `a` from below. Between the bounds nothing tells a
 * clock that is ahead from a way that is slower in one direction, so the middle is taken. Where no number fits all
 * messages, a clock was set, or runs faster: from there on there is another one.
 */
import type { Cause } from './causes.js'

export interface Offset {
  /** Holds from these events on. */
  readonly fromSeqA: number
  readonly fromSeqB: number
  /** The clock of `b` less that of `a`. */
  readonly offsetMs: number
  /** It may be so much more or less; undefined where messages went one way only. */
  readonly uncertaintyMs: number | undefined
}

/** Times are whole milliseconds, so each may be nearly one too early. */
const GRAIN_MS = 1

interface Bounds {
  readonly fromSeqA: number
  readonly fromSeqB: number
  low: number
  high: number
}

const offsetOf = ({ fromSeqA, fromSeqB, low, high }: Bounds): Offset => {
  const bounded = Number.isFinite(low) && Number.isFinite(high)
  const offsetMs = bounded ? Math.round((low + high) / 2) : Number.isFinite(low) ? low : high
  return { fromSeqA, fromSeqB, offsetMs, uncertaintyMs: bounded ? Math.max(0, Math.ceil((high - low) / 2)) : undefined }
}

/** In order; none where nothing was said. */
export const offsetsOf = (causes: readonly Cause[]): readonly Offset[] => {
  const seen = causes
    .filter(({ certain }) => certain)
    .map(({ side, cause, effect }) => {
      const [a, b] = side === 'a' ? [cause, effect] : [effect, cause]
      const ahead = b.at - a.at
      const [low, high] =
        side === 'a' ? [Number.NEGATIVE_INFINITY, ahead + GRAIN_MS] : [ahead - GRAIN_MS, Number.POSITIVE_INFINITY]
      return { a, b, low, high }
    })
    .sort((left, right) => left.a.seq - right.a.seq || left.b.seq - right.b.seq)
  const epochs: Bounds[] = []
  for (const { a, b, low, high } of seen) {
    const epoch = epochs.at(-1)
    if (epoch === undefined || Math.max(epoch.low, low) > Math.min(epoch.high, high))
      epochs.push({ fromSeqA: epoch === undefined ? 0 : a.seq, fromSeqB: epoch === undefined ? 0 : b.seq, low, high })
    else {
      epoch.low = Math.max(epoch.low, low)
      epoch.high = Math.min(epoch.high, high)
    }
  }
  return epochs.map(offsetOf)
}

/** What to take off a time of `b`'s at an event, to have it by `a`'s clock. */
export const offsetAt = (offsets: readonly Offset[], seqB: number): number => {
  let found = offsets[0]
  for (const offset of offsets) if (offset.fromSeqB <= seqB) found = offset
  return found?.offsetMs ?? 0
}
