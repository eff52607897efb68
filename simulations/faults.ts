/** Faults as data: what may go wrong in a run, as it is drawn, kept in files, shortened and played again. */
import { TorrewindError } from '../src/errors.js'
import type { TrackerMood } from './discovery.js'
import { MANNERS, type Manner } from './manners.js'

interface Timed {
  readonly atSeconds: number
  readonly forSeconds: number
}
interface OfNode extends Timed {
  readonly node: number
}

export type Fault =
  | ({ readonly kind: 'crash'; readonly how: 'process' | 'power' } & OfNode)
  /** Its lines are so much slower. */
  | ({ readonly kind: 'slow'; readonly times: number } & OfNode)
  | ({ readonly kind: 'lossy'; readonly lossRate: number } & OfNode)
  /** These nodes and the others hear nothing of each other; one way: the others hear nothing of these. */
  | ({ readonly kind: 'partition'; readonly nodes: readonly number[]; readonly oneWay: boolean } & Timed)
  /** Breaks the node's connections, each with this probability. */
  | ({ readonly kind: 'resets'; readonly share: number } & OfNode)
  | ({ readonly kind: 'tracker'; readonly mood: TrackerMood } & Timed)
  | ({ readonly kind: 'disk'; readonly code: 'ENOSPC' | 'EIO'; readonly oneIn: number } & OfNode)
  | ({ readonly kind: 'disk-slow'; readonly latencyMs: number } & OfNode)
  | ({ readonly kind: 'bit-rot'; readonly place: number } & OfNode)
  | ({ readonly kind: 'commits-slow'; readonly commitMs: number } & OfNode)
  | ({ readonly kind: 'log-fails' } & OfNode)
  /** Seen by the next process. */
  | ({ readonly kind: 'clock'; readonly aheadMs: number } & OfNode)
  | ({ readonly kind: 'clock-drift'; readonly driftPpm: number } & OfNode)
  | ({ readonly kind: 'clock-jump'; readonly byMs: number } & OfNode)
  /** It does this wrong, one time in so many. */
  | ({ readonly kind: 'hostile'; readonly manner: Manner; readonly oneIn: number } & OfNode)
  /** So many of the datagrams that it sends arrive twice, and out of order. */
  | ({ readonly kind: 'disorder'; readonly duplicateRate: number; readonly reorderRate: number } & OfNode)
  /** The NAT before it is started anew, and knows nothing of who talked with whom. */
  | ({ readonly kind: 'nat-forgets' } & OfNode)
  /** Its user has the files brought to another folder, the one of this number. */
  | ({ readonly kind: 'moves'; readonly folder: number } & OfNode)
  /** Its user pauses this torrent, and resumes it in the end. */
  | ({ readonly kind: 'pauses'; readonly torrent: number } & OfNode)
  /** Its user moves this torrent to this place of the queue, counted from 0. */
  | ({ readonly kind: 'queue-moves'; readonly torrent: number; readonly place: number } & OfNode)
  /** So many of its torrents may be active, in place of those that it began with. */
  | ({ readonly kind: 'queue-bounds'; readonly maxDownloads: number; readonly maxSeeds: number } & OfNode)
  /** Loses its power and never comes back. */
  | ({ readonly kind: 'gone' } & OfNode)

export type FaultKind = Fault['kind']
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { readonly kind: Kind }>

const MOODS: readonly TrackerMood[] = ['well', 'refusing', 'silent', 'empty', 'wrong', 'failing', 'slow']
const NODES_MAX = 1_000_000
const BITS_MAX = 0xffff_ffff
const HOUR_MS = 3_600_000

type Takes = (value: unknown) => boolean
const numberFrom =
  (least: number, most: number): Takes =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most
const wholeFrom =
  (least: number, most: number): Takes =>
  (value) =>
    Number.isSafeInteger(value) && numberFrom(least, most)(value)
const oneOf =
  (values: readonly unknown[]): Takes =>
  (value) =>
    values.includes(value)
const isNode = wholeFrom(1, NODES_MAX)
const oneIn = wholeFrom(1, BITS_MAX)

/** What each field of each kind takes, beside `atSeconds`, `forSeconds` and, where it is of a node, `node`. */
const FIELDS: {
  readonly [Kind in FaultKind]: { readonly [Field in Exclude<keyof FaultOf<Kind>, 'kind' | keyof OfNode>]: Takes }
} = {
  crash: { how: oneOf(['process', 'power']) },
  slow: { times: numberFrom(1, 1e6) },
  lossy: { lossRate: numberFrom(0, 0.5) },
  partition: {
    nodes: (value) => Array.isArray(value) && value.every(isNode),
    oneWay: oneOf([true, false]),
  },
  resets: { share: numberFrom(0, 1) },
  tracker: { mood: oneOf(MOODS) },
  disk: { code: oneOf(['ENOSPC', 'EIO']), oneIn },
  'disk-slow': { latencyMs: numberFrom(0, HOUR_MS) },
  'bit-rot': { place: wholeFrom(0, BITS_MAX) },
  'commits-slow': { commitMs: wholeFrom(0, HOUR_MS) },
  'log-fails': {},
  clock: { aheadMs: wholeFrom(-24 * HOUR_MS, 24 * HOUR_MS) },
  'clock-drift': { driftPpm: numberFrom(-500_000, 500_000) },
  'clock-jump': { byMs: wholeFrom(0, 24 * HOUR_MS) },
  hostile: { manner: oneOf(MANNERS), oneIn },
  moves: { folder: wholeFrom(0, NODES_MAX) },
  pauses: { torrent: isNode },
  'queue-moves': { torrent: isNode, place: wholeFrom(0, NODES_MAX) },
  'queue-bounds': { maxDownloads: wholeFrom(0, NODES_MAX), maxSeeds: wholeFrom(0, NODES_MAX) },
  gone: {},
  disorder: { duplicateRate: numberFrom(0, 1), reorderRate: numberFrom(0, 1) },
  'nat-forgets': {},
}

/** For scenarios, which know who may go, and who wishes for what. */
const OF_SCENARIOS = ['gone', 'moves', 'pauses', 'queue-moves', 'queue-bounds'] as const

export type DrawnKind = Exclude<FaultKind, (typeof OF_SCENARIOS)[number]>

/** Kinds that are drawn, in an order that stays. */
export const FAULT_KINDS = (Object.keys(FIELDS) as readonly FaultKind[]) // the table's own keys
  .filter((kind): kind is DrawnKind => !OF_SCENARIOS.some((other) => other === kind))

const isSeconds = numberFrom(0, 1e8)

const readFault = (value: unknown, place: number): Fault => {
  const invalid = (why: string): TorrewindError => new TorrewindError('SCENARIO_INVALID', `fault ${place}: ${why}`)
  if (typeof value !== 'object' || value === null) throw invalid('it is no object')
  const given: Readonly<Record<string, unknown>> = { ...value }
  const kind = Object.hasOwn(FIELDS, String(given.kind)) ? (given.kind as FaultKind) : undefined // a key of the table
  if (kind === undefined) throw invalid(`there is no kind ${JSON.stringify(given.kind)}`)
  const ofNode = kind !== 'partition' && kind !== 'tracker'
  const fields: Readonly<Record<string, Takes>> = {
    kind: () => true,
    atSeconds: isSeconds,
    forSeconds: isSeconds,
    ...(ofNode ? { node: isNode } : {}),
    ...FIELDS[kind],
  }
  for (const [field, takes] of Object.entries(fields))
    if (!takes(given[field])) throw invalid(`${field} of ${kind} cannot be ${JSON.stringify(given[field])}`)
  for (const field of Object.keys(given))
    if (!Object.hasOwn(fields, field)) throw invalid(`${kind} has no field ${field}`)
  return given as unknown as Fault // every field was looked at
}

/** A schedule that somebody else wrote. Throws `SCENARIO_INVALID`. */
export const readFaults = (value: unknown): readonly Fault[] => {
  if (!Array.isArray(value)) throw new TorrewindError('SCENARIO_INVALID', 'faults are a list')
  return value.map(readFault)
}
