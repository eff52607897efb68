/** Slots: no more connections, and no more that are being opened, than may be; and the poorest transfer comes first. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readConnectionLimits } from '../src/goals.js'
import { LIMITS } from '../src/limits.js'
import { type Slot, type SlotGroup, Slots } from '../src/slots.js'

const dial = (group: SlotGroup, started: unknown[], name: unknown): Slot => group.dial(() => started.push(name))

test('slots: without bounds everybody dials at once', () => {
  const slots = new Slots({ maxConnections: 0, maxHalfOpen: 0 })
  const started: unknown[] = []
  const group = slots.group()
  for (let at = 0; at < 500; at++) dial(group, started, at)
  assert.is(started.length, 500)
  assert.ok(group.hasRoom)
})

test('slots: beyond those that may be opened at one time others wait until one is open or has failed', () => {
  const slots = new Slots({ maxConnections: 0, maxHalfOpen: 2 })
  const started: unknown[] = []
  const group = slots.group()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => dial(group, started, name))
  assert.equal(started, ['a', 'b'])
  a?.opened()
  assert.equal(started, ['a', 'b', 'c'])
  d?.leave() // it waits no more
  b?.leave()
  c?.leave()
  assert.equal(started, ['a', 'b', 'c'])
})

test('slots: the transfer with the fewest connections comes first, and those who were let in count', () => {
  const slots = new Slots({ maxConnections: 4, maxHalfOpen: 0 })
  const started: unknown[] = []
  const [rich, poor] = [slots.group(), slots.group()]
  const first = dial(rich, started, 'rich 1')
  dial(rich, started, 'rich 2').opened()
  dial(rich, started, 'rich 3')
  poor.accept()
  assert.not.ok(poor.hasRoom)
  dial(rich, started, 'rich 4')
  dial(poor, started, 'poor 1')
  dial(poor, started, 'poor 2')
  first.leave()
  first.leave()
  assert.equal(started, ['rich 1', 'rich 2', 'rich 3', 'poor 1'])
})

test('slots: wider bounds let who waits in', () => {
  const slots = new Slots({ maxConnections: 1, maxHalfOpen: 0 })
  const started: unknown[] = []
  const group = slots.group()
  for (const name of [1, 2, 3]) dial(group, started, name)
  slots.limits = { maxConnections: 2, maxHalfOpen: 0 }
  assert.equal(started, [1, 2])
  slots.limits = { maxConnections: 0, maxHalfOpen: 0 }
  assert.equal(started, [1, 2, 3])
})

test('slots: whatever happens, the bounds hold, and nobody waits beside room', () => {
  const act = fc.tuple(fc.constantFrom('dial', 'open', 'leave'), fc.nat(30))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.array(act), (most, half, acts) => {
      const slots = new Slots({ maxConnections: most, maxHalfOpen: half })
      const groups = [slots.group(), slots.group(), slots.group()]
      const all: { slot: Slot; standing: string }[] = []
      for (const [what, which] of acts) {
        const entry = all[which % Math.max(1, all.length)]
        if (what === 'dial') {
          const own = { slot: undefined as unknown as Slot, standing: 'waiting' }
          own.slot = (groups[which % 3] as SlotGroup).dial(() => {
            own.standing = 'half'
          })
          all.push(own)
        } else if (entry !== undefined && what === 'open' && entry.standing === 'half') {
          entry.standing = 'open'
          entry.slot.opened()
        } else if (entry !== undefined && what === 'leave') {
          entry.standing = 'gone'
          entry.slot.leave()
        }
        const count = (standing: string): number => all.filter((each) => each.standing === standing).length
        assert.ok(count('half') + count('open') <= most && count('half') <= half)
        if (count('waiting') > 0) assert.ok(count('half') + count('open') === most || count('half') === half)
      }
    }),
  )
})

test('slots: limits are whole numbers, and have values by default', () => {
  assert.equal(readConnectionLimits({ maxHalfOpen: 3 }), {
    maxConnections: LIMITS.engineConnectionsMax,
    maxHalfOpen: 3,
  })
  for (const limits of [{ maxConnections: -1 }, { maxHalfOpen: 0.5 }])
    assert.throws(() => readConnectionLimits(limits), /whole number/)
})

test.run()
