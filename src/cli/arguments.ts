/** What the words of a command line mean: numbers, sizes, addresses; wrong ones are refused while it is parsed. */
import { InvalidArgumentError, Option } from 'commander'
import type { AddOptions, Retention } from '../index.js'
import { type PeerAddress, readAddress } from '../values.js'

/** A whole number from `min` to `max`. */
export const wholeFrom =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    const bounds = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`
    throw new InvalidArgumentError(`It is a whole number ${bounds}.`)
  }

/** 0 takes any free port. */
export const port = wholeFrom(0, 65_535)

/** The number of an event. */
export const sequenceNumber = wholeFrom(0)

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1_024, m: 1_024 ** 2, g: 1_024 ** 3, t: 1_024 ** 4 }

/** `1048576`, `1M`, `1MiB`; what follows a size is taken off by `rate`. */
export const bytes = (text: string): number => {
  const [, number, unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?) ?(?:([kmgt])(?:i?b)?|b)?$/i.exec(text) ?? []
  const value = Math.round(Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN))
  if (Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('It is a number of bytes, as 1048576, 1024K or 1M.')
}

const MS_PER: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `30m`, `12h`, `14d`: in milliseconds. */
export const duration = (text: string): number => {
  const [, number, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const value = Number(number) * (MS_PER[unit] ?? Number.NaN)
  if (Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('It is a number of seconds, minutes, hours or days, as 90s, 30m, 12h or 14d.')
}

/** Bytes a second. */
export const rate = (text: string): number => bytes(text.replace(/\/s$/, ''))

export const peerAddress = (text: string): PeerAddress => {
  const address = readAddress(text)
  if (address === undefined) throw new InvalidArgumentError('It is HOST:PORT, with an IPv6 address in brackets.')
  return address
}

/** Collects an option that may be given many times. */
export const each =
  <Value>(parse: (text: string) => Value) =>
  (text: string, before: readonly Value[] = []): readonly Value[] => [...before, parse(text)]

export const asIs = (text: string): string => text

export const dhtNode = (): Option =>
  new Option(
    '--dht-node <host:port>',
    'a node of the DHT to begin with, in place of those that everybody knows; may be given many times',
  ).argParser(each(peerAddress))
export const recordOption = (): Option =>
  new Option(
    '--record <what>',
    'what the log has of this run: its events, or also the inputs that they were decided by',
  )
    .choices(['events', 'inputs'])
    .default('events')

export interface RetentionFlags {
  /** In ms. */
  readonly logMaxAge?: number
  readonly logMaxSize?: number
}

export const logMaxAge = (): Option =>
  new Option(
    '--log-max-age <duration>',
    'compact events of the log that happened longer ago: 12h, 14d (default: all are kept)',
  ).argParser(duration)
export const logMaxSize = (): Option =>
  new Option(
    '--log-max-size <bytes>',
    'compact the oldest events beyond so much, as 20M (default: all are kept)',
  ).argParser(bytes)

export const retentionOf = ({ logMaxAge: maxAgeMs, logMaxSize: maxBytes }: RetentionFlags): Retention | undefined =>
  maxAgeMs === undefined && maxBytes === undefined ? undefined : { maxAgeMs, maxBytes }

/** How far seeding goes, and with how many; the flags that `get` and `seed` share. */
export interface GoalFlags {
  readonly seedRatio?: number
  /** In ms. */
  readonly seedTime?: number
  readonly maxPeers?: number
  readonly uploadSlots?: number
}

const ratio = (text: string): number => {
  const value = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  if (Number.isFinite(value)) return value
  throw new InvalidArgumentError('It is a number, as 1.5.')
}

export const goalOptions = (): readonly Option[] => [
  new Option('--seed-ratio <n>', 'seed until so many times as much was uploaded as downloaded').argParser(ratio),
  new Option('--seed-time <duration>', 'seed for so long, over all runs: 90m, 14d').argParser(duration),
  new Option('--max-peers <n>', 'the most connections (default: 80)').argParser(wholeFrom(1, 2_000)),
  new Option('--upload-slots <n>', 'how many peers are served at one time (default: 8)').argParser(wholeFrom(1, 2_000)),
]

/** A run without a flag is one without its bound. */
export const goalsOf = (flags: GoalFlags): Pick<AddOptions, 'goals' | 'bounds'> => ({
  goals: { ratio: flags.seedRatio ?? 0, seedingMs: flags.seedTime ?? 0 },
  bounds: { maxPeers: flags.maxPeers ?? 0, uploadSlots: flags.uploadSlots ?? 0 },
})
