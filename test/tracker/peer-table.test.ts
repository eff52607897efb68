/** The packed peer index, against a plain map. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { PeerTable } from '../../tracker/peer-table.js'
import { host, idOf, seeded } from './swarm-world.js'

const IPV4 = host('10.1.2.3')
const IPV6 = host('2001:db8::1')

test('peer table: a peer is found by its swarm, address and port, and by all three only', () => {
  const table = new PeerTable(7)
  const slot = table.add(1, IPV4, 80)
  assert.is(table.find(1, IPV4, 80), slot)
  assert.is(table.find(2, IPV4, 80), undefined)
  assert.is(table.find(1, IPV4, 81), undefined)
  assert.is(table.find(1, host('10.1.2.4'), 80), undefined)
  assert.is(table.find(1, IPV6, 80), undefined)
})

test('peer table: what is said of a peer is kept apart from its neighbours', () => {
  const table = new PeerTable(7)
  const slots = [table.add(1, IPV4, 1), table.add(1, IPV6, 65_535), table.add(2, IPV4, 6_881)]
  for (const [at, slot] of slots.entries()) {
    table.setId(slot, idOf(at))
    table.setGroup(slot, at)
    table.setPlace(slot, 1_000 + at)
  }
  assert.equal(
    slots.map((slot) => table.idOf(slot)),
    [idOf(0), idOf(1), idOf(2)],
  )
  assert.equal(
    slots.map((slot) => table.areSame(slot, slots[1] ?? -1)),
    [false, true, false],
  )
  assert.equal(
    slots.map((slot) => table.groupOf(slot)),
    [0, 1, 2],
  )
  assert.equal(
    slots.map((slot) => table.placeOf(slot)),
    [1_000, 1_001, 1_002],
  )
  assert.equal(
    slots.map((slot) => table.swarmOf(slot)),
    [1, 1, 2],
  )
  assert.equal(
    slots.map((slot) => table.portOf(slot)),
    [1, 65_535, 6_881],
  )
  assert.equal(
    slots.map((slot) => table.hostOf(slot)),
    ['10.1.2.3', '2001:db8::1', '10.1.2.3'],
  )
})

test('peer table: addresses come out as in compact lists', () => {
  const table = new PeerTable(7)
  const bytes = new Uint8Array(26).fill(0xee)
  table.writeCompact(table.add(1, IPV4, 0x1234), 'ipv4', bytes, 1)
  table.writeCompact(table.add(1, IPV6, 0xfedc), 'ipv6', bytes, 7)
  assert.equal([...bytes.subarray(0, 8)], [0xee, 10, 1, 2, 3, 0x12, 0x34, 0x20])
  assert.equal([...bytes.subarray(7, 23)], [...IPV6])
  assert.equal([...bytes.subarray(23)], [0xfe, 0xdc, 0xee])
})

test('peer table: a peer twice, or one removed twice, is our bug', () => {
  const table = new PeerTable(7)
  const slot = table.add(1, IPV4, 80)
  assert.throws(() => table.add(1, IPV4, 80), /once/)
  table.remove(slot)
  assert.throws(() => table.remove(slot), /is there/)
  assert.throws(() => table.find(1, new Uint8Array(5), 80), /4 or 16 bytes/)
})

test('peer table: any comings and goings leave what a plain map has', () => {
  // Few hosts and ports, so that the same peers come back, and slots and buckets are used again.
  const step = fc.record({
    swarm: fc.nat(3),
    last: fc.nat(6),
    port: fc.integer({ min: 1, max: 6 }),
    leave: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { maxLength: 300 }), (seed, steps) => {
      const table = new PeerTable(seed)
      const model = new Map<string, number>()
      for (const { swarm, last, port, leave } of steps) {
        const address = last % 2 === 0 ? host(`10.0.0.${last}`) : host(`2001:db8::${last}`)
        const name = `${swarm} ${last} ${port}`
        const slot = model.get(name)
        assert.is(table.find(swarm, address, port), slot)
        if (slot === undefined) model.set(name, table.add(swarm, address, port))
        else if (leave) {
          table.remove(slot)
          model.delete(name)
        }
        assert.is(table.count, model.size)
        assert.is(new Set(model.values()).size, model.size, 'two peers have one slot')
      }
    }),
    { numRuns: 60 },
  )
})

test('peer table: 20,000 peers are found while it grows, and while half of them leave', () => {
  const table = new PeerTable(3)
  const random = seeded(5)
  const address = (number: number): Uint8Array => Uint8Array.of(10, number >> 16, (number >> 8) & 0xff, number & 0xff)
  const slots = new Map<number, number>()
  for (let number = 0; number < 20_000; number++) slots.set(number, table.add(number % 50, address(number), 80))
  for (const [number, slot] of slots) assert.is(table.find(number % 50, address(number), 80), slot)
  for (const [number, slot] of slots) {
    if (random(2) === 0) continue
    table.remove(slot)
    slots.delete(number)
  }
  for (let number = 0; number < 20_000; number++) {
    assert.is(table.find(number % 50, address(number), 80), slots.get(number))
  }
  assert.is(table.count, slots.size)
})

test.run()
