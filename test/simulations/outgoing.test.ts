/** What one side of a simulated connection sends: the same bytes arrive, however segments cut them. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Outgoing } from '../../simulations/outgoing.js'

const SCRATCH = new Uint8Array(65_536)

const sent = (...lengths: readonly number[]): { readonly outgoing: Outgoing; readonly bytes: Uint8Array } => {
  const outgoing = new Outgoing()
  const bytes = Uint8Array.from({ length: lengths.reduce((sum, length) => sum + length, 0) }, (_, at) => at % 251)
  let from = 0
  for (const length of lengths) {
    outgoing.take(bytes.subarray(from, from + length))
    from += length
  }
  return { outgoing, bytes }
}

test('outgoing: whatever the segments, every byte arrives once and in order', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(lengths, fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1 }), (chunks, cuts) => {
      const { outgoing, bytes } = sent(...chunks)
      const segments: number[] = []
      for (let turn = 0; outgoing.waiting > 0; turn++) {
        const segment = outgoing.wholeChunks(Math.min(outgoing.waiting, cuts[turn % cuts.length] ?? 1))
        outgoing.depart(segment)
        segments.push(segment)
      }
      assert.is(outgoing.departed, bytes.length)
      const arrived: number[] = []
      for (const segment of segments)
        for (let left = segment; left > 0; ) {
          const part = outgoing.arriveTogether(left, SCRATCH)
          assert.ok(part.length > 0 && part.length <= left)
          arrived.push(...part)
          left -= part.length
        }
      assert.equal(Uint8Array.from(arrived), bytes)
      assert.equal([outgoing.arrived, outgoing.unflushed], [bytes.length, 0])
    }),
    { numRuns: 200 },
  )
})

test('outgoing: a segment ends where a chunk does, if that is not before its half', () => {
  const { outgoing } = sent(100, 700, 10_000)
  assert.is(outgoing.wholeChunks(1_000), 800)
  outgoing.depart(800)
  assert.is(outgoing.wholeChunks(1_000), 1_000, 'no chunk ends there')
})

test('outgoing: a large chunk arrives where it lies, and short ones together', () => {
  const { outgoing, bytes } = sent(20, 30, 2_000)
  outgoing.depart(bytes.length)
  assert.equal(outgoing.arriveTogether(bytes.length, SCRATCH), bytes.subarray(0, 50))
  const large = outgoing.arriveTogether(2_000, SCRATCH)
  assert.is(large.buffer, bytes.buffer)
  assert.is(large.length, 2_000)
})

test('outgoing: what is cut off has not been taken, but for what departed and what the system keeps', () => {
  const { outgoing, bytes } = sent(1_000, 1_000)
  outgoing.depart(300)
  outgoing.cutOff(500)
  assert.equal([outgoing.taken, outgoing.waiting], [500, 200])
  outgoing.cutOff(0)
  assert.equal([outgoing.taken, outgoing.waiting], [300, 0])
  assert.equal(outgoing.arrive(300), bytes.subarray(0, 300))
})

test.run()
