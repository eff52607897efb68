/** Events in memory, read as the log that they would stand in. */
import type { LoggedEvent } from '../events/codec.js'
import { LIMITS } from '../limits.js'
import type { Checkpoint, LogReader } from '../ports.js'

/** As long as records of a log are, which no clock runs back in. */
function* batchesOf(events: readonly LoggedEvent[]): Generator<readonly LoggedEvent[]> {
  let start = 0
  for (let at = 1; at <= events.length; at++) {
    const next = events[at]
    const runsOn = next !== undefined && next.at >= (events[at - 1]?.at ?? 0) && next.event.type !== 'session-began'
    if (runsOn && at - start < LIMITS.logRecordEventsMax) continue
    yield events.slice(start, at)
    start = at
  }
}

/** Events without a gap, from the first of all, or from the state that is given. */
export const logOfEvents = (events: readonly LoggedEvent[], base?: Checkpoint): LogReader => {
  const firstSeq = base?.seq ?? 0
  return {
    firstSeq,
    committedSeq: firstSeq + events.length,
    async *read(from, to = firstSeq + events.length) {
      yield* batchesOf(events.slice(Math.max(0, from - firstSeq), Math.max(0, to - firstSeq)))
    },
    async loadCheckpoint(atMost = Number.POSITIVE_INFINITY) {
      return base !== undefined && base.seq <= atMost ? base : undefined
    },
  }
}
