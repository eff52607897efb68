/**
 * What Prometheus reads of a tracker, from counts that are kept anyway: nothing is counted a second time.
 *
 * Each tracker has a registry of its own, so that two in one process do not meet; what is of the process is there once,
 * for the library cannot stop measuring it. Labels are words out of short lists: never a hash or an address, of which
 * strangers could make as many as they like.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { VERSION } from '../src/version.js'
import type { CatalogueFront } from './catalogue-front.js'
import type { TrackerCore } from './core.js'
import { LATENCY_BOUNDS, type Latency } from './latency.js'
import type { Readiness } from './readiness.js'
import { orRefusal } from './store.js'
import type { SwarmStats } from './swarm.js'
import { COUNTERS, FRONTS, type FrontName, type Kind, OUTCOMES } from './tally.js'

export interface MetricsParts {
  readonly core: TrackerCore
  readonly readiness: Readiness
  readonly catalogue: CatalogueFront
  /** Of the fronts that there are. */
  readonly latencies: ReadonlyMap<FrontName, Latency>
  readonly peersMax: number
  readonly torrentsMax: number
  /** Requests that wait for the store at most, where it is on another machine. */
  readonly storeWaitingMax: number | undefined
  readonly reloads: { readonly applied: number; readonly refused: number }
  /** Of the HTTP front, those of browsers among them. */
  connections(): { readonly open: number; readonly refused: number }
  readonly connectionsMax: number
  /** Browsers over WebSocket, where there is such a front. */
  webSockets(): { readonly open: number; readonly max: number } | undefined
  /** Answers that were dropped, as more of them waited to be sent than may. */
  datagramsUnsent(): number
  /** Of the log of events, where there is one. */
  events(): { readonly kept: number; readonly lost: number; readonly bytes: number } | undefined
}

type Labels = Readonly<Record<string, string>>
type Row = readonly [labels: Labels, value: number]
const PREFIX = 'torrewind_tracker_'

let ofProcess: Registry | undefined

const processRegistry = (): Registry => {
  if (ofProcess === undefined) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

const NAME = `${PREFIX}reply_seconds`
const HELP = 'How long replies take to be made, waiting for the store included'

/** Reads the counts of replies where the library would keep its own. */
class LatencyHistogram extends Histogram<'front'> {
  readonly #latencies: MetricsParts['latencies']

  constructor(registry: Registry, latencies: MetricsParts['latencies']) {
    super({
      name: NAME,
      help: HELP,
      labelNames: ['front'],
      buckets: [...LATENCY_BOUNDS],
      registers: [registry],
    })
    this.#latencies = latencies
  }

  /** What a registry asks for; types of the library leave it out. */
  async getForPromString(): Promise<object> {
    const values: object[] = []
    for (const [front, { counts, sumSeconds }] of this.#latencies) {
      let count = 0
      for (const [at, more] of counts.entries()) {
        count += more
        values.push({ metricName: `${NAME}_bucket`, labels: { front, le: LATENCY_BOUNDS[at] ?? '+Inf' }, value: count })
      }
      values.push({ metricName: `${NAME}_sum`, labels: { front }, value: sumSeconds })
      values.push({ metricName: `${NAME}_count`, labels: { front }, value: count })
    }
    return { name: NAME, help: HELP, type: 'histogram', values }
  }
}

export class Metrics {
  readonly #parts: MetricsParts
  readonly #registry = new Registry()
  /** As they were when the metrics were last asked for; undefined where the store did not say. */
  #stats: SwarmStats | undefined

  constructor(parts: MetricsParts) {
    this.#parts = parts
    this.#requests(parts)
    this.#held(parts)
    this.#limits(parts)
    this.#operations(parts)
    new LatencyHistogram(this.#registry, parts.latencies)
    processRegistry()
  }

  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    const stats = await orRefusal(this.#parts.core.stats())
    this.#stats = 'reason' in stats ? undefined : stats
    const texts = await Promise.all([this.#registry.metrics(), processRegistry().metrics()])
    return { contentType: this.#registry.contentType, text: texts.join('\n') }
  }

  #requests({ core: { tally } }: MetricsParts): void {
    const rowsOf = (kind: Kind): Row[] =>
      FRONTS.flatMap((front) =>
        OUTCOMES.map((outcome): Row => [{ front, outcome }, tally.of(front, kind, outcome)]).filter(
          // What has not happened yet is said of what is waited for only.
          ([{ outcome }, value]) => value > 0 || (outcome === 'answered' && this.#parts.latencies.has(front)),
        ),
      )
    this.#counter('announces_total', ['front', 'outcome'], 'Announces, by front and by what came of them', () =>
      rowsOf('announce'),
    )
    this.#counter('scrapes_total', ['front', 'outcome'], 'Scrapes, by front and by what came of them', () =>
      rowsOf('scrape'),
    )
    this.#counter('rate_limited_total', ['front'], 'Requests not looked at, as their address asks too often', () =>
      COUNTERS.map((front): Row => [{ front }, tally.limitedOf(front)]),
    )
  }

  #held({ catalogue }: MetricsParts): void {
    const unknown = Number.NaN
    this.#gauge(
      'torrents',
      'Torrents with peers, or with a count of completions',
      () => this.#stats?.torrents ?? unknown,
    )
    this.#gauge('peers', 'Peers in all swarms', () => this.#stats?.peers ?? unknown)
    this.#gauge('seeds', 'Those of them that have all', () => this.#stats?.seeds ?? unknown)
    this.#gauge('catalogue_entries', 'Entries of the catalogue', () => catalogue.desk.stats().entries)
    this.#gauge('catalogue_torrent_bytes', 'Their .torrents, in bytes', () => catalogue.desk.stats().torrentBytes)
    this.#gauge('catalogue_watchers', 'Browsers that are told what is live', () => catalogue.watchers)
    this.#counter('catalogue_refusals_total', ['code'], 'Requests to the catalogue that were refused, by code', () =>
      [...catalogue.refusals].map(([code, count]): Row => [{ code }, count]),
    )
  }

  /** Limits, what each has turned away, and that none of them ever puts out what is there. */
  #limits(parts: MetricsParts): void {
    const { core, catalogue, peersMax, torrentsMax, storeWaitingMax, connections, connectionsMax, webSockets } = parts
    const { tally } = core
    const { entriesMax, storedBytesMax, watchersMax } = catalogue.desk.bounds
    this.#rows('limit', ['limit'], 'Limits as they are set', () => {
      const rows: Row[] = [
        [{ limit: 'peers' }, peersMax],
        [{ limit: 'torrents' }, torrentsMax],
        [{ limit: 'connections' }, connectionsMax],
        [{ limit: 'catalogue_entries' }, entriesMax],
        [{ limit: 'catalogue_bytes' }, storedBytesMax],
        [{ limit: 'catalogue_watchers' }, watchersMax],
      ]
      if (core.rates !== undefined) rows.push([{ limit: 'rate' }, core.rates.perSecond])
      if (core.allow !== undefined) rows.push([{ limit: 'allowed_torrents' }, core.allow.size])
      const sockets = webSockets()
      if (sockets !== undefined) rows.push([{ limit: 'web_sockets' }, sockets.max])
      if (storeWaitingMax !== undefined) rows.push([{ limit: 'store_requests' }, storeWaitingMax])
      return rows
    })
    this.#counter('limit_refusals_total', ['limit'], 'What a limit has turned away', () => [
      [{ limit: 'peers' }, tally.refused('peers_full')],
      [{ limit: 'torrents' }, tally.refused('torrents_full')],
      [{ limit: 'connections' }, connections().refused],
      [{ limit: 'rate' }, tally.totals().limited],
      [{ limit: 'allowed_torrents' }, tally.refused('not_served')],
      [{ limit: 'store_requests' }, tally.refused('busy')],
      [{ limit: 'catalogue' }, catalogue.refusals.get('CATALOGUE_FULL') ?? 0],
    ])
    this.#counter(
      'limit_evictions_total',
      ['limit'],
      'What was put out for something new: always 0, newcomers are refused',
      () => ['peers', 'torrents', 'catalogue'].map((limit): Row => [{ limit }, 0]),
    )
  }

  #operations({ readiness, reloads, connections, webSockets, datagramsUnsent, events }: MetricsParts): void {
    this.#gauge('ready', 'Whether it is to be sent requests', () => Number(readiness.isReady))
    this.#gauge('store_up', 'Whether the store answers, or can be written', () => Number(readiness.isStoreUp))
    this.#counter('store_errors_total', [], 'How often the store went away', () => [[{}, readiness.storeErrors]])
    this.#gauge('connections', 'Connections of the HTTP front', () => connections().open)
    this.#gauge('web_sockets', 'Those of them that are of browsers over WebSocket', () => webSockets()?.open ?? 0)
    this.#counter('datagrams_unsent_total', [], 'Answers dropped, as too many waited to be sent', () => [
      [{}, datagramsUnsent()],
    ])
    this.#counter('reloads_total', ['outcome'], 'Changes of lists, keys and rates while it runs', () => [
      [{ outcome: 'applied' }, reloads.applied],
      [{ outcome: 'refused' }, reloads.refused],
    ])
    this.#counter(
      'event_records_total',
      ['outcome'],
      'Records of the log of events; lost ones came faster than they were written',
      () => {
        const { kept, lost } = events() ?? { kept: 0, lost: 0 }
        return [
          [{ outcome: 'kept' }, kept],
          [{ outcome: 'lost' }, lost],
        ]
      },
    )
    this.#gauge('event_bytes', 'What the log of events takes on the medium', () => events()?.bytes ?? 0)
    this.#rows('info', ['version'], 'Which version this is', () => [[{ version: VERSION }, 1]])
  }

  #counter(name: string, labelNames: readonly string[], help: string, rows: () => readonly Row[]): void {
    new Counter({
      ...{ name: PREFIX + name, help, registers: [this.#registry], labelNames: [...labelNames] },
      collect() {
        this.reset()
        for (const [labels, value] of rows()) this.inc(labels, value)
      },
    })
  }

  #rows(name: string, labelNames: readonly string[], help: string, rows: () => readonly Row[]): void {
    new Gauge({
      ...{ name: PREFIX + name, help, registers: [this.#registry], labelNames: [...labelNames] },
      collect() {
        this.reset()
        for (const [labels, value] of rows()) this.set(labels, value)
      },
    })
  }

  #gauge(name: string, help: string, value: () => number): void {
    this.#rows(name, [], help, () => [[{}, value()]])
  }
}
