/** Settings of a run: what `--set KEY=VALUE` takes, each with its meaning, its default and its bounds. */
import { TorrewindError } from '../src/errors.js'
import type { Chance } from './random.js'

/** How long something lasts, in seconds: for ever, a fixed time, or drawn anew each time. */
export type Duration =
  | { readonly type: 'forever' }
  | { readonly type: 'fixed'; readonly seconds: number }
  | { readonly type: 'exponential'; readonly mean: number }
  | { readonly type: 'weibull'; readonly scale: number; readonly shape: number }

export interface RunSettings {
  /** Leechers. */
  readonly peers: number
  readonly seeds: number
  readonly contentBytes: number
  readonly pieceLength: number
  readonly files: number
  /** Bytes a second; 0 for no limit. */
  readonly seedUploadRate: number
  readonly uploadRate: number
  readonly downloadRate: number
  readonly roundTripMs: number
  readonly jitterMs: number
  readonly lossRate: number
  readonly trackers: number
  readonly trackerIntervalSeconds: number
  /** 0 for all at once. */
  readonly arrivalsPerSecond: number
  /** How long a leecher stays that has not finished. */
  readonly sessions: Duration
  /** How long a leecher stays once it finished. */
  readonly seedStay: Duration
  readonly poisoners: number
  /** Share of leechers that nobody can dial. */
  readonly natShare: number
  /** Faults happen for so long. */
  readonly faultSeconds: number
  /** Kinds of faults that the schedule is drawn from, with `+` between them; empty for all. */
  readonly faults: string
  /** The run is given up then. */
  readonly limitSeconds: number
}

const MIB = 1_048_576

export const SETTINGS: RunSettings = {
  peers: 50,
  seeds: 1,
  contentBytes: 16 * MIB,
  pieceLength: 262_144,
  files: 1,
  seedUploadRate: MIB,
  uploadRate: MIB,
  downloadRate: 8 * MIB,
  roundTripMs: 50,
  jitterMs: 1,
  lossRate: 0,
  trackers: 1,
  trackerIntervalSeconds: 120,
  arrivalsPerSecond: 0,
  sessions: { type: 'forever' },
  seedStay: { type: 'forever' },
  poisoners: 0,
  natShare: 0,
  faultSeconds: 120,
  faults: '',
  limitSeconds: 86_400,
}

const invalid = (key: string, value: string, takes: string): TorrewindError =>
  new TorrewindError('OPTION_INVALID', `${key} cannot be "${value}": it is ${takes}`)

const numberFrom =
  (least: number, most: number, whole: boolean) =>
  (key: string, text: string): number => {
    const value = /^\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most && (!whole || Number.isSafeInteger(value))) return value
    throw invalid(key, text, `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`)
  }

const positive = (text: string | undefined): number | undefined => {
  const value = text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return value > 0 && value < 1e9 ? value : undefined
}

const duration = (key: string, text: string): Duration => {
  const takes = 'forever, SECONDS, exponential:MEAN or weibull:SCALE,SHAPE, in seconds'
  if (text === 'forever') return { type: 'forever' }
  if (text === '0') return { type: 'fixed', seconds: 0 }
  const [kind = '', rest] = text.split(':', 2)
  const [first, second] = (rest ?? kind).split(',').map(positive)
  if (rest === undefined && first !== undefined) return { type: 'fixed', seconds: first }
  if (kind === 'exponential' && first !== undefined) return { type: 'exponential', mean: first }
  if (kind === 'weibull' && first !== undefined && second !== undefined)
    return { type: 'weibull', scale: first, shape: second }
  throw invalid(key, text, takes)
}

const words = (_: string, text: string): string => text
const rate = numberFrom(0, 1e12, true)

const READERS: { readonly [Key in keyof RunSettings]: (key: string, text: string) => RunSettings[Key] } = {
  peers: numberFrom(1, 100_000, true),
  seeds: numberFrom(1, 10_000, true),
  contentBytes: numberFrom(1, 4 * 1_024 * MIB, true),
  pieceLength: numberFrom(16_384, 128 * MIB, true),
  files: numberFrom(1, 10_000, true),
  seedUploadRate: rate,
  uploadRate: rate,
  downloadRate: rate,
  roundTripMs: numberFrom(0, 60_000, false),
  jitterMs: numberFrom(0, 60_000, false),
  lossRate: numberFrom(0, 0.5, false),
  trackers: numberFrom(0, 20, true),
  trackerIntervalSeconds: numberFrom(10, 86_400, true),
  arrivalsPerSecond: numberFrom(0, 10_000, false),
  sessions: duration,
  seedStay: duration,
  poisoners: numberFrom(0, 10_000, true),
  natShare: numberFrom(0, 1, false),
  faultSeconds: numberFrom(0, 86_400, true),
  faults: words,
  limitSeconds: numberFrom(1, 1e8, true),
}

const isKey = (key: string): key is keyof RunSettings => Object.hasOwn(READERS, key)

/** What a scenario may set: numbers, or the words of the command line, as `weibull:17754,0.66`. */
export type SettingValues = {
  readonly [Key in keyof RunSettings]?: RunSettings[Key] extends number
    ? number
    : RunSettings[Key] extends string
      ? string
      : number | string
}

const wordOf = (key: string, value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new TorrewindError(
    'OPTION_INVALID',
    `${key} is a number or a word, and cannot be ${value === null ? 'null' : `of type ${typeof value}`}`,
  )
}

/** Settings with these values, numbers or words, in place of the defaults. Throws `OPTION_INVALID`. */
export const readSettings = (
  defaults: RunSettings,
  values: SettingValues | Readonly<Record<string, string>>,
): RunSettings => {
  const changed: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(values)) {
    if (!isKey(key))
      throw new TorrewindError(
        'OPTION_INVALID',
        `there is no setting ${key}; there are: ${Object.keys(READERS).join(', ')}`,
      )
    if (value !== undefined) changed[key] = READERS[key](key, wordOf(key, value))
  }
  return { ...defaults, ...changed }
}

/** Seconds; infinite for what lasts for ever. */
export const drawDuration = (length: Duration, chance: Chance): number => {
  switch (length.type) {
    case 'forever':
      return Number.POSITIVE_INFINITY
    case 'fixed':
      return length.seconds
    case 'exponential':
      return chance.exponential(length.mean)
    case 'weibull':
      return length.scale * chance.exponential(1) ** (1 / length.shape)
  }
}
