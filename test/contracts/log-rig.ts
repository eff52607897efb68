/** What the tests of the log share: logs under test, events to fill them with, and waits that are bounded. */
import { systemCode } from '../../src/errors.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import type { LogReader, LogStore, TransferEntry, TransferLog } from '../../src/ports.js'
import type { Shelf } from '../../src/store/shelf.js'
import { infoHash, instant, peerKey, pieceIndex } from '../../src/values.js'

/** One place where logs are kept. */
export interface LogPlace {
  /** Opens the store; one that was open before is closed or gone. */
  open(): Promise<LogStore>
  /** Changes what is stored, while the store is closed. */
  tamper(change: (shelf: Shelf) => Promise<void>): Promise<void>
  dispose(): Promise<void>
}

export const FIRST_AT = 1_700_000_000_000

export const entryOf = (byte: number): TransferEntry => ({
  infoHash: infoHash(new Uint8Array(20).fill(byte)),
  torrent: new Uint8Array(100).fill(byte),
})

/** An event that its number can be told from. */
export const eventOf = (seq: number): TransferEvent =>
  seq % 3 === 0
    ? { type: 'bitfield-received', peer: peerKey(seq), bits: new Uint8Array(seq % 50).fill(seq % 256) }
    : { type: 'have-received', peer: peerKey(seq % 7), piece: pieceIndex(seq) }

export const loggedOf = (seq: number): unknown => ({ seq, at: FIRST_AT + seq, event: eventOf(seq) })
export const loggedFrom = (from: number, to: number): unknown[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => loggedOf(from + index))

export const append = (log: TransferLog, count: number): void => {
  for (let left = count; left > 0; left--) log.append(instant(FIRST_AT + log.nextSeq), eventOf(log.nextSeq))
}

/** Resolves when so many events are committed; fails after 10 s, or when the log does. */
export const committed = (log: TransferLog, seq: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const overdue = setTimeout(
      () => reject(new Error(`${log.committedSeq} of ${seq} are committed after 10 s`)),
      10_000,
    )
    const heard = log.onCommitted
    const failed = log.onFailed
    const check = (): void => {
      if (log.committedSeq < seq) return
      clearTimeout(overdue)
      log.onCommitted = heard
      log.onFailed = failed
      resolve()
    }
    log.onCommitted = (committedSeq) => {
      heard?.(committedSeq)
      check()
    }
    log.onFailed = (failure) => {
      failed?.(failure)
      clearTimeout(overdue)
      reject(new Error(failure.message))
    }
    check()
  })

/** Appends and commits, each count of events as one record at least. */
export const commitRecords = async (log: TransferLog, ...counts: readonly number[]): Promise<void> => {
  for (const count of counts) {
    append(log, count)
    log.flush()
    await committed(log, log.nextSeq)
  }
}

export const readAll = async (log: LogReader, from = 0, to?: number): Promise<LoggedEvent[]> => {
  const events: LoggedEvent[] = []
  for await (const some of log.read(from, to)) events.push(...some)
  return events
}

/** What it throws: its code and its message. */
export const errorOf = async (job: () => Promise<unknown>): Promise<{ code: string | undefined; message: string }> => {
  try {
    await job()
  } catch (error) {
    if (error instanceof Error) return { code: systemCode(error) ?? error.name, message: error.message }
    throw error
  }
  return { code: 'NOTHING', message: 'nothing was thrown' }
}
