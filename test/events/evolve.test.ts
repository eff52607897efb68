import { encode } from 'cborg'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { evolve } from '../../src/events/evolve.js'
import { restoreSnapshot, SNAPSHOT_VERSION, stateHash, takeSnapshot } from '../../src/events/snapshot.js'
import { initialState, lastSeq, type TransferState } from '../../src/events/state.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { instant, peerKey, pieceIndex, seq } from '../../src/values.js'
import {
  bitsOf,
  connected,
  downloading,
  fetched,
  leecher,
  open,
  seeding,
  seedPeer,
  session,
} from '../actors/beginnings.js'
import { assertionOf, BEGAN_AT, given, says, toPiece, woken } from '../actors/given.js'

const peer = peerKey(1)
const piece = pieceIndex(0)
const range = { piece, offset: 0, length: 16_384 }

/** A state in which there is something of everything. */
const rich = (): TransferState => {
  const story = given(downloading(), seedPeer(1), leecher(2, { served: true, fast: true }), [
    { type: 'trackers-set', tiers: [['http://a', 'http://b'], ['http://c']] },
  ])
  story.also(...fetched(1, [5])).commits()
  story.when(woken, says(2, { type: 'have', piece: 3 }), says(2, { type: 'request', piece: 5, offset: 0, length: 9 }))
  const [first] = story.state.pieces.keys()
  story.when(...story.wholePiece(1, first ?? 0), says(2, { type: 'allowed-fast', piece: 1 }))
  story.also(...seedPeer(3), { type: 'requests-released', peer, reason: 'timeout' })
  story.when(toPiece(first ?? 0, { type: 'piece-hashed', good: false, fingerprints: [1, 2] }))
  return story
    .also(...seedPeer(9))
    .after(777)
    .when(woken).state
}

test('evolve: a gap and a repetition are refused', () => {
  const state = given(downloading()).state
  const event: TransferEvent = { type: 'choke-round-ended' }
  for (const number of [state.nextSeq + 1, state.nextSeq - 1, 0])
    assert.is(
      assertionOf(() => evolve(state, { seq: seq(number), at: instant(BEGAN_AT), event })),
      `event ${number} cannot follow ${state.nextSeq - 1}`,
    )
})

test('evolve: each event has a number and a time, which the state keeps', () => {
  const state = initialState()
  for (const [number, event] of downloading().entries())
    evolve(state, { seq: seq(number), at: instant(number * 10), event })
  assert.is(state.nextSeq, 4)
  assert.is(lastSeq(state), 3)
  assert.is(state.at, 30)
})

const illegal: [string, readonly TransferEvent[], TransferEvent][] = [
  ['of a peer that is not there', downloading(), { type: 'have-received', peer, piece }],
  ['of a piece that is not in flight', downloading(), { type: 'piece-filled', piece }],
  ['of a handshake that is over', [...downloading(), ...open(1)], { type: 'peer-connected', peer }],
  ['before the handshake', [...downloading(), ...connected(1)], { type: 'unchoke-received', peer }],
  [
    'of blocks from a peer that we are not interested in',
    [...downloading(), ...open(1)],
    { type: 'blocks-requested', peer, ranges: [range] },
  ],
  ['of a choke that is one already', [...seeding(), ...open(1)], { type: 'choke-sent', peer }],
  [
    'of a piece that is stored before it is verified',
    [...downloading(), ...seedPeer(1), { type: 'blocks-requested', peer, ranges: [range] }],
    { type: 'piece-stored', piece },
  ],
  [
    'of a block that is here already',
    [
      ...downloading(),
      ...seedPeer(1),
      { type: 'blocks-requested', peer, ranges: [range] },
      { type: 'block-received', peer, ...range },
    ],
    { type: 'block-received', peer, ...range },
  ],
  ['of a transfer that is paused', [...downloading(), { type: 'paused' }], { type: 'download-began' }],
  ['of a check that did not begin', downloading(), { type: 'piece-checked', piece, good: true }],
  [
    'of a bitfield of another length',
    [...downloading(), ...open(1)],
    { type: 'bitfield-received', peer, bits: new Uint8Array(9) },
  ],
]
for (const [what, before, event] of illegal)
  test(`evolve: an event ${what} stops the program`, () => {
    assert.is.not(
      assertionOf(() => given(before, event)),
      'no assertion',
    )
    given(before)
  })

test('evolve: bytes of an event are copied, for its log may reuse them', () => {
  const bits = bitsOf([1])
  const wanted = bitsOf([0, 1, 2])
  const pieces = bitsOf([3])
  const story = given(downloading(), open(1), [
    { type: 'bitfield-received', peer, bits },
    { type: 'pieces-selected', wanted, sequential: false },
    { type: 'check-began', reason: 'asked', pieces },
  ])
  const before = stateHash(story.state)
  for (const bytes of [bits, wanted, pieces]) bytes.fill(0)
  assert.is(stateHash(story.state), before)
})

test('evolve: a session that begins closes every connection and forgets every half-filled piece', () => {
  const state = rich()
  assert.ok(state.peers.size > 0 && state.pieces.size > 0)
  evolve(state, { seq: seq(state.nextSeq), at: state.at, event: session(2) })
  assert.is(state.peers.size, 0)
  assert.is(state.pieces.size, 0)
  assert.is(state.stored.count, 1)
})

test('snapshot: a state comes back with the same hash, and is another state', () => {
  const state = rich()
  const restored = restoreSnapshot(takeSnapshot(state))
  assert.ok(restored)
  assert.is(stateHash(restored), stateHash(state))
  const before = stateHash(state)
  restored.stored.set(1)
  restored.peers.clear()
  restored.rarity.more(piece)
  assert.is(stateHash(state), before)
})

test('snapshot: a new state and one before its first event come back too', () => {
  for (const state of [initialState(), given(downloading()).state]) {
    const restored = restoreSnapshot(takeSnapshot(state))
    assert.ok(restored)
    assert.is(stateHash(restored), stateHash(state))
  }
})

test('snapshot: it is restored from a view of other bytes, and does not change with them', () => {
  const state = rich()
  const larger = Buffer.concat([Buffer.alloc(3), takeSnapshot(state), Buffer.alloc(5)])
  const restored = restoreSnapshot(larger.subarray(3, -5))
  larger.fill(0xff)
  assert.ok(restored)
  assert.is(stateHash(restored), stateHash(state))
})

test('snapshot: standings are those of the machines again', () => {
  const state = rich()
  const restored = restoreSnapshot(takeSnapshot(state))
  assert.is(restored?.standing, state.standing)
  for (const [key, { standing }] of state.peers) assert.is(restored?.peers.get(key)?.standing, standing)
  for (const [index, { standing }] of state.pieces) assert.is(restored?.pieces.get(index)?.standing, standing)
})

test('snapshot: bytes of another version, cut short, or of no snapshot are passed over', () => {
  const bytes = takeSnapshot(given(downloading()).state)
  assert.is(restoreSnapshot(encode([SNAPSHOT_VERSION + 1, {}])), undefined)
  assert.is(restoreSnapshot(encode('text')), undefined)
  assert.is(restoreSnapshot(new Uint8Array(0)), undefined)
  for (let length = 0; length < bytes.length; length += 7)
    assert.is(restoreSnapshot(bytes.subarray(0, length)), undefined)
})

test('snapshot: every part of a state counts for its hash', () => {
  const hashes = new Set<string>()
  const changes: ((state: TransferState) => unknown)[] = [
    () => undefined,
    (state) => state.nextSeq++,
    (state) => state.stored.set(6),
    (state) => state.banned.add('x'),
    (state) => state.rarity.more(pieceIndex(6)),
    (state) => state.peers.get(peerKey(9))?.has.clear(0),
    (state) => Object.assign(state.peers.get(peerKey(9)) ?? {}, { released: new Map([[5, 1]]) }),
    (state) => state.candidates.delete('10.0.0.9:6881'),
    (state) => state.tiers.reverse(),
    (state) => [...state.pieces.values()][0]?.orders.fill(7),
    (state) => [...state.pieces.values()][0]?.givers.fill(7),
    (state) => state.stamps.set(0, { bytes: 1, modifiedAt: 1 }),
  ]
  for (const change of changes) {
    const state = rich()
    change(state)
    hashes.add(stateHash(state))
  }
  assert.is(hashes.size, changes.length)
})

test('snapshot: one of 100,000 pieces in flight of nobody is small', () => {
  const shape = { pieceLength: 16_384, totalBytes: 100_000 * 16_384 }
  const { state } = given(downloading(shape), seedPeer(1, { pieceCount: 100_000, fast: true }))
  const bytes = takeSnapshot(state)
  assert.ok(bytes.length < 1_000_000, `${bytes.length} bytes`)
})

test.run()
