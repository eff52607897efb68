/** Verifies a log by reading all of it: density, checksums and the chain of hashes. */
import { type ErrorCode, TorrewindError } from '../errors.js'
import type { LogReaders } from '../ports.js'
import { type InfoHash, toHex } from '../values.js'
import { LogDamage } from './log-damage.js'

export interface LogVerdict {
  /** How many events could be read before the first damage. */
  readonly events: number
  /** The first and the last of them; undefined where there are none. */
  readonly firstSeq: number | undefined
  readonly lastSeq: number | undefined
  readonly ok: boolean
  /** How many inputs were recorded beside them, if any were. */
  readonly inputs?: number
  readonly damage?: {
    readonly code: ErrorCode
    /** The first event that cannot be read. */
    readonly seq: number
    /** Where reading could start again, as far as that is known. */
    readonly nextSeq?: number
    readonly reason: string
  }
}

/** Throws `TRANSFER_UNKNOWN` where there is no such transfer. */
export const verifyLog = async (logs: LogReaders, infoHash: InfoHash): Promise<LogVerdict> => {
  let firstSeq: number | undefined
  let lastSeq: number | undefined
  let events = 0
  let inputs = 0
  const verdict = () => ({ events, firstSeq, lastSeq, ...(inputs > 0 ? { inputs } : {}) })
  try {
    const reader = await logs.reader(infoHash)
    if (reader === undefined) throw new TorrewindError('TRANSFER_UNKNOWN', `there is no log of ${toHex(infoHash)}`)
    for await (const record of reader.read(0)) {
      firstSeq ??= record[0]?.seq
      lastSeq = record.at(-1)?.seq
      events += record.length
    }
    for await (const record of reader.readInputs?.(0) ?? []) inputs += record.length
  } catch (error) {
    if (error instanceof LogDamage) {
      const { code, seq, nextSeq, reason } = error
      return { ...verdict(), ok: false, damage: { code, seq, nextSeq, reason } }
    }
    // What LevelDB itself found damaged comes without a number.
    if (error instanceof TorrewindError && error.code === 'LOG_DAMAGED') {
      return { ...verdict(), ok: false, damage: { code: error.code, seq: events, reason: error.message } }
    }
    throw error
  }
  return { ...verdict(), ok: true }
}
