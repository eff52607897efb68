/** Why a peer is as it is to us, and we to it: every cause where it is true, and where it is not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { BLOCK_BYTES, peerKey, pieceIndex } from '../../src/values.js'
import { connected, downloading, fetched, leecher, open, seedPeer } from '../actors/beginnings.js'
import { given, type Story } from '../actors/given.js'
import { codesOf, lacks, testCases, why } from './asking.js'

const one = { peer: { host: '10.0.0.1', port: 6_881 } }
const peer = peerKey(1)
const asks: TransferEvent = {
  type: 'blocks-requested',
  peer,
  ranges: [{ piece: pieceIndex(0), offset: 0, length: 2 * BLOCK_BYTES }],
}
const block = { peer, piece: pieceIndex(0), offset: 0, length: BLOCK_BYTES }
const byTracker: TransferEvent = { type: 'peer-introduced', peer, introduction: 7, rank: 9 }
const closed: TransferEvent = { type: 'peer-closed', peer, by: 'us', reason: 'silent', detail: '' }
const seed = (): Story => given(downloading(), seedPeer(1))
const serving = (): Story => seed().also(asks, { type: 'block-received', ...block })
const taker = (): Story => given(downloading(), seedPeer(2), fetched(2, [0]), leecher(1))
const asked: TransferEvent = { type: 'request-received', ...block }

/** Peer 2 has named it, and can have it dial us (BEP 55); it is being dialed. */
const introduced: readonly TransferEvent[] = [
  { type: 'punching-began' },
  ...open(2),
  { type: 'holepunch-offered', peer: peerKey(2), number: 3 },
  { type: 'candidates-found', source: 'pex', addresses: [one.peer] },
  { type: 'introductions-offered', peer: peerKey(2), addresses: [one.peer] },
  { type: 'dial-began', peer: peerKey(3), ...one.peer },
]
const unreached: TransferEvent = { type: 'dial-failed', peer: peerKey(3), reason: 'ETIMEDOUT' }
const rendezvous: TransferEvent = { type: 'rendezvous-asked', peer: peerKey(2), ...one.peer }

/** The peer lets few requests wait, and each block takes as long as a far way does. */
const farAway = (delayMs: number): Story => {
  const story = seed().also({
    type: 'extensions-received',
    peer,
    client: undefined,
    requestsMax: 4,
    listenPort: undefined,
    uploadOnly: false,
  })
  for (let round = 0; round < 6; round++) {
    const ranges = [
      { piece: pieceIndex(round), offset: 0, length: 2 * BLOCK_BYTES },
      { piece: pieceIndex(round + 1), offset: 0, length: 2 * BLOCK_BYTES },
    ]
    story.also({ type: 'blocks-requested', peer, ranges: round === 0 ? ranges : ranges.slice(1) }).after(delayMs)
    for (const offset of [0, BLOCK_BYTES])
      story.also({ type: 'block-received', ...block, piece: pieceIndex(round), offset })
    story.also({ type: 'piece-filled', piece: pieceIndex(round) })
  }
  return story.also({
    type: 'blocks-requested',
    peer,
    ranges: [{ piece: pieceIndex(7), offset: 0, length: BLOCK_BYTES + 100 }],
  })
}

testCases('a peer', [
  {
    code: 'never-met',
    verdict: 'unknown',
    story: () => given(downloading()),
    not: seed,
    question: one,
    cites: [],
  },
  {
    code: 'not-connected',
    verdict: 'stopped',
    story: () => given(downloading(), connected(1).slice(0, 1)),
    not: seed,
    question: one,
    cites: ['candidates-found'],
    text: /named by a tracker/,
  },
  {
    code: 'dial-failed',
    verdict: 'stopped',
    story: () => given(downloading(), connected(1).slice(0, 2), { type: 'dial-failed', peer, reason: 'ECONNREFUSED' }),
    not: seed,
    question: one,
    cites: ['dial-failed'],
    text: /1 attempt .* due in 3 s/,
  },
  {
    code: 'rendezvous-asked',
    verdict: 'stopped',
    story: () => given(downloading(), introduced, unreached, rendezvous),
    not: () => given(downloading(), introduced, unreached),
    question: one,
    cites: ['rendezvous-asked'],
  },
  {
    code: 'rendezvous-failed',
    verdict: 'stopped',
    story: () =>
      given(downloading(), introduced, unreached, rendezvous, {
        type: 'rendezvous-failed',
        peer: peerKey(2),
        ...one.peer,
        reason: 'not-connected',
      }),
    not: () => given(downloading(), introduced, unreached, rendezvous),
    question: one,
    cites: ['rendezvous-failed'],
  },
  {
    code: 'hole-punched',
    verdict: 'waiting',
    story: () => given(downloading(), introduced, { type: 'punch-began', peer: peerKey(3), relay: peerKey(2) }),
    not: () => given(downloading(), introduced),
    question: one,
    cites: ['punch-began'],
  },
  {
    code: 'introduced',
    verdict: 'progressing',
    story: () => {
      const shakes = connected(1, { incoming: true })
      return given(downloading(), shakes, byTracker).also(
        ...leecher(1, { incoming: true, served: true }).slice(shakes.length),
      )
    },
    not: () => given(downloading(), leecher(1, { served: true })),
    question: one,
    cites: ['peer-introduced'],
  },
  {
    code: 'closed',
    verdict: 'stopped',
    story: () => seed().also(closed),
    not: seed,
    question: one,
    cites: ['peer-closed'],
  },
  {
    code: 'banned',
    verdict: 'stopped',
    story: () => seed().also({ type: 'address-banned', address: '10.0.0.1', piece: pieceIndex(0) }, closed),
    not: () => seed().also(closed),
    question: one,
    cites: ['address-banned'],
  },
  {
    code: 'blocked',
    verdict: 'stopped',
    story: () =>
      given(
        downloading(),
        { type: 'blocklist-set', blocked: 2, lines: 3, errors: 0 },
        { type: 'address-refused', ...one.peer, reason: 'blocklist' },
      ),
    not: () => given(downloading(), { type: 'address-refused', host: '10.0.0.2', port: 6_881, reason: 'blocklist' }),
    question: one,
    cites: ['blocklist-set', 'address-refused'],
  },
  {
    code: 'dialing',
    verdict: 'waiting',
    story: () => given(downloading(), connected(1).slice(0, 2)),
    not: seed,
    question: one,
    cites: ['dial-began'],
  },
  {
    code: 'shaking-hands',
    verdict: 'waiting',
    story: () => given(downloading(), connected(1)),
    not: seed,
    question: one,
    cites: ['dial-began', 'peer-connected'],
  },
  {
    code: 'nothing-for-us',
    verdict: 'waiting',
    story: () => given(downloading(), open(1, { has: 'nothing', fast: true })),
    not: seed,
    question: one,
    cites: ['have-none-received'],
  },
  {
    code: 'chokes-us',
    verdict: 'stuck',
    story: () => given(downloading(), seedPeer(1, { serves: false })),
    not: seed,
    question: one,
    cites: ['handshake-received'],
  },
  {
    code: 'serves-us',
    verdict: 'progressing',
    story: serving,
    not: () => given(downloading(), seedPeer(1, { serves: false })),
    question: one,
    cites: ['unchoke-received', 'blocks-requested', 'block-received'],
    text: /1 block on order/,
  },
  {
    code: 'snubs-us',
    verdict: 'stuck',
    story: () => seed().also(asks).pass(95_000),
    not: serving,
    question: one,
    cites: ['peer-snubbed', 'blocks-requested'],
  },
  {
    code: 'holder-slow',
    verdict: 'stuck',
    story: () => serving().after(20_000),
    not: serving,
    question: one,
    cites: ['blocks-requested', 'block-received'],
    text: /20 s/,
  },
  {
    code: 'round-trips',
    verdict: 'progressing',
    story: () => farAway(400),
    not: () => farAway(5),
    question: one,
    cites: ['extensions-received', 'blocks-requested'],
    text: /4 requests wait, and a block takes 400 ms: at most 160 KiB\/s/,
  },
  {
    code: 'wants-nothing',
    verdict: 'progressing',
    story: seed,
    not: taker,
    question: one,
    cites: ['handshake-received'],
  },
  {
    code: 'we-choke-it',
    verdict: 'waiting',
    story: () => taker().also({ type: 'choke-round-ended' }),
    not: () => taker().also({ type: 'unchoke-sent', peer }),
    question: one,
    cites: ['interested-received', 'choke-round-ended'],
    text: /0 of 8 slots/,
  },
  {
    code: 'we-serve-it',
    verdict: 'progressing',
    story: () => taker().also({ type: 'unchoke-sent', peer }, asked, { type: 'block-served', ...block }),
    not: taker,
    question: one,
    cites: ['unchoke-sent', 'block-served'],
  },
  {
    code: 'waits-for-us',
    verdict: 'progressing',
    story: () => taker().also({ type: 'unchoke-sent', peer }, asked),
    not: () => taker().also({ type: 'unchoke-sent', peer }, asked, { type: 'block-served', ...block }),
    question: one,
    cites: ['request-received'],
    text: /1 block that/,
  },
  {
    code: 'sent-waste',
    verdict: 'progressing',
    story: () => serving().also({ type: 'block-wasted', ...block, kind: 'duplicate' }),
    not: serving,
    question: one,
    cites: ['block-wasted'],
    text: /16384 bytes/,
  },
])

test('explain: a peer: that it is banned is proved by the piece that it spoiled', async () => {
  const story = seed().also(
    asks,
    { type: 'block-received', ...block },
    { type: 'block-received', ...block, offset: BLOCK_BYTES },
    { type: 'piece-filled', piece: pieceIndex(0) },
    { type: 'piece-rejected', piece: pieceIndex(0), suspects: [peer], fingerprints: [1, 2] },
    { type: 'address-banned', address: '10.0.0.1', piece: pieceIndex(0) },
    closed,
  )
  const explanation = await why(story, one)
  const { events } = explanation.causes[0] ?? { events: [] }
  assert.equal(
    events.map((seq) => story.log[seq]?.event.type),
    ['piece-rejected', 'address-banned'],
  )
})

test('explain: a peer: one that dialed us is found by the port that it listens at, too', async () => {
  const story = given(downloading(), open(1, { incoming: true, has: 'all', port: 50_001, extensions: true })).also({
    type: 'extensions-received',
    peer,
    client: 'Other 1.0',
    requestsMax: undefined,
    listenPort: 6_881,
    uploadOnly: false,
  })
  assert.ok(codesOf(await why(story, one)).includes('chokes-us'))
  assert.ok(codesOf(await why(story, { peer: { host: '10.0.0.1', port: 50_001 } })).includes('chokes-us'))
  lacks(await why(story, one), 'never-met')
})

test('explain: a peer: a connection of a former session is told of as ended', async () => {
  const story = seed().also(closed).after(1_000)
  const explanation = await why(story, one)
  assert.is(explanation.subject, 'peer 10.0.0.1:6881')
  assert.is(explanation.verdict, 'stopped')
})

test.run()
