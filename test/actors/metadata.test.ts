/** Metadata while only the hash is known: whom we ask, how liars are found, what is kept of what peers say, and serving. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { restoreSnapshot, stateHash, takeSnapshot } from '../../src/events/snapshot.js'
import type { EventType, TransferEvent } from '../../src/events/vocabulary.js'
import { METADATA_EVENTS } from '../../src/events/vocabulary-metadata.js'
import { LIMITS } from '../../src/limits.js'
import { METADATA_PIECE_BYTES } from '../../src/wire/utmetadata.js'
import { added, bitsOf, hostOf, open, PIECES, SMALL, seeding, session } from './beginnings.js'
import { given, type Story, says, toPeer, toTransfer, woken } from './given.js'

const UNKNOWN = { pieceLength: 0, totalBytes: 0 }
const BYTES = 3 * METADATA_PIECE_BYTES - 100
const NONE = new Uint8Array(METADATA_PIECE_BYTES)

/** Everything that was said over all tests. */
const happened = new Set<EventType>()

const seeking = (...keys: number[]): Story =>
  given(
    added(UNKNOWN),
    session(),
    { type: 'metadata-sought' },
    keys.flatMap((key) => open(key, { fast: true, extensions: true })),
  )

const offers = (peer: number, bytes = BYTES) =>
  toPeer(peer, {
    type: 'extensions-arrived',
    extensions: {
      type: 'extension-handshake',
      messages: new Map([['ut_metadata', 3]]),
      client: undefined,
      port: undefined,
      requestsMax: undefined,
      yourIp: undefined,
      metadataBytes: bytes,
      uploadOnly: undefined,
    },
  })
const arrives = (peer: number, metadataPiece: number, totalBytes = BYTES) =>
  toPeer(peer, { type: 'metadata-arrived', metadataPiece, totalBytes, bytes: NONE })
const hashed = (...fingerprints: number[]) => toTransfer({ type: 'metadata-hashed', fingerprints })
const completed = (isPrivate = false): TransferEvent => ({
  type: 'metadata-completed',
  name: 'small',
  ...SMALL,
  private: isPrivate,
})
const kept = (fingerprints: readonly number[] = [1, 2, 3], isPrivate = false) =>
  toTransfer({ type: 'metadata-kept', facts: [completed(isPrivate)], fingerprints })

const typesOf = (story: Story): readonly EventType[] => {
  for (const { event } of story.log) happened.add(event.type)
  return story.events.map(({ type }) => type)
}
/** Which pieces each peer was asked for. */
const asked = (story: Story): Readonly<Record<number, readonly number[]>> =>
  Object.fromEntries(
    story.events.flatMap((event) =>
      event.type === 'metadata-requested' ? [[event.peer, event.metadataPieces] as const] : [],
    ),
  )
/** Brings whatever is on order from these peers. */
const bring = (story: Story, ...peers: number[]): Story => {
  for (let turn = 0; ; turn++) {
    const owing = [...story.state.peers.values()].filter(({ key, metadata }) => {
      return peers.includes(key) && [...(metadata?.asked.values() ?? [])].some(({ overdue }) => !overdue)
    })
    const peer = owing[turn % Math.max(1, owing.length)]
    const [piece] = [...(peer?.metadata?.asked ?? [])].find(([, { overdue }]) => !overdue) ?? []
    if (peer === undefined || piece === undefined) return story
    story.when(arrives(peer.key, piece, peer.metadata?.bytes))
    if (story.state.metadata?.full === true) return story
  }
}

test('metadata: a session without them seeks them, and one that has them does not', () => {
  const story = given(added(UNKNOWN), session()).when(toTransfer({ type: 'metadata-wanted' }))
  assert.equal(typesOf(story), ['metadata-sought'])
  assert.ok(story.state.standing.tags.active && story.state.standing.tags.seeking)
  assert.equal(given(added(), session()).when(toTransfer({ type: 'metadata-wanted' })).events, [])
})

test('metadata: pieces are asked of all who offer them, each of one peer, a few of each', () => {
  const story = seeking(1, 2).when(offers(1))
  assert.equal(typesOf(story), [
    'extensions-received',
    'metadata-offered',
    'metadata-attempt-began',
    'metadata-requested',
  ])
  assert.equal(asked(story), { 1: [0, 1, 2] })
  assert.ok(story.effects.some((effect) => effect.type === 'ask-metadata' && effect.peer === 1))
  const large = seeking(1, 2)
    .when(offers(1, 100 * METADATA_PIECE_BYTES))
    .when(offers(2, 100 * METADATA_PIECE_BYTES))
  for (const { metadata } of large.state.peers.values()) assert.is(metadata?.waiting, LIMITS.metadataRequestsMax)
  const pieces = [...large.state.peers.values()].flatMap(({ metadata }) => [...(metadata?.asked.keys() ?? [])])
  assert.is(new Set(pieces).size, pieces.length, 'none of both')
})

test('metadata: who has nothing else to do is asked for what others owe, and what comes second is wasted', () => {
  const story = seeking(1, 2).when(offers(1)).when(offers(2))
  assert.equal(asked(story), { 2: [0, 1, 2] })
  story.when(arrives(1, 0))
  assert.ok(typesOf(story).includes('metadata-received'))
  story.when(arrives(2, 0))
  assert.equal(typesOf(story), ['metadata-wasted'])
})

test('metadata: every piece here is one whole to be hashed, and the torrent is known when it is kept', () => {
  const story = bring(seeking(1).when(offers(1)), 1)
  assert.ok(typesOf(story).includes('metadata-filled'))
  assert.ok(story.effects.some((effect) => effect.type === 'assemble-metadata' && effect.bytes === BYTES))
  story.when(kept())
  assert.is(typesOf(story)[0], 'metadata-completed')
  assert.is(story.state.metadata, undefined)
  assert.is(story.state.geometry.pieceCount, PIECES)
  assert.is(story.state.missing, PIECES)
  assert.ok(story.state.standing.tags.stopped)
  assert.ok(
    story.effects.some(({ type }) => type === 'extend'),
    'others hear that we have them now',
  )
})

test('metadata: what peers said of their pieces before counts once these can be counted', () => {
  const story = seeking(1, 2, 3, 4)
  story.when(says(1, { type: 'have-all' }), says(2, { type: 'bitfield', bits: bitsOf([0, 5]) }))
  story.when(says(2, { type: 'have', piece: 7 }), says(3, { type: 'have', piece: 2 }))
  assert.equal(typesOf(story), ['early-have-received', 'early-have-received'])
  story.when(says(4, { type: 'bitfield', bits: new Uint8Array(99).fill(0xff) }))
  bring(story.when(offers(1)), 1).when(kept())
  const hasOf = (key: number) => [...story.state.peers.values()].find((peer) => peer.key === key)
  assert.ok(hasOf(1)?.seed)
  assert.equal([...(hasOf(2)?.has.indices() ?? [])], [0, 5, 7])
  assert.equal([...(hasOf(3)?.has.indices() ?? [])], [2])
  assert.is(hasOf(4), undefined, 'what cannot be of this torrent ends the connection')
  story.when(toTransfer({ type: 'files-examined', files: [] }))
  assert.ok(typesOf(story).filter((type) => type === 'interested-sent').length === 3, 'all three are of interest')
})

test('metadata: bits and pieces that no torrent could have are a fault, and bounded', () => {
  const story = seeking(1).when(says(1, { type: 'have', piece: LIMITS.piecesMax }))
  assert.equal(typesOf(story), ['peer-closed'])
  const again = seeking(1)
  for (let time = 0; time < 3; time++) again.when(says(1, { type: 'bitfield', bits: new Uint8Array(9).fill(0xf0) }))
  assert.is(again.log.filter(({ event }) => event.type === 'early-bitfield-received').length, 1)
})

test('metadata: a claim past every bound is told of and not believed', () => {
  const story = seeking(1).when(offers(1, LIMITS.metadataBytesMax + 1))
  assert.ok(typesOf(story).includes('metadata-offered'))
  assert.equal(asked(story), {})
  assert.is(story.state.metadata?.bytes, 0)
})

test('metadata: most voices settle which length is tried, and another is tried where that leads nowhere', () => {
  const story = seeking(1, 2, 3)
  story.when(offers(1, 500)).when(offers(2)).when(offers(3))
  assert.is(story.state.metadata?.bytes, 500, 'who came first is asked at once')
  story.when(toPeer(1, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))
  assert.is(story.state.metadata?.bytes, BYTES)
})

test('metadata: a peer that answers with another length than it said is hung up on', () => {
  const story = seeking(1)
    .when(offers(1))
    .when(arrives(1, 0, BYTES + 1))
  assert.equal(typesOf(story), ['peer-closed'])
  const unasked = seeking(1).when(offers(1)).when(arrives(1, 3))
  assert.equal(typesOf(unasked), ['peer-closed'])
})

test('metadata: who refuses or lets us wait is left alone for a while, and others are asked', () => {
  const story = seeking(1, 2).when(offers(1))
  story.when(toPeer(1, { type: 'metadata-reject-arrived', metadataPiece: 0 }))
  assert.is(typesOf(story)[0], 'metadata-refused')
  assert.ok((story.state.peers.values().next().value?.metadata?.notBefore ?? 0) > story.now)
  story.after(LIMITS.metadataTimeoutMs + 1).when(offers(2), woken)
  assert.ok(typesOf(story).includes('metadata-overdue'))
  assert.equal(Object.keys(asked(story)), ['2'])
  // What comes late is taken all the same.
  story.when(arrives(1, 1))
  assert.ok(typesOf(story).includes('metadata-received'))
})

test('metadata: one peer that gave all of a wrong whole lied, and is banned', () => {
  const story = bring(seeking(1).when(offers(1)), 1).when(hashed(9, 9, 9))
  assert.equal(typesOf(story).slice(0, 3), ['metadata-rejected', 'metadata-liar-banned', 'peer-closed'])
  assert.ok(story.state.banned.has(hostOf(1)))
})

test('metadata: of several the liar is found by what comes right of one alone, and nobody else is banned', () => {
  const story = seeking(1, 2)
  story.when(offers(1, 40 * METADATA_PIECE_BYTES)).when(offers(2, 40 * METADATA_PIECE_BYTES))
  bring(story, 1, 2)
  const givers = [...(story.state.metadata?.givers ?? [])].map((giver) => giver - 1)
  assert.is(new Set(givers).size, 2)
  const wrong = givers.map((giver, piece) => (giver === 2 && piece > 20 ? 66 : piece))
  story.when(hashed(...wrong))
  assert.is(story.state.banned.size, 0)
  assert.is.not(story.state.metadata?.alone, undefined)
  const alone = story.state.metadata?.alone ?? 0
  bring(story, alone)
  if (alone === 2) {
    story.when(hashed(...wrong))
    assert.ok(story.state.banned.has(hostOf(2)), 'alone it lied again')
    bring(story, 1)
  }
  story.when(kept(wrong.map((_, piece) => piece)))
  assert.equal([...story.state.banned], [hostOf(2)])
  typesOf(story)
})

test('metadata: sole sources that bring nothing make room for others', () => {
  const story = seeking(1, 2)
  story.when(offers(1, 40 * METADATA_PIECE_BYTES)).when(offers(2, 40 * METADATA_PIECE_BYTES))
  bring(story, 1, 2).when(hashed(...Array.from({ length: 40 }, () => 1)))
  const first = story.state.metadata?.alone
  for (let time = 0; time < 3; time++) story.after(LIMITS.metadataTimeoutMs + 1).when(woken)
  assert.is.not(story.state.metadata?.alone, first)
})

test('metadata: a right hash over what is no torrent fails the transfer, with the code that a .torrent would', () => {
  const story = bring(seeking(1).when(offers(1)), 1)
  story.when(toTransfer({ type: 'metadata-unusable', code: 'TORRENT_INVALID', message: 'no name' }))
  assert.is(typesOf(story)[0], 'transfer-failed')
  assert.is(story.state.failure?.code, 'TORRENT_INVALID')
  story.when(toTransfer({ type: 'resume-asked' }))
  assert.equal(typesOf(story).slice(0, 2), ['resumed', 'metadata-sought'])
})

test('metadata: those of a private torrent end connections that neither tracker nor user named (BEP 27)', () => {
  const met: TransferEvent = {
    type: 'candidates-found',
    source: 'lsd',
    addresses: [{ host: hostOf(2), port: 6_881 }],
  }
  const story = given(added(UNKNOWN), session(), { type: 'metadata-sought' }, met)
  story.also(...open(1, { extensions: true }), ...open(2, { extensions: true }))
  bring(story.when(offers(1)), 1).when(kept([], true))
  assert.equal([...story.state.peers.keys()], [1])
  assert.ok(story.events.some((event) => event.type === 'peer-closed' && event.reason === 'private'))
})

test('metadata: others get each piece some times, then no more, and floods are hung up on', () => {
  const story = given(seeding(), open(1, { extensions: true }))
  const ask = (metadataPiece: number, totalBytes = BYTES) =>
    toPeer(1, { type: 'metadata-asked', metadataPiece, totalBytes })
  assert.equal(typesOf(story.when(ask(0))), ['metadata-served'])
  assert.equal(story.effects, [{ type: 'serve-metadata', peer: 1, metadataPiece: 0 }])
  const reasonOf = () => story.events.map((event) => (event.type === 'metadata-denied' ? event.reason : event.type))
  story.when(ask(3))
  assert.equal(reasonOf(), ['no-such-piece'])
  story.when(ask(0, 0))
  assert.equal(reasonOf(), ['unknown'])
  for (let time = 1; time < 3 * LIMITS.metadataServedTimes; time++) story.when(ask(time % 3))
  story.when(ask(1))
  assert.equal(reasonOf(), ['too-many'])
  for (let time = 0; time < LIMITS.metadataDeniedMax; time++) story.when(ask(1))
  assert.is(story.state.peers.size, 0)
  typesOf(story)
})

test('metadata: a state in the midst of it is saved and restored as it was', () => {
  const story = seeking(1, 2, 3).when(offers(1), offers(2), says(3, { type: 'have', piece: 900 }), arrives(1, 0))
  const restored = restoreSnapshot(takeSnapshot(story.state))
  assert.is(restored && stateHash(restored), stateHash(story.state))
  story.also(session(2))
  assert.is(story.state.metadata?.received, 0, 'a new session has none of the pieces')
})

test('metadata: every event of them was seen', () => {
  assert.equal(
    Object.keys(METADATA_EVENTS).filter((type) => !happened.has(type as EventType)),
    [],
  )
})

test.run()
