/** None: what is shared stays empty. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { noEntries, noValues, ownEntries, ownValues } from '../../src/events/none.js'

test('none: what all share refuses to be written to', () => {
  assert.throws(() => noEntries<number, number>().set(1, 2), /stays empty/)
  assert.throws(() => noValues<number>().add(1), /stays empty/)
  assert.is(noEntries().size + noValues().size, 0)
})

test('none: what is written to is a new one, and the same from then on', () => {
  const entries = ownEntries(noEntries<number, number>())
  const values = ownValues(noValues<number>())
  assert.is(ownEntries(entries.set(1, 2)), entries)
  assert.is(ownValues(values.add(1)), values)
  assert.equal([...entries, ...values], [[1, 2], 1])
})

test.run()
