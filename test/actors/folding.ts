/** Folding a log as it comes back from the disk: every event through the codec. */
import type { LoggedEvent } from '../../src/events/codec.js'
import { readEvent, writeEvent } from '../../src/events/codec.js'
import { evolve } from '../../src/events/evolve.js'
import { Reader, Writer } from '../../src/events/fields.js'
import { initialState, type TransferState } from '../../src/events/state.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'

/** The event as the log gives it back. */
const throughLog = (event: TransferEvent): TransferEvent => {
  const writer = new Writer()
  writeEvent(writer, event)
  return readEvent(new Reader(writer.take()))
}

export const foldOf = (log: readonly LoggedEvent[]): TransferState => {
  const state = initialState()
  for (const { seq, at, event } of log) evolve(state, { seq, at, event: throughLog(event) })
  return state
}
