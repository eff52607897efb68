/** Settings of a run: what `--set KEY=VALUE` takes, each with its meaning, its default and its bounds. */
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import type { Encryption } from '../src/transports/dialing.js'
import type { TorrentVersion } from '../src/wire/metainfo.js'
import type { ArrivalSettings } from './churn/arrivals.js'
import { type BandwidthClass, readClasses } from './churn/classes.js'
import { type Duration, readDuration, readStay, type Stay } from './churn/durations.js'
import { parseTrace, type Trace } from './churn/trace.js'
import { type Files, fileText, invalid, plainNumber } from './churn/words.js'
import { NAT_KINDS, type NatKind } from './nat.js'
import { TRANSPORTS, type Transport } from './node-settings.js'

export interface RunSettings extends ArrivalSettings {
  /** Leechers. */
  readonly peers: number
  readonly seeds: number
  readonly contentBytes: number
  readonly pieceLength: number
  readonly files: number
  /** Torrents of the swarm, each of its own content; all peers want all of them. */
  readonly torrents: number
  /** So many of them a leecher downloads and seeds at one time; 0 for no bound. */
  readonly maxDownloads: number
  readonly maxSeeds: number
  /** Version of the torrent: v1, v2 or hybrid (BEP 52). */
  readonly format: TorrentVersion
  /** Bytes a second; 0 for no limit. */
  readonly seedUploadRate: number
  readonly uploadRate: number
  readonly downloadRate: number
  /** In place of the two rates above, for leechers, where there are any. */
  readonly classes: readonly BandwidthClass[]
  readonly roundTripMs: number
  readonly jitterMs: number
  readonly lossRate: number
  /** Shares of datagrams that arrive twice, and that let those behind them pass. */
  readonly duplicateRate: number
  readonly reorderRate: number
  /** The most that each is connected with. */
  readonly maxPeers: number
  readonly trackers: number
  readonly trackerIntervalSeconds: number
  /** Trackers over WebSocket, which introduce peers who then meet by WebRTC. */
  readonly webTrackers: number
  /** 1 where all are nodes of the DHT, and begin with the first seed; and where all exchange peers. */
  readonly dht: number
  readonly pex: number
  /** What carries connections: TCP, uTP (BEP 29), or either; and whether they are encrypted. */
  readonly transport: Transport
  readonly encryption: Encryption
  /** Web servers that have the content, and the bytes a second of each of their answers; 0 for no limit. */
  readonly webSeeds: number
  readonly webSeedRate: number
  /** How long a leecher stays at a time, unless it finishes. */
  readonly sessions: Duration
  /** How long a leecher that left unfinished is away before it comes back; for ever, where it does not. */
  readonly absences: Duration
  /** How long a leecher stays once it finished. It does not come back. */
  readonly seedStay: Stay
  /** The first seeds leave when the leechers between them hold this share of all pieces; 0 for never. */
  readonly seedsLeaveAtShare: number
  /** So many leechers are there from the start, and have all but one piece, the same for all. */
  readonly clubPeers: number
  readonly poisoners: number
  /** Peers that faults may make hostile, and the hosts that they share; 0 where each has its own. */
  readonly hostiles: number
  readonly hostileHosts: number
  /** Share of leechers that nobody can dial. */
  readonly natShare: number
  /** What lets datagrams through to those, and for how long after the last that they sent. */
  readonly natKind: NatKind
  readonly natTimeoutSeconds: number
  /** Share of leechers that never serve anybody. */
  readonly freeRiderShare: number
  /** What is measured is measured from then on, and until the last arrival; of the whole run, where it is 0. */
  readonly warmupSeconds: number
  /** Faults happen for so long. */
  readonly faultSeconds: number
  /** Kinds of faults that the schedule is drawn from, with `+` between them; empty for all. */
  readonly faults: string
  /** The run is given up then. */
  readonly limitSeconds: number
  /** So many nodes, the first ones, record their inputs, which are decided again when they end. */
  readonly recordedNodes: number
}

const MIB = 1_048_576

export const SETTINGS: RunSettings = {
  peers: 50,
  seeds: 1,
  contentBytes: 16 * MIB,
  pieceLength: 262_144,
  files: 1,
  torrents: 1,
  maxDownloads: 0,
  maxSeeds: 0,
  format: 'v1',
  seedUploadRate: MIB,
  uploadRate: MIB,
  downloadRate: 8 * MIB,
  classes: [],
  roundTripMs: 50,
  jitterMs: 1,
  lossRate: 0,
  duplicateRate: 0,
  reorderRate: 0,
  maxPeers: LIMITS.peersMax,
  trackers: 1,
  trackerIntervalSeconds: 120,
  webTrackers: 0,
  dht: 0,
  pex: 0,
  transport: 'tcp',
  encryption: 'off',
  webSeeds: 0,
  webSeedRate: MIB,
  arrivalsPerSecond: 0,
  arrivalsDecaySeconds: 0,
  trace: [],
  sessions: { type: 'forever' },
  absences: { type: 'forever' },
  seedStay: { type: 'session' },
  seedsLeaveAtShare: 0,
  clubPeers: 0,
  poisoners: 0,
  hostiles: 0,
  hostileHosts: 0,
  natShare: 0,
  natKind: 'port-restricted',
  natTimeoutSeconds: 120,
  freeRiderShare: 0,
  warmupSeconds: 0,
  faultSeconds: 120,
  faults: '',
  limitSeconds: 86_400,
  recordedNodes: 0,
}

/** The files that values name are read before, by whoever may read files. */
type Reader<Value> = (key: string, text: string, files: Files) => Value

const numberFrom =
  (least: number, most: number, whole: boolean) =>
  (key: string, text: string): number => {
    const value = plainNumber(text) ?? Number.NaN
    if (value >= least && value <= most && (!whole || Number.isSafeInteger(value))) return value
    throw invalid(key, text, `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`)
  }

const trace = (key: string, text: string, files: Files): Trace =>
  text === '' ? [] : parseTrace(fileText(key, text, files), text)
const words = (_: string, text: string): string => text
const oneOf =
  <Word extends string>(all: readonly Word[]) =>
  (key: string, text: string): Word => {
    const word = all.find((each) => each === text)
    if (word === undefined) throw invalid(key, text, `one of ${all.join(', ')}`)
    return word
  }
const rate = numberFrom(0, 1e12, true)
const share = numberFrom(0, 1, false)

const READERS: { readonly [Key in keyof RunSettings]: Reader<RunSettings[Key]> } = {
  peers: numberFrom(1, 100_000, true),
  seeds: numberFrom(1, 10_000, true),
  contentBytes: numberFrom(1, 4 * 1_024 * MIB, true),
  pieceLength: numberFrom(16_384, 128 * MIB, true),
  files: numberFrom(1, 10_000, true),
  torrents: numberFrom(1, 100, true),
  maxDownloads: numberFrom(0, LIMITS.queueBoundMax, true),
  maxSeeds: numberFrom(0, LIMITS.queueBoundMax, true),
  format: oneOf(['v1', 'v2', 'hybrid']),
  seedUploadRate: rate,
  uploadRate: rate,
  downloadRate: rate,
  classes: readClasses,
  roundTripMs: numberFrom(0, 60_000, false),
  jitterMs: numberFrom(0, 60_000, false),
  lossRate: numberFrom(0, 0.5, false),
  duplicateRate: share,
  reorderRate: share,
  maxPeers: numberFrom(1, LIMITS.peersCeiling, true),
  trackers: numberFrom(0, 20, true),
  trackerIntervalSeconds: numberFrom(10, 86_400, true),
  dht: numberFrom(0, 1, true),
  pex: numberFrom(0, 1, true),
  transport: oneOf(TRANSPORTS),
  encryption: oneOf(['off', 'prefer', 'require']),
  webTrackers: numberFrom(0, 20, true),
  webSeeds: numberFrom(0, 20, true),
  webSeedRate: rate,
  arrivalsPerSecond: numberFrom(0, 10_000, false),
  arrivalsDecaySeconds: numberFrom(0, 1e8, false),
  trace,
  sessions: readDuration,
  absences: readDuration,
  seedStay: readStay,
  seedsLeaveAtShare: share,
  clubPeers: numberFrom(0, 100_000, true),
  poisoners: numberFrom(0, 10_000, true),
  hostiles: numberFrom(0, 10_000, true),
  hostileHosts: numberFrom(0, 10_000, true),
  natShare: share,
  natKind: oneOf(NAT_KINDS),
  natTimeoutSeconds: numberFrom(1, 86_400, false),
  freeRiderShare: share,
  warmupSeconds: numberFrom(0, 1e8, false),
  faultSeconds: numberFrom(0, 86_400, true),
  faults: words,
  limitSeconds: numberFrom(1, 1e8, true),
  recordedNodes: numberFrom(0, 100_000, true),
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

/** What does not fit together. */
const check = (settings: RunSettings): RunSettings => {
  const { peers, clubPeers, webTrackers, trace, transport, encryption, poisoners, hostiles } = settings
  const most = trace.length === 0 ? peers : Math.min(peers, trace.length)
  if (peers > most) throw invalid('peers', String(peers), `at most ${most}, as the trace has no more`)
  if (clubPeers > peers) throw invalid('clubPeers', String(clubPeers), `a part of the ${peers} peers`)
  if (webTrackers > 0 && poisoners + hostiles > 0)
    throw invalid('webTrackers', String(webTrackers), '0, where there are poisoners or hostiles')
  // Their manners are put on between engine and connection, where uTP and encryption have none that could be read.
  if ((transport !== 'tcp' || encryption !== 'off') && poisoners + hostiles > 0)
    throw invalid('transport', transport, 'tcp, with encryption off, where there are poisoners or hostiles')
  return settings
}

/**
 * Settings with these values, numbers or words, in place of the defaults; a trace brings as many peers as it has, unless
 * it is said how many. `files` has the text of each file that a value names. Throws `OPTION_INVALID`, and
 * `TRACE_INVALID` of a file.
 */
export const readSettings = (
  defaults: RunSettings,
  values: SettingValues | Readonly<Record<string, string>>,
  files: Files = new Map(),
): RunSettings => {
  const changed: { -readonly [Key in keyof RunSettings]?: unknown } = {}
  for (const [key, value] of Object.entries(values)) {
    if (!isKey(key))
      throw new TorrewindError(
        'OPTION_INVALID',
        `there is no setting ${key}; there are: ${Object.keys(READERS).join(', ')}`,
      )
    if (value !== undefined) changed[key] = READERS[key](key, wordOf(key, value), files)
  }
  const settings = { ...defaults, ...changed } as RunSettings // each was read by its reader
  const traced = changed.trace !== undefined && settings.trace.length > 0 && changed.peers === undefined
  return check(traced ? { ...settings, peers: settings.trace.length } : settings)
}

const FILE_KEYS: ReadonlySet<string> = new Set<keyof RunSettings>(['sessions', 'absences', 'seedStay'])

/** The paths of the files that these words name. */
export const filesNamed = (words: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(words).flatMap(([key, text]) => {
    if (key === 'trace' && text !== '') return [text]
    return FILE_KEYS.has(key) && text.startsWith('trace:') ? [text.slice('trace:'.length)] : []
  })
