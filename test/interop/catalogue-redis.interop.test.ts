/** The catalogue on a real Redis server, alone and shared by several trackers. */
import * as assert from 'uvu/assert'
import { redisAddress } from '../../src/redis-address.js'
import { createTracker } from '../../tracker/index.js'
import { RedisCatalogueStore } from '../../tracker/redis-catalogue-store.js'
import { testCatalogueStore } from '../contracts/catalogue-store.js'
import { ask, codeOf, publish } from '../tracker/catalogue-client.js'
import { torrentOf } from '../tracker/catalogue-world.js'
import { interopSuite } from './harness.js'
import { freePort } from './ports.js'
import { redis, startRedis } from './redis.js'
import { type Rig, until } from './rig.js'

const test = interopSuite('interop: the catalogue on Redis')
const declare = (claim: string, work: (rig: Rig) => Promise<void>): void => test(claim, [redis], work)

const startServer = async (rig: Rig): Promise<string> => {
  const port = await freePort()
  await startRedis(rig, port)
  return `redis://127.0.0.1:${port}/tests`
}

testCatalogueStore(declare, 'catalogue on Redis', async (rig) => {
  const url = await startServer(rig)
  return {
    open: () => RedisCatalogueStore.open(redisAddress(url, 'store', 'main')),
    lasting: true,
    remove: async () => {},
  }
})

/** Trackers on one store, each at an address of its own. */
const withTrackers = async (store: string, count: number, work: (bases: readonly string[]) => Promise<void>) => {
  const trackers = await Promise.all(
    Array.from({ length: count }, () => createTracker({ host: '127.0.0.1', httpPort: 0, store })),
  )
  try {
    await work(trackers.map(({ httpPort }) => `http://127.0.0.1:${httpPort}`))
  } finally {
    await Promise.all(trackers.map((tracker) => tracker.close()))
  }
}

const shows = (base: string, query: string, names: readonly string[]): Promise<true> =>
  until(
    `${base} showing ${names}`,
    async () => {
      const { json } = await ask(`${base}/catalogue?${query}`)
      const found = json.entries.map(({ name }: { name: string }) => name)
      return JSON.stringify(found) === JSON.stringify(names) ? true : undefined
    },
    10_000,
  )

declare('what is published at one tracker is found, changed and removed at all of them', async (rig) => {
  const store = await startServer(rig)
  await withTrackers(store, 3, async (bases) => {
    const [first = '', second = '', third = ''] = bases
    const torrent = torrentOf('holiday')
    const { json } = await publish(first, torrent, '?tag=one')
    for (const base of bases) await shows(base, 'q=holi&tag=one', ['holiday'])
    assert.equal((await ask(`${third}/catalogue/${json.infoHash}.torrent`)).bytes, torrent)
    const authorization = `Bearer ${json.key}`
    assert.is((await publish(second, torrent, '?tag=two')).status, 409)
    assert.is((await publish(second, torrent, '?tag=two', { authorization })).status, 200)
    for (const base of bases) await shows(base, 'tag=two', ['holiday'])
    const url = `${third}/catalogue/${json.infoHash}`
    assert.is(await codeOf(url, { method: 'DELETE' }), '403 NOT_PUBLISHER')
    assert.is((await ask(url, { method: 'DELETE', headers: { authorization } })).status, 200)
    for (const base of bases) await shows(base, '', [])
  })
  await withTrackers(store, 1, async ([base = '']) => shows(base, '', []).then(() => {}))
})

declare('of many who publish the same at several trackers at once, one is its publisher', async (rig) => {
  const store = await startServer(rig)
  await withTrackers(store, 3, async (bases) => {
    const torrent = torrentOf('wanted by all')
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => publish(bases[at % 3] ?? '', torrent, `?tag=t${at}`)),
    )
    const made = answers.filter(({ status }) => status === 201)
    assert.is(made.length, 1)
    assert.ok(answers.every(({ status }) => status === 201 || status === 409))
    const tags = made[0]?.json.tags
    for (const base of bases) await shows(base, `tag=${tags[0]}`, ['wanted by all'])
  })
})

declare(
  'while the server is away publishing is refused, and when it is back all is as others have left it',
  async (rig) => {
    const port = await freePort()
    const store = `redis://127.0.0.1:${port}/tests`
    const server = await startRedis(rig, port)
    await withTrackers(store, 2, async ([first = '', second = '']) => {
      assert.is((await publish(first, torrentOf('before'))).status, 201)
      await shows(second, '', ['before'])
      await server.stop()
      const refused = await publish(first, torrentOf('meanwhile'))
      assert.equal([refused.status, refused.json.error.code], [503, 'STORE_FAILED'])
      assert.is((await ask(`${first}/catalogue`)).json.total, 1)
      // It kept nothing, so that it comes back empty, and so do the catalogues.
      await startRedis(rig, port)
      await shows(first, '', [])
      await shows(second, '', [])
      await until(
        'publishing again',
        async () => ((await publish(second, torrentOf('after'))).status === 201 ? true : undefined),
        10_000,
      )
      await shows(first, '', ['after'])
    })
  },
)

declare('a tracker whose server is away stops all the same, and others start when it is back', async (rig) => {
  const port = await freePort()
  const store = `redis://127.0.0.1:${port}/tests`
  const server = await startRedis(rig, port)
  await withTrackers(store, 1, async ([base = '']) => {
    assert.is((await publish(base, torrentOf('one'))).status, 201)
    await server.stop()
  })
  await startRedis(rig, port)
  await withTrackers(store, 1, async ([base = '']) => shows(base, '', []).then(() => {}))
})

test.run()
