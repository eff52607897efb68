/** Arrivals: those who connect and do not say for what are bounded, of one host and of all, and make way in time. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Arrivals } from '../src/arrivals.js'
import { LIMITS } from '../src/limits.js'
import type { Connection, ConnectionEvents } from '../src/ports.js'
import { peerId } from '../src/values.js'
import { encodeHandshake } from '../src/wire/handshake.js'
import { ManualClock } from './contracts/manual-clock.js'
import { hashOf } from './tracker/swarm-world.js'

const NONE = new Uint8Array()
const HEARS_NOTHING: ConnectionEvents = { opened: () => undefined, received: () => undefined, closed: () => undefined }
const SHAKE = encodeHandshake({
  infoHash: hashOf(1),
  peerId: peerId(new Uint8Array(20).fill(1)),
  reserved: { extensions: true, fast: true, dht: false },
})

/** An engine with one transfer, and those who come. */
class Place {
  readonly clock = new ManualClock()
  readonly taken: string[] = []
  readonly arrivals = new Arrivals({
    clock: this.clock,
    encryption: 'prefer',
    entropy: (length) => new Uint8Array(length),
    hashes: () => [hashOf(1)],
    find: (hash) =>
      hash[0] === hashOf(1)[0]
        ? {
            takeConnection: ({ remote }) => {
              this.taken.push(remote.host)
              return HEARS_NOTHING
            },
          }
        : undefined,
  })
  #ports = 0

  come(host: string): { readonly events: ConnectionEvents; readonly isOpen: () => boolean } {
    let open = true
    const connection: Connection = {
      remote: { host, port: ++this.#ports },
      unsentBytes: 0,
      send: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
      close: () => {
        open = false
      },
    }
    return { events: this.arrivals.take(connection), isOpen: () => open }
  }

  /** So many of one host, of whom these were let in. */
  crowd(host: string, count: number): readonly ReturnType<Place['come']>[] {
    return Array.from({ length: count }, () => this.come(host)).filter(({ isOpen }) => isOpen())
  }
}

test('arrivals: so many of one host may wait, however many come, and others find room all the same', () => {
  const place = new Place()
  assert.is(place.crowd('10.0.0.1', 1_000).length, LIMITS.arrivalsPerHostMax)
  assert.is(place.crowd('10.0.0.2', 1).length, 1)
  assert.is(place.crowd('10.0.0.1', 1).length, 0)
})

test('arrivals: so many of all hosts may wait', () => {
  const place = new Place()
  let open = 0
  for (let host = 0; host < 2 * LIMITS.arrivalsMax; host++)
    open += place.crowd(`10.0.${host >> 8}.${host & 255}`, 1).length
  assert.is(open, LIMITS.arrivalsMax)
})

test('arrivals: whoever says for what, goes, or is silent for too long makes room for the next of its host', () => {
  const place = new Place()
  const [first, second, ...rest] = place.crowd('10.0.0.1', LIMITS.arrivalsPerHostMax)
  assert.ok(first && second)
  first.events.received(SHAKE)
  assert.equal([place.taken, first.isOpen()], [['10.0.0.1'], true])
  second.events.closed({ code: 'EOF', message: '' })
  assert.is(place.crowd('10.0.0.1', 9).length, 2)
  for (const { events } of rest) events.received(NONE)
  place.clock.advance(LIMITS.handshakeTimeoutMs)
  assert.ok(rest.every(({ isOpen }) => !isOpen()))
  assert.ok(first.isOpen(), 'one that was handed over is not waited for')
  assert.is(place.crowd('10.0.0.1', 99).length, LIMITS.arrivalsPerHostMax)
})

test('arrivals: a byte now and then keeps nobody a place for longer, be it of a handshake or of an encrypted one', () => {
  for (const bytes of [SHAKE, new Uint8Array(400).fill(7)]) {
    const place = new Place()
    const slow = place.crowd('10.0.0.1', LIMITS.arrivalsPerHostMax)
    for (let at = 0; at < 20; at++) {
      for (const { events } of slow) events.received(bytes.subarray(at, at + 1))
      place.clock.advance(LIMITS.handshakeTimeoutMs / 20)
    }
    assert.ok(slow.every(({ isOpen }) => !isOpen()))
    assert.is(place.clock.waiting, 0)
    assert.is(place.crowd('10.0.0.1', 99).length, LIMITS.arrivalsPerHostMax)
  }
})

test('arrivals: once they are closed nobody waits, and nobody who comes is let in', () => {
  const place = new Place()
  const waiting = place.crowd('10.0.0.1', 5)
  place.arrivals.close()
  assert.ok(waiting.every(({ isOpen }) => !isOpen()))
  assert.equal([place.crowd('10.0.0.2', 5).length, place.clock.waiting, place.taken], [0, 0, []])
})

test.run()
