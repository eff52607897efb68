/** Swarms over sockets, as they decide: who is counted, who is passed whose offers, and whose answers are passed back. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import type { InfoHash } from '../../src/values.js'
import type { WebAnnounce, WebReply } from '../../src/wire/websocketrequest.js'
import type { WebLink, WebPeer } from '../../tracker/web-swarm.js'
import { type WebAnswered, WebSwarms } from '../../tracker/web-swarms.js'
import { hashOf, seeded } from './swarm-world.js'

const test = suite('tracker web swarms')
const HASH = hashOf(1)
const SETTINGS = { intervalSeconds: 100, peersMax: 1_000, swarmsMax: 1_000 }

const newLink = (): WebLink => ({ send: () => {}, peers: new Set<WebPeer>() })
const newSwarms = (settings: Partial<typeof SETTINGS> = {}): WebSwarms =>
  new WebSwarms({ ...SETTINGS, ...settings }, seeded(1))

const offers = (count: number, prefix = 'o') =>
  Array.from({ length: count }, (_, at) => ({ offerId: `${prefix}${at}`.padEnd(20, '-'), sdp: 'v=0' }))
const asking = (peerId: string, more: Partial<WebAnnounce> = {}): WebAnnounce => ({
  ...{ type: 'announce', infoHash: HASH, peerId, leftBytes: 1, event: undefined },
  ...{ numwant: more.offers?.length ?? 0, takesOffers: true, offers: [], offersLeft: 0, ...more },
})
const answering = (peerId: string, toPeerId: string, offerId: string, infoHash: InfoHash = HASH): WebReply => ({
  ...{ type: 'answer', infoHash, peerId, toPeerId, offerId, sdp: 'v=0' },
})

const taken = (swarms: WebSwarms, request: WebAnnounce, link = newLink(), nowMs = 0): WebAnswered => {
  const outcome = swarms.announce(request, link, nowMs)
  if (outcome.type === 'refusal') throw new Error(outcome.reason)
  return outcome
}
const refusedBy = (swarms: WebSwarms, request: WebAnnounce, link = newLink()): string => {
  const outcome = swarms.announce(request, link, 0)
  return outcome.type === 'refusal' ? outcome.reason : 'taken'
}
const named = ({ relays }: WebAnswered): readonly string[] => relays.map(({ to }) => to.id).sort()

test('web swarms: whoever comes is counted, once, as what it last said, until it leaves', () => {
  const swarms = newSwarms()
  const link = newLink()
  assert.equal(taken(swarms, asking('a'), link).swarm, { complete: 0, incomplete: 1, downloaded: 0 })
  assert.equal(taken(swarms, asking('a'), link).swarm, { complete: 0, incomplete: 1, downloaded: 0 })
  const completed = asking('a', { leftBytes: 0, event: 'completed' })
  assert.equal(taken(swarms, completed, link).swarm, { complete: 1, incomplete: 0, downloaded: 1 })
  assert.equal(taken(swarms, completed, link).swarm, { complete: 1, incomplete: 0, downloaded: 1 })
  taken(swarms, asking('b', { takesOffers: false }))
  assert.equal(swarms.counts(HASH), { complete: 1, incomplete: 1, downloaded: 1 })
  assert.equal(swarms.stats(), { torrents: 1, peers: 2, seeds: 1 })
  swarms.leave(link, 0)
  assert.equal(swarms.counts(HASH), { complete: 0, incomplete: 1, downloaded: 1 })
  assert.is(link.peers.size, 0)
})

test('web swarms: who says stopped is gone, and may say so again', () => {
  const swarms = newSwarms()
  const link = newLink()
  taken(swarms, asking('a'), link)
  for (const _ of [1, 2]) {
    const { swarm, relays } = taken(swarms, asking('a', { event: 'stopped', offers: offers(2) }), link)
    assert.equal([swarm, relays], [{ complete: 0, incomplete: 0, downloaded: 0 }, []])
  }
  assert.equal(swarms.stats(), { torrents: 0, peers: 0, seeds: 0 })
})

test('web swarms: offers go to others that take them, one each, and of seeds only to leeches', () => {
  const swarms = newSwarms()
  for (const peerId of ['leech1', 'leech2']) taken(swarms, asking(peerId))
  for (const peerId of ['seed1', 'seed2']) taken(swarms, asking(peerId, { leftBytes: 0 }))
  taken(swarms, asking('silent', { takesOffers: false }))
  taken(swarms, asking('elsewhere', { infoHash: hashOf(2) }))
  const from = newLink()
  assert.equal(named(taken(swarms, asking('a', { offers: offers(10) }), from)), ['leech1', 'leech2', 'seed1', 'seed2'])
  assert.is(taken(swarms, asking('a', { offers: offers(3) }), from).relays.length, 3)
  assert.equal(named(taken(swarms, asking('a', { leftBytes: 0, offers: offers(10) }), from)), ['leech1', 'leech2'])
  // What it says now counts, whatever it said before.
  assert.equal(named(taken(swarms, asking('b', { offers: offers(10) }))), ['a', 'leech1', 'leech2', 'seed1', 'seed2'])
  taken(swarms, asking('a', { takesOffers: false }), from)
  assert.not.ok(named(taken(swarms, asking('c', { offers: offers(10) }))).includes('a'))
})

test('web swarms: each peer is as likely to be passed an offer as any other', () => {
  const swarms = newSwarms()
  const peers = 12
  for (let peer = 0; peer < peers; peer++) taken(swarms, asking(`p${peer}`, { leftBytes: peer % 3 }))
  const from = newLink()
  const drawn = new Map<string, number>()
  const rounds = 6_000
  for (let round = 0; round < rounds; round++)
    for (const id of named(taken(swarms, asking('a', { offers: offers(3) }), from)))
      drawn.set(id, (drawn.get(id) ?? 0) + 1)
  assert.is(drawn.size, peers)
  // Of 1,500 expected the standard deviation is 34.
  for (const [id, count] of drawn) assert.ok(Math.abs(count - (rounds * 3) / peers) < 200, `${id}: ${count}`)
})

test('web swarms: an answer is passed back once, by whom the offer was passed to, while it holds', () => {
  const swarms = newSwarms()
  const [from, to, stranger] = [newLink(), newLink(), newLink()]
  taken(swarms, asking('b'), to)
  taken(swarms, asking('c', { leftBytes: 0, takesOffers: false }), stranger)
  const [relay] = taken(swarms, asking('a', { offers: offers(1) }), from).relays
  const offerId = relay?.offer.offerId ?? ''
  assert.is(relay?.to.link, to)
  // Nobody else, no other offer, no other torrent, and not over another socket.
  assert.is(swarms.answer(answering('c', 'a', offerId), stranger, 1), undefined)
  assert.is(swarms.answer(answering('b', 'a', offerId), stranger, 1), undefined)
  assert.is(swarms.answer(answering('b', 'a', 'another'), to, 1), undefined)
  assert.is(swarms.answer(answering('b', 'c', offerId), to, 1), undefined)
  assert.is(swarms.answer(answering('b', 'a', offerId, hashOf(2)), to, 1), undefined)
  assert.is(swarms.answer(answering('b', 'a', offerId), to, LIMITS.trackerWebOfferMs), undefined)
  assert.is(swarms.answer(answering('b', 'a', offerId), to, 1)?.link, from)
  assert.is(swarms.answer(answering('b', 'a', offerId), to, 1), undefined)
})

test('web swarms: the latest offers of a peer are remembered, as many as there may be, and no others', () => {
  const swarms = newSwarms()
  const [from, to] = [newLink(), newLink()]
  taken(swarms, asking('b'), to)
  const rounds = LIMITS.trackerWebOffersKept + 5
  for (let round = 0; round < rounds; round++) taken(swarms, asking('a', { offers: offers(1, `${round}o`) }), from)
  const isAnswered = (round: number): boolean =>
    swarms.answer(answering('b', 'a', offers(1, `${round}o`)[0]?.offerId ?? ''), to, 1) !== undefined
  const answered = Array.from({ length: rounds }, (_, round) => isAnswered(round))
  assert.equal(answered, [...Array(5).fill(false), ...Array(LIMITS.trackerWebOffersKept).fill(true)])
})

test('web swarms: another socket cannot take the id of a peer, nor send it away, until that one is gone', () => {
  const swarms = newSwarms()
  const [own, thief] = [newLink(), newLink()]
  taken(swarms, asking('a'), own)
  assert.is(refusedBy(swarms, asking('a'), thief), 'another connection has this peer_id')
  assert.is(refusedBy(swarms, asking('a', { event: 'stopped' }), thief), 'another connection has this peer_id')
  assert.is(refusedBy(swarms, asking('a', { infoHash: hashOf(2) }), thief), 'taken')
  swarms.leave(thief, 0)
  assert.equal(swarms.counts(HASH), { complete: 0, incomplete: 1, downloaded: 0 })
  swarms.leave(own, 0)
  assert.is(refusedBy(swarms, asking('a'), thief), 'taken')
})

test('web swarms: what has no room is refused, and those that are there go on', () => {
  const swarms = newSwarms({ peersMax: 3, swarmsMax: 2 })
  const link = newLink()
  taken(swarms, asking('a'), link)
  taken(swarms, asking('a', { infoHash: hashOf(2) }), link)
  assert.match(refusedBy(swarms, asking('a', { infoHash: hashOf(3) })), /takes no more torrents/)
  taken(swarms, asking('b'))
  assert.match(refusedBy(swarms, asking('c')), /takes no more peers/)
  assert.is(refusedBy(swarms, asking('a'), link), 'taken')
  const wide = newSwarms({ peersMax: 1_000_000, swarmsMax: 1_000_000 })
  const wideLink = newLink()
  for (let at = 0; at < LIMITS.trackerWebPeersPerSocketMax; at++)
    taken(wide, asking('a', { infoHash: hashOf(at) }), wideLink)
  assert.match(refusedBy(wide, asking('a', { infoHash: hashOf(10_000) }), wideLink), /at most 1000 torrents/)
})

test('web swarms: who does not announce for two intervals is forgotten, and a count of completions in time', () => {
  const swarms = newSwarms()
  const link = newLink()
  taken(swarms, asking('a', { leftBytes: 0, event: 'completed' }), link, 0)
  taken(swarms, asking('b'), link, 0)
  taken(swarms, asking('b'), link, 100_000)
  swarms.expire(199_999)
  assert.equal(swarms.counts(HASH), { complete: 1, incomplete: 1, downloaded: 1 })
  swarms.expire(200_000)
  assert.equal(swarms.counts(HASH), { complete: 0, incomplete: 1, downloaded: 1 })
  swarms.expire(300_000)
  assert.equal(swarms.counts(HASH), { complete: 0, incomplete: 0, downloaded: 1 })
  swarms.expire(300_000 + LIMITS.trackerSwarmKeptMs - 1)
  assert.is(swarms.stats().torrents, 1)
  swarms.expire(300_000 + LIMITS.trackerSwarmKeptMs)
  assert.equal(swarms.stats(), { torrents: 0, peers: 0, seeds: 0 })
})

test('web swarms: a longer interval is shortened, since offers hold for less than a minute', () => {
  assert.is(newSwarms({ intervalSeconds: 1_800 }).intervalSeconds, LIMITS.trackerWebIntervalSeconds)
  assert.is(newSwarms({ intervalSeconds: 30 }).intervalSeconds, 30)
})

interface Known {
  readonly link: number
  seed: boolean
  seenMs: number
}

test('web swarms: whatever comes in whatever order, they hold whom a plain list would, and pass offers to no one else', () => {
  const step = fc.record({
    what: fc.constantFrom('announce', 'announce', 'announce', 'stopped', 'close', 'wait'),
    ...{ link: fc.nat(3), id: fc.nat(4), torrent: fc.nat(1), seed: fc.boolean(), takesOffers: fc.boolean() },
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
      const swarms = new WebSwarms(SETTINGS, seeded(seed))
      const links = Array.from({ length: 4 }, newLink)
      const known = new Map<string, Known>()
      let nowMs = 0
      for (const { what, link: number, id, torrent, seed: isSeed, takesOffers } of steps) {
        const link = links[number] ?? newLink()
        const key = `${torrent}/${id}`
        if (what === 'wait') {
          nowMs += 70_000
          swarms.expire(nowMs)
          for (const [old, { seenMs }] of known) if (nowMs - seenMs >= 200_000) known.delete(old)
        } else if (what === 'close') {
          swarms.leave(link, nowMs)
          for (const [old, { link: its }] of known) if (its === number) known.delete(old)
        } else {
          const request = asking(`${id}`, { infoHash: hashOf(torrent), leftBytes: isSeed ? 0 : 1, takesOffers })
          const event = what === 'stopped' ? what : undefined
          const outcome = swarms.announce({ ...request, event, offers: offers(3), numwant: 3 }, link, nowMs)
          const holder = known.get(key)
          assert.is(outcome.type, holder === undefined || holder.link === number ? 'answered' : 'refusal')
          if (outcome.type === 'refusal') continue
          if (event === undefined) known.set(key, { link: number, seed: isSeed, seenMs: nowMs })
          else known.delete(key)
          const others = named(outcome)
          assert.is(new Set(others).size, others.length)
          for (const other of others) {
            assert.is.not(other, `${id}`)
            assert.ok(known.has(`${torrent}/${other}`))
            assert.ok(!isSeed || known.get(`${torrent}/${other}`)?.seed === false)
          }
        }
        for (const number of [0, 1]) {
          const its = [...known].filter(([at]) => at.startsWith(`${number}/`)).map(([, peer]) => peer)
          const complete = its.filter(({ seed }) => seed).length
          const counts = swarms.counts(hashOf(number)) ?? { complete: 0, incomplete: 0, downloaded: 0 }
          assert.equal(counts, { complete, incomplete: its.length - complete, downloaded: 0 })
        }
        const seeds = [...known.values()].filter(({ seed }) => seed).length
        assert.equal([swarms.stats().peers, swarms.stats().seeds], [known.size, seeds])
        assert.is(
          links.reduce((sum, { peers }) => sum + peers.size, 0),
          known.size,
        )
      }
    }),
    { numRuns: 300 },
  )
})

test.run()
