/** Peers that are not heard of again. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { scrape, swarmStats } from '../../tracker/swarm.js'
import { EXPIRY_MS, hashOf, peer, world } from './swarm-world.js'

test('expiry: a peer is there until the last millisecond of its time, and not after', () => {
  const one = world()
  one.tell(peer(1))
  one.nowMs += EXPIRY_MS - 1
  assert.equal(one.numbers(one.tell(peer(2))), [1])
  one.nowMs += 1
  assert.equal(one.numbers(one.tell(peer(3))), [2])
  assert.is(swarmStats(one.state, one.nowMs).peers, 2)
})

test('expiry: an announce gives a peer its whole time again', () => {
  const one = world()
  one.tell(peer(1))
  one.nowMs += EXPIRY_MS - 1
  one.tell(peer(1))
  one.nowMs += EXPIRY_MS - 1
  assert.equal(one.numbers(one.tell(peer(2))), [1])
})

test('expiry: scrapes and stats do not count who has expired', () => {
  const one = world()
  one.tell(peer(1, { leftBytes: 0 }))
  one.nowMs += EXPIRY_MS
  assert.equal(scrape(one.state, [hashOf(1)], one.nowMs)[0]?.complete, 0)
  assert.equal(swarmStats(one.state, one.nowMs), { torrents: 0, peers: 0, seeds: 0 })
})

test('expiry: a clock that is set back makes nobody older or younger', () => {
  const one = world()
  one.tell(peer(1))
  one.nowMs += EXPIRY_MS - 1
  one.tell(peer(2))
  one.nowMs = 0
  assert.equal(one.numbers(one.tell(peer(3))), [1, 2])
})

test('expiry: after a crowd has left, a request does bounded work, nobody expired is sent, and all are cleared in the end', () => {
  const crowd = 2_000
  const one = world()
  for (let number = 1; number <= crowd; number++) one.tell(peer(number, { numwant: 0 }))
  one.nowMs += EXPIRY_MS - 1
  one.tell(peer(crowd + 1))
  one.nowMs += 1
  const perRequest = 2 * LIMITS.trackerExpiredPerCallMax + 50
  let before = one.state.peers.count
  let requests = 0
  for (; one.state.peers.count > 2; requests++) {
    assert.ok(requests < crowd, 'the crowd is never cleared away')
    const answer = one.tell(peer(crowd + 2))
    const sent = one.numbers(answer)
    assert.equal(
      sent.filter((number) => number !== crowd + 1),
      [],
    )
    assert.ok(before - one.state.peers.count <= perRequest)
    before = one.state.peers.count
  }
  assert.ok(requests >= crowd / perRequest, `${requests}`)
  assert.equal(one.numbers(one.tell(peer(crowd + 2))), [crowd + 1])
})

test('expiry: any comings and goings leave exactly those who were heard of in time', () => {
  const step = fc.record({
    wait: fc.integer({ min: 0, max: EXPIRY_MS / 4 }),
    number: fc.nat(12),
    torrent: fc.nat(2),
    seed: fc.boolean(),
    stop: fc.nat(5).map((draw) => draw === 0),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const one = world()
      const model = new Map<string, { torrent: number; number: number; seed: boolean; seenMs: number }>()
      for (const { wait, number, torrent, seed, stop } of steps) {
        one.nowMs += wait
        for (const [key, { seenMs }] of model) if (one.nowMs - seenMs >= EXPIRY_MS) model.delete(key)
        const key = `${torrent} ${number}`
        if (stop) model.delete(key)
        else model.set(key, { torrent, number, seed, seenMs: one.nowMs })
        const event = stop ? 'stopped' : undefined
        const answer = one.tell(peer(number, { infoHash: hashOf(torrent), leftBytes: seed ? 0 : 1, event }))
        const others = [...model.values()].filter((other) => other.torrent === torrent && other.number !== number)
        const sent = stop ? [] : others.filter((other) => !(seed && other.seed))
        assert.equal(
          one.numbers(answer),
          sent.map((other) => other.number).sort((left, right) => left - right),
        )
        const swarm = [...model.values()].filter((other) => other.torrent === torrent)
        assert.is(answer.complete, swarm.filter((other) => other.seed).length)
        assert.is(answer.incomplete, swarm.filter((other) => !other.seed).length)
        const stats = swarmStats(one.state, one.nowMs)
        assert.is(stats.peers, model.size)
        assert.is(stats.seeds, [...model.values()].filter((other) => other.seed).length)
        assert.is(stats.torrents, new Set([...model.values()].map((other) => other.torrent)).size)
      }
    }),
    { numRuns: 60 },
  )
})

test.run()
