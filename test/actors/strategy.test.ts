import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CHOKER } from '../../src/actors/choker.js'
import { askablePieces, pickInOrder } from '../../src/actors/picker.js'
import { OURS, type Strategy } from '../../src/actors/strategy.js'
import { ActorSystem } from '../../src/actors/system.js'
import type { Effect } from '../../src/actors/vocabulary.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { instant, peerKey, pieceIndex } from '../../src/values.js'
import { bitsOf, downloading, everyPiece, fetched, leecher, open, type Shape, seeding, seedPeer } from './beginnings.js'
import { BEGAN_AT, given, type Story, says, toTransfer } from './given.js'

const count = 20
const SHAPE: Shape = { pieceLength: 32_768, totalBytes: count * 32_768 }
const many = { pieceCount: count }
/** Pieces of which three fit into the buffers. */
const LARGE: Shape = { pieceLength: 12 * 1_024 * 1_024, totalBytes: 8 * 12 * 1_024 * 1_024 }

const requested = (peer: number, piece: number, first: number, blocks: number): TransferEvent => ({
  type: 'blocks-requested',
  peer: peerKey(peer),
  ranges: [{ piece: pieceIndex(piece), offset: first * 16_384, length: blocks * 16_384 }],
})

/** Blocks as `PIECE:BLOCK` that would be asked of the peer, in this order of pieces. */
const asked = (story: Story, peer: number, order: readonly number[], blocks = 4 * count): readonly string[] =>
  pickInOrder(story.state, story.peer(peer), blocks, order.map(pieceIndex), story.now).ranges.flatMap(
    ({ piece, offset, length }) =>
      Array.from({ length: length / 16_384 }, (_, block) => `${piece}:${offset / 16_384 + block}`),
  )

test('strategy: pieces are asked for in the order that is given, and no other piece is begun', () => {
  const story = given(downloading(SHAPE), seedPeer(1, many))
  assert.equal(asked(story, 1, [7, 3]), ['7:0', '7:1', '3:0', '3:1'])
  assert.equal(asked(story, 1, [7, 3], 3), ['7:0', '7:1', '3:0'])
  assert.equal(asked(story, 1, []), [])
})

test('strategy: what is in flight comes where the order has it, or after it, each block once', () => {
  const story = given(downloading(SHAPE), seedPeer(1, many), seedPeer(2, many), [requested(1, 9, 0, 1)])
  assert.equal(asked(story, 2, [7, 9, 3]), ['7:0', '7:1', '9:1', '3:0', '3:1'])
  assert.equal(asked(story, 2, [7]), ['7:0', '7:1', '9:1'])
  assert.equal(asked(story, 2, [7], 2), ['7:0', '7:1'])
})

test('strategy: when every block is on order, the endgame goes on as ever', () => {
  const some = downloading(SHAPE).concat({ type: 'pieces-selected', wanted: bitsOf([4], count), sequential: false })
  const story = given(some, seedPeer(1, many), seedPeer(2, many), [requested(1, 4, 0, 2)]).after(1_000)
  assert.equal(asked(story, 2, []), ['4:1'])
})

test('strategy: an order takes no more places than there are, and one that nobody fills', () => {
  const begun = (): Story => {
    const story = given(downloading(LARGE), open(1, { has: [0, 1, 2], weWant: true, serves: true }))
    for (const piece of [0, 1, 2]) story.also(requested(1, piece, 0, 3))
    return story.also(...open(2, { has: [4, 5], weWant: true, serves: true }))
  }
  const busy = begun()
  assert.equal(pickInOrder(busy.state, busy.peer(2), 3, [4, 5].map(pieceIndex), busy.now), {
    ranges: [],
    drop: undefined,
  })
  const left = begun()
  left.also({ type: 'peer-closed', peer: peerKey(1), by: 'them', reason: 'EOF', detail: '' })
  const { ranges, drop } = pickInOrder(left.state, left.peer(2), 3, [4, 5].map(pieceIndex), left.now)
  assert.equal(ranges, [{ piece: 4, offset: 0, length: 3 * 16_384 }])
  assert.is(drop, 0)
  const free = given(downloading(LARGE), seedPeer(1))
  assert.is(
    new Set(asked(free, 1, everyPiece(), 100_000).map((block) => block.split(':')[0])).size,
    LIMITS.piecesInFlightMin,
  )
})

test('strategy: a piece can be asked of a peer that has it and serves it, while blocks of it are wanted', () => {
  const some = open(2, { ...many, has: [3, 4, 9], weWant: true, serves: true })
  const choking = open(3, { ...many, has: [3, 4], fast: true, weWant: true })
  const story = given(downloading(SHAPE), seedPeer(1, many), fetched(1, [3], SHAPE), some, choking)
  story.also(requested(1, 9, 0, 2), { type: 'allowed-fast-received', peer: peerKey(3), piece: pieceIndex(4) })
  const askable = (peer: number): number[] => askablePieces(story.state, story.peer(peer))
  assert.equal(
    askable(1).sort((left, right) => left - right),
    everyPiece(count).filter((piece) => piece !== 3 && piece !== 9),
  )
  assert.is(askable(1).at(-1), 4, 'two have it, and one has each of the others')
  assert.equal(askable(2), [4])
  assert.equal(askable(3), [4])
  // What cannot be asked of it is passed over.
  assert.equal(asked(story, 3, [9, 3, 4]), ['4:0', '4:1'])
  story.also(requested(1, 4, 0, 1))
  assert.is(askable(1)[0], 4, 'what is begun comes first')
})

test('strategy: another one decides in the place of ours, and is told the time', () => {
  const heard: string[] = []
  const other: Strategy = {
    ...OURS,
    pickBlocks: (state, peer, room, _, now) => {
      heard.push(`pick ${now - BEGAN_AT}`)
      return pickInOrder(state, peer, room, [pieceIndex(5)], now)
    },
    fillSlots: (_, now) => {
      heard.push(`fill ${now - BEGAN_AT}`)
      return []
    },
    chooseSlots: ({ peers }, now) => {
      heard.push(`choose ${now - BEGAN_AT}`)
      return { unchoke: [...peers.keys()].slice(1, 2), choke: [], optimistic: undefined }
    },
  }
  const effectsOf = (story: Story, input: Parameters<ActorSystem['accept']>[0]): readonly Effect[] => {
    const effects: Effect[] = []
    const system = new ActorSystem(
      story.state,
      {
        now: () => instant(BEGAN_AT + CHOKER.roundMs),
        record: () => undefined,
        perform: (effect) => effects.push(effect),
        rested: () => undefined,
      },
      other,
    )
    system.accept(input)
    return effects
  }
  const fetching = effectsOf(given(downloading(SHAPE), seedPeer(1, many)), toTransfer({ type: 'woken' }))
  const ranges = fetching.flatMap((effect) => (effect.type === 'request' ? effect.ranges : []))
  assert.equal(ranges, [{ piece: 5, offset: 0, length: 32_768 }])
  const serving = given(seeding(), leecher(1), leecher(2), open(3))
  const unchoked = effectsOf(serving, toTransfer({ type: 'woken' })).flatMap((effect) =>
    effect.type === 'send' && effect.message.type === 'unchoke' ? [effect.peer] : [],
  )
  assert.equal(unchoked, [2])
  effectsOf(serving, says(3, { type: 'interested' }))
  assert.equal([...new Set(heard)], [`choose ${CHOKER.roundMs}`, `pick ${CHOKER.roundMs}`, `fill ${CHOKER.roundMs}`])
})

test.run()
