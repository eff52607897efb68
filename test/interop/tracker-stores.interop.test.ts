/** Trackers that share their swarms through a real Redis server: the contract of stores, and what becomes of it. */
import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { LIMITS } from '../../src/limits.js'
import { redisAddress } from '../../src/redis-address.js'
import { REDIS_LINK_BOUNDS } from '../../tracker/redis-link.js'
import { RedisStore, type RedisStoreOptions } from '../../tracker/redis-store.js'
import { askAnnounce, fetchUrl, request } from '../tracker/http-client.js'
import { storeContract } from '../tracker/store-contract.js'
import { hashOf, peer, seeded } from '../tracker/swarm-world.js'
import { START_BOUND_MS } from './client.js'
import { interopSuite } from './harness.js'
import { numberOf, waitForJson } from './json.js'
import { LOOPBACK } from './place.js'
import { freePort } from './ports.js'
import { redis, startRedis } from './redis.js'
import { type Rig, until } from './rig.js'
import { startTorrewind, torrewind } from './torrewind.js'

const test = interopSuite('interop: tracker stores')

const SETTINGS = { intervalSeconds: 100, hashSeed: 0 }
const addressOf = (port: number, name = 'main') => redisAddress(`redis://127.0.0.1:${port}/${name}`, 'store', name)

storeContract<Rig>(
  (claim, work) => test(claim, [redis], work),
  'redis store',
  async (rig) => {
    const port = await freePort()
    await startRedis(rig, port)
    const stores: RedisStore[] = []
    return {
      open: async (settings, random) => {
        const address = addressOf(port, `${stores.length}`)
        const store = await RedisStore.open({ address, settings, random, clock: 'tracker' })
        stores.push(store)
        return store
      },
      courses: 40,
      dispose: async () => {
        for (const store of stores) await store.close()
      },
    }
  },
)

const codeOf = (answer: unknown): Promise<string> =>
  Promise.resolve(answer).then(
    () => 'nothing',
    (error: unknown) => (error instanceof TorrewindError ? error.code : String(error)),
  )

/** A server of its own, a store on it, and a connection that looks at the keys. */
const withStore = async (
  rig: Rig,
  work: (given: { port: number; store: RedisStore; keys: Redis; heard: (string | undefined)[] }) => Promise<void>,
  more: Partial<RedisStoreOptions> = {},
): Promise<void> => {
  const port = await freePort()
  await startRedis(rig, port)
  const heard: (string | undefined)[] = []
  const store = await RedisStore.open({
    ...{ address: addressOf(port), settings: SETTINGS, random: seeded(1), ...more },
    onChanged: (failure) => heard.push(failure?.code),
  })
  const keys = new Redis({ port, retryStrategy: () => 50 })
  keys.on('error', () => {})
  try {
    await work({ port, store, keys, heard })
  } finally {
    keys.disconnect()
    await store.close()
  }
}

test('redis store: every key has the prefix and goes away by itself', [redis], (rig) =>
  withStore(rig, async ({ store, keys }) => {
    await store.announce(peer(1), 0)
    await store.announce(peer(2, { leftBytes: 0, event: 'completed' }), 0)
    const names = await keys.keys('*')
    assert.is(names.length, 6)
    for (const name of names) {
      assert.ok(name.startsWith('torrewind-tracker:main:'), name)
      const leftMs = await keys.pttl(name)
      assert.ok(leftMs > 0 && leftMs <= LIMITS.trackerSwarmKeptMs + 600_000, `${name} stays ${leftMs} ms`)
    }
  }),
)

test('redis store: time is that of the server, whatever clock a tracker has', [redis], (rig) =>
  withStore(rig, async ({ store }) => {
    await store.announce(peer(1), 0)
    assert.is((await store.stats(1e15)).peers, 1)
  }),
)

test('redis store: peers expire by the clock of the server, and nothing is left of them', [redis], (rig) =>
  withStore(
    rig,
    async ({ store, keys }) => {
      await store.announce(peer(1), 0)
      await store.announce(peer(2, { infoHash: hashOf(2), leftBytes: 0 }), 0)
      const gone = async () => (await store.stats(0)).peers === 0 || undefined
      await until('two peers expired', gone, START_BOUND_MS)
      assert.equal(await store.stats(0), { torrents: 0, peers: 0, seeds: 0 })
      assert.equal(await keys.keys('*'), ['torrewind-tracker:main:totals'])
    },
    { settings: { ...SETTINGS, intervalSeconds: 1 } },
  ),
)

test('redis store: two groups of trackers on one server do not mix', [redis], (rig) =>
  withStore(rig, async ({ port, store }) => {
    await store.announce(peer(1), 0)
    const other = await RedisStore.open({ address: addressOf(port, 'other'), settings: SETTINGS, random: seeded(1) })
    assert.is((await other.stats(0)).peers, 0)
    await other.close()
  }),
)

test('redis store: what the server has forgotten is not counted for ever', [redis], (rig) =>
  withStore(
    rig,
    async ({ store, keys }) => {
      await store.announce(peer(1), 1_000)
      await store.announce(peer(2, { leftBytes: 0 }), 1_000)
      for (const name of await keys.keys('*:[1-4p]:*')) await keys.del(name)
      assert.equal(await store.stats(201_000), { torrents: 0, peers: 0, seeds: 0 })
      assert.is(await keys.dbsize(), 1, 'but the totals, all is gone')
    },
    { clock: 'tracker' },
  ),
)

test('redis store: a server that has forgotten its scripts is told them again', [redis], (rig) =>
  withStore(rig, async ({ store, keys, heard }) => {
    await store.announce(peer(1), 0)
    await keys.script('FLUSH')
    const answers = await Promise.all([2, 3, 4].map((number) => store.announce(peer(number), 0)))
    assert.equal(
      answers.map(({ type }) => type),
      ['answer', 'answer', 'answer'],
    )
    assert.is((await store.stats(0)).peers, 4)
    assert.equal(heard, [])
  }),
)

test('redis store: a bounded number waits, and whoever comes beyond is refused at once', [redis], (rig) =>
  withStore(
    rig,
    async ({ store }) => {
      const answers = [1, 2, 3, 4].map((number) => store.announce(peer(number), 0))
      assert.equal(answers.slice(2), [answers[2], answers[2]])
      assert.equal(answers[3], {
        ...{ type: 'refusal', code: 'busy', reason: 'this tracker has too much to do: ask again later' },
      })
      assert.is(await codeOf(store.scrape([hashOf(1)], 0)), 'STORE_FAILED')
      await Promise.all(answers)
      assert.is((await store.stats(0)).peers, 2)
    },
    { bounds: { ...REDIS_LINK_BOUNDS, waitingMax: 2 } },
  ),
)

test(
  'redis store: a server that stands still fails every announce in time, and serves again when it goes on',
  [redis],
  (rig) =>
    withStore(
      rig,
      async ({ port, store, keys, heard }) => {
        const pid = Number(/process_id:(\d+)/.exec(await keys.info('server'))?.[1])
        process.kill(pid, 'SIGSTOP')
        const codes = await Promise.all([1, 2, 3].map((number) => codeOf(store.announce(peer(number), 0))))
        assert.equal(codes, ['STORE_FAILED', 'STORE_FAILED', 'STORE_FAILED'])
        process.kill(pid, 'SIGCONT')
        const answers = async () => (await codeOf(store.announce(peer(1), 0))) === 'nothing' || undefined
        await until(`an answer of port ${port}`, answers, START_BOUND_MS)
        assert.equal(heard, ['STORE_FAILED', undefined])
      },
      { bounds: { ...REDIS_LINK_BOUNDS, timeoutMs: 300 } },
    ),
)

test('redis store: an error of the server is a failure, and not the end', [redis], (rig) =>
  withStore(rig, async ({ store, keys, heard }) => {
    await keys.config('SET', 'maxmemory', '1')
    assert.is(await codeOf(store.announce(peer(1), 0)), 'STORE_FAILED')
    await keys.config('SET', 'maxmemory', '0')
    assert.is(await codeOf(store.announce(peer(1), 0)), 'nothing')
    assert.equal(heard, ['STORE_FAILED', undefined])
  }),
)

test('redis store: a server that is not there, or does not let us in, is told at the start', [redis], async (rig) => {
  const port = await freePort()
  const open = (text: string) =>
    RedisStore.open({ address: redisAddress(text, 'store', 'main'), settings: SETTINGS, random: seeded(1) })
  assert.is(await codeOf(open(`redis://127.0.0.1:${port}`)), 'STORE_FAILED')
  await startRedis(rig, port)
  assert.is(await codeOf(open(`redis://nobody:wrong@127.0.0.1:${port}`)), 'STORE_FAILED')
})

const startTracker = async (rig: Rig, redisPort: number) => {
  const store = `redis://127.0.0.1:${redisPort}/shared`
  const child = startTorrewind(
    rig,
    LOOPBACK,
    'tracker',
    '--host',
    '127.0.0.1',
    '--http',
    '0',
    '--rate',
    '0',
    '--store',
    store,
  )
  return { child, base: `http://127.0.0.1:${numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'http')}` }
}

const portsOf = (peers: readonly { port: number }[]): number[] => peers.map(({ port }) => port).sort()

test(
  'three trackers on one server are one: peers of each are told of all, also when one of them is killed',
  [redis, torrewind],
  async (rig) => {
    const redisPort = await freePort()
    await startRedis(rig, redisPort)
    const trackers = await Promise.all([1, 2, 3].map(() => startTracker(rig, redisPort)))
    const [first, second, third] = trackers.map(({ base }) => base) as [string, string, string]
    const everyone: number[] = []
    for (let number = 1; number <= 12; number++) {
      const { base } = trackers[number % 3] ?? { base: first }
      const { peers, incomplete } = await askAnnounce(base, request(number))
      assert.equal(portsOf(peers), everyone, 'all who came before, wherever they came')
      everyone.push(6_000 + number)
      assert.is(incomplete, everyone.length)
    }
    // Announces are under way at one when it dies; whatever of them was done, the others serve what is true.
    const cut = Array.from({ length: 50 }, (_, at) =>
      askAnnounce(third, request(12 + 1 + (at % 5))).catch(() => undefined),
    )
    trackers[2]?.child.signal('SIGKILL')
    await Promise.all(cut)
    const stats = JSON.parse((await fetchUrl(`${first}/stats`)).body.toString()) as { peers: number; torrents: number }
    assert.ok(stats.peers >= 12 && stats.peers <= 17, `${stats.peers}`)
    const [one, other] = await Promise.all(
      [first, second].map((base) => askAnnounce(base, request(1, { numwant: 100 }))),
    )
    assert.equal(portsOf(one?.peers ?? []), portsOf(other?.peers ?? []))
    assert.is(one?.peers.length, stats.peers - 1)
    assert.is(one?.incomplete, stats.peers)
    for (const { port } of one?.peers ?? []) assert.ok(port >= 6_002 && port <= 6_017, `nobody announced ${port}`)
    await askAnnounce(first, request(1, { event: 'stopped' }))
    assert.is((await askAnnounce(second, request(2))).incomplete, stats.peers - 1)
  },
)

test(
  'a server that dies fails announces until another is there, and the trackers live on',
  [redis, torrewind],
  async (rig) => {
    const redisPort = await freePort()
    const server = await startRedis(rig, redisPort)
    const [{ child, base }, other] = [await startTracker(rig, redisPort), await startTracker(rig, redisPort)]
    const ready = async (): Promise<string> => {
      const { status, body } = await fetchUrl(`${base}/ready`)
      return `${status} ${body.toString().trim()}`
    }
    await askAnnounce(base, request(1))
    assert.is(await ready(), '200 {"ready":true}')
    server.signal('SIGKILL')
    await server.ended
    const failures = await Promise.all([1, 2, 3].map((number) => askAnnounce(base, request(number)).catch(String)))
    for (const failure of failures) assert.match(String(failure), /cannot reach its store: ask again later/)
    assert.is((await fetchUrl(`${base}/stats`)).status, 503)
    assert.is(await ready(), '503 {"ready":false,"reason":"store"}')
    assert.is((await fetchUrl(`${base}/health`)).status, 200)
    other.child.signal('SIGINT')
    assert.is((await other.child.end(START_BOUND_MS)).code, 1, 'it ends, and says that it cannot say what it knew')
    await startRedis(rig, redisPort)
    const back = await until('an answer', () => askAnnounce(base, request(1)).catch(() => undefined), START_BOUND_MS)
    assert.is(back.incomplete, 1)
    assert.is(await ready(), '200 {"ready":true}')
    child.signal('SIGINT')
    assert.is(numberOf(await waitForJson(child, 'stopped', START_BOUND_MS), 'peers'), 1)
    const said = child.lines.filter(({ from }) => from === 'stderr').map(({ text }) => text)
    assert.match(said.join('\n'), /the store redis:\/\/127\.0\.0\.1:\d+\/shared is away.*\n.*answers again/)
  },
)

test.run()
