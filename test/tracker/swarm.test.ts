/** Announces and scrapes against the pure tracker. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { scrape, swarmStats } from '../../tracker/swarm.js'
import { hashOf, host, idOf, peer, peer6, world } from './swarm-world.js'

test('swarm: two peers of a torrent are told of each other, the first of nobody', () => {
  const { tell, numbers } = world()
  assert.equal(numbers(tell(peer(1))), [])
  assert.equal(numbers(tell(peer(2))), [1])
  assert.equal(numbers(tell(peer(1))), [2])
})

test('swarm: torrents do not mix', () => {
  const { tell, numbers } = world()
  tell(peer(1))
  assert.equal(numbers(tell(peer(2, { infoHash: hashOf(2) }))), [])
})

test('swarm: seeds are told of leeches only, and leeches of both', () => {
  const { tell, numbers } = world()
  tell(peer(1, { leftBytes: 0 }))
  tell(peer(2, { leftBytes: 0 }))
  tell(peer(3))
  assert.equal(numbers(tell(peer(4))), [1, 2, 3])
  assert.equal(numbers(tell(peer(1, { leftBytes: 0 }))), [3, 4])
})

test('swarm: seeds and leeches are counted, the asker among them', () => {
  const { tell } = world()
  tell(peer(1, { leftBytes: 0 }))
  tell(peer6(2, { leftBytes: 0 }))
  tell(peer6(3))
  const { complete, incomplete, downloaded } = tell(peer(4))
  assert.equal({ complete, incomplete, downloaded }, { complete: 2, incomplete: 2, downloaded: 0 })
})

test('swarm: a leech that completes is a seed from then on, and one that lost its data is none', () => {
  const { tell, numbers } = world()
  tell(peer(1))
  tell(peer(2, { leftBytes: 0 }))
  assert.is(tell(peer(1, { leftBytes: 0 })).complete, 2)
  assert.equal(numbers(tell(peer(2, { leftBytes: 0 }))), [])
  const answer = tell(peer(1, { leftBytes: 9 }))
  assert.is(answer.complete, 1)
  assert.equal(numbers(answer), [2])
})

test('swarm: a completion counts once, however often it is said', () => {
  const { tell } = world()
  tell(peer(1))
  assert.is(tell(peer(1, { leftBytes: 0, event: 'completed' })).downloaded, 1)
  assert.is(tell(peer(1, { leftBytes: 0, event: 'completed' })).downloaded, 1)
  assert.is(tell(peer(1, { leftBytes: 0 })).downloaded, 1)
})

test('swarm: a completion with bytes left is none', () => {
  const { tell } = world()
  assert.is(tell(peer(1, { leftBytes: 5, event: 'completed' })).downloaded, 0)
})

test('swarm: one that stops is told of nobody, and nobody is told of it', () => {
  const { tell, numbers } = world()
  tell(peer(1))
  tell(peer(2))
  const answer = tell(peer(1, { event: 'stopped' }))
  assert.equal(numbers(answer), [])
  assert.is(answer.incomplete, 1)
  assert.equal(numbers(tell(peer(3))), [2])
})

test('swarm: one that stops without having been there leaves nothing behind', () => {
  const { tell, state, nowMs } = world()
  assert.is(tell(peer(1, { event: 'stopped' })).incomplete, 0)
  assert.equal(swarmStats(state, nowMs), { torrents: 0, peers: 0, seeds: 0 })
})

test('swarm: nobody can sign off a peer at another address by its id', () => {
  const { tell, numbers } = world()
  tell(peer(1))
  tell(peer(1, { host: host('192.0.2.66'), event: 'stopped' }))
  assert.equal(numbers(tell(peer(2))), [1])
})

test('swarm: a client that starts again on its port replaces itself', () => {
  const { tell, numbers } = world()
  tell(peer(1))
  const answer = tell(peer(1, { peerId: idOf(7) }))
  assert.is(answer.incomplete, 1)
  assert.equal(numbers(tell(peer(2))), [7])
})

test('swarm: one client on two ports of an address is two peers', () => {
  const { tell, addresses } = world()
  tell(peer(1))
  tell(peer(1, { peerId: idOf(9), port: 6_882 }))
  assert.equal(addresses(tell(peer(2))), ['10.0.0.1:6881', '10.0.0.1:6882'])
})

test('swarm: a client that announces over IPv4 and IPv6 is not sent to itself, and is sent to others twice', () => {
  const { tell, addresses } = world()
  tell(peer(1))
  assert.equal(addresses(tell(peer6(1))), [])
  assert.equal(addresses(tell(peer(1))), [])
  assert.equal(addresses(tell(peer(2))), ['10.0.0.1:6881', '2001:db8::1:6881'])
})

test('swarm: an answer that can hold one family has that family only', () => {
  const { tell, addresses } = world()
  for (const number of [1, 2]) {
    tell(peer(number))
    tell(peer6(number + 10, { leftBytes: 0 }))
  }
  assert.equal(addresses(tell(peer(5, { families: ['ipv4'] }))), ['10.0.0.1:6881', '10.0.0.2:6881'])
  assert.equal(addresses(tell(peer6(6, { families: ['ipv6'] }))), ['2001:db8::b:6881', '2001:db8::c:6881'])
})

test('swarm: no more peers than the bound come, whatever is asked for', () => {
  const { tell } = world()
  for (let number = 1; number <= LIMITS.trackerNumwantMax + 50; number++) tell(peer(number, { numwant: 0 }))
  assert.is(tell(peer(0, { numwant: 1_000_000 })).chosen.count, LIMITS.trackerNumwantMax)
  assert.is(tell(peer(0, { numwant: 0 })).chosen.count, 0)
})

test('swarm: where it is full, newcomers are refused, and nobody is put out', () => {
  const { ask, tell, numbers, state, nowMs } = world({ peersMax: 2, swarmsMax: 2 })
  tell(peer(1))
  tell(peer(2))
  assert.match(JSON.stringify(ask(peer(3))), /full: it takes no more peers/)
  assert.match(JSON.stringify(ask(peer(3, { infoHash: hashOf(2) }))), /full: it takes no more peers/)
  assert.equal(numbers(tell(peer(1))), [2], 'those that are there go on')
  assert.equal(swarmStats(state, nowMs), { torrents: 1, peers: 2, seeds: 0 })
  tell(peer(1, { event: 'stopped' }))
  tell(peer(3, { infoHash: hashOf(2) }))
  assert.match(JSON.stringify(ask(peer(4, { infoHash: hashOf(3) }))), /full: it takes no more torrents/)
})

test('swarm: a scrape counts, and a torrent that nobody announced has nobody', () => {
  const { tell, state, nowMs } = world()
  tell(peer(1))
  tell(peer(1, { leftBytes: 0, event: 'completed' }))
  tell(peer6(2))
  assert.equal(scrape(state, [hashOf(1), hashOf(5)], nowMs), [
    { infoHash: hashOf(1), complete: 1, incomplete: 1, downloaded: 1 },
    { infoHash: hashOf(5), complete: 0, incomplete: 0, downloaded: 0 },
  ])
  assert.equal(swarmStats(state, nowMs), { torrents: 1, peers: 2, seeds: 1 })
})

test('swarm: completions outlive the last peer, and a torrent without any is forgotten with it', () => {
  const one = world()
  one.tell(peer(1))
  one.tell(peer(1, { leftBytes: 0, event: 'completed' }))
  one.tell(peer(1, { event: 'stopped' }))
  one.tell(peer(2, { infoHash: hashOf(2) }))
  one.tell(peer(2, { infoHash: hashOf(2), event: 'stopped' }))
  assert.equal(swarmStats(one.state, one.nowMs), { torrents: 1, peers: 0, seeds: 0 })
  one.nowMs += LIMITS.trackerSwarmKeptMs - 1
  assert.is(scrape(one.state, [hashOf(1)], one.nowMs)[0]?.downloaded, 1)
  assert.is(one.tell(peer(3)).downloaded, 1, 'and whoever comes in time goes on with the count')
  one.tell(peer(3, { event: 'stopped' }))
  one.nowMs += LIMITS.trackerSwarmKeptMs - 1
  assert.is(swarmStats(one.state, one.nowMs).torrents, 1)
  one.nowMs += 1
  assert.is(swarmStats(one.state, one.nowMs).torrents, 0)
})

test.run()
