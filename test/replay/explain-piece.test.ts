/** Why a piece is as it is: every cause in a history in which it is true, and in one in which it is not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { present } from '../../src/assert.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import type { Question } from '../../src/replay/index.js'
import { BLOCK_BYTES, peerKey, pieceIndex } from '../../src/values.js'
import { added, bitsOf, downloading, fetched, leecher, open, seedPeer, session } from '../actors/beginnings.js'
import { given, type Story, says, toPeer, toPiece, woken } from '../actors/given.js'
import { codeOf } from '../engine/rig.js'
import { causeOf, citedBy, codesOf, lacks, testCases, why } from './asking.js'

const piece = { piece: 0 }
const asks = (peer: number, index: number, block: number, blocks = 1): TransferEvent => ({
  type: 'blocks-requested',
  peer: peerKey(peer),
  ranges: [{ piece: pieceIndex(index), offset: block * BLOCK_BYTES, length: blocks * BLOCK_BYTES }],
})
const brings = (peer: number, index: number, block: number): TransferEvent => ({
  type: 'block-received',
  peer: peerKey(peer),
  piece: pieceIndex(index),
  offset: block * BLOCK_BYTES,
  length: BLOCK_BYTES,
})
const closed = (peer: number): TransferEvent => ({
  type: 'peer-closed',
  peer: peerKey(peer),
  by: 'them',
  reason: 'EOF',
  detail: '',
})

/** One seed that serves, and piece 0 on order from it whole. */
const onOrder = (): Story => given(downloading(), seedPeer(1), asks(1, 0, 0, 2))
const idle = (): Story => given(downloading(), seedPeer(1))
const halted = (...events: TransferEvent[]): Story => given(downloading(), seedPeer(1), events)

/** Piece 0 came whole from two peers. */
const filledByTwo = (): Story =>
  given(
    downloading(),
    open(1, { has: [0], weWant: true, serves: true }),
    open(2, { has: [0], weWant: true, serves: true }),
    asks(1, 0, 0),
    asks(2, 0, 1),
    brings(1, 0, 0),
    brings(2, 0, 1),
    { type: 'piece-filled', piece: pieceIndex(0) },
  )

/** And was wrong. */
const spoiled = (): Story => filledByTwo().when(toPiece(0, { type: 'piece-hashed', good: false, fingerprints: [1, 2] }))

testCases('a piece', [
  {
    code: 'stored',
    verdict: 'complete',
    story: () => given(downloading(), seedPeer(1), fetched(1, [0])),
    not: idle,
    question: piece,
    cites: ['piece-stored'],
  },
  {
    code: 'waiting-for-commit',
    verdict: 'complete',
    story: () => given(downloading(), seedPeer(1), fetched(1, [0])),
    not: () => given(downloading(), seedPeer(1), fetched(1, [0])).commits(),
    question: piece,
    cites: ['piece-stored'],
  },
  {
    code: 'not-selected',
    verdict: 'unwanted',
    story: () => halted({ type: 'pieces-selected', wanted: bitsOf([1, 2]), sequential: false }),
    not: () => halted({ type: 'pieces-selected', wanted: bitsOf([0, 1]), sequential: false }),
    question: piece,
    cites: ['pieces-selected'],
  },
  {
    code: 'enough-seeded',
    verdict: 'stopped',
    story: () => halted({ type: 'goal-reached', goal: 'ratio' }, { type: 'paused' }),
    not: () =>
      halted({ type: 'goal-reached', goal: 'time' }, { type: 'paused' }, { type: 'resumed' }, { type: 'paused' }),
    question: piece,
    cites: ['goal-reached', 'paused'],
  },
  {
    code: 'queued',
    verdict: 'stopped',
    story: () => halted({ type: 'queued', of: 'downloads', most: 3 }),
    not: () => halted({ type: 'queued', of: 'downloads', most: 3 }, { type: 'turn-came' }, { type: 'download-began' }),
    question: piece,
    cites: ['queued'],
    text: /3 of the downloads/,
  },
  {
    code: 'paused',
    verdict: 'stopped',
    story: () => halted({ type: 'paused' }),
    not: () => halted({ type: 'paused' }, { type: 'resumed' }, { type: 'download-began' }),
    question: piece,
    cites: ['paused'],
  },
  {
    code: 'disk-full',
    verdict: 'stopped',
    story: () => halted({ type: 'transfer-failed', code: 'DISK_FULL', message: 'ENOSPC: no space left' }),
    not: () => halted({ type: 'transfer-failed', code: 'DISK_READ_ONLY', message: 'EROFS: read-only' }),
    question: piece,
    cites: ['transfer-failed'],
    text: /no space left/,
  },
  {
    code: 'disk-failed',
    verdict: 'stopped',
    story: () => halted({ type: 'transfer-failed', code: 'DISK_READ_ONLY', message: 'EROFS: read-only' }),
    not: idle,
    question: piece,
    cites: ['transfer-failed'],
    text: /EROFS/,
  },
  {
    code: 'being-checked',
    verdict: 'stopped',
    story: () => halted({ type: 'check-began', reason: 'asked', pieces: bitsOf([0, 1]) }),
    not: idle,
    question: piece,
    cites: ['check-began'],
    text: /2 pieces left/,
  },
  {
    code: 'not-running',
    verdict: 'stopped',
    story: () => halted({ type: 'session-ending' }, { type: 'session-ended', reason: 'closed' }),
    not: () => halted({ type: 'session-ending' }),
    question: piece,
    cites: ['session-ended'],
  },
  {
    code: 'starting',
    verdict: 'stopped',
    story: () =>
      given(added(), session(1), { type: 'session-ending' }, { type: 'session-ended', reason: 'closed' }, session(2)),
    not: () => given(added(), session(1), { type: 'session-ending' }, { type: 'session-ended', reason: 'closed' }),
    question: piece,
    cites: ['session-began'],
  },
  {
    code: 'ending',
    verdict: 'stopped',
    story: () => halted({ type: 'session-ending' }),
    not: idle,
    question: piece,
    cites: ['session-ending'],
  },
  {
    code: 'being-fetched',
    verdict: 'progressing',
    story: onOrder,
    not: idle,
    question: piece,
    cites: ['blocks-requested'],
    text: /2 blocks on order from 10\.0\.0\.1:6881/,
  },
  {
    code: 'holder-slow',
    verdict: 'stuck',
    story: () => onOrder().after(15_000),
    not: () => onOrder().after(9_000),
    question: piece,
    cites: ['blocks-requested'],
    text: /nothing came from it for 15 s/,
  },
  {
    code: 'holder-snubbed',
    verdict: 'stuck',
    story: () => onOrder().pass(95_000),
    not: () => onOrder().pass(20_000),
    question: piece,
    cites: ['peer-snubbed', 'blocks-requested'],
  },
  {
    code: 'hash-failed',
    verdict: 'progressing',
    story: () => spoiled(),
    not: onOrder,
    question: piece,
    cites: ['piece-rejected'],
    text: /wrong once; the last time its blocks came from 10\.0\.0\.1, 10\.0\.0\.2/,
  },
  {
    code: 'waiting-for-hash',
    verdict: 'progressing',
    story: () => onOrder().also(brings(1, 0, 0), brings(1, 0, 1), { type: 'piece-filled', piece: pieceIndex(0) }),
    not: onOrder,
    question: piece,
    cites: ['block-received', 'piece-filled'],
  },
  {
    code: 'waiting-for-disk',
    verdict: 'progressing',
    story: () =>
      onOrder().also(
        brings(1, 0, 0),
        brings(1, 0, 1),
        { type: 'piece-filled', piece: pieceIndex(0) },
        { type: 'piece-verified', piece: pieceIndex(0) },
      ),
    not: onOrder,
    question: piece,
    cites: ['piece-verified'],
  },
  {
    code: 'nobody-has-it',
    verdict: 'stuck',
    story: () => given(downloading(), open(1, { has: [1, 2] })),
    not: () => given(downloading(), open(1, { has: [0, 2] })),
    question: piece,
    cites: [],
    text: /none of 1 peer/,
  },
  {
    code: 'no-peers',
    verdict: 'stuck',
    story: () => given(downloading(), seedPeer(1), closed(1)),
    not: idle,
    question: piece,
    cites: ['peer-closed'],
  },
  {
    code: 'choked',
    verdict: 'stuck',
    story: () => given(downloading(), seedPeer(1, { serves: false }), open(2, { has: [0], weWant: true })),
    not: () => given(downloading(), seedPeer(1, { serves: false }), seedPeer(2)),
    question: piece,
    cites: [],
    text: /all 2/,
  },
  {
    code: 'chokes-us',
    verdict: 'stuck',
    story: () => idle().also({ type: 'choke-received', peer: peerKey(1) }),
    not: idle,
    question: piece,
    cites: ['handshake-received', 'unchoke-received', 'choke-received'],
  },
  {
    code: 'refused',
    verdict: 'waiting',
    story: () =>
      given(downloading(), seedPeer(1, { fast: true }), asks(1, 0, 0)).also({
        type: 'block-refused',
        peer: peerKey(1),
        piece: pieceIndex(0),
        offset: 0,
        length: BLOCK_BYTES,
      }),
    not: () =>
      given(downloading(), seedPeer(1, { fast: true }), asks(1, 0, 0))
        .also({ type: 'block-refused', peer: peerKey(1), piece: pieceIndex(0), offset: 0, length: BLOCK_BYTES })
        .after(2_000),
    question: piece,
    cites: ['block-refused'],
  },
  {
    code: 'pipeline-full',
    verdict: 'waiting',
    story: () => given(downloading(), seedPeer(1), asks(1, 4, 0, 2), asks(1, 5, 0, 2)),
    not: idle,
    question: piece,
    cites: ['blocks-requested'],
    text: /4 blocks asked of it before/,
  },
  {
    code: 'rarer-first',
    verdict: 'waiting',
    story: () => given(downloading(), seedPeer(1), open(2, { has: [0, 1, 2] })),
    not: () => given(downloading(), seedPeer(1), open(2, { has: [1, 2] })),
    question: piece,
    cites: [],
    text: /5 pieces that fewer peers have/,
  },
  {
    code: 'in-order',
    verdict: 'waiting',
    story: () => halted({ type: 'pieces-selected', wanted: bitsOf([0, 1, 2]), sequential: true }),
    not: () => halted({ type: 'pieces-selected', wanted: bitsOf([0, 1, 2]), sequential: false }),
    question: piece,
    cites: ['pieces-selected'],
  },
  {
    code: 'next',
    verdict: 'waiting',
    story: idle,
    not: () => given(downloading(), seedPeer(1), asks(1, 4, 0, 2), asks(1, 5, 0, 2)),
    question: piece,
    cites: [],
  },
])

const LARGE = { pieceLength: 16 * 1_048_576, totalBytes: 40 * 16 * 1_048_576 }

test('explain: a piece: too-many-in-flight is said where there are no more buffers, and not before', async () => {
  const tell = (count: number): Story =>
    given(downloading(LARGE), seedPeer(1, { pieceCount: 40 })).also(
      ...Array.from({ length: count }, (_, index) => asks(1, index, 0)),
    )
  let most = 1
  while (!codesOf(await why(tell(most), { piece: 39 })).includes('too-many-in-flight')) {
    lacks(await why(tell(most), { piece: 39 }), 'too-many-in-flight')
    most++
    assert.ok(most < 39, 'buffers are bounded')
  }
  assert.match(causeOf(await why(tell(most), { piece: 39 }), 'too-many-in-flight').text, new RegExp(`for ${most}$`))
})

test('explain: a piece: a rate limit is said where what comes reaches it', async () => {
  const tell = (download: number): Story => {
    const story = given(downloading(), seedPeer(1), { type: 'limits-set', download, upload: 0 }, asks(1, 0, 0, 2))
    return story
      .also(brings(1, 0, 0))
      .after(500)
      .also(brings(1, 0, 1), asks(1, 1, 0, 2))
  }
  const story = tell(40_000)
  const limited = await why(story, { piece: 1 })
  assert.equal(citedBy(story, limited, 'rate-limited'), ['limits-set'])
  assert.ok(limited.remedies.some((remedy) => remedy.includes('limit')))
  lacks(await why(tell(4_000_000), { piece: 1 }), 'rate-limited')
  lacks(await why(tell(0), { piece: 1 }), 'rate-limited')
})

test('explain: a piece: the limit of the transfer itself is told from that of all', async () => {
  const tell = (own: number): Story => {
    const limit = { type: 'transfer-limits-set', download: own, upload: 0 } as const
    const story = given(downloading(), seedPeer(1), limit, asks(1, 0, 0, 2)).also(brings(1, 0, 0))
    return story.after(500).also(brings(1, 0, 1), asks(1, 1, 0, 2))
  }
  const story = tell(40_000)
  const limited = await why(story, { piece: 1 })
  assert.equal(citedBy(story, limited, 'own-rate-limited'), ['transfer-limits-set'])
  lacks(limited, 'rate-limited')
  lacks(await why(tell(4_000_000), { piece: 1 }), 'own-rate-limited')
})

test('explain: a piece: one that two peers spoiled is fetched from one alone, and why', async () => {
  const story = spoiled().when(woken)
  const { parole } = present(story.state.pieces.get(pieceIndex(0)), 'the piece')
  assert.ok(parole !== undefined, 'it is on parole')
  // One block is on order from that peer, and the other, which is open, from nobody.
  const other = filledByTwo().also(
    { type: 'piece-rejected', piece: pieceIndex(0), suspects: [peerKey(1), peerKey(2)], fingerprints: [1, 2] },
    asks(1, 0, 0),
  )
  const explanation = await why(other, { piece: 0 })
  assert.equal(citedBy(other, explanation, 'on-parole'), ['piece-rejected'])
  assert.match(causeOf(explanation, 'on-parole').text, /10\.0\.0\.1:6881 alone/)
  lacks(await why(onOrder(), { piece: 0 }), 'on-parole')
})

test('explain: a piece: who had it last is named, with when it was said and when the connection ended', async () => {
  const story = given(downloading(), open(1, { has: [0, 1] }), open(2, { has: [0] }), open(3, { has: [1] }), closed(2))
    .after(90_000)
    .also(closed(1))
    .after(5_000)
  const explanation = await why(story, { piece: 0 })
  assert.is(explanation.verdict, 'stuck')
  assert.match(
    causeOf(explanation, 'had-it-last').text,
    /^10\.0\.0\.1:6881 had it last; that connection ended 5 s ago$/,
  )
  assert.equal(citedBy(story, explanation, 'had-it-last'), ['bitfield-received', 'peer-closed'])
  lacks(await why(given(downloading(), open(3, { has: [1] })), { piece: 0 }), 'had-it-last')
})

test('explain: a piece: who had it last is found in a session that broke off, and in one before', async () => {
  const broken = given(downloading(), open(1, { has: [0] }), open(2, { has: [0] }), closed(2)).also(
    session(2),
    { type: 'session-examined' },
    { type: 'download-began' },
    ...open(7, { has: [1] }),
  )
  const explanation = await why(broken, { piece: 0 })
  assert.match(
    causeOf(explanation, 'had-it-last').text,
    /^10\.0\.0\.1:6881/,
    'it was connected until the session broke off',
  )
  assert.equal(citedBy(broken, explanation, 'had-it-last'), ['bitfield-received', 'session-began'])
})

test('explain: a block that came is told with its giver, and one that did not with who is to bring it', async () => {
  const story = onOrder().also(brings(1, 0, 1))
  const here = await why(story, { piece: 0, block: 1 })
  assert.equal(citedBy(story, here, 'block-here'), ['block-received'])
  assert.is(here.subject, 'block 1 of piece 0')
  const awaited = await why(story, { piece: 0, block: 0 })
  assert.equal(citedBy(story, awaited, 'being-fetched'), ['blocks-requested', 'block-received'])
  lacks(awaited, 'block-here')
})

test('explain: a block on order from nobody has the reasons of its piece', async () => {
  const story = given(downloading(), seedPeer(1), asks(1, 0, 0)).also({ type: 'choke-received', peer: peerKey(1) })
  const explanation = await why(story, { piece: 0, block: 1 })
  assert.is(explanation.verdict, 'stuck')
  causeOf(explanation, 'choked')
})

test('explain: a moment that is past is explained by what was true then', async () => {
  const story = onOrder()
  const at = story.state.nextSeq - 1
  story.after(1_000).also({ type: 'paused' })
  assert.is((await why(story, piece)).verdict, 'stopped')
  const then = await why(story, piece, { moment: { seq: at }, now: 0 })
  assert.is(then.verdict, 'progressing')
  assert.is(then.seq, at)
  assert.equal((await why(story, piece, { moment: { at: story.log[at]?.at ?? 0 }, now: 0 })).causes, then.causes)
})

test('explain: what there is not is refused by name', async () => {
  const story = idle()
  for (const question of [{ piece: 8 }, { piece: -1 }, { piece: 1.5 }, { piece: 0, block: 2 }, { piece: 7, block: 2 }])
    assert.is(await codeOf(() => why(story, question)), 'OPTION_INVALID', JSON.stringify(question))
  assert.is(await codeOf(() => why(story, piece, { moment: { seq: 10_000 } })), 'OPTION_INVALID')
  assert.is(await codeOf(() => why(given(), piece)), 'OPTION_INVALID')
})

test('explain: nothing that is asked changes what is asked about', async () => {
  const story = given(downloading(), seedPeer(1), leecher(2)).when(
    says(2, { type: 'interested' }),
    toPeer(1, { type: 'block-part-arrived' }),
  )
  const before = JSON.stringify(story.log)
  const questions: readonly Question[] = [piece, {}, { peer: { host: '10.0.0.1', port: 6_881 } }]
  for (const question of questions) await why(story, question)
  assert.is(JSON.stringify(story.log), before)
})

test.run()
