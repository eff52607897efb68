/** The queue: whoever waits and comes, no more are active than may be, and they are the first. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferState } from '../src/events/state.js'
import { LIMITS } from '../src/limits.js'
import { Queue, type Queued, type QueueKind, readQueueBounds } from '../src/queue.js'

class Waiter implements Queued {
  paused = false
  /** The log says that it downloads. */
  downloading = false
  missing = 1
  queued: TransferState['queued']
  told = 0
  moves = 0

  constructor(
    public rank: number,
    public session: number,
  ) {}

  get state(): TransferState {
    const { missing, queued, rank, session } = this
    const tags = this.paused ? { paused: true } : { active: true, downloading: this.downloading }
    return { standing: { tags }, missing, queued, metadata: undefined, rank, session } as never
  }

  takeRank(rank: number): void {
    this.rank = rank
    this.moves++
  }

  waitForTurn(of: QueueKind, most: number): void {
    this.queued = { of, most }
    this.told++
  }

  takeTurn(): void {
    this.queued = undefined
    this.told++
  }
}

const open = (maxDownloads: number, maxSeeds: number, count: number) => {
  const queue = new Queue<Waiter>({ maxDownloads, maxSeeds })
  const waiters = Array.from({ length: count }, (_, at) => new Waiter((at + 1) * LIMITS.queueRanksPerMs, 1))
  for (const waiter of waiters) queue.join(waiter)
  return { queue, waiters }
}

const activeOf = (waiters: readonly Waiter[]): number[] =>
  waiters.flatMap(({ paused, queued }, at) => (paused || queued !== undefined ? [] : [at]))

test('queue: without bounds everybody is active', () => {
  assert.equal(activeOf(open(0, 0, 3).waiters), [0, 1, 2])
})

test('queue: the first are active, and the next comes when one of them is paused, complete or gone', () => {
  const { queue, waiters } = open(2, 1, 5)
  assert.equal(activeOf(waiters), [0, 1])
  ;(waiters[0] as Waiter).paused = true
  queue.look()
  assert.equal(activeOf(waiters), [1, 2])
  ;(waiters[1] as Waiter).missing = 0
  queue.look()
  assert.equal(activeOf(waiters), [1, 2, 3])
  ;(waiters[2] as Waiter).missing = 0
  queue.look()
  assert.equal(activeOf(waiters), [1, 3, 4])
  assert.equal(waiters[2]?.queued, { of: 'seeds', most: 1 })
  queue.leave(waiters[1] as Waiter)
  assert.equal(activeOf(waiters).slice(1), [2, 3, 4])
})

test('queue: whose last piece is not committed yet downloads still, and is not halted for the seeds before it', () => {
  const { queue, waiters } = open(1, 1, 3)
  const [first, second, third] = waiters as [Waiter, Waiter, Waiter]
  first.missing = 0
  queue.look()
  second.downloading = true
  second.missing = 0
  queue.look()
  assert.equal([second.queued, third.queued], [undefined, { of: 'downloads', most: 1 }])
  second.downloading = false
  queue.look()
  assert.equal([second.queued, third.queued], [{ of: 'seeds', most: 1 }, undefined])
})

test('queue: who is moved up takes the turn of the last, and wider bounds let more in', () => {
  const { queue, waiters } = open(2, 0, 4)
  queue.move(waiters[3] as Waiter, 0)
  assert.equal(activeOf(waiters), [0, 3])
  assert.is(queue.placeOf(waiters[3] as Waiter), 0)
  queue.bounds = { maxDownloads: 3, maxSeeds: 0 }
  assert.equal(activeOf(waiters), [0, 1, 3])
  queue.bounds = { maxDownloads: 0, maxSeeds: 0 }
  assert.equal(activeOf(waiters), [0, 1, 2, 3])
})

test('queue: one that is about to be resumed counts, and nobody is told once the engine closes', () => {
  const { queue, waiters } = open(1, 0, 2)
  ;(waiters[0] as Waiter).paused = true
  queue.look()
  queue.look(waiters[0])
  assert.equal(waiters[1]?.queued, { of: 'downloads', most: 1 })
  queue.close()
  queue.leave(waiters[0] as Waiter)
  assert.equal(waiters[1]?.queued, { of: 'downloads', most: 1 })
})

test('queue: whatever happens, the active are the first of their kind and no more than may be', () => {
  const act = fc.tuple(fc.constantFrom('pause', 'resume', 'complete', 'lack', 'move'), fc.nat(7), fc.nat(7))
  fc.assert(
    fc.property(fc.nat(4), fc.nat(4), fc.array(act, { maxLength: 40 }), (maxDownloads, maxSeeds, acts) => {
      const { queue, waiters } = open(maxDownloads, maxSeeds, 8)
      for (const [what, who, where] of acts) {
        const waiter = waiters[who] as Waiter
        if (what === 'pause' || what === 'resume') waiter.paused = what === 'pause'
        else if (what === 'move') queue.move(waiter, where)
        else waiter.missing = what === 'lack' ? 1 : 0
        queue.look()
      }
      for (const [missing, most] of [
        [1, maxDownloads],
        [0, maxSeeds],
      ] as const) {
        const kind = queue.order.filter((each) => !each.paused && each.missing === missing)
        const first = most === 0 ? kind : kind.slice(0, most)
        assert.equal(
          kind.filter(({ queued }) => queued === undefined),
          first,
        )
      }
    }),
  )
})

test('queue: who is moved has a rank of its own, and nobody else is told as long as there is room', () => {
  const { queue, waiters } = open(0, 0, 4)
  for (const [who, place] of [
    [3, 0],
    [0, 2],
    [2, 3],
    [3, 9],
  ] as const)
    queue.move(waiters[who] as Waiter, place)
  assert.equal(
    queue.order.map((waiter) => waiters.indexOf(waiter)),
    [1, 0, 2, 3],
  )
  assert.equal(
    waiters.map(({ moves }) => moves),
    [1, 0, 0, 2],
  )
  queue.move(waiters[3] as Waiter, 3)
  assert.is(waiters[3]?.moves, 2)
})

test('queue: who was added in the same millisecond comes after the others, in this session and the next', () => {
  const queue = new Queue<Waiter>({ maxDownloads: 0, maxSeeds: 0 })
  const waiters = Array.from({ length: 3 }, () => new Waiter(1_024, 1))
  for (const waiter of waiters) queue.join(waiter)
  assert.equal(
    waiters.map(({ rank }) => rank),
    [1_024, 2_048, 3_072],
  )
})

test('queue: who is added first comes last, also before those that are yet to be added again', () => {
  const queue = new Queue<Waiter>({ maxDownloads: 0, maxSeeds: 0 })
  const fresh = new Waiter(9_000, 1)
  const known = [new Waiter(2_000, 2), new Waiter(1_000, 2)]
  for (const waiter of [fresh, ...known]) queue.join(waiter)
  assert.equal(queue.order, [known[1], known[0], fresh])
})

test('queue: however they were moved, in the next session they have the same order, whoever of them is added when', () => {
  const moves = fc.array(fc.tuple(fc.nat(5), fc.nat(7)), { maxLength: 60 })
  const ranks = fc.array(fc.nat(3), { minLength: 6, maxLength: 6 })
  const again = fc.shuffledSubarray([0, 1, 2, 3, 4, 5])
  fc.assert(
    fc.property(ranks, moves, again, (times, steps, added) => {
      const queue = new Queue<Waiter>({ maxDownloads: 0, maxSeeds: 0 })
      const waiters = times.map((time) => new Waiter(time, 1))
      for (const waiter of waiters) queue.join(waiter)
      for (const [who, place] of steps) queue.move(waiters[who] as Waiter, place)
      const before = [...queue.order]
      for (const waiter of waiters) waiter.session = 2
      const next = new Queue<Waiter>({ maxDownloads: 0, maxSeeds: 0 })
      for (const at of added) next.join(waiters[at] as Waiter)
      assert.equal(
        next.order.map((waiter) => waiters.indexOf(waiter)),
        before.map((waiter) => waiters.indexOf(waiter)).filter((at) => added.includes(at)),
      )
    }),
  )
})

test('queue: bounds are whole numbers', () => {
  for (const bounds of [{ maxDownloads: -1 }, { maxSeeds: 1.5 }, { maxSeeds: Number.NaN }, { maxDownloads: '3' }])
    assert.throws(() => readQueueBounds(bounds as never), /whole number/)
  assert.equal(readQueueBounds({ maxSeeds: 2 }), { maxDownloads: 0, maxSeeds: 2 })
})

test.run()
