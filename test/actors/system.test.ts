import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { showActor } from '../../src/actors/bus.js'
import { ActorSystem } from '../../src/actors/system.js'
import type { Effect, Input } from '../../src/actors/vocabulary.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import { instant, peerKey, pieceIndex } from '../../src/values.js'
import { downloading, open, seeding, seedPeer } from './beginnings.js'
import { assertionOf, BEGAN_AT, given, Story, says, toPeer, toPiece, toTransfer, woken } from './given.js'

/** Makes one event, wherever the transfer stands. */
const selecting = (wanted: number): Input =>
  toTransfer({ type: 'pieces-selected', wanted: new Uint8Array([wanted]), sequential: false })

/** Notes down everything in the order in which it happens. */
const watched = (perform: (effect: Effect, system: ActorSystem) => void = () => undefined) => {
  const noted: string[] = []
  const system: ActorSystem = new ActorSystem(given(downloading(), seedPeer(1)).state, {
    now: () => instant(BEGAN_AT),
    record: ({ event }: LoggedEvent) => noted.push(`event ${event.type}`),
    perform: (effect) => {
      noted.push(`effect ${effect.type}`)
      perform(effect, system)
    },
    rested: () => noted.push('rested'),
  })
  return { system, noted }
}

test('system: events are recorded as they are decided, and effects are performed when all is quiet', () => {
  const { system, noted } = watched()
  system.accept(says(1, { type: 'choke' }))
  system.accept(says(1, { type: 'unchoke' }))
  assert.equal(noted, [
    'event choke-received',
    'rested',
    'event unchoke-received',
    'event blocks-requested',
    'effect request',
    'rested',
  ])
})

test('system: an input that comes while effects are performed waits until they all are', () => {
  const { system, noted } = watched((effect, system) => {
    if (effect.type === 'dial') system.accept(selecting(0xf0 - effect.peer))
  })
  const addresses = [1, 2].map((port) => ({ host: '10.0.0.9', port }))
  system.accept(toTransfer({ type: 'peers-found', source: 'user', addresses }))
  assert.equal(noted, [
    'event candidates-found',
    'event dial-began',
    'event dial-began',
    'effect dial',
    'effect dial',
    'event pieces-selected',
    'event pieces-selected',
    'rested',
  ])
  assert.equal([...system.state.wanted.bytes], [0xf0 - 3])
})

test('system: what a decision throws reaches the caller, and no effect of that turn is performed', () => {
  const { system, noted } = watched()
  system.accept(says(1, { type: 'choke' }))
  noted.length = 0
  // The driver never says so of an open connection: it is our own bug.
  assert.is(
    assertionOf(() => system.accept(toPeer(1, { type: 'connected' }))).slice(0, 28),
    "peer: no 'peer-connected' in",
  )
  assert.equal(noted, [])
  system.accept(selecting(0xf0))
  assert.equal(noted, ['event pieces-selected', 'rested'])
})

test('system: inputs for who is not there are passed over', () => {
  const story = given(downloading())
  story.when(
    toPeer(77, { type: 'connected' }),
    { to: 'piece', piece: pieceIndex(3), input: { type: 'piece-written' } },
    { to: 'piece', piece: pieceIndex(3), input: { type: 'piece-hashed', good: true, fingerprints: [] } },
  )
  story.thenNothing()
})

test('system: an actor that was closed in a turn hears nothing more in it', () => {
  const story = given(downloading(), seedPeer(1), seedPeer(2))
  const heard: string[] = []
  story.system.traffic$.subscribe(({ to, content }) => heard.push(`${showActor(to)} ${content.type}`))
  story.when(toTransfer({ type: 'end-asked' }))
  assert.is(story.eventsOf('peer-closed').length, 2)
  assert.is(story.state.peers.size, 0)
  assert.ok(heard.includes('peer/2 refill'), heard.join())
})

test('system: a piece in flight again after it was dropped has an inbox again', () => {
  const shape = { pieceLength: 32_768, totalBytes: 32_768 }
  const story = given(downloading(shape), seedPeer(1, { pieceCount: 1 })).when(woken)
  story.when(...story.wholePiece(1, 0), toPiece(0, { type: 'piece-hashed', good: true, fingerprints: [] }))
  story.when(toPiece(0, { type: 'write-failed', failure: { code: 'EIO', message: '' } }))
  assert.is(story.state.pieces.size, 0)
  story
    .when(toTransfer({ type: 'resume-asked' }))
    .also(...seedPeer(2, { pieceCount: 1 }))
    .when(woken)
  story.when(...story.wholePiece(2, 0))
  assert.is(story.eventsOf('piece-filled').length, 1)
})

test('system: every input, event and effect can be watched, in order', () => {
  const story = given(seeding(), open(1, { incoming: true }))
  const seen: string[] = []
  story.system.inputs$.subscribe((input) => seen.push(`input ${input.input.type}`))
  story.system.events$.subscribe(({ event }) => seen.push(`event ${event.type}`))
  story.system.effects$.subscribe((effect) => seen.push(`effect ${effect.type}`))
  story.when(says(1, { type: 'interested' }))
  assert.equal(seen, ['input message-arrived', 'event interested-received', 'event unchoke-sent', 'effect send'])
})

test('system: all events of a turn have the time at which it began', () => {
  const story = given(downloading(), seedPeer(1))
  let now = BEGAN_AT
  const times: number[] = []
  const system = new ActorSystem(story.state, {
    now: () => instant(now++),
    record: ({ at }) => times.push(at),
    perform: () => undefined,
    rested: () => undefined,
  })
  system.accept(says(1, { type: 'choke' }))
  system.accept(says(1, { type: 'unchoke' }))
  assert.equal(times, [BEGAN_AT, BEGAN_AT + 1, BEGAN_AT + 1])
})

test('system: the same inputs in the same state give the same events and effects', () => {
  const tell = (): Story => {
    const story = new Story([...downloading(), ...seedPeer(1), ...seedPeer(2)])
    return story.when(
      woken,
      story.block(1, 0, 0),
      says(2, { type: 'choke' }),
      toPeer(1, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }),
    )
  }
  assert.equal(tell().events, tell().events)
  assert.equal(tell().effects, tell().effects)
})

test('system: another seed draws other first pieces', () => {
  const shape = { pieceLength: 16_384, totalBytes: 1_000 * 16_384 }
  const first = (randomSeed: number): readonly number[] => {
    const story = given(downloading(shape), seedPeer(1, { pieceCount: 1_000 }))
    story.state.randomSeed = randomSeed
    story.when(woken)
    return [...story.peer(1).requested.keys()]
  }
  assert.equal(first(1), first(1))
  assert.not.equal(first(1), first(2))
})

test('system: a peer key is never used again', () => {
  const story = given(downloading(), open(1), open(2))
  story.when(toPeer(2, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))
  story.when(toTransfer({ type: 'peers-found', source: 'user', addresses: [{ host: '10.0.0.9', port: 1 }] }))
  assert.is(story.effectsOf('dial')[0]?.peer, peerKey(3))
})

test.run()
