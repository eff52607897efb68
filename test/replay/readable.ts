/** A log that was told and not written: what histories and explanations are read from in tests. */
import type { LoggedEvent } from '../../src/events/codec.js'
import type { ReadableLog } from '../../src/replay/index.js'

const RECORD_EVENTS = 100

/** Reads as a log of records of a hundred events each, without a checkpoint. */
export const readable = (events: readonly LoggedEvent[]): ReadableLog => ({
  committedSeq: events.length,
  async *read(from, to = events.length) {
    for (let at = from; at < to; at += RECORD_EVENTS) yield events.slice(at, Math.min(to, at + RECORD_EVENTS))
  },
  loadCheckpoint: async () => undefined,
})
