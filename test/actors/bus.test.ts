import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Address, addressOf, Bus, showActor } from '../../src/actors/bus.js'
import { LIMITS } from '../../src/limits.js'
import { assertionOf } from './given.js'

const [a, b, c] = [addressOf('peer', 1), addressOf('peer', 2), addressOf('piece', 1)] as const

/** A bus whose actors note down what they hear, and then do what they are told to. */
const listening = (does: (at: Address, content: string, bus: Bus<string>) => void = () => undefined) => {
  const bus = new Bus<string>()
  const heard: string[] = []
  for (const address of [a, b, c])
    bus.settle(address, (content) => {
      heard.push(`${showActor(address)} ${content}`)
      does(address, content, bus)
    })
  return { bus, heard }
}

test('bus: addresses are different for every kind and number, and can be shown', () => {
  const all = [addressOf('transfer'), addressOf('trackers')]
  for (const kind of ['peer', 'piece'] as const)
    for (let number = 0; number < 100; number++) all.push(addressOf(kind, number))
  assert.is(new Set(all).size, all.length)
  assert.equal([addressOf('transfer'), addressOf('trackers'), a, c].map(showActor), [
    'transfer',
    'trackers',
    'peer/1',
    'piece/1',
  ])
  assert.is(showActor(addressOf('piece', 2_097_151)), 'piece/2097151')
})

test('bus: nothing is delivered before it is drained, then everything in order', () => {
  const { bus, heard } = listening()
  bus.post(a, '1')
  bus.post(b, '2')
  bus.post(a, '3')
  assert.equal(heard, [])
  bus.drain()
  assert.equal(heard, ['peer/1 1', 'peer/2 2', 'peer/1 3'])
  bus.drain()
  assert.is(heard.length, 3)
})

test('bus: what an actor posts while it is heard comes after what was posted before', () => {
  const { bus, heard } = listening((_, content, bus) => {
    if (content !== 'go') return
    bus.post(b, 'later')
    bus.post(a, 'later still')
  })
  bus.post(a, 'go')
  bus.post(c, 'soon')
  bus.drain()
  assert.equal(heard, ['peer/1 go', 'piece/1 soon', 'peer/2 later', 'peer/1 later still'])
})

test('bus: everybody who watches the traffic sees the same order', () => {
  const { bus, heard } = listening((at, content, bus) => {
    if (at === a && content === '1') bus.post(b, '2')
  })
  const seen: string[][] = [[], []]
  for (const list of seen) bus.traffic$.subscribe(({ to, content }) => list.push(`${showActor(to)} ${content}`))
  bus.post(a, '1')
  bus.post(c, '3')
  bus.drain()
  assert.equal(seen, [heard, heard])
})

test('bus: a turn within a turn is refused', () => {
  let refusal = ''
  const { bus, heard } = listening((_, content, bus) => {
    if (content === 'go') refusal = assertionOf(() => bus.drain())
  })
  bus.post(a, 'go')
  bus.post(b, 'on')
  bus.drain()
  assert.is(refusal, 'a turn is not started within a turn')
  assert.equal(heard, ['peer/1 go', 'peer/2 on'])
})

test('bus: the first throw stops the turn, is thrown again, and the rest is dropped', () => {
  const { bus, heard } = listening((_, content) => {
    if (content === 'bad') throw new RangeError('mine')
  })
  bus.post(a, 'good')
  bus.post(b, 'bad')
  bus.post(c, 'never')
  assert.throws(
    () => bus.drain(),
    (error: unknown) => error instanceof RangeError && error.message === 'mine',
  )
  assert.equal(heard, ['peer/1 good', 'peer/2 bad'])
  bus.drain()
  bus.post(a, 'again')
  bus.drain()
  assert.equal(heard, ['peer/1 good', 'peer/2 bad', 'peer/1 again'])
})

test('bus: even undefined can be thrown', () => {
  const { bus } = listening(() => {
    throw undefined
  })
  bus.post(a, 'x')
  let thrown = false
  try {
    bus.drain()
  } catch {
    thrown = true
  }
  assert.ok(thrown)
})

test('bus: what is on its way to an actor that retires is dropped', () => {
  const { bus, heard } = listening((at, content, bus) => {
    if (at === a && content === 'end') bus.retire(b)
  })
  bus.post(a, 'end')
  bus.post(b, 'too late')
  bus.post(c, 'on')
  bus.drain()
  assert.equal(heard, ['peer/1 end', 'piece/1 on'])
  assert.not(bus.has(b))
  assert.is(bus.actors, 2)
})

test('bus: an actor may retire itself while it is heard, and another may take its address', () => {
  const { bus, heard } = listening((at, content, bus) => {
    if (content === 'end') bus.retire(at)
  })
  bus.post(a, 'end')
  bus.post(a, 'too late')
  bus.drain()
  bus.settle(a, (content) => void heard.push(`new ${content}`))
  bus.post(a, 'hello')
  bus.drain()
  assert.equal(heard, ['peer/1 end', 'new hello'])
})

test('bus: an address has one inbox', () => {
  const { bus } = listening()
  assert.is(
    assertionOf(() => bus.settle(a, () => undefined)),
    'peer/1 has an inbox already',
  )
})

test('bus: what is posted to nobody is dropped', () => {
  const { bus, heard } = listening()
  bus.post(addressOf('peer', 99), 'x')
  bus.retire(addressOf('peer', 99))
  bus.drain()
  assert.equal(heard, [])
})

test('bus: actors that talk to each other for ever are stopped', () => {
  const { bus, heard } = listening((at, content, bus) => bus.post(at === a ? b : a, content))
  bus.post(a, 'ping')
  assert.is(
    assertionOf(() => bus.drain()),
    'a turn ends after a bounded number of steps',
  )
  assert.is(heard.length, LIMITS.turnStepsMax)
})

test.run()
