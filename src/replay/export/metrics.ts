/**
 * Metrics of a history: what somebody could have watched, computed from its events afterwards, at any interval.
 *
 * A sample is what counters and gauges said at a moment; it follows from the state and from a few counts of events, so
 * that a chart which nobody asked for at the time can still be drawn. Counters go on over all sessions.
 */
import type { LoggedEvent } from '../../events/codec.js'
import { evolve } from '../../events/evolve.js'
import type { TransferState } from '../../events/state.js'
import { COUNTED, type Counted, countEvent } from './counted.js'
import { type Metric, metric } from './metric.js'

export type { Metric }

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

const PAYLOAD = metric('payload_bytes', 'counter', 'Payload received and sent.', { unit: 'bytes', label: 'direction' })
const WASTED = metric('wasted_bytes', 'counter', 'Payload that came for nothing.', { unit: 'bytes', label: 'kind' })
const HELD = metric('stored_pieces', 'gauge', 'Pieces that are stored.')
const MISSING = metric('missing_pieces', 'gauge', 'Pieces that are wanted and not stored.')
const IN_FLIGHT = metric('pieces_in_flight', 'gauge', 'Pieces of which blocks are on order or here.')
const PEERS = metric('peers', 'gauge', 'Open connections, by what they are.', { label: 'what' })
const CARRIED = metric('connections_open', 'gauge', 'Open connections with peers, by what carries them.', {
  label: 'carrier',
})
const WEB_SEEDS = metric('web_seeds', 'gauge', 'Web seeds that are being asked.')
const DHT = metric('dht_joined', 'gauge', '1 while nodes of the DHT answer.')
const OUTSTANDING = metric('requests_outstanding', 'gauge', 'Blocks on order.')

export const METRICS: readonly Metric[] = [
  ...Object.values(COUNTED).map((counted) => counted.metric),
  ...[PAYLOAD, WASTED, HELD, MISSING, IN_FLIGHT, PEERS, CARRIED, WEB_SEEDS, DHT, OUTSTANDING],
]

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
    countEvent(event, this.#state, (counted, part, by = 1) => {
      const name = `${counted} ${part}`
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
    })
    evolve(this.#state, logged)
    return due
  }

  /** What is true now, said of a time. */
  sample(at: number = this.#state.at): MetricsSample {
    const { downloaded, uploaded, waste, stored, missing, pieces, peers, dht } = this.#state
    const open = [...peers.values()].filter(({ standing }) => standing.tags.open === true)
    const values: Value[] = []
    for (const name of Object.keys(COUNTED) as Counted[]) // the table's own keys
      for (const of of COUNTED[name].parts)
        values.push({ metric: COUNTED[name].metric, of, value: this.#counts.get(`${name} ${of}`) ?? 0 })
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
    for (const of of ['tcp', 'utp', 'webrtc']) {
      const carried = open.filter(({ transport, webSeed }) => transport === of && webSeed === undefined)
      values.push({ metric: CARRIED, of, value: carried.length })
    }
    const asked = [...peers.values()].filter(({ webSeed }) => webSeed !== undefined)
    values.push({ metric: WEB_SEEDS, of: '', value: asked.length }, { metric: DHT, of: '', value: Number(dht.joined) })
    values.push({ metric: OUTSTANDING, of: '', value: open.reduce((sum, { requested }) => sum + requested.size, 0) })
    return { at, values: values.map((each) => ({ ...each, value: each.value + 0 })) }
  }
}
