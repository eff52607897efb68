/** What operators ask of a tracker over HTTP: metrics, whether it lives, and whether it is ready. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ErrorCode, TorrewindError } from '../../src/errors.js'
import { toHex } from '../../src/values.js'
import { createTracker, type Tracker, type TrackerOptions } from '../../tracker/index.js'
import { LATENCY_BOUNDS, Latency } from '../../tracker/latency.js'
import { Readiness } from '../../tracker/readiness.js'
import { ask, publish, withTracker } from './catalogue-client.js'
import { torrentOf } from './catalogue-world.js'
import { askAnnounce, askScrape, failureOf, request } from './http-client.js'
import { hashOf } from './swarm-world.js'
import { UdpClient, udpAnnounce } from './udp-client.js'

const test = suite('tracker metrics')

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Each line has to be as Prometheus's text format has it. */
const samplesIn = (text: string): readonly Sample[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? []
      if (name === undefined) throw new Error(`no sample: ${line}`)
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text])
      return { name, labels: Object.fromEntries(pairs), value: Number(value) }
    })

const reader = async (tracker: Tracker) => {
  const samples = samplesIn(await tracker.metrics())
  return (name: string, labels: Sample['labels'] = {}): number | undefined =>
    samples.find(
      (sample) =>
        sample.name === `torrewind_tracker_${name}` &&
        Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
    )?.value
}

test('metrics: requests are counted by front and by what came of them, and replies by how long they took', () =>
  withTracker(
    { udpPort: 0, allow: [toHex(hashOf(1)), toHex(hashOf(2))], metrics: { port: 0 } },
    async (base, tracker) => {
      await askAnnounce(base, request(1, { leftBytes: 0 }))
      await askAnnounce(base, request(2))
      await askScrape(base, [1])
      await failureOf(`${base}/announce?info_hash=short`)
      await failureOf(
        `${base}/announce?info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=1&uploaded=0&downloaded=0&left=0`,
      )
      const client = await UdpClient.open(tracker.udpPort ?? 0)
      const id = await client.connect()
      await client.ask(udpAnnounce(id, 3, { infoHash: hashOf(2) }))
      await client.ask(udpAnnounce(new Uint8Array(8), 4))
      await client.close()
      const read = await reader(tracker)
      assert.is(read('announces_total', { front: 'http', outcome: 'answered' }), 2)
      assert.is(read('announces_total', { front: 'http', outcome: 'malformed' }), 1)
      assert.is(read('announces_total', { front: 'http', outcome: 'not_served' }), 1)
      assert.is(read('announces_total', { front: 'udp', outcome: 'answered' }), 1)
      assert.is(read('announces_total', { front: 'udp', outcome: 'not_connected' }), 1)
      assert.is(read('scrapes_total', { front: 'http', outcome: 'answered' }), 1)
      assert.is(read('reply_seconds_count', { front: 'http' }), 5)
      assert.is(read('reply_seconds_bucket', { front: 'http', le: '+Inf' }), 5)
      assert.is(read('reply_seconds_count', { front: 'udp' }), 3)
      assert.equal([read('torrents'), read('peers'), read('seeds')], [2, 3, 1])
    },
  ))

test('metrics: every limit is there with what it has turned away, and nothing is ever put out for something new', () =>
  withTracker({ peersMax: 1, torrentsMax: 2, rate: 1, catalogue: { entriesMax: 1 } }, async (base, tracker) => {
    await askAnnounce(base, request(1))
    await failureOf(
      `${base}/announce?info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=1&uploaded=0&downloaded=0&left=0`,
    )
    await publish(base, torrentOf('one'))
    await publish(base, torrentOf('two'))
    while ((await ask(`${base}/scrape?info_hash=${'a'.repeat(20)}`)).status !== 429);
    const read = await reader(tracker)
    assert.equal(
      ['peers', 'torrents', 'rate', 'catalogue_entries'].map((limit) => read('limit', { limit })),
      [1, 2, 1, 1],
    )
    assert.is(read('limit_refusals_total', { limit: 'peers' }), 1)
    assert.is(read('limit_refusals_total', { limit: 'torrents' }), 0)
    assert.is(read('limit_refusals_total', { limit: 'catalogue' }), 1)
    assert.is(read('limit_refusals_total', { limit: 'rate' }), 1)
    assert.is(read('rate_limited_total', { front: 'http' }), 1)
    assert.is(read('catalogue_refusals_total', { code: 'CATALOGUE_FULL' }), 1)
    assert.is(read('catalogue_entries'), 1)
    assert.is(read('limit_evictions_total', { limit: 'peers' }), 0)
    assert.is(read('peers'), 1, 'who was there first')
  }))

test('metrics: no label is a hash, an address or a name that strangers choose', () =>
  withTracker({ udpPort: 0, metrics: { port: 0 } }, async (base, tracker) => {
    for (let number = 1; number <= 5; number++) await askAnnounce(base, request(number, { infoHash: hashOf(number) }))
    await publish(base, torrentOf('a name that a stranger chose'), '?tag=stranger')
    await ask(`${base}/catalogue/${toHex(hashOf(9))}`)
    for (const { name, labels } of samplesIn(await tracker.metrics())) {
      if (!name.startsWith('torrewind_') || name === 'torrewind_tracker_info') continue
      for (const [key, value] of Object.entries(labels)) {
        const known = key === 'le' ? /^(\+Inf|[\d.]+)$/ : key === 'code' ? /^[A-Z_]+$/ : /^[a-z_]{2,20}$/
        assert.match(value, known, `${name} ${key}`)
      }
    }
  }))

test('metrics: two trackers in one process have their own, beside those of the process', () =>
  withTracker({}, (base, one) =>
    withTracker({}, async (_, other) => {
      await askAnnounce(base, request(1))
      const [ofOne, ofOther] = [await reader(one), await reader(other)]
      assert.is(ofOne('announces_total', { front: 'http', outcome: 'answered' }), 1)
      assert.is(ofOther('announces_total', { front: 'http', outcome: 'answered' }), 0)
      const names = samplesIn(await other.metrics()).map(({ name }) => name)
      assert.ok(names.includes('process_resident_memory_bytes'))
      assert.ok(names.includes('nodejs_heap_size_used_bytes'))
    }),
  ))

test('metrics: they are at no port but the one that was asked for, which is on loopback', async () => {
  await withTracker({}, async (base, { metricsPort }) => {
    assert.is(metricsPort, undefined)
    assert.is((await ask(`${base}/metrics`)).status, 404)
  })
  await withTracker({ metrics: { port: 0 } }, async (base, { metricsPort }) => {
    assert.is((await ask(`${base}/metrics`)).status, 404)
    const own = `http://127.0.0.1:${metricsPort}`
    const { status, headers, bytes } = await ask(`${own}/metrics`)
    assert.is(status, 200)
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    assert.ok(samplesIn(new TextDecoder().decode(bytes)).length > 50)
    assert.is((await ask(`${own}/announce`)).status, 404, 'nothing else is there')
    assert.is((await ask(`${own}/metrics`, { method: 'DELETE' })).status, 405)
    assert.is((await ask(`${own}/metrics?x=1`)).status, 404)
  })
})

test('metrics: at the port of HTTP, where that is asked for, they are held to the rate as all is there', () =>
  withTracker({ metrics: 'front', rate: 1 }, async (base) => {
    assert.is((await ask(`${base}/metrics`)).status, 200)
    let last = 200
    for (let asked = 0; asked < 100 && last === 200; asked++) last = (await ask(`${base}/metrics`)).status
    assert.is(last, 429)
    assert.is((await ask(`${base}/health`)).status, 200, 'who looks whether it lives is not')
  }))

test('metrics: a port that cannot be is named by its code', async () => {
  const codeOf = (options: TrackerOptions): Promise<ErrorCode | 'none'> =>
    createTracker({ host: '127.0.0.1', httpPort: 0, ...options }).then(
      async (tracker) => {
        await tracker.close()
        return 'none' as const
      },
      (error: unknown) => {
        if (error instanceof TorrewindError) return error.code
        throw error
      },
    )
  assert.is(await codeOf({ metrics: { port: 65_536 } }), 'OPTION_INVALID')
  await withTracker({}, async (_, { httpPort }) => {
    assert.is(await codeOf({ metrics: { port: httpPort } }), 'PORT_TAKEN')
  })
})

test('health: the process lives, and is ready, at the port of HTTP and at that of the metrics', () =>
  withTracker({ metrics: { port: 0 } }, async (base, tracker) => {
    for (const at of [base, `http://127.0.0.1:${tracker.metricsPort}`]) {
      const health = await ask(`${at}/health`)
      assert.equal([health.status, health.json], [200, { healthy: true }])
      const ready = await ask(`${at}/ready`)
      assert.equal([ready.status, ready.json], [200, { ready: true }])
      assert.is(ready.headers.get('cache-control'), 'no-store')
      assert.is((await fetch(`${at}/ready`, { method: 'HEAD' })).status, 200)
    }
    assert.ok(tracker.isReady)
  }))

test('readiness: it is not ready while it drains, nor while a store is away that it cannot do without', () => {
  const failure = new TorrewindError('STORE_FAILED', 'away')
  const remote = new Readiness(false)
  assert.ok(remote.isReady)
  remote.storeChanged(failure)
  assert.equal([remote.isReady, remote.reason, remote.isStoreUp], [false, 'store', false])
  remote.storeChanged(undefined)
  assert.equal([remote.isReady, remote.storeErrors], [true, 1])
  remote.isDraining = true
  assert.equal([remote.isReady, remote.reason], [false, 'draining'])
  const local = new Readiness(true)
  local.storeChanged(failure)
  assert.equal([local.isReady, local.isStoreUp], [true, false])
})

test('latency: each time falls under the first bound that it does not exceed', () => {
  const latency = new Latency()
  const [first = 0, second = 0] = LATENCY_BOUNDS
  for (const seconds of [0, first, second, second * 1.01, 1_000]) latency.add(seconds)
  assert.equal([...latency.counts.slice(0, 3)], [2, 1, 1])
  assert.is(latency.counts.at(-1), 1)
  assert.is(Math.floor(latency.sumSeconds), 1_000)
})

test.run()
