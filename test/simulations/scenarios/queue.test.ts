/** The scenario of queues: it shows what it is named for, and each of its checkers finds what it is for. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findScenario, readSettings, simulate } from '../../../simulations/index.js'
import {
  isIdle,
  neverTooManyActive,
  orderIsKept,
  type Queued,
  queuedHasNoPeers,
  queuedIsQuiet,
  ranksAreTheOrder,
  whoseTurn,
} from '../../../simulations/queue-checkers.js'
import type { TransferEvent } from '../../../src/events/vocabulary.js'

const SMALL = { peers: 3, torrents: 3, contentBytes: 300_000, faultSeconds: 60 }

test('queue: everybody gets everything, few at one time, with users who pause, move and bound, and crashes', async () => {
  const result = await simulate('queue', {
    seed: 2,
    settings: { ...SMALL, faults: 'crash+tracker' },
    checkDeterminism: true,
  })
  assert.equal([result.violations, result.completed], [[], 3])
  const kinds = new Set(result.faults.map(({ kind }) => kind))
  for (const kind of ['pauses', 'queue-moves', 'queue-bounds', 'crash', 'tracker'] as const)
    assert.ok(kinds.has(kind), `${kind} of ${[...kinds]}`)
})

test('queue: transfers wait, take turns, and are moved, and without bounds nobody waits', async () => {
  const { defaults, run } = findScenario('queue')
  const count = async (bounds: object): Promise<Map<string, number>> => {
    const counts = new Map<string, number>()
    const settings = readSettings(defaults, { ...SMALL, faultSeconds: 0, faults: 'none', ...bounds })
    const { violations } = await run({
      seed: 3,
      settings,
      onEvent: (_node, _seq, _at, { type }) => counts.set(type, (counts.get(type) ?? 0) + 1),
    })
    assert.equal(violations, [])
    return counts
  }
  const bounded = await count({})
  // Each leecher fetches one of three at a time, and in the end seeds one of three.
  assert.ok((bounded.get('queued') ?? 0) >= 3 * (2 + 2), `${bounded.get('queued')} waited`)
  assert.is(bounded.get('turn-came'), 3 * 2)
  assert.is((await count({ maxDownloads: 0, maxSeeds: 0 })).get('queued'), undefined)
})

interface Standing {
  readonly tag?: string
  readonly missing?: number
  readonly rank?: number
  readonly peers?: number
  readonly waits?: boolean
}

const NAMES = ['a', 'b', 'c']
const queued = (...of: readonly Standing[]): readonly Queued[] =>
  of.map(({ tag = 'stopped', missing = 1, rank = 0, peers = 0, waits = false }, at) => ({
    name: NAMES[at] ?? '',
    state: {
      standing: { tags: { [tag]: true, active: tag === 'downloading' || tag === 'seeding' } },
      ...{ missing, rank, metadata: undefined, peers: { size: peers } },
      queued: waits ? { of: 'downloads', most: 1 } : undefined,
    } as never,
  }))

const ONE = { maxDownloads: 1, maxSeeds: 1 }

test('queue: no more than may be are active, and what is stored and not committed yet downloads still', () => {
  assert.is(neverTooManyActive(queued({ tag: 'downloading' }, { tag: 'seeding', missing: 0 }), ONE), undefined)
  const late = queued({ tag: 'seeding', missing: 0 }, { tag: 'downloading', missing: 0 })
  assert.is(neverTooManyActive(late, ONE), undefined)
  const two = queued({ tag: 'downloading' }, { tag: 'downloading' })
  assert.match(neverTooManyActive(two, ONE) ?? '', /^2 downloads are active, and 1 may be: a, b/)
  assert.is(neverTooManyActive(two, { maxDownloads: 0, maxSeeds: 1 }), undefined)
})

test('queue: it is the turn of the first that may go, and who does nothing with it is idle', () => {
  const order = queued({ tag: 'paused' }, { tag: 'stopped' }, { tag: 'stopped' })
  assert.equal(
    whoseTurn(order, ONE).map(({ name }) => name),
    ['b'],
  )
  assert.ok(order.every(isIdle))
  assert.not(queued({ tag: 'downloading' }, { tag: 'checking' }).some(isIdle))
})

test('queue: ranks are the order, and who waits has no peers and says nothing', () => {
  assert.is(ranksAreTheOrder(queued({ rank: 1 }, { rank: 2 })), undefined)
  assert.match(ranksAreTheOrder(queued({ rank: 2 }, { rank: 2 })) ?? '', /a comes before b/)
  assert.is(queuedHasNoPeers(queued({ waits: true }, { peers: 3, tag: 'downloading' })), undefined)
  assert.match(queuedHasNoPeers(queued({ waits: true, peers: 3 })) ?? '', /a waits for its turn, and has 3 peers/)
  const [waiting] = queued({ waits: true })
  const says = (event: 'started' | 'stopped'): string | undefined => {
    const began: TransferEvent = { type: 'announce-began', tracker: 'http://t/', event }
    return waiting && queuedIsQuiet(waiting.state, began)
  }
  assert.match(says('started') ?? '', /logs announce-began/)
  assert.is(says('stopped'), undefined)
})

test('queue: the order of those whose rank was durable is kept, whoever else comes where', () => {
  const order = queued({ rank: 1 }, { rank: 2 }, { rank: 3 })
  const before = (names: string, isDurable: boolean, rank = 9) => [...names].map((name) => ({ name, rank, isDurable }))
  assert.is(orderIsKept(before('abc', true), order), undefined)
  assert.is(orderIsKept(before('cba', false), order), undefined)
  assert.match(orderIsKept(before('acb', true), order) ?? '', /the order was a, c, b, and is a, b, c now/)
  const lost = [...before('c', false, 3), ...before('b', false, 2)]
  assert.match(orderIsKept(lost, order) ?? '', /was c, b, and is b, c/)
})

test.run()
