/** Why a transfer is as it is, above all why nothing comes: every cause where it is true, and where it is not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { EventOf, TransferEvent } from '../../src/events/vocabulary.js'
import { BLOCK_BYTES, peerKey, pieceIndex } from '../../src/values.js'
import {
  added,
  connected,
  downloading,
  everyPiece,
  fetched,
  leecher,
  open,
  PIECES,
  SMALL,
  seedPeer,
  session,
} from '../actors/beginnings.js'
import { given, type Story } from '../actors/given.js'
import { causeOf, citedBy, codesOf, lacks, testCases, why } from './asking.js'

const URL_A = 'http://a/announce'
const closed = (peer: number): TransferEvent => ({
  type: 'peer-closed',
  peer: peerKey(peer),
  by: 'them',
  reason: 'EOF',
  detail: '',
})
const asks = (peer: number, index: number): TransferEvent => ({
  type: 'blocks-requested',
  peer: peerKey(peer),
  ranges: [{ piece: pieceIndex(index), offset: 0, length: 2 * BLOCK_BYTES }],
})
const block = (peer: number, index: number, at: number) => ({
  peer: peerKey(peer),
  piece: pieceIndex(index),
  offset: at * BLOCK_BYTES,
  length: BLOCK_BYTES,
})

const tracked = (...events: TransferEvent[]): Story =>
  given(downloading(), { type: 'trackers-set', tiers: [[URL_A]] }, events)
const announced = (seeds: number, leechers: number): TransferEvent[] => [
  { type: 'announce-began', tracker: URL_A, event: 'started' },
  {
    type: 'announce-answered',
    tracker: URL_A,
    intervalMs: 1_800_000,
    peers: 0,
    seeds,
    leechers,
    warning: undefined,
  },
]
const failed: TransferEvent[] = [
  { type: 'announce-began', tracker: URL_A, event: 'started' },
  { type: 'announce-failed', tracker: URL_A, reason: 'REFUSED: nobody listens' },
]
const WEB = { peer: peerKey(1), url: 'http://web.example/' }
const LACKED = { firstPiece: pieceIndex(0), lastPiece: pieceIndex(2) }
const webSeeded = (...events: TransferEvent[]): Story =>
  given(
    downloading(),
    { type: 'web-seeds-set', urls: [WEB.url] },
    { type: 'web-seed-began', ...WEB, host: 'web.example', port: 80 },
    events,
  )
const alone = (): Story => given(downloading())
const node = (...events: TransferEvent[]): Story => given(downloading(), { type: 'dht-began', port: 6_881 }, events)
const JOINED: TransferEvent = { type: 'dht-joined', nodes: 8 }
const WS = 'wss://a/announce'
const offers: TransferEvent = { type: 'offers-made', tracker: WS, wanted: 5, introductions: [1, 2] }
const offerAnswered: TransferEvent = {
  type: 'offer-answered',
  introduction: 1,
  tracker: WS,
  peerId: new Uint8Array(20),
}
const offerFailed = (introduction: number, reason: EventOf<'introduction-failed'>['reason']): TransferEvent => ({
  type: 'introduction-failed',
  ...{ introduction, tracker: WS, reason, detail: '' },
})
const lookedUp = (peers: number): TransferEvent[] => [
  { type: 'dht-lookup-began' },
  { type: 'dht-lookup-ended', asked: 20, answered: 18, peers, announced: 8 },
]
const served = (): Story =>
  given(downloading(), seedPeer(1), asks(1, 0)).also({ type: 'block-received', ...block(1, 0, 0) })
const unreachable: TransferEvent[] = [
  { type: 'candidates-found', source: 'tracker', addresses: [{ host: '10.0.0.9', port: 6_881 }] },
  { type: 'dial-began', peer: peerKey(9), host: '10.0.0.9', port: 6_881 },
  { type: 'dial-failed', peer: peerKey(9), reason: 'ECONNREFUSED' },
]

const whole = (): Story =>
  given(
    downloading(),
    seedPeer(1),
    fetched(1, everyPiece(PIECES)),
    { type: 'seeding-began' },
    { type: 'download-completed' },
  )

const dialed = { type: 'dial-began', peer: peerKey(1), host: '10.0.0.1', port: 6_881 } as const

testCases('the transfer', [
  {
    code: 'complete',
    verdict: 'complete',
    story: whole,
    not: served,
    cites: ['seeding-began', 'download-completed'],
  },
  { code: 'downloading', verdict: 'progressing', story: served, not: alone, cites: ['block-received'] },
  {
    code: 'connections-full',
    verdict: 'stuck',
    story: () => alone().also(dialed, { type: 'dial-held', peer: peerKey(1) }),
    not: () =>
      alone().also(dialed, { type: 'dial-held', peer: peerKey(1) }, { type: 'dial-released', peer: peerKey(1) }),
    cites: ['dial-held'],
  },
  {
    code: 'being-moved',
    verdict: 'progressing',
    story: () => served().also({ type: 'move-began', folder: '/far', names: [] }),
    not: () => served().also({ type: 'move-began', folder: '/far', names: [] }, { type: 'files-moved' }),
    cites: ['move-began'],
    text: /\/far/,
  },
  { code: 'no-peers', verdict: 'stuck', story: alone, not: served, cites: [] },
  {
    code: 'connecting',
    verdict: 'stuck',
    story: () => given(downloading(), connected(1).slice(0, 2)),
    not: served,
    cites: ['dial-began'],
  },
  {
    code: 'private',
    verdict: 'stuck',
    story: () => given(added(SMALL, true), session(), { type: 'session-examined' }, { type: 'download-began' }),
    not: alone,
    cites: ['transfer-added'],
  },
  {
    code: 'offers-unanswered',
    verdict: 'stuck',
    story: () => alone().also(offers, offerFailed(1, 'unanswered'), offerFailed(2, 'tracker-lost')),
    not: () => alone().also(offers, offerAnswered, offerFailed(2, 'unanswered')),
    cites: ['offers-made', 'introduction-failed', 'introduction-failed'],
    text: /^2 offers .* nobody answered: 1 that nobody answered in time, 1 lost with/,
  },
  {
    code: 'introductions-failed',
    verdict: 'stuck',
    story: () => alone().also(offers, offerAnswered, offerFailed(1, 'timeout'), offerFailed(2, 'unanswered')),
    not: () => alone().also(offers, offerFailed(1, 'unanswered')),
    cites: ['offer-answered', 'introduction-failed'],
    text: /^1 introduction came to no connection: 1 that took too long$/,
  },
  { code: 'no-trackers', verdict: 'stuck', story: alone, not: () => tracked(), cites: ['transfer-added'] },
  {
    code: 'tracker-asked',
    verdict: 'stuck',
    story: () => tracked({ type: 'announce-began', tracker: URL_A, event: 'started' }),
    not: () => tracked(...failed),
    cites: ['announce-began'],
  },
  {
    code: 'tracker-failed',
    verdict: 'stuck',
    story: () => tracked(...failed, ...failed),
    not: () => tracked(...failed, ...announced(0, 1)),
    cites: ['announce-failed'],
    text: /^http:\/\/a\/announce: REFUSED: nobody listens, 2 times in a row$/,
  },
  {
    code: 'tracker-knows-nobody',
    verdict: 'stuck',
    story: () => tracked(...announced(0, 1)),
    not: () => tracked(...announced(3, 1)),
    cites: ['announce-answered'],
  },
  {
    code: 'tracker-answered',
    verdict: 'stuck',
    story: () => tracked(...announced(3, 1)),
    not: () => tracked(...announced(0, 1)),
    cites: ['announce-answered'],
  },
  {
    code: 'addresses-blocked',
    verdict: 'stuck',
    story: () =>
      given(
        downloading(),
        { type: 'blocklist-set', blocked: 2, lines: 3, errors: 0 },
        { type: 'address-refused', host: '10.0.0.2', port: 6_881, reason: 'blocklist' },
      ),
    not: () => given(downloading(), { type: 'blocklist-set', blocked: 2, lines: 3, errors: 0 }),
    cites: ['blocklist-set', 'address-refused'],
    text: /^1 address on the blocklist of 2 ranges turned away$/,
  },
  {
    code: 'web-seed-asked',
    verdict: 'stuck',
    story: () => webSeeded(),
    not: () =>
      webSeeded({ type: 'web-seed-failed', ...WEB, reason: 'BUSY', detail: 'it answered 503', againMs: 9_000 }),
    cites: ['web-seed-began'],
    text: /^http:\/\/web\.example\/ is asked/,
  },
  {
    code: 'web-seed-failed',
    verdict: 'stuck',
    story: () =>
      webSeeded({ type: 'web-seed-failed', ...WEB, reason: 'BUSY', detail: 'it answered 503', againMs: 9_000 }),
    not: () => webSeeded(),
    cites: ['web-seed-failed'],
    text: /^http:\/\/web\.example\/: BUSY: it answered 503; it is asked again in 9 s$/,
  },
  {
    code: 'web-seed-lacks',
    verdict: 'stuck',
    story: () => webSeeded({ type: 'web-seed-lacks', ...WEB, ...LACKED, reason: 'NOT_FOUND: it answered 404' }),
    not: () => webSeeded(),
    cites: ['web-seed-lacks'],
    text: /lacks 3 pieces/,
  },
  {
    code: 'dials-failed',
    verdict: 'stuck',
    story: () => tracked(...unreachable),
    not: () => tracked(...unreachable.slice(0, 1)),
    cites: ['dial-failed'],
    text: /^1 of 1 address known/,
  },
  {
    code: 'no-way-out',
    verdict: 'stuck',
    story: () => tracked(...unreachable.slice(0, 2), { type: 'dial-failed', peer: peerKey(9), reason: 'ENETUNREACH' }),
    // Somebody was reached since.
    not: () =>
      tracked(
        ...unreachable.slice(0, 2),
        { type: 'dial-failed', peer: peerKey(9), reason: 'ENETUNREACH' },
        ...open(10),
        closed(10),
      ),
    cites: ['dial-failed'],
  },
  {
    code: 'all-silent',
    verdict: 'stuck',
    story: () => served().after(15_000),
    not: () =>
      served()
        .also(...open(2))
        .after(15_000)
        .also({ type: 'keep-alive-received', peer: peerKey(2) }),
    cites: ['block-received'],
    text: /^nothing at all has come from the only peer for 15 s$/,
  },
  {
    code: 'proxy-failed',
    verdict: 'stuck',
    story: () =>
      tracked(...unreachable.slice(0, 2), { type: 'dial-failed', peer: peerKey(9), reason: 'PROXY_REFUSED' }),
    not: () => tracked(...unreachable),
    cites: ['dial-failed'],
  },
  {
    code: 'encryption-refused',
    verdict: 'stuck',
    story: () =>
      tracked(...unreachable.slice(0, 2), { type: 'dial-failed', peer: peerKey(9), reason: 'NOT_ENCRYPTED' }),
    not: () => tracked(...unreachable),
    cites: ['dial-failed'],
  },
  {
    code: 'waiting-to-dial',
    verdict: 'stuck',
    story: () => tracked(...unreachable),
    not: () => tracked(...unreachable).after(3_600_000),
    cites: [],
    text: /next attempt is in 3 s/,
  },
  {
    code: 'banned-peers',
    verdict: 'stuck',
    story: () =>
      given(
        downloading(),
        seedPeer(1),
        { type: 'address-banned', address: '10.0.0.1', piece: pieceIndex(0) },
        closed(1),
      ),
    not: alone,
    cites: ['address-banned'],
  },
  {
    code: 'dht-unreached',
    verdict: 'stuck',
    story: () => node({ type: 'dht-failed', reason: 'no node answered' }),
    not: () => node(JOINED),
    cites: ['dht-began', 'dht-failed'],
  },
  {
    code: 'dht-asked',
    verdict: 'stuck',
    story: () => node(JOINED, { type: 'dht-lookup-began' }),
    not: () => node(JOINED),
    cites: ['dht-lookup-began'],
  },
  {
    code: 'dht-failed',
    verdict: 'stuck',
    story: () => node(JOINED, { type: 'dht-lookup-began' }, { type: 'dht-lookup-failed', reason: 'no node is known' }),
    not: () => node(JOINED, ...lookedUp(0)),
    cites: ['dht-lookup-failed'],
  },
  {
    code: 'dht-knows-nobody',
    verdict: 'stuck',
    story: () => node(JOINED, ...lookedUp(0)),
    not: () => node(JOINED, ...lookedUp(3)),
    cites: ['dht-lookup-ended'],
  },
  {
    code: 'dht-answered',
    verdict: 'stuck',
    story: () => node(JOINED, ...lookedUp(3)),
    not: () => node(JOINED, ...lookedUp(0)),
    cites: ['dht-lookup-ended'],
  },
  {
    code: 'port-unreachable',
    verdict: 'stuck',
    story: () => alone().also({ type: 'port-mapping-failed', protocol: 'upnp', reason: 'TIMEOUT' }),
    not: () => given(downloading(), leecher(2, { incoming: true }), closed(2)),
    cites: ['port-mapping-failed'],
  },
  {
    code: 'choked',
    verdict: 'stuck',
    story: () => given(downloading(), seedPeer(1, { serves: false })),
    not: served,
    cites: [],
    text: /the only peer/,
  },
  {
    code: 'nobody-has-it',
    verdict: 'stuck',
    story: () => given(downloading(), open(1, { has: [0, 1, 3] })),
    not: served,
    cites: [],
    text: /5 missing pieces no peer has: 2, 4-7/,
  },
  {
    code: 'had-it-last',
    verdict: 'stuck',
    story: () => given(downloading(), seedPeer(2), closed(2), open(1, { has: [0, 1, 3] })),
    not: () => given(downloading(), open(1, { has: [0, 1, 3] })),
    cites: ['bitfield-received', 'peer-closed'],
    text: /piece 2 was had last by 10\.0\.0\.2:6881/,
  },
  {
    code: 'snubs-us',
    verdict: 'stuck',
    story: () => given(downloading(), seedPeer(1), asks(1, 0)).pass(95_000),
    not: served,
    cites: ['peer-snubbed'],
  },
  {
    code: 'holder-slow',
    verdict: 'stuck',
    story: () => served().after(15_000),
    not: () => served().after(3_000),
    cites: ['blocks-requested', 'block-received'],
    text: /10\.0\.0\.1:6881 has sent nothing for 15 s, and has 1 block on order/,
  },
  {
    code: 'wasteful',
    verdict: 'progressing',
    story: () => served().also({ type: 'block-wasted', ...block(1, 0, 0), kind: 'duplicate' }),
    not: served,
    cites: [],
    text: /^50 %/,
  },
  {
    code: 'sent-waste',
    verdict: 'progressing',
    story: () => served().also({ type: 'block-wasted', ...block(1, 0, 0), kind: 'duplicate' }),
    not: served,
    cites: ['block-wasted'],
    text: /16384 bytes of 10\.0\.0\.1:6881: here already/,
  },
])

test('explain: the transfer: nothing is said to hinder a download that goes well', async () => {
  const explanation = await why(served())
  assert.equal(codesOf(explanation), ['downloading'])
  assert.equal(explanation.remedies, [])
  assert.is(explanation.subject, 'transfer')
})

test('explain: the transfer: a download that came to a stop is no longer progressing', async () => {
  const story = served().after(30_000)
  const explanation = await why(story)
  assert.not(explanation.verdict === 'progressing')
  lacks(await why(whole()), 'no-peers')
})

test('explain: the transfer: a closed one that is complete says both', async () => {
  const story = whole().also({ type: 'session-ending' }, { type: 'session-ended', reason: 'closed' })
  const explanation = await why(story)
  assert.is(explanation.verdict, 'complete')
  assert.equal(codesOf(explanation), ['complete', 'not-running'])
  assert.equal(citedBy(story, explanation, 'not-running'), ['session-ended'])
})

test('explain: the transfer: every hindrance brings what would change it', async () => {
  const { remedies } = await why(tracked(...failed, ...unreachable))
  for (const expected of [/tracker/, /NAT/, /UPnP/])
    assert.ok(
      remedies.some((remedy) => expected.test(remedy)),
      `${expected} among ${remedies.join(' | ')}`,
    )
})

test('explain: the transfer: a download that is about to begin waits and is not stuck', async () => {
  const explanation = await why(given(downloading(), seedPeer(1), asks(1, 0)))
  assert.is(explanation.verdict, 'waiting')
  assert.match(causeOf(explanation, 'downloading').text, /8 pieces missing/)
})

test('explain: what a tracker warns of is said with its answer, and no longer once it answers without', async () => {
  const [began, answered] = announced(0, 0)
  assert.ok(began && answered?.type === 'announce-answered')
  const warned = tracked(began, { ...answered, warning: 'too old' })
  assert.match(causeOf(await why(warned), 'tracker-knows-nobody').text, /; it warns: too old$/)
  const well = warned.also(began, answered)
  assert.not.match(causeOf(await why(well), 'tracker-knows-nobody').text, /warns/)
})

test.run()
