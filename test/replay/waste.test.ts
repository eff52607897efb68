/** Waste: every byte has a kind and a peer, and together they are what the state says was wasted. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { logOfEvents } from '../../src/replay/event-log.js'
import { History, type WasteKind, wasteOf } from '../../src/replay/index.js'
import { BLOCK_BYTES, peerKey, pieceIndex } from '../../src/values.js'
import { downloading, SMALL, seedPeer } from '../actors/beginnings.js'
import { Conversation } from '../actors/conversation.js'
import { given, type Story } from '../actors/given.js'

const account = async (story: Story) => wasteOf(new History(logOfEvents(story.log)), { seq: story.state.nextSeq - 1 })
const asks = (peer: number, index: number): TransferEvent => ({
  type: 'blocks-requested',
  peer: peerKey(peer),
  ranges: [{ piece: pieceIndex(index), offset: 0, length: 2 * BLOCK_BYTES }],
})
const block = (peer: number, offset: number) => ({
  peer: peerKey(peer),
  piece: pieceIndex(0),
  offset,
  length: BLOCK_BYTES,
})
const received = (peer: number, offset: number): TransferEvent => ({ type: 'block-received', ...block(peer, offset) })
const wasted = (peer: number, kind: 'duplicate' | 'late' | 'unasked'): TransferEvent => ({
  type: 'block-wasted',
  ...block(peer, 0),
  kind,
})
const two = (): Story => given(downloading(), seedPeer(1), seedPeer(2))

const cases: readonly [kind: WasteKind, story: () => Story, peer: string, bytes: number][] = [
  [
    'endgame',
    () => two().also(asks(1, 0), asks(2, 0), received(1, 0), wasted(2, 'duplicate')),
    '10.0.0.2:6881',
    BLOCK_BYTES,
  ],
  ['duplicate', () => two().also(asks(1, 0), received(1, 0), wasted(1, 'duplicate')), '10.0.0.1:6881', BLOCK_BYTES],
  ['late', () => two().also(asks(1, 0), wasted(2, 'late'), wasted(2, 'late')), '10.0.0.2:6881', 2 * BLOCK_BYTES],
  ['unasked', () => two().also(wasted(1, 'unasked')), '10.0.0.1:6881', BLOCK_BYTES],
  [
    'hash-failed',
    () =>
      two().also(
        asks(1, 0),
        received(1, 0),
        received(1, BLOCK_BYTES),
        { type: 'piece-filled', piece: pieceIndex(0) },
        { type: 'piece-rejected', piece: pieceIndex(0), suspects: [peerKey(1)], fingerprints: [1, 2] },
      ),
    '10.0.0.1:6881',
    2 * BLOCK_BYTES,
  ],
]

for (const [kind, story, peer, bytes] of cases)
  test(`waste: bytes that are ${kind} are told apart, with their peer and their events`, async () => {
    const told = story()
    const [only, ...others] = await account(told)
    assert.equal(others, [])
    assert.equal({ kind: only?.kind, peer: only?.peer, bytes: only?.bytes }, { kind, peer, bytes })
    for (const seq of only?.events ?? [])
      assert.ok(['block-wasted', 'piece-rejected'].includes(told.log[seq]?.event.type ?? ''))
    assert.ok((only?.events.length ?? 0) > 0)
  })

test('waste: nothing is accounted where nothing was wasted', async () => {
  assert.equal(await account(two().also(asks(1, 0), received(1, 0))), [])
})

test('waste: whatever peers do, what is accounted adds up to what the state says, kind by kind', async () => {
  const kinds = new Set<WasteKind>()
  for (let seed = 30; seed < 36; seed++) {
    const conversation = new Conversation(seed, SMALL)
    while (conversation.story.log.length < 1_500) conversation.step()
    const entries = await account(conversation.story)
    const sum = (...wanted: readonly WasteKind[]): number =>
      entries.filter(({ kind }) => wanted.includes(kind)).reduce((total, { bytes }) => total + bytes, 0)
    const { waste } = conversation.state
    assert.is(sum('hash-failed'), waste.rejected + 0, `seed ${seed}`)
    assert.is(sum('endgame', 'duplicate'), waste.duplicate + 0, `seed ${seed}`)
    assert.is(sum('late'), waste.late + 0, `seed ${seed}`)
    assert.is(sum('unasked'), waste.unasked + 0, `seed ${seed}`)
    for (const { kind } of entries) kinds.add(kind)
  }
  assert.ok(kinds.size >= 3, [...kinds].join())
})

test.run()
