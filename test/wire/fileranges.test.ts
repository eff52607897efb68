/** File ranges of BEP 53: its example, and whatever a stranger's link may say. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { hasFile, readFileRanges, showFileRanges } from '../../src/wire/fileranges.js'

test('file ranges: the example of BEP 53 is read', () => {
  const ranges = readFileRanges(['0,2,4,6-8']) ?? []
  assert.equal(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((file) => hasFile(ranges, file)),
    [0, 2, 4, 6, 7, 8],
  )
  assert.is(showFileRanges(ranges), '0,2,4,6-8')
})

test('file ranges: what overlaps or touches is joined, in order', () => {
  assert.equal(readFileRanges(['5-9,1-3', '2-4,20']), [
    { first: 1, last: 9 },
    { first: 20, last: 20 },
  ])
})

test('file ranges: what is none is passed over, and nothing at all is no selection', () => {
  assert.equal(readFileRanges(['x,-1,3-2,1-,,0x5,2.5, 7 ']), [{ first: 7, last: 7 }])
  assert.is(readFileRanges([]), undefined)
  assert.is(readFileRanges(['', 'all', '99999999999']), undefined)
})

test('file ranges: no more than a torrent may have files are named, however large the numbers are', () => {
  assert.equal(readFileRanges(['0-999999999']), [{ first: 0, last: LIMITS.filesMax - 1 }])
  assert.is(readFileRanges(['999999998-999999999']), undefined)
})

test('file ranges: what is written is read as the same', () => {
  const range = fc.tuple(fc.nat(999), fc.nat(99)).map(([first, more]) => ({ first, last: first + more }))
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 20 }), (ranges) => {
      const read = readFileRanges([showFileRanges(ranges)]) ?? []
      assert.equal(readFileRanges([showFileRanges(read)]), read)
      for (let file = 0; file < 1_100; file++) assert.is(hasFile(read, file), hasFile(ranges, file))
    }),
  )
})

test.run()
