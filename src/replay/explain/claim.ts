/** A claim: a cause in the words of its case, with the events that would prove it. */
import type { TransferState } from '../../events/state.js'
import type { History } from '../history.js'
import type { CauseCode } from './causes.js'
import type { Sought } from './evidence.js'

export interface Claim {
  readonly code: CauseCode
  readonly text: string
  readonly proof: readonly Sought[]
  /** Events that were found already. */
  readonly events: readonly number[]
}

/** How things stand, in a word. */
export type Verdict = 'complete' | 'progressing' | 'waiting' | 'stuck' | 'stopped' | 'unwanted' | 'unknown'

export interface Finding {
  readonly verdict: Verdict
  /** Causes in order: what decides comes first. */
  readonly claims: readonly Claim[]
}

/** What is looked at: the state at a moment, and the history that led to it. */
export interface View {
  readonly state: Readonly<TransferState>
  /** When it is looked at, in ms since 1970: that of the moment's event, or later where nothing has happened since. */
  readonly now: number
  readonly history: History
}

export const claim = (code: CauseCode, text: string, ...proof: readonly Sought[]): Claim => ({
  code,
  text,
  proof,
  events: [],
})

export const proven = (code: CauseCode, text: string, ...events: readonly number[]): Claim => ({
  code,
  text,
  proof: [],
  events,
})

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** `850 ms`, `12 s`, `3 min`, `5 h`. */
export const showDuration = (ms: number): string => {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`
  return ms < 2 * HOUR_MS ? `${Math.round(ms / MINUTE_MS)} min` : `${Math.round(ms / HOUR_MS)} h`
}

export const showMany = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

const KIB = 1_024

/** Bytes a second. */
export const showRate = (bytesPerSecond: number): string =>
  bytesPerSecond < 10 * KIB * KIB
    ? `${Math.round(bytesPerSecond / KIB)} KiB/s`
    : `${Math.round(bytesPerSecond / KIB / KIB)} MiB/s`
