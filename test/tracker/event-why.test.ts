/** Why a peer did not get another: each reason that there is, from what a real tracker's core has logged. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TrackerCore } from '../../tracker/core.js'
import { readChunk, recordsOf } from '../../tracker/event-chunk.js'
import { EventPacker, type SealedChunk } from '../../tracker/event-packer.js'
import { FIRST_PREVIOUS, type Keeping } from '../../tracker/event-record.js'
import { type Why, WhyFold } from '../../tracker/event-why.js'
import { MemoryStore } from '../../tracker/memory-store.js'
import { Rates } from '../../tracker/rates.js'
import type { SwarmRequest } from '../../tracker/swarm.js'
import type { FrontName } from '../../tracker/tally.js'
import { hashOf, host, INTERVAL_SECONDS, idOf, peer, peer6, seeded } from './swarm-world.js'

const test = suite('tracker why')

/** A tracker whose log is asked. Peers are named by their numbers, as 10.0.0.N:6881. */
const tracker = (more: { peersMax?: number; rates?: Rates; allow?: ReadonlySet<string>; keeping?: Keeping } = {}) => {
  const { peersMax = 1_000, keeping = 'memory', ...rest } = more
  const chunks: SealedChunk[] = []
  const packer = new EventPacker(0, FIRST_PREVIOUS, (chunk) => chunks.push(chunk) > 0)
  const newStore = () =>
    new MemoryStore({ intervalSeconds: INTERVAL_SECONDS, peersMax, swarmsMax: 10, hashSeed: 1 }, seeded(1))
  const open = (): TrackerCore => {
    const core = new TrackerCore({
      store: newStore(),
      intervalSeconds: INTERVAL_SECONDS,
      now: () => self.nowMs,
      ...rest,
    })
    core.witness = packer
    packer.opened(self.nowMs, true, keeping, INTERVAL_SECONDS)
    return core
  }
  const self = {
    nowMs: 1_000,
    restart: () => {
      core = open()
    },
    announce: (request: SwarmRequest, front: FrontName = 'http') => void core.announce(front, request),
    takes: (request: SwarmRequest) => core.takes('udp', request.host),
    why: (asked = 1, other = 2, address?: { peer?: string; other?: string }): Why => {
      packer.seal()
      const fold = new WhyFold({
        infoHash: hashOf(1),
        peer: { host: address?.peer ?? `10.0.0.${asked}`, port: 6_881 },
        other: { host: address?.other ?? `10.0.0.${other}`, port: 6_881 },
      })
      for (const { bytes } of chunks) {
        const chunk = readChunk(bytes)
        if (chunk === undefined) throw new Error('no chunk')
        for (const record of recordsOf(chunk)) fold.take(record)
      }
      return fold.explain()
    },
  }
  let core = open()
  return self
}

/** The codes, the newest first, each with its count and its records. */
const codes = ({ causes }: Why): string[] =>
  causes.map(({ code, count, events }) => `${code} ${count} ${events.join(',')}`)

test('why: it was given, and both ways are told', () => {
  const { announce, why } = tracker()
  announce(peer(2))
  announce(peer(1))
  assert.equal(codes(why()), ['offered 1 2'])
  assert.match(why().verdict, /^10\.0\.0\.1:6881 was given 10\.0\.0\.2:6881 \(record 2\)/)
  assert.equal(codes(why(2, 1)), ['other-was-given 1 2', 'not-announced 1 1'])
})

test('why: it had not announced yet, or never asked, or was asked for by a host alone', () => {
  const { announce, why } = tracker()
  announce(peer(1))
  assert.equal(codes(why()), ['not-announced 1 1'])
  assert.equal(why(7, 2).causes, [])
  assert.match(why(7, 2).verdict, /has not asked/)
  assert.is(why().remedies.length, 1)
})

test('why: seeds are not sent to seeds', () => {
  const { announce, why } = tracker()
  announce(peer(2, { leftBytes: 0 }))
  announce(peer(1, { leftBytes: 0 }))
  assert.equal(codes(why()), ['seed-to-seed 1 1,2'])
})

test('why: nobody gets itself by another address', () => {
  const { announce, why } = tracker()
  announce(peer(2, { peerId: idOf(1) }))
  announce(peer(1))
  assert.equal(codes(why()), ['same-peer 1 1,2'])
})

test('why: it had expired, and what was read of it before is still right', () => {
  const self = tracker()
  self.announce(peer(2))
  self.announce(peer(1))
  self.nowMs += INTERVAL_SECONDS * 2_000
  self.announce(peer(1))
  assert.equal(codes(self.why()), ['expired 1 1,3', 'offered 1 2'])
  assert.match(self.why().verdict, /not heard of for 200\.000 s since record 1, and is forgotten after 200\.000 s/)
})

test('why: it had left, or the tracker had forgotten it with its own end', () => {
  const self = tracker()
  self.announce(peer(2))
  self.announce(peer(2, { event: 'stopped' }))
  self.announce(peer(1))
  assert.equal(codes(self.why()), ['other-stopped 1 2,3'])
  self.announce(peer(2))
  self.restart()
  self.announce(peer(1))
  assert.equal(codes(self.why()), ['restarted 1 5,6', 'other-was-given 1 4', 'other-stopped 1 2,3'])
})

test('why: a store that outlives its tracker forgets nobody', () => {
  const self = tracker({ keeping: 'folder' })
  self.announce(peer(2))
  self.restart()
  self.announce(peer(2))
  self.announce(peer(1))
  assert.equal(codes(self.why()), ['offered 1 4'])
})

test('why: over UDP an answer has addresses of one family', () => {
  const { announce, why } = tracker()
  announce(peer6(2, { host: host('2001:db8::2') }))
  announce(peer(1, { families: ['ipv4'] }), 'udp')
  assert.equal(codes(why(1, 2, { other: '2001:db8::2' })), ['other-family 1 1,2'])
})

test('why: chance left it out, by which numbers', () => {
  const { announce, why } = tracker()
  for (let number = 2; number <= 40; number++) announce(peer(number, { numwant: 0 }))
  for (let asked = 0; asked < 40; asked++) announce(peer(1, { numwant: 5 }))
  const { causes, verdict } = why()
  const sampled = causes.find(({ code }) => code === 'sampled-out')
  const offered = causes.find(({ code }) => code === 'offered')
  assert.is((sampled?.count ?? 0) + (offered?.count ?? 0), 40)
  assert.match(sampled?.text ?? '', /was answered with 5 of up to 39 others/)
  assert.ok((sampled?.events.length ?? 99) <= 20, 'the newest are cited')
  assert.match(verdict, sampled === causes[0] ? /chance left it out/ : /was given/)
  announce(peer(2, { numwant: 0 }))
  assert.match(why(2, 1).verdict, /asked for no peers at all/)
})

test('why: either was refused, by a list, by a limit, or by the rate of its address', () => {
  const listed = tracker({ allow: new Set() })
  listed.announce(peer(1))
  assert.equal(codes(listed.why()), ['peer-refused 1 1'])
  assert.match(listed.why().verdict, /does not serve this torrent/)
  assert.match(listed.why().remedies[0] ?? '', /--allow/)

  const full = tracker({ peersMax: 1 })
  full.announce(peer(1))
  full.announce(peer(2))
  full.announce(peer(1))
  assert.equal(codes(full.why()), ['other-refused 1 2,3', 'not-announced 1 1'])
  assert.match(full.why().verdict, /held as many peers as it may/)

  const limited = tracker({ rates: new Rates({ perSecond: 1, seed: 1 }) })
  while (limited.takes(peer(1)));
  while (limited.takes(peer(2)));
  assert.equal(codes(limited.why()), ['peer-not-looked-at 1 1'])
  limited.announce(peer(1))
  assert.equal(codes(limited.why()), ['other-not-looked-at 1 2,3', 'peer-not-looked-at 1 1'])
})

test('why: a browser and a client over TCP do not get each other', () => {
  const { announce, why } = tracker()
  announce(peer(2), 'ws')
  // A tracker keeps browsers apart from the others; so nobody is given here.
  announce(peer(1, { families: [] }))
  assert.equal(codes(why()), ['other-front 1 1,2'])
})

test('why: the records that are cited are there, in order', () => {
  const { announce, why } = tracker()
  announce(peer(2, { leftBytes: 0 }))
  for (let asked = 0; asked < 3; asked++) announce(peer(1, { leftBytes: 0 }))
  const { records, firstSeq, lastSeq, isWhole } = why()
  assert.equal(codes(why()), ['seed-to-seed 3 1,2,3,4'])
  assert.equal(
    records.map(({ seq }) => seq),
    [1, 2, 3, 4],
  )
  assert.equal([firstSeq, lastSeq, isWhole], [0, 4, true])
})

test.run()
