/** What fronts share: which torrents are served, and what is counted. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TrackerCore } from '../../tracker/core.js'
import { MemoryStore } from '../../tracker/memory-store.js'
import { hashOf, peer, seeded } from './swarm-world.js'

const coreOf = (allow?: ReadonlySet<string>): TrackerCore =>
  new TrackerCore({
    store: new MemoryStore({ intervalSeconds: 100, hashSeed: 7 }, seeded(1)),
    intervalSeconds: 100,
    now: () => 1_000,
    allow,
  })
const first = `${'0'.repeat(39)}1`

test('core: torrents that are not on the list are refused, and not remembered', async () => {
  const core = coreOf(new Set([first]))
  assert.is((await core.announce('http', peer(1))).type, 'answer')
  for (const event of [undefined, 'stopped'] as const)
    assert.equal(await core.announce('http', peer(1, { infoHash: hashOf(2), event })), {
      type: 'refusal',
      code: 'not_served',
      reason: 'this tracker does not serve this torrent',
    })
  assert.equal(await core.scrape('http', [hashOf(2), hashOf(1)]), [
    { infoHash: hashOf(1), complete: 0, incomplete: 1, downloaded: 0 },
  ])
  const { torrents, peers, announces, scrapes } = await core.stats()
  assert.equal({ torrents, peers, announces, scrapes }, { torrents: 1, peers: 1, announces: 3, scrapes: 1 })
})

test('core: a list that is exchanged holds from the next announce on', async () => {
  const core = coreOf(new Set([first]))
  core.allow = new Set()
  assert.is((await core.announce('http', peer(1))).type, 'refusal')
  core.allow = undefined
  assert.is((await core.announce('http', peer(1, { infoHash: hashOf(2) }))).type, 'answer')
})

test('core: peers may ask again within the least interval, and never later than in the interval', () => {
  assert.is(coreOf().minIntervalSeconds, 60)
  assert.is(new TrackerCore({ store: coreOf().store, intervalSeconds: 20, now: () => 0 }).minIntervalSeconds, 20)
})

test.run()
