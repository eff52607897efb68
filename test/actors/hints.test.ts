/** Hints about single pieces: allowed fast and suggested (BEP 6), shown one by one (BEP 16), lost (BEP 54), upload only (BEP 21). */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { allowedFastSet } from '../../src/actors/allowed-fast.js'
import { LIMITS } from '../../src/limits.js'
import { pieceIndex } from '../../src/values.js'
import { downloading, everyPiece, leecher, open, seeding, seedPeer } from './beginnings.js'
import { given, says, toPeer, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const AAAA = new Uint8Array(20).fill(0xaa)
const SHAPE = { pieceLength: 32_768, totalBytes: 640 * 32_768 }
const WHOLE = { offset: 0, length: 16_384 }

test("allowed fast: the BEP's own sets", () => {
  assert.equal(allowedFastSet('80.4.4.200', AAAA, 1_313, 7), [1059, 431, 808, 1217, 287, 376, 1188])
  assert.equal(allowedFastSet('80.4.4.200', AAAA, 1_313, 9), [1059, 431, 808, 1217, 287, 376, 1188, 353, 508])
})

test('allowed fast: one network gives one set, be it written as IPv6 or not, and a name gives none', () => {
  const set = allowedFastSet('80.4.4.200', AAAA, 1_313, 9)
  assert.equal(allowedFastSet('80.4.4.1', AAAA, 1_313, 9), set)
  assert.equal(allowedFastSet('::ffff:80.4.4.7', AAAA, 1_313, 9), set)
  assert.not.equal(allowedFastSet('80.4.5.200', AAAA, 1_313, 9), set)
  assert.equal(allowedFastSet('2001:db8:1:2::3', AAAA, 99, 5), allowedFastSet('2001:db8:1:ffff::', AAAA, 99, 5))
  assert.not.equal(allowedFastSet('2001:db8:1::', AAAA, 99, 5), allowedFastSet('2001:db8:2::', AAAA, 99, 5))
  assert.equal(allowedFastSet('example.com', AAAA, 1_313, 9), [])
})

test('allowed fast: a torrent of few pieces ends the search', () => {
  assert.equal([...allowedFastSet('80.4.4.200', AAAA, 3, 10)].sort(), [0, 1, 2])
})

/** Peers that have each piece but the last. */
const holders = (count: number, pieceCount: number) =>
  Array.from({ length: count }, (_, index) =>
    open(index + 2, { fast: true, pieceCount, has: everyPiece(pieceCount - 1) }),
  ).flat()

const newcomer = (others: number = LIMITS.allowedFastHoldersMin) =>
  given(seeding(SHAPE), holders(others, 640), open(1, { fast: true, pieceCount: 640 }).slice(0, -1)).when(
    says(1, { type: 'have-none' }),
  )

test('allowed fast: a new peer is told of ten pieces of a large torrent, and of none twice', () => {
  const story = newcomer()
  story.thenEvents('have-none-received', 'allowed-fast-sent')
  assert.equal(story.sentTo(1), Array(LIMITS.allowedFastGiven).fill('allowed-fast'))
  checkInvariants(story.state)
})

test('allowed fast: where few have the pieces none is given away, as the choker says who is served', () => {
  const story = newcomer(LIMITS.allowedFastHoldersMin - 1)
  story.thenEvents('have-none-received')
  assert.equal(story.sentTo(1), [])
})

test('allowed fast: a small torrent gives away one piece in 32, and a peer of BEP 3 alone or with pieces gets none', () => {
  const few = { pieceLength: 32_768, totalBytes: 64 * 32_768 }
  const others = holders(LIMITS.allowedFastHoldersMin, 64)
  const small = given(seeding(few), others, open(1, { fast: true, pieceCount: 64 }).slice(0, -1))
  small.when(says(1, { type: 'have-none' }))
  assert.equal(small.sentTo(1), ['allowed-fast', 'allowed-fast'])
  const old = given(seeding(), open(1)).when(says(1, { type: 'bitfield', bits: new Uint8Array([0]) }))
  assert.equal(old.sentTo(1), [])
  const rich = given(seeding(), open(1, { fast: true }).slice(0, -1))
  rich.when(says(1, { type: 'bitfield', bits: new Uint8Array([0b1100_0000]) }))
  assert.equal(rich.sentTo(1), [])
})

test('allowed fast: what was allowed is served to a choked peer, once, and nothing else is', () => {
  const story = newcomer()
  const [piece] = story.peer(1).fastGiven
  assert.ok(piece !== undefined)
  story.when(says(1, { type: 'request', piece, ...WHOLE })).thenEvents('request-received')
  story.thenEffects('serve')
  const other = everyPiece(640).find((index) => !story.peer(1).fastGiven.has(pieceIndex(index)))
  story.when(says(1, { type: 'request', piece: other ?? 0, ...WHOLE })).thenEvents('request-refused')
  // Two blocks a piece: who asks for the same again and again uses up what it was given.
  const range = { piece, ...WHOLE }
  for (let asked = 1; asked < 2 * LIMITS.allowedFastGiven; asked++)
    story.when(toPeer(1, { type: 'blocks-flushed', ranges: [range] }), says(1, { type: 'request', ...range }))
  assert.is(story.peer(1).fastBlocksLeft, 0)
  story.when(toPeer(1, { type: 'blocks-flushed', ranges: [range] }), says(1, { type: 'request', ...range }))
  assert.is(story.eventsOf('request-refused').length, 1)
})

test('allowed fast: a choke drops what was asked for but what was allowed', () => {
  const story = newcomer()
  const [piece] = story.peer(1).fastGiven
  assert.ok(piece !== undefined)
  const other = everyPiece(640).find((index) => !story.peer(1).fastGiven.has(pieceIndex(index))) ?? 0
  story.when(
    says(1, { type: 'interested' }),
    says(1, { type: 'request', piece, ...WHOLE }),
    says(1, { type: 'request', piece: other, ...WHOLE }),
  )
  assert.is(story.peer(1).asked.size, 2)
  story.also({ type: 'choke-sent', peer: story.peer(1).key })
  assert.equal(
    [...story.peer(1).asked.values()].map((range) => range.piece),
    [piece],
  )
})

test('suggestions: are kept, bounded, and asked for first among pieces that are as rare', () => {
  const story = given(downloading(SHAPE), seedPeer(1, { fast: true, pieceCount: 640, serves: false }))
  for (let piece = 100; piece < 200; piece++) story.when(says(1, { type: 'suggest-piece', piece }))
  assert.is(story.peer(1).suggested.size, LIMITS.suggestionsMax)
  story.when(says(1, { type: 'unchoke' }))
  const asked = story.askedOf(1).map((block) => Number(block.split(':')[0]))
  assert.ok(asked.length > 0)
  assert.ok(asked.every((piece) => piece >= 100 && piece < 132))
})

test('suggestions: of no piece, of one that is stored, or said twice are no news; without BEP 6 they are a fault', () => {
  given(seeding(), open(1, { fast: true }))
    .when(says(1, { type: 'suggest-piece', piece: 3 }), says(1, { type: 'suggest-piece', piece: 99 }))
    .thenNothing()
  const story = given(downloading(), open(1, { fast: true }))
  story.when(says(1, { type: 'suggest-piece', piece: 3 })).thenEvents('suggestion-received')
  story.when(says(1, { type: 'suggest-piece', piece: 3 })).thenNothing()
  given(downloading(), open(1))
    .when(says(1, { type: 'suggest-piece', piece: 3 }))
    .thenClosed(1, 'protocol-fault')
})

test('suggestions: what one peer waits for is suggested to the others that are served, once', () => {
  const sharing = { type: 'sharing-set', superSeeding: false, suggesting: true } as const
  const guest = { fast: true, served: true }
  const story = given(seeding(), sharing, leecher(1, guest), leecher(2, guest))
  story.when(says(1, { type: 'request', piece: 3, ...WHOLE }))
  story.pass(10_000)
  assert.equal(
    story.eventsOf('suggestion-sent').map(({ peer, piece }) => [peer, piece]),
    [[2, 3]],
  )
  assert.ok(story.sentTo(2).includes('suggest-piece'))
  story.pass(20_000)
  assert.equal(story.eventsOf('suggestion-sent'), [])
})

test('suggestions: are not sent unless somebody wants it', () => {
  const guest = { fast: true, served: true }
  const story = given(seeding(), leecher(1, guest), leecher(2, guest))
  story.when(says(1, { type: 'request', piece: 3, ...WHOLE }))
  story.pass(10_000)
  assert.equal(story.eventsOf('suggestion-sent'), [])
})

test('lt_donthave: a seed that lost a piece is a seed no more, and what was on order of it is asked of others', () => {
  const story = given(downloading(), seedPeer(1), seedPeer(2)).when(woken)
  const asked = [...story.askedOf(1), ...story.askedOf(2)]
  assert.ok(asked.length > 0)
  const [, piece = 0] = [0, Number(story.askedOf(1)[0]?.split(':')[0])]
  story.when(toPeer(1, { type: 'dont-have-arrived', piece }))
  assert.is(story.eventsOf('dont-have-received').length, 1)
  assert.not(story.peer(1).seed)
  assert.ok(![...story.peer(1).requested.keys()].some((key) => Math.floor(key / 2) === piece))
  checkInvariants(story.state)
  story.when(toPeer(1, { type: 'dont-have-arrived', piece })).thenNothing()
  story.when(toPeer(1, { type: 'dont-have-arrived', piece: 99 })).thenClosed(1, 'protocol-fault')
})

test('lt_donthave: the last piece of interest makes us lose it', () => {
  const story = given(downloading(), open(1, { has: [3], weWant: true }))
  story.when(toPeer(1, { type: 'dont-have-arrived', piece: 3 })).thenEvents('dont-have-received', 'not-interested-sent')
})

test('upload only: two that want nothing keep no connection, be they seeds or not', () => {
  const story = given(seeding(), open(1, { extensions: true }))
  const extensions = { type: 'extension-handshake', messages: new Map(), uploadOnly: true } as const
  story.when(toPeer(1, { type: 'extensions-arrived', extensions: { ...extensions } }), woken)
  story.thenClosed(1, 'both-complete')
})

test('upload only: a peer that does not say so again has not taken it back', () => {
  const story = given(downloading(), open(1, { extensions: true }))
  const said = (uploadOnly?: boolean) =>
    toPeer(1, {
      type: 'extensions-arrived',
      extensions: { type: 'extension-handshake', messages: new Map(), uploadOnly },
    })
  story.when(said(true), said())
  assert.ok(story.peer(1).uploadOnly)
  story.when(said(false))
  assert.not(story.peer(1).uploadOnly)
})

test('upload only: peers hear that we want no more when the last wanted piece is stored, and that we want again', () => {
  const story = given(downloading(), open(1, { extensions: true }))
  const select = (piece: number) => toTransfer({ type: 'pieces-selected', wanted: bits(piece), sequential: false })
  const bits = (piece: number) => (piece < 0 ? new Uint8Array([0]) : new Uint8Array([0x80 >> piece]))
  story.when(select(-1))
  assert.equal(
    story.effectsOf('extend').map(({ uploadOnly }) => uploadOnly),
    [true],
  )
  story.when(select(4))
  assert.equal(
    story.effectsOf('extend').map(({ uploadOnly }) => uploadOnly),
    [false],
  )
})

const SUPER = { type: 'sharing-set', superSeeding: true, suggesting: false } as const

test('super-seeding: a peer is told that we have nothing, and shown two pieces, one after the other', () => {
  const story = given(seeding(), SUPER, open(1, { fast: true }).slice(0, -2))
  const reserved = { extensions: false, fast: true, dht: false }
  const infoHash = story.state.infoHash
  const peerId = new Uint8Array(20).fill(9) as never
  story.when(toPeer(1, { type: 'handshake-arrived', handshake: { infoHash, peerId, reserved } }))
  assert.equal(story.sentTo(1), ['have-none'])
  story.when(says(1, { type: 'have-none' }))
  assert.equal(story.sentTo(1), ['have'])
  story.pass(1_000)
  assert.equal(story.sentTo(1), ['have'])
  story.pass(10_000)
  assert.equal(story.sentTo(1), [])
  assert.is(story.peer(1).revealed.size, LIMITS.revealedAtOnceMax)
})

test('super-seeding: no two peers are shown one piece while others were shown to nobody', () => {
  const story = given(seeding(), SUPER, leecher(1), leecher(2), leecher(3), leecher(4))
  story.pass(2_000)
  const shown = story.eventsOf('piece-revealed').map(({ piece }) => piece)
  assert.equal(shown.sort(), everyPiece())
})

test('super-seeding: the next piece is shown when one was seen at another peer, and not before', () => {
  const story = given(seeding(), SUPER, leecher(1), leecher(2)).pass(2_000)
  const [first = 0] = story.peer(1).revealed.keys()
  story.when(says(1, { type: 'have', piece: first }))
  assert.is(story.eventsOf('piece-revealed').filter(({ peer }) => peer === 1).length, 0)
  story.when(says(2, { type: 'have', piece: first }))
  assert.is(story.eventsOf('piece-revealed').filter(({ peer }) => peer === 1).length, 1)
})

test('super-seeding: what was shown is served, and what was not is refused', () => {
  const story = given(seeding(), SUPER, leecher(1, { served: true })).pass(2_000)
  const [shown = pieceIndex(0)] = story.peer(1).revealed.keys()
  const hidden = everyPiece().find((piece) => !story.peer(1).revealed.has(pieceIndex(piece))) ?? 0
  story.when(says(1, { type: 'request', piece: shown, ...WHOLE })).thenEvents('request-received')
  story.when(says(1, { type: 'request', piece: hidden, ...WHOLE }))
  assert.is(story.eventsOf('request-refused')[0]?.reason, 'not-revealed')
})

test('super-seeding: a piece that nobody passes on is not waited for for ever', () => {
  const story = given(seeding(), SUPER, leecher(1), leecher(2)).pass(2_000)
  story.pass(LIMITS.revealedPatienceMs + 2_000)
  assert.ok(story.eventsOf('piece-revealed').length >= 2)
})

test('super-seeding: a lone peer gets the next piece once it has one', () => {
  const story = given(seeding(), SUPER, leecher(1)).pass(2_000)
  const [first = 0] = story.peer(1).revealed.keys()
  story.when(says(1, { type: 'have', piece: first }))
  assert.is(story.eventsOf('piece-revealed').length, 1)
})

test('partial seed: each announce says so (BEP 21), but the first and the last', () => {
  const story = given(downloading(), { type: 'trackers-set', tiers: [['http://one.example/announce']] })
  story.when(toTransfer({ type: 'pieces-selected', wanted: new Uint8Array([0]), sequential: false }), woken)
  assert.is(story.effectsOf('announce')[0]?.request.event, 'started')
  const answer = { intervalSeconds: 60, peers: [] } as never
  story.when({
    to: 'trackers',
    input: { type: 'announce-answered', tracker: 'http://one.example/announce', answer, port: 1 },
  })
  story.pass(70_000)
  assert.is(story.effectsOf('announce')[0]?.request.event, 'paused')
  assert.is(story.eventsOf('announce-began')[0]?.event, 'paused')
})

test.run()
