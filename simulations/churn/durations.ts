/** Durations: how long something lasts, for ever, a fixed time, or drawn anew each time from a distribution. */
import type { Chance } from '../random.js'
import { isWeibullFit, WEIBULL_FITS } from './presets.js'
import { parseSamples } from './trace.js'
import { type Files, fileText, invalid, plainNumber } from './words.js'

/** In seconds. */
export type Duration =
  | { readonly type: 'forever' }
  | { readonly type: 'fixed'; readonly seconds: number }
  | { readonly type: 'exponential'; readonly mean: number }
  | { readonly type: 'weibull'; readonly scale: number; readonly shape: number }
  /** The logarithm is normal, with that of the median for its mean, and this for its standard deviation. */
  | { readonly type: 'lognormal'; readonly median: number; readonly sigma: number }
  /** Never less than the scale. */
  | { readonly type: 'pareto'; readonly scale: number; readonly shape: number }
  /** Any of these, each as likely as the others. */
  | { readonly type: 'samples'; readonly seconds: readonly number[] }

/** How long a leecher stays once it finished: that, or as long as the session lasts in which it did. */
export type Stay = Duration | { readonly type: 'session' }

/** What lasts longer than thirty years lasts for ever: heavy tails have no end, and clocks have one. */
const SECONDS_MAX = 1e9
const SECONDS_PER_MINUTE = 60
/** Beyond these a distribution is all at one place, or its tail is all there is. */
const SHAPE_MIN = 0.01
const SHAPE_MAX = 100

const TAKES =
  'forever, SECONDS, exponential:MEAN, weibull:SCALE,SHAPE, weibull:NAME, lognormal:MEDIAN,SIGMA, pareto:SCALE,SHAPE ' +
  'or trace:FILE, in seconds'
const TAKES_NAME = `weibull:NAME takes ${Object.keys(WEIBULL_FITS).join(', ')}`

const distribution = (kind: string, numbers: readonly (number | undefined)[]): Duration | undefined => {
  const [first = 0, second = 0] = numbers
  if (first <= 0 || first > SECONDS_MAX) return undefined
  if (numbers.length === 1) return kind === 'exponential' ? { type: kind, mean: first } : undefined
  if (numbers.length !== 2 || second < SHAPE_MIN || second > SHAPE_MAX) return undefined
  if (kind === 'weibull' || kind === 'pareto') return { type: kind, scale: first, shape: second }
  return kind === 'lognormal' ? { type: kind, median: first, sigma: second } : undefined
}

/** Throws `OPTION_INVALID`, and `TRACE_INVALID` of a file. */
export const readDuration = (key: string, text: string, files: Files): Duration => {
  if (text === 'forever') return { type: 'forever' }
  const seconds = plainNumber(text)
  if (seconds !== undefined && seconds <= SECONDS_MAX) return { type: 'fixed', seconds }
  const at = text.indexOf(':')
  const [kind, rest] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
  if (kind === 'trace' && rest !== '')
    return { type: 'samples', seconds: parseSamples(fileText(key, rest, files), rest) }
  if (kind === 'weibull' && isWeibullFit(rest)) {
    const { scaleMinutes, shape } = WEIBULL_FITS[rest]
    return { type: 'weibull', scale: scaleMinutes * SECONDS_PER_MINUTE, shape }
  }
  const read = distribution(kind, rest.split(',').map(plainNumber))
  if (read !== undefined) return read
  throw invalid(key, text, kind === 'weibull' && /^[a-z]/.test(rest) ? `${TAKES}; ${TAKES_NAME}` : TAKES)
}

/** Throws as `readDuration` does. */
export const readStay = (key: string, text: string, files: Files): Stay =>
  text === 'session' ? { type: 'session' } : readDuration(key, text, files)

/** Raising to a power by `**` is not the same on every machine; exp and log are. */
const power = (base: number, exponent: number): number => (base === 0 ? 0 : Math.exp(Math.log(base) * exponent))

const draw = (length: Duration, chance: Chance): number => {
  switch (length.type) {
    case 'forever':
      return Number.POSITIVE_INFINITY
    case 'fixed':
      return length.seconds
    case 'exponential':
      return chance.exponential(length.mean)
    case 'weibull':
      return length.scale * power(chance.exponential(1), 1 / length.shape)
    case 'lognormal':
      return length.median * Math.exp(length.sigma * chance.normal())
    case 'pareto':
      return length.scale * Math.exp(chance.exponential(1) / length.shape)
    case 'samples':
      return chance.pick(length.seconds)
  }
}

/** Seconds; infinite for what lasts for ever. */
export const drawDuration = (length: Duration, chance: Chance): number => {
  const seconds = draw(length, chance)
  return seconds > SECONDS_MAX ? Number.POSITIVE_INFINITY : seconds
}
