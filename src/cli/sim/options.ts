/** The options of `torrewind sim`: what they take, and the job that they ask for. */
import { availableParallelism } from 'node:os'
import { TorrewindError } from '../../errors.js'
import { wholeFrom } from '../arguments.js'
import type { SimJob } from './job.js'
import type { QueueAddress } from './queue-link.js'

export interface SimFlags {
  readonly seed?: number
  readonly seeds?: SeedRange
  readonly peers?: number
  readonly checkDeterminism?: true
  readonly set?: readonly (readonly [string, string])[]
  readonly workers?: number
  readonly out?: string
  readonly report?: string
  readonly csv?: string
  readonly samples?: string
  readonly queue?: QueueAddress
  readonly worker?: true
  readonly shrink?: true
  readonly failures?: string
}

/** Both are in it. */
export type SeedRange = readonly [from: number, to: number]

export const invalid = (message: string): TorrewindError => new TorrewindError('OPTION_INVALID', message)

/** More than these in one sweep is a slip of the pen. */
const SEEDS_MAX = 10_000_000

export const seedRange = (text: string): SeedRange => {
  const [, from, to] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text) ?? []
  const range = [Number(from), Number(to)] as const
  if (from === undefined || range[1] < range[0] || range[1] - range[0] >= SEEDS_MAX)
    throw invalid(`--seeds cannot be "${text}": it is A..B, as 1..50, with A not above B`)
  return range
}

export const assignment = (text: string): readonly [string, string] => {
  const at = text.indexOf('=')
  if (at < 1) throw invalid(`--set cannot be "${text}": it is KEY=VALUE`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** Undefined where nothing is said of them: the scenario may know one. */
export const seedsOf = ({ seed, seeds }: SimFlags): SeedRange | undefined => {
  if (seed !== undefined && seeds !== undefined) throw invalid('--seed and --seeds cannot both be given')
  return seed === undefined ? seeds : [seed, seed]
}

/** As many as a plot shows; for every sweep the same, so that what is in a file can be gone on with. */
const SAMPLES = 256

export const jobOf = (scenario: string, flags: SimFlags): SimJob => {
  const { peers, set, checkDeterminism, report, samples, out } = flags
  const words = Object.fromEntries(set ?? [])
  if (peers !== undefined && words.peers !== undefined) throw invalid('--peers and --set peers= say the same')
  if (peers !== undefined) words.peers = String(peers)
  // Of runs that are kept a report may be asked for later.
  const sampled = [report, samples, out].some((file) => file !== undefined)
  return { scenario, words, checkDeterminism: checkDeterminism === true, samples: sampled ? SAMPLES : undefined }
}

export const CORES = availableParallelism()

/** More threads than any machine has cores. */
const THREADS_MAX = 4_096

export const threads = wholeFrom(0, THREADS_MAX)

/** What `--worker` works on, with how many threads. */
export const workerOf = (
  scenario: string | undefined,
  { queue, workers = CORES, worker: _, ...others }: SimFlags,
): readonly [QueueAddress, number] => {
  if (queue === undefined) throw invalid('--worker needs --queue: it is where the runs come from')
  const [other] = Object.keys(others)
  if (scenario !== undefined || other !== undefined)
    throw invalid('--worker takes --queue and --workers only: the sweep says what is run')
  if (workers === 0) throw invalid('--workers cannot be 0 with --worker')
  return [queue, workers]
}
