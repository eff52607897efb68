/** Scrapes in batches: one request for many transfers, and a second one only for what the first left out. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type AskMany, type ManyCounts, ScrapeBatches } from '../../src/discovery/scrape-batches.js'
import { LIMITS } from '../../src/limits.js'
import type { Answer, Clock } from '../../src/ports.js'
import { type InfoHash, type Instant, infoHash } from '../../src/values.js'
import type { TrackerCounts } from '../../src/wire/scrape.js'

const hash = (number: number): InfoHash =>
  infoHash(Uint8Array.from({ length: 20 }, (_, at) => (at === 0 ? number : at)))
const counts = (number: number): TrackerCounts => ({ complete: number, incomplete: 0, downloaded: 0 })

/** What was asked, and what asks for an answer. */
class Scene {
  readonly asked: number[][] = []
  readonly told: string[] = []
  readonly answers: ((answer: Answer<ManyCounts>) => void)[] = []
  cancelled = 0
  readonly #wakes: (() => void)[] = []
  readonly #clock: Clock = {
    now: () => 1 as Instant,
    wakeAt: (_, callback) => {
      this.#wakes.push(callback)
      return () => undefined
    },
  }
  readonly #ask: AskMany = (_, hashes, done) => {
    this.asked.push(hashes.map(([first = 0]) => first))
    this.answers.push(done)
    return () => this.cancelled++
  }
  readonly batches = new ScrapeBatches(this.#clock, this.#ask)

  scrape(number: number, tracker = 'one') {
    return this.batches.scrape(tracker, hash(number), (answer) =>
      this.told.push(`${number}:${answer.type === 'done' ? answer.value.complete : answer.failure.code}`),
    )
  }
  wake(): this {
    for (const wake of this.#wakes.splice(0)) wake()
    return this
  }
  answer(...value: ManyCounts): this {
    this.answers.shift()?.({ type: 'done', value })
    return this
  }
  fail(code: string): this {
    this.answers.shift()?.({ type: 'failed', failure: { code, message: '' } })
    return this
  }
}

test('scrapes: those of one tracker go together, each torrent once, and others apart', () => {
  const scene = new Scene()
  for (const number of [1, 2, 2, 3]) scene.scrape(number)
  scene.scrape(1, 'two')
  scene.wake()
  assert.equal(scene.asked, [[1, 2, 3], [1]])
  scene.answer(counts(11), counts(12), counts(13))
  assert.equal(scene.told, ['1:11', '2:12', '2:12', '3:13'])
})

test('scrapes: no more go together than a tracker takes', () => {
  const scene = new Scene()
  for (let number = 0; number <= LIMITS.trackerScrapeHashesMax; number++) scene.scrape(number)
  scene.wake()
  assert.equal(
    scene.asked.map(({ length }) => length),
    [LIMITS.trackerScrapeHashesMax, 1],
  )
})

test('scrapes: what was left out is asked for alone, one after the other', () => {
  const scene = new Scene()
  for (const number of [1, 2, 3]) scene.scrape(number)
  scene.wake().answer(counts(11), undefined, undefined)
  assert.equal(scene.asked, [[1, 2, 3], [2]])
  scene.answer(undefined)
  assert.equal(scene.asked, [[1, 2, 3], [2], [3]])
  scene.answer(counts(13))
  assert.equal(scene.told, ['1:11', '2:FAILURE', '3:13'])
})

test('scrapes: a tracker that takes one at a time is asked so, and one that is gone only once more', () => {
  const scene = new Scene()
  for (const number of [1, 2, 3]) scene.scrape(number)
  scene.wake().fail('STATUS').answer(counts(1)).answer(counts(2)).answer(counts(3))
  assert.equal(scene.told, ['1:1', '2:2', '3:3'])
  const gone = new Scene()
  for (const number of [1, 2, 3]) gone.scrape(number)
  gone.wake().fail('TIMEOUT').fail('TIMEOUT')
  assert.equal(gone.asked, [[1, 2, 3], [1]])
  assert.equal(gone.told, ['1:TIMEOUT', '2:TIMEOUT', '3:TIMEOUT'])
})

test('scrapes: who leaves hears nothing, and the last takes the question back', () => {
  const scene = new Scene()
  const [one, two] = [scene.scrape(1), scene.scrape(2)]
  scene.scrape(3)()
  scene.wake()
  assert.equal(scene.asked, [[1, 2]])
  one()
  assert.is(scene.cancelled, 0)
  two()
  assert.is(scene.cancelled, 1)
  const none = new Scene()
  none.scrape(1)()
  none.wake()
  assert.equal(none.asked, [])
})

test.run()
