/** Histories: the state at any point, differences, and what changed a thing last, compared with folds event by event. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { LoggedEvent } from '../../src/events/codec.js'
import { takeSnapshot } from '../../src/events/snapshot.js'
import { logOfEvents } from '../../src/replay/event-log.js'
import { evolve, History, initialState, type ReadableLog, stateHash, type Topic } from '../../src/replay/index.js'
import { signatureOf } from '../../src/replay/topic.js'
import { type Instant, peerKey, pieceIndex, seq } from '../../src/values.js'
import { downloading, SMALL, seedPeer } from '../actors/beginnings.js'
import { Conversation } from '../actors/conversation.js'
import { given, Story } from '../actors/given.js'
import { codeOf } from '../engine/rig.js'

const storyOf = (seed: number, events = 800): readonly LoggedEvent[] => {
  const conversation = new Conversation(seed, SMALL)
  while (conversation.story.log.length < events) conversation.step()
  return conversation.story.log
}

/** A life in which the choker ends many rounds, so that its log is long. */
const longStory = (events: number): readonly LoggedEvent[] => {
  const log = storyOf(7, events / 25)
  const long: LoggedEvent[] = []
  for (const { at, event } of log.slice(0, events / 25)) {
    long.push({ seq: seq(long.length), at, event })
    for (let round = 0; round < 24; round++)
      long.push({ seq: seq(long.length), at, event: { type: 'choke-round-ended' } })
  }
  return long
}

test('history: the state at any event is the fold up to it, however one gets there', async () => {
  const log = longStory(40_000)
  const history = new History(logOfEvents(log))
  const order = [39_999, 5, 20_000, 19_999, 19_998, 20_001, 0, 39_000, 16_384, 16_383, 16_385]
  const expected = new Map<number, string>()
  const state = initialState()
  for (const logged of log) {
    evolve(state, logged)
    if (order.includes(logged.seq)) expected.set(logged.seq, stateHash(state))
  }
  for (const number of [...order, ...order])
    assert.is(stateHash(await history.stateAt({ seq: number })), expected.get(number), `event ${number}`)
})

test('history: a state that was handed out is the caller’s own', async () => {
  const history = new History(logOfEvents(storyOf(1)))
  const state = await history.stateAt({ seq: 600 })
  const hash = stateHash(state)
  state.name = 'changed'
  state.peers.clear()
  assert.is(stateHash(await history.stateAt({ seq: 600 })), hash)
})

test('history: a checkpoint of the log is used, and a damaged one is passed over', async () => {
  const log = storyOf(2)
  const { read } = logOfEvents(log)
  const half = await new History(logOfEvents(log)).stateAt({ seq: 499 })
  for (const snapshot of [takeSnapshot(half), new Uint8Array(9)]) {
    const reads: number[] = []
    const kept: ReadableLog = {
      committedSeq: log.length,
      read(from, to) {
        reads.push(from)
        return read(from, to)
      },
      loadCheckpoint: async (atMost = 0) => (atMost >= 500 ? { seq: 500, snapshot } : undefined),
    }
    const state = await new History(kept).stateAt({ seq: 510 })
    assert.is(stateHash(state), stateHash(await new History(logOfEvents(log)).stateAt({ seq: 510 })))
    assert.equal(reads, [snapshot.length > 9 ? 500 : 0])
  }
})

test('history: a time is the last event that is not later', async () => {
  const log = storyOf(3)
  const history = new History(logOfEvents(log))
  for (const { at } of [log[0], log[17], log[700], log.at(-1)] as LoggedEvent[]) {
    assert.is(
      await history.seqOf({ at }),
      log.findLastIndex((each) => each.at <= at),
    )
    assert.is(
      await history.seqOf({ at: at + 0.5 }),
      log.findLastIndex((each) => each.at <= at),
    )
  }
  assert.is(await codeOf(() => history.seqOf({ at: (log[0]?.at ?? 0) - 1 })), 'OPTION_INVALID')
  assert.is(await codeOf(() => history.stateAt({ seq: log.length })), 'OPTION_INVALID')
  assert.is(await codeOf(() => history.stateAt({ seq: -1 })), 'OPTION_INVALID')
  assert.is(await codeOf(() => history.stateAt({ seq: 1.5 })), 'OPTION_INVALID')
})

test('history: the events are read backwards, each once', async () => {
  const log = longStory(20_000)
  const seqs: number[] = []
  for await (const events of new History(logOfEvents(log)).backwards(19_000))
    for (const { seq } of events) seqs.push(seq)
  assert.equal(
    seqs,
    Array.from({ length: 19_000 }, (_, at) => 18_999 - at),
  )
})

const TOPICS: readonly Topic[] = [
  { type: 'transfer' },
  { type: 'piece', piece: pieceIndex(0) },
  { type: 'piece', piece: pieceIndex(5) },
  { type: 'block', piece: pieceIndex(3), block: 1 },
  { type: 'block', piece: pieceIndex(7), block: 0 },
  ...[1, 2, 5, 9].map((peer): Topic => ({ type: 'peer', peer: peerKey(peer) })),
]

test('history: the last change of a piece, a block, a peer and the transfer is the one that a fold of everything finds', async () => {
  for (let seed = 10; seed < 14; seed++) {
    const log = storyOf(seed)
    const history = new History(logOfEvents(log))
    const state = initialState()
    const last = new Map<Topic, number>()
    const signatures = new Map(TOPICS.map((topic) => [topic, signatureOf(state, topic)]))
    for (const logged of log) {
      evolve(state, logged)
      for (const topic of TOPICS) {
        const signature = signatureOf(state, topic)
        if (signature !== signatures.get(topic)) last.set(topic, logged.seq)
        signatures.set(topic, signature)
      }
      if (logged.seq % 301 !== 0 && logged.seq !== log.length - 1) continue
      for (const topic of TOPICS)
        assert.is(
          (await history.lastChange(topic, { seq: logged.seq }))?.seq,
          last.get(topic),
          `seed ${seed}, ${JSON.stringify(topic)} at ${logged.seq}`,
        )
    }
  }
})

test('history: the last change is found beyond the window in which it is looked for', async () => {
  const story = given(downloading(), seedPeer(1)).when(...[])
  const before = story.state.nextSeq
  for (let count = 0; count < 20_000; count++) story.also({ type: 'choke-round-ended' })
  const history = new History(logOfEvents(story.log))
  const last = await history.lastChange({ type: 'peer', peer: peerKey(1) }, { seq: story.state.nextSeq - 1 })
  assert.is(last?.seq, before - 1)
  assert.is(last?.event.type, 'unchoke-received')
  assert.is(await history.lastChange({ type: 'piece', piece: pieceIndex(99) }, { seq: before }), undefined)
})

test('history: two moments differ by what happened between them, and a moment from itself by nothing', async () => {
  const story = given(downloading(), seedPeer(1))
  const before = story.state.nextSeq - 1
  story.also(
    { type: 'blocks-requested', peer: peerKey(1), ranges: [{ piece: pieceIndex(2), offset: 0, length: 32_768 }] },
    { type: 'block-received', peer: peerKey(1), piece: pieceIndex(2), offset: 0, length: 16_384 },
  )
  const history = new History(logOfEvents(story.log))
  const after = story.state.nextSeq - 1
  assert.equal(await history.diff({ seq: after }, { seq: after }), [])
  const differences = await history.diff({ seq: before }, { seq: after })
  const at = (path: string): unknown[] =>
    differences.filter((each) => each.path === path).flatMap((each) => [each.before, each.after])
  assert.equal(at('nextSeq'), [before + 1, after + 1])
  const [was, is] = at('pieces[2]')
  assert.is(was, undefined)
  assert.equal((is as { givers: unknown }).givers, [2, 0])
  assert.equal(at('peers[1].downloaded.total'), [-0, 16_384])
  assert.equal(at('peers[1].requested[5]'), [undefined, story.now])
  assert.equal(
    differences.filter(({ path }) => path.startsWith('rarity')),
    [],
    'what follows from the rest is left out',
  )
  story.also({ type: 'block-received', peer: peerKey(1), piece: pieceIndex(2), offset: 16_384, length: 16_384 })
  story.also({ type: 'piece-filled', piece: pieceIndex(2) }, { type: 'piece-verified', piece: pieceIndex(2) })
  story.also({ type: 'piece-stored', piece: pieceIndex(2) })
  const later = new History(logOfEvents(story.log))
  const more = await later.diff({ seq: after }, { seq: story.state.nextSeq - 1 })
  assert.equal(
    more.filter(({ path }) => path === 'stored'),
    [{ path: 'stored', before: '', after: '2' }],
  )
  assert.is(more.find(({ path }) => path === 'pieces[2]')?.after, undefined)
})

test('history: differences back are those forth with before and after exchanged', async () => {
  const log = storyOf(20)
  const history = new History(logOfEvents(log))
  for (const [from, to] of [
    [100, 101],
    [300, 420],
    [0, log.length - 1],
  ] as const) {
    const forth = await history.diff({ seq: from }, { seq: to })
    const back = await history.diff({ seq: to }, { seq: from })
    const key = ({ path, before, after }: { path: string; before: unknown; after: unknown }): string =>
      JSON.stringify([path, before, after])
    assert.equal(
      new Set(forth.map(key)),
      new Set(back.map(({ path, before, after }) => key({ path, before: after, after: before }))),
    )
    assert.ok(forth.length > 0)
  }
})

test('history: a log that is being written grows', async () => {
  const story = new Story([...downloading()])
  const { read } = logOfEvents(story.log)
  const growing: ReadableLog = {
    get committedSeq() {
      return story.log.length
    },
    read: (from, to = story.log.length) => read(from, to),
    loadCheckpoint: async () => undefined,
  }
  const history = new History(growing)
  assert.is(history.events, 4)
  story.also({ type: 'paused' })
  assert.is((await history.stateAt({ seq: 4 })).standing.tags.paused, true)
  assert.is((await history.eventAt(4)).event.type, 'paused')
  assert.is((await history.stateAt({ at: story.now as Instant })).nextSeq, seq(5))
})

test.run()
