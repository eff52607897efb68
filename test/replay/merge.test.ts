/** Merging two capsules: whatever their clocks say, nothing comes before what caused it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { LoggedEvent } from '../../src/events/codec.js'
import { type Capsule, openCapsule } from '../../src/replay/capsule.js'
import { logOfEvents } from '../../src/replay/event-log.js'
import { type Merged, mergeCapsules } from '../../src/replay/merge/merge.js'
import { type MergedEvent, timelineOf } from '../../src/replay/merge/timeline.js'
import type { Instant } from '../../src/values.js'
import { codeOf } from '../engine/rig.js'
import { bytesOf, capsuleOf, type Simulated, simulated } from './simulated.js'

const test = suite('merging')

let pair: Simulated
let crowd: Simulated
test.before(async () => {
  pair = await simulated('flash-crowd', 3, { peers: 1, contentBytes: 600_000, pieceLength: 65_536, jitterMs: 20 })
  crowd = await simulated('poisoners', 1, { peers: 4, contentBytes: 600_000, pieceLength: 65_536 })
})

type Clock = (logged: LoggedEvent) => number

/** A capsule of a node whose clock shows something else. */
const byClock = async (
  { torrent, histories }: Simulated,
  node: number,
  clock: Clock,
  redact = false,
): Promise<Capsule> => {
  const events = (histories[node] ?? []).map((logged) => ({ ...logged, at: clock(logged) as Instant }))
  return openCapsule(await bytesOf({ torrent, log: logOfEvents(events), redact }))
}

const right: Clock = ({ at }) => at

const timeline = async (merged: Merged): Promise<MergedEvent[]> => {
  const events: MergedEvent[] = []
  for await (const event of merged.events()) events.push(event)
  return events
}

/** Every event of both is there, those of each side in order, and each cause before its effect. */
const checkOrder = (
  events: readonly MergedEvent[],
  ...sides: readonly (readonly LoggedEvent[] | undefined)[]
): number => {
  const done = { a: -1, b: -1 }
  let causes = 0
  for (const { side, logged, causes: before } of events) {
    assert.is(logged.seq, done[side] + 1)
    for (const cause of before) {
      assert.ok(done[cause.side] >= cause.seq, `${side} ${logged.seq} after ${cause.side} ${cause.seq}`)
      causes++
    }
    done[side] = logged.seq
  }
  assert.equal(
    [done.a + 1, done.b + 1],
    sides.map((side) => side?.length),
  )
  return causes
}

const SKEWS: readonly (readonly [name: string, ms: number])[] = [
  ['the same', 0],
  ['a little ahead', 37],
  ['an hour behind', -3_600_000],
  ['a year ahead', 31_536_000_000],
]

for (const [name, skewMs] of SKEWS)
  test(`merge: a seed and a downloader whose clock is ${name} make one timeline, effects after causes`, async () => {
    const a = await byClock(pair, 0, right)
    const b = await byClock(pair, 1, ({ at }) => at + skewMs)
    const merged = await mergeCapsules(a, b)
    const events = await timeline(merged)
    const causes = checkOrder(events, pair.histories[0], pair.histories[1])
    assert.ok(causes > 80, 'requests, blocks and the rest are seen on both sides')
    assert.is(merged.contradictions, 0)
    assert.equal(
      merged.links.map(({ by }) => by),
      ['peer ids'],
    )
    const [offset] = merged.offsets
    assert.is(merged.offsets.length, 1)
    const uncertain = offset?.uncertaintyMs ?? Number.NaN
    assert.ok(Math.abs((offset?.offsetMs ?? 0) - skewMs) <= uncertain, `${offset?.offsetMs} give or take ${uncertain}`)
    assert.ok(uncertain < 200, 'no more than a round trip and its jitter')
    // The simulated world knows when everything really was.
    for (const { side, logged, atMs } of events) {
      const truth = pair.histories[side === 'a' ? 0 : 1]?.[logged.seq]?.at ?? 0
      assert.ok(Math.abs(atMs - truth) <= uncertain)
    }
    assert.ok(merged.unknown.length >= 2, 'it says what cannot be known')
  })

test('merge: a clock that is set, or runs too fast, does not put effects before causes', async () => {
  const half = Math.floor((pair.histories[1]?.length ?? 0) / 2)
  const first = pair.histories[1]?.[0]?.at ?? 0
  for (const clock of [
    ({ seq, at }) => (seq < half ? at : at + 90_000),
    ({ seq, at }) => (seq < half ? at : at - 90_000),
    ({ at }) => first + Math.round((at - first) * 1.5),
  ] as const satisfies readonly Clock[]) {
    const merged = await mergeCapsules(await byClock(pair, 0, right), await byClock(pair, 1, clock))
    checkOrder(await timeline(merged), pair.histories[0], pair.histories[1])
    assert.is(merged.contradictions, 0)
    assert.ok(merged.offsets.length > 1)
    assert.match(merged.unknown.join(), /distances between them were found/)
  }
})

test('merge: of redacted capsules the conversations tell which connection is which', async () => {
  const nodes = crowd.histories.map((_, node) => node)
  let linked = 0
  for (const one of nodes.slice(0, 3))
    for (const other of nodes.slice(one + 1)) {
      const skewed: Clock = ({ at }) => at + 12_345
      const plain = await mergeCapsules(await byClock(crowd, one, right), await byClock(crowd, other, skewed))
      const redacted = await mergeCapsules(
        await byClock(crowd, one, right, true),
        await byClock(crowd, other, skewed, true),
      )
      const expected = new Set(plain.links.map(({ a, b }) => `${a} ${b}`))
      for (const { a, b, by } of redacted.links) {
        assert.is(by, 'conversation')
        assert.ok(expected.has(`${a} ${b}`), `${a} of ${one} is ${b} of ${other}`)
        linked++
      }
      checkOrder(await timeline(redacted), crowd.histories[one], crowd.histories[other])
      checkOrder(await timeline(plain), crowd.histories[one], crowd.histories[other])
      assert.equal([plain.contradictions, redacted.contradictions], [0, 0])
    }
  assert.ok(linked > 3, `${linked} connections were found again`)
})

test('merge: two who never met are said to have nothing in common', async () => {
  const a = await openCapsule(await capsuleOf(pair, 0, { to: 5 }))
  const b = await openCapsule(await capsuleOf(pair, 1))
  const merged = await mergeCapsules(a, b)
  assert.is(merged.links.length, 0)
  assert.match(merged.unknown.join(), /no connection between the two/)
  assert.is((await timeline(merged)).length, 5 + (pair.histories[1]?.length ?? 0))
})

test('merge: capsules of different torrents are refused', async () => {
  const other = await simulated('flash-crowd', 4, { peers: 1, contentBytes: 600_000, pieceLength: 65_536 })
  const [a, b] = [await byClock(pair, 0, right), await byClock(other, 1, right)]
  assert.is(await codeOf(() => mergeCapsules(a, b)), 'OPTION_INVALID')
})

test('merge: what contradicts itself comes out all the same, and it is said how often', async () => {
  const logs = [0, 1].map(() => logOfEvents((pair.histories[0] ?? []).slice(0, 3)))
  const told = (seq: number) => ({ seq, at: 0 })
  const causes = [
    { side: 'a', cause: told(2), effect: told(0), certain: true },
    { side: 'b', cause: told(2), effect: told(0), certain: true },
  ] as const
  const tally = { contradictions: 0 }
  const [a, b] = logs
  assert.ok(a !== undefined && b !== undefined)
  let events = 0
  for await (const { logged } of timelineOf(a.read(0), b.read(0), causes, [], tally)) {
    assert.ok(logged.seq < 3)
    events++
  }
  assert.equal([events, tally.contradictions], [6, 1])
})

test.run()
