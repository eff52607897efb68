/**
 * Metrics of a history: what somebody could have watched, computed from its events afterwards, at any interval.
 *
 * A sample is what counters and gauges said at a moment; it follows from the state and from a few counts of events, so
 * that a chart which nobody asked for at the time can still be drawn. Counters go on over all sessions.
 */
import type { LoggedEvent } from '../../events/codec.js'
import { evolve } from '../../events/evolve.js'
import type { TransferState } from '../../events/state.js'
import type { TransferEvent } from '../../events/vocabulary.js'

export interface Metric {
  /** As OpenMetrics has it, without the `_total` of counters. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** `bytes`, or nothing where it counts things. */
  readonly unit: '' | 'bytes'
  /** What tells its values apart, if it has several. */
  readonly label: string | undefined
}

/** A value of a metric; `of` is that of its label, and empty where it has none. */
export interface Value {
  readonly metric: Metric
  readonly of: string
  readonly value: number
}

export interface MetricsSample {
  /** In ms since 1970. */
  readonly at: number
  readonly values: readonly Value[]
}

const metric = (
  name: string,
  type: Metric['type'],
  help: string,
  { unit = '', label }: { readonly unit?: Metric['unit']; readonly label?: string } = {},
): Metric => ({ name: `torrewind_${name}`, type, help, unit, label })

/** What a count of events is named by. */
const COUNTED = {
  blocks: metric('blocks', 'counter', 'Blocks received and kept, served, wasted and refused.', { label: 'what' }),
  pieces: metric('pieces', 'counter', 'Pieces stored, and pieces whose hash was wrong.', { label: 'what' }),
  connections: metric('connections', 'counter', 'Connections dialed, accepted, that failed, and that ended.', {
    label: 'what',
  }),
  announces: metric('announces', 'counter', 'Announces to trackers that were answered and that failed.', {
    label: 'what',
  }),
  sessions: metric('sessions', 'counter', 'Sessions begun.'),
} as const

const PAYLOAD = metric('payload_bytes', 'counter', 'Payload received and sent.', { unit: 'bytes', label: 'direction' })
const WASTED = metric('wasted_bytes', 'counter', 'Payload that came for nothing.', { unit: 'bytes', label: 'kind' })
const HELD = metric('stored_pieces', 'gauge', 'Pieces that are stored.')
const MISSING = metric('missing_pieces', 'gauge', 'Pieces that are wanted and not stored.')
const IN_FLIGHT = metric('pieces_in_flight', 'gauge', 'Pieces of which blocks are on order or here.')
const PEERS = metric('peers', 'gauge', 'Open connections, by what they are.', { label: 'what' })
const OUTSTANDING = metric('requests_outstanding', 'gauge', 'Blocks on order.')

export const METRICS: readonly Metric[] = [
  ...Object.values(COUNTED),
  ...[PAYLOAD, WASTED, HELD, MISSING, IN_FLIGHT, PEERS, OUTSTANDING],
]

/** What an event counts as, if as anything. */
const countOf = (event: TransferEvent): readonly [keyof typeof COUNTED, string] | undefined => {
  switch (event.type) {
    case 'block-received':
      return ['blocks', 'received']
    case 'block-served':
      return ['blocks', 'served']
    case 'block-wasted':
      return ['blocks', 'wasted']
    case 'block-refused':
      return ['blocks', 'refused']
    case 'piece-stored':
      return ['pieces', 'stored']
    case 'piece-rejected':
      return ['pieces', 'rejected']
    case 'dial-began':
      return ['connections', 'dialed']
    case 'peer-accepted':
      return ['connections', 'accepted']
    case 'dial-failed':
      return ['connections', 'failed']
    case 'peer-closed':
      return ['connections', 'ended']
    case 'announce-answered':
      return ['announces', 'answered']
    case 'announce-failed':
      return ['announces', 'failed']
    case 'session-began':
      return ['sessions', '']
    default:
      return undefined
  }
}

/** Every value that a counter may have a part for, so that each is there from the first sample on. */
const PARTS: Readonly<Record<keyof typeof COUNTED, readonly string[]>> = {
  blocks: ['received', 'served', 'wasted', 'refused'],
  pieces: ['stored', 'rejected'],
  connections: ['dialed', 'accepted', 'failed', 'ended'],
  announces: ['answered', 'failed'],
  sessions: [''],
}

export class MetricsFold {
  readonly #state: TransferState
  readonly #counts = new Map<string, number>()
  readonly #everyMs: number
  #nextAt: number | undefined

  /** `state` is that before the first event, and goes along with them. A sample is taken every so often. */
  constructor(state: TransferState, everyMs: number) {
    this.#state = state
    this.#everyMs = everyMs
  }

  /** The samples that were due before this event: one, where nothing happened for longer than the interval. */
  take(logged: LoggedEvent): readonly MetricsSample[] {
    const { at, event } = logged
    const due = this.#nextAt !== undefined && at >= this.#nextAt ? [this.sample(this.#nextAt)] : []
    if (this.#nextAt === undefined || at >= this.#nextAt) this.#nextAt = at - (at % this.#everyMs) + this.#everyMs
    const counted = countOf(event)
    if (counted !== undefined) {
      const name = counted.join(' ')
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    }
    evolve(this.#state, logged)
    return due
  }

  /** What is true now, said of a time. */
  sample(at: number = this.#state.at): MetricsSample {
    const { downloaded, uploaded, waste, stored, missing, pieces, peers } = this.#state
    const open = [...peers.values()].filter(({ standing }) => standing.tags.open === true)
    const values: Value[] = []
    for (const name of Object.keys(COUNTED) as (keyof typeof COUNTED)[]) // the table's own keys
      for (const of of PARTS[name])
        values.push({ metric: COUNTED[name], of, value: this.#counts.get(`${name} ${of}`) ?? 0 })
    const wasted = Object.entries(waste).map(([of, value]) => ({ metric: WASTED, of, value }))
    const received = downloaded.total + waste.duplicate + waste.late + waste.unasked
    values.push(
      { metric: PAYLOAD, of: 'received', value: received },
      { metric: PAYLOAD, of: 'sent', value: uploaded.total },
    )
    values.push(...wasted)
    values.push({ metric: HELD, of: '', value: stored.count }, { metric: MISSING, of: '', value: missing })
    values.push({ metric: IN_FLIGHT, of: '', value: pieces.size })
    values.push({ metric: PEERS, of: 'seeds', value: open.filter(({ seed }) => seed).length })
    values.push({ metric: PEERS, of: 'others', value: open.filter(({ seed }) => !seed).length })
    values.push({ metric: OUTSTANDING, of: '', value: open.reduce((sum, { requested }) => sum + requested.size, 0) })
    return { at, values: values.map((each) => ({ ...each, value: each.value + 0 })) }
  }
}
