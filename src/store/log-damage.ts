/** Damage: what a reader of the log says of the first record that it cannot read. */
import { TorrewindError } from '../errors.js'

export class LogDamage extends TorrewindError {
  constructor(
    code: 'LOG_DAMAGED' | 'LOG_VERSION',
    /** The first event that cannot be read. */
    readonly seq: number,
    /** The first event after the damage: reading can start again there, unless that is damaged too. */
    readonly nextSeq: number,
    readonly reason: string,
  ) {
    super(code, `event ${seq} of the log cannot be read: ${reason}; ${readable(seq)} before it can be`)
  }
}

const readable = (seq: number): string =>
  seq === 0 ? 'no event' : seq === 1 ? 'event 0' : seq === 2 ? 'events 0 and 1' : `events 0 to ${seq - 1}`

/** `event 5` or `events 5 to 9`, of the events from `from` up to, but without, `to`. */
export const showEvents = (from: number, to: number): string =>
  to - from === 1 ? `event ${from}` : `events ${from} to ${to - 1}`
