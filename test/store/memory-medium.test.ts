/** The medium in memory: what was written is read back, packed or not. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PACKING } from '../../simulations/packing.js'
import { MemoryMedium } from '../../src/store/memory-medium.js'

const test = suite('memory medium')

const VALUES = 1_000
const keyOf = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 255)
/** Of any length up to two kibibytes and a bit more, which is larger than what lies in pages. */
const contentOf = (number: number): Uint8Array => new Uint8Array((number * 7_919) % 2_100).fill(number)

const filled = (medium: MemoryMedium): MemoryMedium => {
  for (let number = 0; number < VALUES; number++)
    medium.write([{ type: 'put', key: keyOf(number), value: contentOf(number) }], number)
  return medium
}

test('memory medium: pages are packed once others were filled, and read as they were', () => {
  let packed = 0
  const pack = (page: Uint8Array): Uint8Array => {
    packed++
    return PACKING.pack(page)
  }
  const medium = filled(new MemoryMedium({ ...PACKING, pack }))
  // A mebibyte of values is 64 pages, and each is packed once.
  assert.ok(packed > 50 && packed < 70, `${packed} pages were packed`)
  for (const number of [0, VALUES - 1, 500, 501, 3])
    assert.equal(medium.get(keyOf(number)), contentOf(number), `value ${number}`)
  const all = medium.range({ from: keyOf(0), to: keyOf(VALUES) })
  assert.is(all.length, VALUES)
  for (const [number, { key, value }] of all.entries()) assert.equal([key, value], [keyOf(number), contentOf(number)])
})

test('memory medium: a loss of power takes what was written last, packed or not', () => {
  const medium = filled(new MemoryMedium(PACKING))
  medium.sync()
  for (let number = 0; number < 200; number++)
    medium.write([{ type: 'put', key: keyOf(number), value: contentOf(number + 1) }], VALUES)
  medium.losePower(() => 100)
  for (const number of [0, 99]) assert.equal(medium.get(keyOf(number)), contentOf(number + 1))
  for (const number of [100, 199, 999]) assert.equal(medium.get(keyOf(number)), contentOf(number))
})

test.run()
