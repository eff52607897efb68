/** Local service discovery (BEP 14) in a simulated local network: who is told of what, how often, and what is passed over. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SimulatedClock } from '../../simulations/clock.js'
import { World } from '../../simulations/world.js'
import { LocalDiscovery, type LocalNews } from '../../src/discovery/local-discovery.js'
import { LIMITS } from '../../src/limits.js'
import { type InfoHash, infoHash, showAddress, toHex } from '../../src/values.js'
import { latin1Bytes } from '../../src/wire/bencode.js'
import { encodeLocalAnnounce, LOCAL_GROUPS } from '../../src/wire/localannounce.js'
import { Lan } from './lan.js'

const hashOf = (byte: number): InfoHash =>
  infoHash(Uint8Array.from({ length: 20 }, (_, at) => (at === 0 ? byte >> 8 : byte & 0xff)))

class Machine {
  readonly found: string[] = []
  readonly news: LocalNews[] = []
  readonly discovery: LocalDiscovery

  constructor(place: Place, host: string, wanted: (hash: InfoHash) => boolean = () => true) {
    this.discovery = new LocalDiscovery({
      multicast: place.lan.at(host),
      clock: new SimulatedClock(place.world, 1),
      cookie: host,
      port: 6_881,
      tell: (news) => this.news.push(news),
      wants: wanted,
      found: (hash, address) => this.found.push(`${toHex(hash).slice(0, 4)} at ${showAddress(address)}`),
    })
  }
}

class Place {
  readonly world = new World(1)
  readonly lan = new Lan(this.world)

  async run(seconds: number): Promise<void> {
    await this.world.run({ at: this.world.now + seconds * 1_000_000 })
  }
}

test('local discovery: who announces is found by the others, once, and not by itself', async () => {
  const place = new Place()
  const [one, other, third] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => new Machine(place, host)) as [
    Machine,
    Machine,
    Machine,
  ]
  await place.run(1)
  assert.equal(one.news, [{ type: 'lsd-joined', groups: LOCAL_GROUPS.map(showAddress) }])
  one.discovery.announce(hashOf(1))
  one.discovery.announce(hashOf(2))
  await place.run(1)
  // Over two groups, and so heard twice.
  assert.is(place.lan.sent, 2)
  for (const { found } of [other, third]) assert.equal(found, ['0001 at 10.0.0.1:6881', '0002 at 10.0.0.1:6881'])
  assert.equal(one.found, [])
})

test('local discovery: announces are a minute apart, however many torrents there are, and none is forgotten', async () => {
  const place = new Place()
  const [one, other] = [new Machine(place, '10.0.0.1'), new Machine(place, '10.0.0.2')]
  await place.run(1)
  const torrents = 3 * LIMITS.localAnnounceHashesMax
  for (let torrent = 0; torrent < torrents; torrent++) one.discovery.announce(hashOf(torrent))
  const sent: number[] = []
  for (let minute = 0; minute < 5; minute++) {
    const before = place.lan.sent
    await place.run(60)
    sent.push(place.lan.sent - before)
  }
  assert.equal(sent, [2, 2, 2, 0, 0])
  assert.is(other.found.length, torrents)
})

test('local discovery: a torrent that comes soon after an announce waits for the next', async () => {
  const place = new Place()
  const one = new Machine(place, '10.0.0.1')
  await place.run(1)
  one.discovery.announce(hashOf(1))
  await place.run(1)
  one.discovery.announce(hashOf(2))
  await place.run(LIMITS.localAnnounceGapMs / 1_000 - 3)
  assert.is(place.lan.sent, 2)
  await place.run(3)
  assert.is(place.lan.sent, 4)
})

test('local discovery: torrents that nobody here has are passed over, and cost nothing', async () => {
  const place = new Place()
  const one = new Machine(place, '10.0.0.1', (hash) => hash[19] === 7)
  await place.run(1)
  const infoHashes = Array.from({ length: 20 }, (_, at) => hashOf(at))
  const [group] = LOCAL_GROUPS
  if (group === undefined) throw new Error('there is a group')
  place.lan.inject(encodeLocalAnnounce(group, { port: 1, infoHashes, cookie: undefined }), {
    host: '10.0.0.9',
    port: 5,
  })
  await place.run(1)
  assert.equal(one.found, ['0007 at 10.0.0.9:1'])
})

test('local discovery: a flood of peers is bounded, and over after five minutes', async () => {
  const place = new Place()
  const one = new Machine(place, '10.0.0.1')
  await place.run(1)
  const [group] = LOCAL_GROUPS
  if (group === undefined) throw new Error('there is a group')
  const flood = (): void => {
    for (let port = 1; port <= 2 * LIMITS.localPeersMax; port++)
      place.lan.inject(encodeLocalAnnounce(group, { port, infoHashes: [hashOf(1)], cookie: undefined }), {
        host: '10.0.0.9',
        port: 5,
      })
  }
  flood()
  await place.run(1)
  assert.is(one.found.length, LIMITS.localPeersMax)
  await place.run(300)
  flood()
  await place.run(1)
  assert.is(one.found.length, 2 * LIMITS.localPeersMax)
})

test('local discovery: garbage, and addresses of one link only, are passed over', async () => {
  const place = new Place()
  const one = new Machine(place, '10.0.0.1')
  await place.run(1)
  const [group] = LOCAL_GROUPS
  if (group === undefined) throw new Error('there is a group')
  place.lan.inject(latin1Bytes('GET / HTTP/1.1\r\n\r\n'), { host: '10.0.0.9', port: 5 })
  const announce = encodeLocalAnnounce(group, { port: 1, infoHashes: [hashOf(1)], cookie: undefined })
  place.lan.inject(announce, { host: 'fe80::1%eth0', port: 5 })
  await place.run(1)
  assert.equal(one.found, [])
})

test('local discovery: where there is no network that is said once, and it is tried again', async () => {
  const place = new Place()
  place.lan.down = true
  const one = new Machine(place, '10.0.0.1')
  await place.run(1)
  one.discovery.announce(hashOf(1))
  await place.run(700)
  assert.equal(one.news, [{ type: 'lsd-failed', reason: 'ENODEV: there is no network' }])
  assert.is(place.lan.sent, 0)
  place.lan.down = false
  await place.run(300)
  assert.is(one.news.at(-1)?.type, 'lsd-joined')
  one.discovery.announce(hashOf(1))
  await place.run(2)
  assert.is(place.lan.sent, 2)
})

test('local discovery: an announce that no network takes is said once, and is no end', async () => {
  const place = new Place()
  const [one, other] = [new Machine(place, '10.0.0.1'), new Machine(place, '10.0.0.2')]
  await place.run(1)
  place.lan.fate = 'is refused'
  for (let time = 0; time < 3; time++) {
    one.discovery.announce(hashOf(1))
    await place.run(61)
  }
  assert.equal(one.news.slice(1), [{ type: 'lsd-failed', reason: 'ENETUNREACH: there is no way' }])
  place.lan.fate = 'arrives'
  one.discovery.announce(hashOf(1))
  await place.run(61)
  assert.is(other.found.length, 1)
})

test('local discovery: after it is closed nothing is sent and nothing is heard', async () => {
  const place = new Place()
  const [one, other] = [new Machine(place, '10.0.0.1'), new Machine(place, '10.0.0.2')]
  const early = new Machine(place, '10.0.0.3')
  early.discovery.close() // before it has joined
  await place.run(1)
  one.discovery.announce(hashOf(1))
  other.discovery.announce(hashOf(2))
  one.discovery.close()
  one.discovery.close()
  await place.run(120)
  assert.is(place.lan.sent, 2, 'those of the other')
  assert.equal([one.found, other.found, early.news], [[], [], []])
})

test.run()
