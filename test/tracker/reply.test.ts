/** From the target of a request to the reply, without a socket. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { type AnnounceRequest, announceUrl, encodeAnnounceAnswer, readAnnounceAnswer } from '../../src/wire/tracker.js'
import { TrackerCore } from '../../tracker/core.js'
import { type HttpReply, httpReply } from '../../tracker/http-reply.js'
import { MemoryStore } from '../../tracker/memory-store.js'
import { hashOf, host, idOf, seeded } from './swarm-world.js'

const newCore = (intervalSeconds = 1_800): TrackerCore =>
  new TrackerCore({
    store: new MemoryStore({ intervalSeconds, peersMax: 1_000, swarmsMax: 1_000, hashSeed: 5 }, seeded(1)),
    intervalSeconds,
    now: () => 1_000,
  })

/** Memory answers at once. */
const reply = (core: TrackerCore, asked: string, from: Uint8Array): HttpReply => {
  const answer = httpReply(core, asked, from)
  if (answer instanceof Promise) throw new Error('an answer from memory is there at once')
  return answer
}

const target = (number: number, more: Partial<AnnounceRequest> = {}): string =>
  announceUrl('/announce', {
    infoHash: hashOf(1),
    peerId: idOf(number),
    port: 6_881,
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: 1,
    ...more,
  })

const text = (core: TrackerCore, asked: string, from = host('10.0.0.1')): string =>
  Buffer.from(reply(core, asked, from).body).toString('latin1')

test('reply: an answer names the intervals, the counts and the address that it was asked from', () => {
  assert.is(
    text(newCore(), target(1)),
    'd8:completei0e10:downloadedi0e11:external ip4:\x0a\x00\x00\x0110:incompletei1e8:intervali1800e12:min intervali60e5:peers0:e',
  )
})

test('reply: the least interval is no longer than the interval', () => {
  assert.match(text(newCore(20), target(1)), /8:intervali20e12:min intervali20e/)
})

test('reply: peers come compact unless asked otherwise, and then with their ids unless asked otherwise', () => {
  const core = newCore()
  text(core, target(1), host('10.0.0.9'))
  const answer = (more: Partial<AnnounceRequest>): string => text(core, target(2, more)).replace(/^.*?5:peers/s, '')
  assert.is(answer({}), '6:\x0a\x00\x00\x09\x1a\xe1e')
  const id = `${'A'.repeat(16)}\x00\x00\x00\x01`
  assert.is(answer({ compact: false, noPeerId: false }), `ld2:ip8:10.0.0.97:peer id20:${id}4:porti6881eeee`)
  assert.is(answer({ compact: false }), 'ld2:ip8:10.0.0.94:porti6881eeee')
})

test('reply: packed answers are byte for byte those of the wire', () => {
  const crowd = fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 65_535 })), { maxLength: 30 })
  fc.assert(
    fc.property(crowd, fc.boolean(), (peers, ipv6) => {
      const core = newCore()
      for (const [at, [six, seed, port]] of peers.entries()) {
        text(
          core,
          target(at + 1, { port, leftBytes: seed ? 0 : 1 }),
          host(six ? `2001:db8::${at + 1}` : `10.0.1.${at}`),
        )
      }
      const { body } = reply(core, target(0), host(ipv6 ? '2001:db8::ffff' : '10.0.0.1'))
      const answer = readAnnounceAnswer(body)
      assert.is(answer.type, 'answer')
      if (answer.type !== 'answer') return
      assert.is(answer.peers.length, peers.length)
      assert.equal(Buffer.from(encodeAnnounceAnswer(answer, { compact: true, noPeerId: true })), Buffer.from(body))
    }),
    { numRuns: 60 },
  )
})

test('reply: a target in the form for proxies is understood', () => {
  assert.match(text(newCore(), `http://tracker.example:6969${target(1)}`), /^d8:complete/)
  assert.match(text(newCore(), 'HTTPS://x/stats'), /^\{"torrents":0/)
})

test('reply: any other target is answered with 404', () => {
  const others = ['/', '', '*', '/announce/', '/announcement', '/ANNOUNCE', '//announce', '/x/announce', '?/announce']
  for (const other of [...others, 'announce', 'x:80', '/%61nnounce', 'ftp://x/announce']) {
    const core = newCore()
    assert.is(reply(core, other, host('10.0.0.1')).status, 404, other)
    assert.equal(core.tally.totals(), { announces: 0, scrapes: 0, failures: 0, limited: 0 })
  }
})

test('reply: any target at all is answered', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.string().map((query) => `/announce?${query}`),
    fc.string().map((query) => `/scrape?${query}`),
  )
  const core = newCore()
  fc.assert(
    fc.property(anything, (asked) => {
      const { status, body } = reply(core, asked, host('10.0.0.1'))
      assert.ok(status === 200 || status === 404)
      assert.ok(body.length > 0)
    }),
    { numRuns: 300 },
  )
})

test('reply: what was asked and what was refused is counted', () => {
  const core = newCore()
  text(core, target(1))
  text(core, '/announce')
  text(core, '/scrape')
  text(core, `/scrape?info_hash=${'a'.repeat(20)}`)
  assert.is(
    text(core, '/stats'),
    '{"torrents":1,"peers":1,"seeds":0,"announces":2,"scrapes":2,"failures":2,"limited":0}\n',
  )
})

test('reply: a scrape of too many torrents is refused', () => {
  const many = Array.from({ length: LIMITS.trackerScrapeHashesMax + 1 }, () => `info_hash=${'a'.repeat(20)}`).join('&')
  assert.match(text(newCore(), `/scrape?${many}`), /failure reason/)
})

test.run()
