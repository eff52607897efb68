/** What every store of a tracker's swarms does: the same as the pure swarm, whatever it stands on. */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import type { Draw, SwarmSettings } from '../../tracker/swarm.js'
import { anyStep, Counter, compareStep, type StorePlace, settingsOf } from './store-rig.js'
import { EXPIRY_MS, hashOf, host, idOf, peer, peer6, seeded, world } from './swarm-world.js'

/** Sum over all of (seen - expected)^2 / expected, and what a fair sample does not exceed: see test/tracker/sample. */
const chiSquare = (seen: readonly number[], expected: number): number =>
  seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
const bound = (freedom: number): number => freedom + 6 * Math.sqrt(2 * freedom)

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at)

/** Declares a test, whose work is given what the place needs to be made. */
type Declare<Context> = (claim: string, work: (context: Context) => Promise<void>) => void

type Open = (settings?: Partial<SwarmSettings>, random?: Draw) => Promise<Counter>

export const storeContract = <Context>(
  declare: Declare<Context>,
  name: string,
  newPlace: (context: Context) => Promise<StorePlace>,
): void => {
  const claim = (what: string, work: (open: Open, courses: number) => Promise<void>): void =>
    declare(`${name}: ${what}`, async (context) => {
      const place = await newPlace(context)
      try {
        const open: Open = async (settings = {}, random = seeded(1)) =>
          new Counter(await place.open(settingsOf(settings), random, 1_000))
        await work(open, place.courses)
      } finally {
        await place.dispose()
      }
    })

  claim('any comings and goings get the answers of the pure swarm', async (open, courses) => {
    const course = fc.record({
      steps: fc.array(anyStep, { maxLength: 40 }),
      peersMax: fc.constantFrom(3, 100),
      swarmsMax: fc.constantFrom(2, 100),
    })
    await fc.assert(
      fc.asyncProperty(course, async ({ steps, peersMax, swarmsMax }) => {
        const counter = await open({ peersMax, swarmsMax })
        const model = world({ peersMax, swarmsMax })
        for (const step of steps) await compareStep(counter, model, step)
        await counter.store.close()
      }),
      { numRuns: courses },
    )
  })

  claim('peers are told of each other, over both families, and seeds of leeches only', async (open) => {
    const counter = await open()
    assert.equal(await counter.peers(peer(1, { leftBytes: 0 })), [])
    assert.equal(await counter.peers(peer6(2, { leftBytes: 0 })), [])
    assert.equal(await counter.peers(peer(3)), ['10.0.0.1:6881', '2001:db8::2:6881'])
    assert.equal(await counter.peers(peer6(4, { families: ['ipv4'] })), ['10.0.0.1:6881', '10.0.0.3:6881'])
    assert.equal(await counter.peers(peer(1, { leftBytes: 0 })), ['10.0.0.3:6881', '2001:db8::4:6881'])
  })

  claim('an answer names peers by their ids, and a client that starts again replaces itself', async (open) => {
    const counter = await open()
    await counter.tell(peer(1))
    await counter.tell(peer(1, { peerId: idOf(7) }))
    const answer = await counter.store.announce(peer(2), counter.nowMs)
    assert.is(answer.type, 'answer')
    if (answer.type === 'answer') assert.equal(answer.named(), [{ host: '10.0.0.1', port: 6_881, peerId: idOf(7) }])
  })

  claim('a client at two addresses is not sent to itself, and nobody can sign off a peer by its id', async (open) => {
    const counter = await open()
    await counter.tell(peer(1))
    assert.equal(await counter.peers(peer6(1)), [])
    await counter.tell(peer(1, { host: host('192.0.2.66'), event: 'stopped' }))
    assert.equal(await counter.peers(peer(2)), ['10.0.0.1:6881', '2001:db8::1:6881'])
  })

  claim('a completion counts once, however often it is said, and outlives its peer', async (open) => {
    const counter = await open()
    await counter.tell(peer(1))
    for (let times = 0; times < 3; times++) {
      assert.is((await counter.tell(peer(1, { leftBytes: 0, event: 'completed' }))).downloaded, 1)
    }
    await counter.tell(peer(1, { event: 'stopped' }))
    counter.nowMs += LIMITS.trackerSwarmKeptMs - 1
    assert.equal(await counter.counts(1, 2), [
      { complete: 0, incomplete: 0, downloaded: 1 },
      { complete: 0, incomplete: 0, downloaded: 0 },
    ])
    counter.nowMs += 1
    assert.equal(await counter.counts(1), [{ complete: 0, incomplete: 0, downloaded: 0 }])
    assert.equal(await counter.store.stats(counter.nowMs), { torrents: 0, peers: 0, seeds: 0 })
  })

  claim('one that stops is told of nobody, and nobody is told of it', async (open) => {
    const counter = await open()
    await counter.tell(peer(1))
    await counter.tell(peer(2))
    assert.equal(await counter.tell(peer(1, { event: 'stopped' })), {
      ...{ type: 'answer', complete: 0, incomplete: 1, downloaded: 0, peers: [] },
    })
    assert.equal(await counter.peers(peer(3)), ['10.0.0.2:6881'])
  })

  claim('a peer is there until the last millisecond of its time, and not after, whoever asks', async (open) => {
    const counter = await open()
    await counter.tell(peer(1, { leftBytes: 0 }))
    counter.nowMs += EXPIRY_MS - 1
    assert.equal(await counter.peers(peer(2)), ['10.0.0.1:6881'])
    counter.nowMs += 1
    assert.equal(await counter.counts(1), [{ complete: 0, incomplete: 1, downloaded: 0 }])
    assert.equal(await counter.peers(peer(3)), ['10.0.0.2:6881'])
    counter.nowMs += EXPIRY_MS
    assert.equal(await counter.store.stats(counter.nowMs), { torrents: 0, peers: 0, seeds: 0 })
  })

  claim('after a crowd has left, nobody of it is sent, and all of it is cleared away in the end', async (open) => {
    const counter = await open()
    await Promise.all(range(1, 1_000).map((number) => counter.tell(peer(number, { numwant: 0 }))))
    counter.nowMs += EXPIRY_MS - 1
    await counter.tell(peer(2_000, { numwant: 0 }))
    counter.nowMs += 1
    for (let requests = 0; (await counter.tell(peer(2_001, { numwant: 0 }))).incomplete > 2; requests++) {
      assert.ok(requests < 500, 'the crowd is never cleared away')
      assert.equal(
        (await counter.peers(peer(2_001))).filter((one) => one !== '10.0.7.208:6881'),
        [],
      )
    }
    assert.equal(await counter.store.stats(counter.nowMs), { torrents: 1, peers: 2, seeds: 0 })
  })

  claim('where it is full, newcomers are refused, and nobody is put out', async (open) => {
    const counter = await open({ peersMax: 2, swarmsMax: 2 })
    await counter.tell(peer(1))
    await counter.tell(peer(2))
    for (const asked of [peer(3), peer(3, { infoHash: hashOf(2) })]) {
      assert.equal(await counter.ask(asked), {
        type: 'refusal',
        code: 'peers_full',
        reason: 'this tracker is full: it takes no more peers',
      })
    }
    assert.equal(await counter.peers(peer(1)), ['10.0.0.2:6881'], 'those that are there go on')
    assert.equal(await counter.store.stats(counter.nowMs), { torrents: 1, peers: 2, seeds: 0 })
    await counter.tell(peer(1, { event: 'stopped' }))
    await counter.tell(peer(3, { infoHash: hashOf(2) }))
    assert.equal(await counter.ask(peer(4, { infoHash: hashOf(3) })), {
      ...{ type: 'refusal', code: 'torrents_full', reason: 'this tracker is full: it takes no more torrents' },
    })
  })

  claim('no more peers come than the bound, whatever is asked for', async (open) => {
    const counter = await open()
    const crowd = range(1, LIMITS.trackerNumwantMax + 50)
    await Promise.all(crowd.map((number) => counter.tell(peer(number, { numwant: 0 }))))
    assert.is((await counter.peers(peer(0, { numwant: 1_000_000 }))).length, LIMITS.trackerNumwantMax)
  })

  const ROUNDS = 4_000
  for (const [crowd, numwant] of [
    [20, 5],
    [120, 3],
  ] as const) {
    claim(`${numwant} of ${crowd}: every peer is as likely as any other, and every pair`, async (open) => {
      const counter = await open({}, seeded(crowd))
      const requests = range(1, crowd).map((number) =>
        (number % 3 === 0 ? peer6 : peer)(number, { numwant: 0, leftBytes: number % 4 === 0 ? 0 : 1 }),
      )
      await Promise.all(requests.map((request) => counter.tell(request)))
      const singles = new Map<string, number>()
      let neighbours = 0
      for (let round = 0; round < ROUNDS; round += 500) {
        const answers = await Promise.all(range(1, 500).map(() => counter.peers(peer(0, { numwant }))))
        for (const peers of answers) {
          assert.is(peers.length, numwant)
          for (const one of peers) singles.set(one, (singles.get(one) ?? 0) + 1)
          if (peers.includes('10.0.0.1:6881') && peers.includes('10.0.0.2:6881')) neighbours++
        }
      }
      assert.is(singles.size, crowd)
      assert.not(singles.has('10.0.0.0:6881'), 'never the asker')
      const value = chiSquare([...singles.values()], (ROUNDS * numwant) / crowd)
      assert.ok(value < bound(crowd - 1), `chi-square ${value}`)
      // Two that came one after the other are no more often together than chance has it: 6 deviations at most.
      const share = (numwant * (numwant - 1)) / (crowd * (crowd - 1))
      const expected = ROUNDS * share
      assert.ok(Math.abs(neighbours - expected) <= 6 * Math.sqrt(expected) + 6, `${neighbours} of ${expected}`)
    })
  }

  claim('it can be closed again', async (open) => {
    const counter = await open()
    await counter.tell(peer(1))
    await counter.store.close()
    await counter.store.close()
  })
}
