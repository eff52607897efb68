/** The talk: what the events of a history tell of the messages between us and our peers. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { evolve, initialState, type Told, talkOf } from '../../src/replay/index.js'
import { BLOCK_BYTES, peerKey, pieceIndex } from '../../src/values.js'
import { downloading, fetched, leecher, open, SMALL, seedPeer } from '../actors/beginnings.js'
import { Conversation } from '../actors/conversation.js'
import { given, type Story } from '../actors/given.js'

const talk = (story: Story): readonly Told[] => {
  const state = initialState()
  return story.log.flatMap((logged) => {
    const told = talkOf(state, logged)
    evolve(state, logged)
    return told
  })
}
const lines = (story: Story, from: number): readonly string[] =>
  talk(story)
    .filter(({ seq }) => seq >= from)
    .map(({ from: side, peer, message }) => `${side} ${peer} ${message.type}`)

const peer = peerKey(1)
const block = { peer, piece: pieceIndex(0), offset: 0, length: BLOCK_BYTES }

test('talk: whoever dialed shakes hands first, and what we have follows', () => {
  const dialed = given(downloading(), open(1, { has: 'all', fast: true }))
  assert.equal(lines(dialed, 0).slice(0, 4), [
    'us 1 handshake',
    'them 1 handshake',
    'us 1 have-none',
    'them 1 have-all',
  ])
  const accepted = given(downloading(), open(1, { has: [2], incoming: true }))
  assert.equal(lines(accepted, 0).slice(0, 3), ['them 1 handshake', 'us 1 handshake', 'them 1 bitfield'])
  const some = given(downloading(), seedPeer(2), fetched(2, [0]), { type: 'pieces-announced', pieces: [pieceIndex(0)] })
  const later = some.state.nextSeq
  some.also(...open(1, { fast: true }))
  assert.ok(lines(some, later).includes('us 1 bitfield'))
})

test('talk: requests and cancels are one for each block, the last of a torrent short', () => {
  const story = given(downloading(), seedPeer(1))
  const from = story.state.nextSeq
  const range = { piece: pieceIndex(7), offset: 0, length: BLOCK_BYTES + 100 }
  story.also({ type: 'blocks-requested', peer, ranges: [range] }, { type: 'requests-cancelled', peer, ranges: [range] })
  const told = talk(story).filter(({ seq }) => seq >= from)
  assert.equal(
    told.map(({ message }) => message),
    ['request', 'cancel'].flatMap((type) => [
      { type, piece: 7, offset: 0, length: BLOCK_BYTES },
      { type, piece: 7, offset: BLOCK_BYTES, length: 100 },
    ]),
  )
})

test('talk: a new piece is told to every open peer that is no seed', () => {
  const story = given(downloading(), seedPeer(1), leecher(2), leecher(3), fetched(1, [0]))
  const from = story.state.nextSeq
  story.also({ type: 'pieces-announced', pieces: [pieceIndex(0)] })
  assert.equal(lines(story, from), ['us 2 have', 'us 3 have'])
})

test('talk: a request that is refused was asked, and is turned down where the peer understands that (BEP 6)', () => {
  for (const fast of [true, false]) {
    const story = given(downloading(), leecher(1, { fast }))
    const from = story.state.nextSeq
    story.also({ type: 'request-refused', ...block, reason: 'choked' })
    assert.equal(lines(story, from), ['them 1 request', ...(fast ? ['us 1 reject-request'] : [])])
  }
})

test('talk: whatever happens, what is told is told in order, of peers that are there, and blocks balance', () => {
  for (let seed = 40; seed < 44; seed++) {
    const conversation = new Conversation(seed, SMALL)
    while (conversation.story.log.length < 1_200) conversation.step()
    const told = talk(conversation.story)
    let last = 0
    for (const { seq } of told) {
      assert.ok(seq >= last)
      last = seq
    }
    const count = (type: string): number => conversation.story.log.filter(({ event }) => event.type === type).length
    const blocks = told.filter(({ message }) => message.type === 'piece')
    assert.is(blocks.filter(({ from }) => from === 'them').length, count('block-received') + count('block-wasted'))
    assert.is(blocks.filter(({ from }) => from === 'us').length, count('block-served'))
  }
})

test.run()
