/** Defence: floods, crowds of one host, and addresses that the user blocks. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { pieceIndex } from '../../src/values.js'
import { connected, downloading, leecher, open, seeding, seedPeer } from './beginnings.js'
import { given, says, toPeer, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const STORMS = {
  'choke and unchoke': [says(1, { type: 'unchoke' }), says(1, { type: 'choke' })],
  'interest and none': [says(1, { type: 'interested' }), says(1, { type: 'not-interested' })],
  'requests that are refused': [says(1, { type: 'request', piece: 1, offset: 0, length: 16_384 })],
  'extension handshakes': [
    toPeer(1, { type: 'extensions-arrived', extensions: { type: 'extension-handshake', messages: new Map() } }),
  ],
} as const

for (const [name, storm] of Object.entries(STORMS))
  test(`flood: a storm of ${name} ends the connection, and the log`, () => {
    const story = given(seeding(), open(1, { extensions: true }))
    for (let times = 0; times < LIMITS.chatterMax; times++) story.when(...storm)
    story.when(says(1, { type: 'have', piece: 1 }))
    assert.not(story.state.peers.has(1 as never))
    const closed = story.log.find(({ event }) => event.type === 'peer-closed')?.event
    assert.is(closed?.type === 'peer-closed' && closed.reason, 'flooding')
    assert.ok(story.log.length < 2.1 * LIMITS.chatterMax, `${story.log.length} events`)
  })

test('flood: what is asked for and taken back, again and again, ends the connection', () => {
  const story = given(seeding(), leecher(1, { served: true }))
  const range = { piece: pieceIndex(1), offset: 0, length: 16_384 }
  for (let times = 0; times <= LIMITS.chatterMax; times++)
    story.when(says(1, { type: 'request', ...range }), says(1, { type: 'cancel', ...range }))
  assert.not(story.state.peers.has(1 as never))
})

test('flood: as much over hours is what any peer says', () => {
  const story = given(seeding(), open(1))
  for (let times = 0; times < 3 * LIMITS.chatterMax; times++) story.after(20).when(...STORMS['interest and none'])
  assert.ok(story.state.peers.has(1 as never))
})

test('flood: what changes nothing makes no event, however often it is said', () => {
  const story = given(downloading(), seedPeer(1, { fast: true }))
  story.when(says(1, { type: 'have', piece: 1 }))
  for (let times = 0; times < 100; times++)
    story
      .when(
        says(1, { type: 'have', piece: 1 }),
        says(1, { type: 'have-all' }),
        says(1, { type: 'unchoke' }),
        says(1, { type: 'cancel', piece: 7, offset: 0, length: 3 }),
        says(1, { type: 'unknown', id: 99, length: 1 }),
      )
      .thenNothing()
})

const of = (host: string, count: number, from = 1) =>
  Array.from({ length: count }, (_, number) => open(from + number, { incoming: true, host, port: 2_000 + number }))

test('crowds: one host has so many connections and no more, and others come in', () => {
  const story = given(downloading(), ...of('192.0.2.1', LIMITS.peersPerHostMax))
  const next = LIMITS.peersPerHostMax + 1
  story.when(toTransfer({ type: 'peer-accepted', peer: next as never, address: { host: '192.0.2.1', port: 1 } }))
  story.thenClosed(next, 'too-many-of-host')
  story.when(toTransfer({ type: 'peer-accepted', peer: (next + 1) as never, address: { host: '192.0.2.2', port: 1 } }))
  story.thenEvents('peer-accepted')
})

test('crowds: this machine is no crowd', () => {
  const story = given(downloading(), ...of('127.0.0.1', LIMITS.peersPerHostMax))
  const next = LIMITS.peersPerHostMax + 1
  story.when(toTransfer({ type: 'peer-accepted', peer: next as never, address: { host: '127.0.0.1', port: 1 } }))
  story.thenEvents('peer-accepted')
})

test('crowds: somebody who names a host at each of its ports has it dialed at a few', () => {
  const addresses = Array.from({ length: 500 }, (_, port) => ({ host: '192.0.2.1', port: port + 1 }))
  const story = given(downloading()).when(toTransfer({ type: 'peers-found', source: 'user', addresses }))
  assert.is(story.effectsOf('dial').length, LIMITS.peersPerHostMax)
})

test('blocked: who is connected is let go and told, and its address is dialed no more', () => {
  const address = { host: '10.0.0.1', port: 6_881 }
  const story = given(downloading(), seedPeer(1), seedPeer(2))
  story.when(toTransfer({ type: 'addresses-refused', addresses: [address] }))
  assert.equal(story.eventsOf('address-refused'), [{ type: 'address-refused', ...address, reason: 'blocklist' }])
  story.thenClosed(1, 'blocked')
  assert.not(story.state.candidates.has('10.0.0.1:6881'))
  checkInvariants(story.state)
})

test('blocked: a dial that was not made for that is told, and its address forgotten', () => {
  const story = given(downloading(), connected(1).slice(0, -1))
  story.when(toPeer(1, { type: 'dial-failed', failure: { code: 'BLOCKED', message: 'on the blocklist' } }))
  assert.is(story.events[1]?.type, 'address-refused')
  assert.is(story.state.candidates.size, 0)
  story.when(woken)
  assert.equal(story.effectsOf('dial'), [])
})

test('blocked: whoever has many addresses cannot fill the log', () => {
  const story = given(seeding())
  for (let number = 0; number < 2 * LIMITS.refusalsTold; number++)
    story.when(
      toTransfer({ type: 'addresses-refused', addresses: [{ host: `10.1.${number >> 8}.${number & 255}`, port: 1 }] }),
    )
  assert.is(story.log.filter(({ event }) => event.type === 'address-refused').length, LIMITS.refusalsTold)
})

test('self: a peer of our own id is let go, and its address is left alone for long', () => {
  const story = given(downloading(), connected(1))
  const reserved = { extensions: false, fast: false, dht: false }
  const { infoHash, peerId } = story.state
  story.when(toPeer(1, { type: 'handshake-arrived', handshake: { infoHash, peerId, reserved } }))
  story.thenClosed(1, 'self-connection')
  story.pass(600_000)
  assert.equal(story.eventsOf('dial-began'), [])
})

test('self: the address that a tracker sees us at is not dialed', () => {
  const story = given(downloading(), {
    type: 'external-address-seen',
    tracker: 'http://a/announce',
    host: '198.51.100.7',
    port: 6_881,
  })
  const addresses = [{ host: '198.51.100.7', port: 6_881 }]
  story.when(toTransfer({ type: 'peers-found', source: 'user', addresses }), woken)
  assert.equal(story.effectsOf('dial'), [])
})

test.run()
