/** The order in which numbers were last seen, against a plain list. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Recency } from '../../tracker/recency.js'

test('recency: nothing was seen at first', () => {
  const recency = new Recency()
  assert.is(recency.oldest, undefined)
  assert.is(recency.has(0), false)
  assert.throws(() => recency.forget(0))
  assert.throws(() => recency.seenMs(3))
})

test('recency: what is seen again is the newest', () => {
  const recency = new Recency()
  for (const item of [5, 0, 900]) recency.see(item, item)
  assert.is(recency.oldest, 5)
  recency.see(5, 1_000)
  assert.is(recency.oldest, 0)
  assert.is(recency.seenMs(5), 1_000)
  recency.forget(0)
  assert.is(recency.oldest, 900)
})

test('recency: any sightings and forgettings leave the order of a plain list', () => {
  const moves = fc.array(fc.record({ item: fc.nat(200), forget: fc.boolean() }), { maxLength: 400 })
  fc.assert(
    fc.property(moves, (all) => {
      const recency = new Recency()
      let model: number[] = []
      for (const [at, { item, forget }] of all.entries()) {
        const known = model.includes(item)
        assert.is(recency.has(item), known)
        if (forget && !known) continue
        model = model.filter((other) => other !== item)
        if (forget) recency.forget(item)
        else {
          recency.see(item, at)
          model.push(item)
        }
        assert.is(recency.oldest, model[0])
      }
      for (const item of model) {
        assert.is(recency.oldest, item)
        recency.forget(item)
      }
      assert.is(recency.oldest, undefined)
    }),
    { numRuns: 50 },
  )
})

test.run()
