/** A port of the router: tried by one protocol after the other, renewed in time, begun anew, and taken away. */
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type MappingNews, PortMapping } from '../../src/discovery/port-mapping.js'
import { LIMITS } from '../../src/limits.js'
import type { Answer, Cancel, Clock, Mapping, MappingWish, Router } from '../../src/ports.js'
import { instant } from '../../src/values.js'
import { ManualClock } from '../contracts/manual-clock.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const ANSWER_MS = 100

/** A router that answers each question after a moment, as it is told to. */
class ToldRouter implements Router {
  readonly asked: string[] = []
  answer: (wish: MappingWish) => Answer<Mapping> | undefined = ({ externalPort, lifetimeMs }) => ({
    type: 'done',
    value: { externalPort, externalHost: '203.0.113.5', lifetimeMs },
  })
  unmaps: Answer<undefined> | undefined = { type: 'done', value: undefined }

  constructor(
    readonly protocol: Router['protocol'],
    readonly clock: Clock,
  ) {}

  /** After how long it is there, and answers. */
  foundMs = ANSWER_MS / 2

  map(wish: MappingWish, done: (answer: Answer<Mapping>) => void, found: () => void): Cancel {
    this.asked.push(`map ${wish.port} to ${wish.externalPort}`)
    const cancelFound = this.clock.wakeAt(instant(this.clock.now() + this.foundMs), found)
    const cancel = this.#later(this.answer(wish), (answer) => {
      cancelFound()
      done(answer)
    })
    return () => {
      cancelFound()
      cancel()
    }
  }

  unmap({ externalPort }: { readonly externalPort: number }, done: (answer: Answer<undefined>) => void): Cancel {
    this.asked.push(`unmap ${externalPort}`)
    return this.#later(this.unmaps, done)
  }

  #later<Value>(answer: Answer<Value> | undefined, done: (answer: Answer<Value>) => void): Cancel {
    if (answer === undefined) return () => undefined
    return this.clock.wakeAt(instant(this.clock.now() + ANSWER_MS), () => done(answer))
  }
}

const silent = (): undefined => undefined
const fails = (code: string) => (): Answer<never> => ({ type: 'failed', failure: { code, message: 'it does not' } })

class Place {
  readonly clock = new ManualClock()
  readonly upnp = new ToldRouter('upnp', this.clock)
  readonly natPmp = new ToldRouter('nat-pmp', this.clock)
  readonly news: MappingNews[] = []

  begin(leaseMs = HOUR): PortMapping {
    return new PortMapping({
      clock: this.clock,
      routers: [this.upnp, this.natPmp],
      port: 6_881,
      leaseMs,
      tell: (news) => this.news.push(news),
    })
  }

  get told(): string[] {
    return this.news.map(({ type, protocol }) => `${type} ${protocol}`)
  }
}

test('port mapping: the first protocol that works is the one that is used', () => {
  const place = new Place()
  const mapping = place.begin()
  assert.is(mapping.externalPort, undefined)
  place.clock.advance(ANSWER_MS)
  assert.equal(place.news, [
    {
      type: 'port-mapped',
      protocol: 'upnp',
      port: 6_881,
      externalPort: 6_881,
      externalHost: '203.0.113.5',
      lifetimeMs: HOUR,
    },
  ])
  assert.is(mapping.externalPort, 6_881)
  assert.equal(place.natPmp.asked, [])
})

test('port mapping: where one protocol fails the next is tried, and the port that the router gives counts', () => {
  const place = new Place()
  place.upnp.answer = fails('TIMEOUT')
  place.natPmp.answer = () => ({
    type: 'done',
    value: { externalPort: 7_000, externalHost: undefined, lifetimeMs: HOUR },
  })
  const mapping = place.begin()
  place.clock.advance(2 * ANSWER_MS)
  assert.equal(place.told, ['port-mapping-failed upnp', 'port-mapped nat-pmp'])
  assert.is(mapping.externalPort, 7_000)
})

test('port mapping: it is asked for again after half of its time, at the port that it has, ever and ever', () => {
  const place = new Place()
  place.begin()
  place.clock.advance(ANSWER_MS)
  for (let time = 1; time <= 48; time++) {
    place.clock.advance(HOUR / 2 + ANSWER_MS)
    assert.is(place.upnp.asked.length, 1 + time)
  }
  assert.equal(new Set(place.told), new Set(['port-mapped upnp']))
})

test('port mapping: a renewal that fails is tried again before the end, and told once', () => {
  const place = new Place()
  place.begin()
  place.clock.advance(ANSWER_MS)
  const well = place.upnp.answer
  place.upnp.answer = fails('TIMEOUT')
  place.clock.advance(50 * MINUTE)
  assert.equal(place.told, ['port-mapped upnp', 'port-mapping-failed upnp'])
  place.upnp.answer = well
  place.clock.advance(10 * MINUTE)
  assert.is(place.told.at(-1), 'port-mapped upnp')
})

test('port mapping: one that could not be renewed is gone at its end, and all begins anew', () => {
  const place = new Place()
  const mapping = place.begin()
  place.clock.advance(ANSWER_MS)
  place.upnp.answer = fails('TIMEOUT')
  place.clock.advance(HOUR + MINUTE)
  assert.equal(place.told, [
    'port-mapped upnp',
    'port-mapping-failed upnp',
    'port-unmapped upnp',
    'port-mapped nat-pmp',
  ])
  assert.equal(place.news[2], { type: 'port-unmapped', protocol: 'upnp', externalPort: 6_881, reason: 'expired' })
  assert.is(mapping.externalPort, 6_881)
})

test('port mapping: where nobody lets others in they are asked again, ever later, and the log does not grow', () => {
  const place = new Place()
  place.upnp.answer = fails('TIMEOUT')
  place.natPmp.answer = fails('TIMEOUT')
  place.begin()
  place.clock.advance(24 * HOUR)
  assert.equal(place.told, ['port-mapping-failed upnp', 'port-mapping-failed nat-pmp'])
  const times = place.upnp.asked.length
  assert.ok(times > 10 && times < 24, `asked ${times} times in a day`)
  place.natPmp.answer = fails('REFUSED')
  place.clock.advance(LIMITS.portMappingRetryMaxMs + 1_000)
  assert.is(place.told.at(-1), 'port-mapping-failed nat-pmp', 'another reason is news')
})

test('port mapping: lifetimes of a liar keep nobody busy, nor wait for ever', () => {
  for (const [lifetimeMs, taken] of [
    [0, LIMITS.portMappingLeaseMinMs],
    [1, LIMITS.portMappingLeaseMinMs],
    [2 ** 32 * 1_000, LIMITS.portMappingLeaseMaxMs],
  ] as const) {
    const place = new Place()
    place.upnp.answer = () => ({ type: 'done', value: { externalPort: 1, externalHost: 'a liar', lifetimeMs } })
    place.begin()
    place.clock.advance(ANSWER_MS)
    const [news] = place.news
    assert.is(news?.type === 'port-mapped' && news.lifetimeMs, taken)
    assert.is(news?.type === 'port-mapped' && news.externalHost, undefined, 'what is no address is not told')
  }
})

test('port mapping: closing takes it away, and waits for that no longer than its bound', async () => {
  const well = new Place()
  const mapping = well.begin()
  well.clock.advance(ANSWER_MS)
  const closed = mapping.close()
  assert.is(mapping.close(), closed, 'safe to call twice')
  assert.is(mapping.externalPort, 6_881, 'as trackers know us')
  well.clock.advance(ANSWER_MS)
  await closed
  assert.equal(well.upnp.asked, ['map 6881 to 6881', 'unmap 6881'])
  assert.equal(well.news.at(-1), { type: 'port-unmapped', protocol: 'upnp', externalPort: 6_881, reason: 'closed' })
  assert.is(well.clock.waiting, 0)

  const dead = new Place()
  const lost = dead.begin()
  dead.clock.advance(ANSWER_MS)
  dead.upnp.unmaps = undefined
  const late = lost.close()
  dead.clock.advance(LIMITS.portUnmapMs)
  await late
  assert.is(dead.told.at(-1), 'port-mapped upnp')
  assert.is(dead.clock.waiting, 0)
})

test('port mapping: closing while a router is mapping waits for it, and takes the mapping away', async () => {
  const place = new Place()
  const mapping = place.begin()
  place.clock.advance(ANSWER_MS - 1)
  const closed = mapping.close()
  place.clock.advance(1)
  await turn()
  place.clock.advance(ANSWER_MS)
  await closed
  assert.equal(place.upnp.asked, ['map 6881 to 6881', 'unmap 6881'])
  assert.equal(place.told, ['port-unmapped upnp'])
  assert.is(place.clock.waiting, 0)

  const stuck = new Place()
  stuck.upnp.answer = silent
  const late = stuck.begin()
  stuck.clock.advance(ANSWER_MS)
  const bounded = late.close()
  await turn()
  stuck.clock.advance(LIMITS.portUnmapMs)
  await bounded
  assert.equal([stuck.told, stuck.clock.waiting], [[], 0])
})

test('port mapping: closing while nobody has answered takes no time, and nothing comes afterwards', async () => {
  for (const answer of [silent, fails('TIMEOUT')]) {
    const place = new Place()
    for (const router of [place.upnp, place.natPmp]) router.foundMs = 48 * HOUR
    place.upnp.answer = answer
    place.natPmp.answer = silent
    const mapping = place.begin()
    place.clock.advance(ANSWER_MS)
    const told = place.told.length
    await mapping.close()
    place.clock.advance(24 * HOUR)
    assert.is(place.told.length, told)
    assert.is(place.clock.waiting, 0)
  }
})

test.run()
