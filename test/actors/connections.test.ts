import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../src/actors/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { infoHash, type PeerAddress, peerId, peerKey } from '../../src/values.js'
import type { ExtensionHandshake } from '../../src/wire/extension.js'
import {
  added,
  connected,
  downloading,
  fetched,
  INFO_HASH,
  idOf,
  OUR_ID,
  open,
  seeding,
  seedPeer,
  session,
} from './beginnings.js'
import { given, type Story, toPeer, toTransfer, woken } from './given.js'
import { checkInvariants } from './invariants.js'

const SMALLER = 0x01
const LARGER = 0xff

const shake = (
  peer: number,
  parts: { id?: Uint8Array; fast?: boolean; extensions?: boolean; hash?: Uint8Array } = {},
): Input =>
  toPeer(peer, {
    type: 'handshake-arrived',
    handshake: {
      infoHash: infoHash(parts.hash ?? INFO_HASH),
      peerId: peerId(parts.id ?? idOf(peer)),
      reserved: { fast: parts.fast === true, extensions: parts.extensions === true, dht: false },
    },
  })
const extended = (peer: number, parts: Partial<ExtensionHandshake> = {}): Input =>
  toPeer(peer, {
    type: 'extensions-arrived',
    extensions: { type: 'extension-handshake', messages: new Map(), ...parts },
  })
const found = (...addresses: PeerAddress[]): Input => toTransfer({ type: 'peers-found', source: 'tracker', addresses })
const arrive = (story: Story, host = '10.0.0.99', port = 50_000): Input =>
  toTransfer({ type: 'peer-accepted', peer: peerKey(story.state.nextPeer), address: { host, port } })
const dialed = (story: Story): string[] =>
  story.effectsOf('dial').map(({ address }) => `${address.host}:${address.port}`)

test('connection: one that we dialed greets first, and is open with the handshake', () => {
  const story = given(downloading()).when(found({ host: '10.0.0.1', port: 1 }))
  story.thenEvents('candidates-found', 'dial-began').thenEffects('dial')
  story
    .when(toPeer(1, { type: 'connected' }))
    .thenEvents('peer-connected')
    .thenEffects('greet')
  story.when(shake(1)).thenEvents('handshake-received').thenEffects()
  assert.ok(story.peer(1).standing.tags.open)
})

test('connection: one that we accept is greeted at once', () => {
  const story = given(downloading())
  story.when(arrive(story)).thenEvents('peer-accepted').thenEffects('greet')
  assert.ok(story.peer(1).incoming)
})

test('connection: what we have is said with the handshake, in the shortest way', () => {
  const none = given(downloading(), connected(1))
  assert.equal(none.when(shake(1)).sentTo(1), [])
  const noneFast = given(downloading(), connected(1))
  assert.equal(noneFast.when(shake(1, { fast: true })).sentTo(1), ['have-none'])
  for (const fast of [false, true]) {
    const some = given(downloading(), seedPeer(2), fetched(2, [1]), connected(1)).commits()
    assert.equal(some.when(shake(1, { fast })).sentTo(1), ['bitfield'])
    const [sent] = some.effectsOf('send')
    assert.equal(sent?.message, { type: 'bitfield', bits: new Uint8Array([0b0100_0000]) })
    const all = given(seeding(), connected(1))
    assert.equal(all.when(shake(1, { fast })).sentTo(1), [fast ? 'have-all' : 'bitfield'])
  }
})

test('connection: what is stored and not committed is not said yet', () => {
  const story = given(downloading(), seedPeer(2), fetched(2, [1]), connected(1)).when(shake(1))
  assert.equal(story.sentTo(1), [])
  story.commits()
  assert.equal(story.sentTo(1), ['have'])
})

test('connection: a peer that speaks the extension protocol is told of ours', () => {
  given(downloading(), connected(1))
    .when(shake(1, { extensions: true }))
    .thenEffects('extend')
})

test('connection: what a peer says of itself is kept', () => {
  const story = given(downloading(), open(1, { incoming: true }))
  story.when(extended(1, { client: 'Client 1', port: 7_000, requestsMax: 9, uploadOnly: true }))
  story.thenEvents('extensions-received', 'candidates-found')
  const { client, listenPort, requestsMax, uploadOnly } = story.peer(1)
  assert.equal([client, listenPort, requestsMax, uploadOnly], ['Client 1', 7_000, 9, true])
})

test('connection: requests that a peer lets wait are taken within bounds', () => {
  for (const [said, taken] of [
    [0, 1],
    [10 ** 9, LIMITS.requestsMax],
  ] as const) {
    const story = given(downloading(), open(1)).when(extended(1, { requestsMax: said }))
    assert.is(story.peer(1).requestsMax, taken)
  }
})

test('connection: where an incoming peer listens is a candidate, which is not dialed while it is here', () => {
  const story = given(downloading(), open(1, { incoming: true, host: '10.0.0.7' })).when(extended(1, { port: 7_000 }))
  assert.equal(story.eventsOf('candidates-found')[0]?.addresses, [{ host: '10.0.0.7', port: 7_000 }])
  assert.equal(dialed(story.when(woken)), [])
  story.when(toPeer(1, { type: 'connection-lost', failure: { code: 'EOF', message: '' } }))
  assert.equal(dialed(story), ['10.0.0.7:7000'])
})

test('connection: a peer cannot fill the list of candidates', () => {
  const story = given(downloading(), open(1, { incoming: true }))
  for (let port = 1; port <= 20; port++) story.when(extended(1, { port }))
  assert.is(story.state.candidates.size, 1)
})

test('connection: a private torrent takes no address from a peer', () => {
  const story = given([added(undefined, true), session(), { type: 'session-examined' }, { type: 'download-began' }])
  story
    .also(...open(1, { incoming: true }))
    .when(extended(1, { port: 7_000 }))
    .thenEvents('extensions-received')
})

test('connection: a peer of another torrent is left', () => {
  const story = given(downloading(), connected(1)).when(shake(1, { hash: OUR_ID }))
  story.thenClosed(1, 'wrong-info-hash')
})

test('connection: we do not talk to ourselves, and do not try again for long', () => {
  const story = given(downloading(), connected(1))
    .when(shake(1, { id: OUR_ID }))
    .thenClosed(1, 'self-connection')
  assert.equal(dialed(story.pass(600_000)), [])
})

test('connection: of two that we dialed to the same peer the first stays', () => {
  const twin = idOf(LARGER)
  const story = given(downloading(), open(1, { id: twin }), connected(2)).when(shake(2, { id: twin }))
  story.thenClosed(2, 'duplicate-connection')
  assert.ok(story.state.peers.has(peerKey(1)))
})

test('connection: of two in opposite directions the one that the larger peer id dialed stays', () => {
  const cases = [
    { theirs: LARGER, known: true, stays: 1 },
    { theirs: LARGER, known: false, stays: 2 },
    { theirs: SMALLER, known: true, stays: 2 },
    { theirs: SMALLER, known: false, stays: 1 },
  ]
  for (const { theirs, known, stays } of cases) {
    const twin = idOf(theirs)
    const story = given(downloading(), open(1, { incoming: known, id: twin }), connected(2, { incoming: !known }))
    story.when(shake(2, { id: twin }))
    assert.ok(story.state.peers.has(peerKey(stays)), `they are ${theirs}, the first incoming: ${known}`)
    assert.is(story.state.peers.size, 1)
    story.thenClosed(3 - stays, 'duplicate-connection')
    checkInvariants(story.state)
  }
})

test('connection: both sides of two connections keep the same one, whichever they see first', () => {
  // Peer A is the larger. Connection `a` was dialed by A, `b` by B; each side sees both handshakes, in either order.
  for (const aSees of ['ab', 'ba'])
    for (const bSees of ['ab', 'ba']) {
      const kept = [
        { sees: aSees, theirs: SMALLER, ours: 'a' },
        { sees: bSees, theirs: LARGER, ours: 'b' },
      ].map(({ sees, theirs, ours }) => {
        const story = given(downloading())
        for (const [at, connection] of [...sees].entries())
          story.also(...connected(at + 1, { incoming: connection !== ours })).when(shake(at + 1, { id: idOf(theirs) }))
        const [key] = story.state.peers.keys()
        assert.is(story.state.peers.size, 1)
        return sees[(key ?? 0) - 1]
      })
      assert.equal(kept, ['a', 'a'])
    }
})

test('connection: of two of which one is over WebRTC the other stays, whoever dialed and whichever came first', () => {
  const overWebRtc = (key: number) =>
    ({ type: 'transport-known', peer: peerKey(key), transport: 'webrtc', protection: 'dtls' }) as const
  const twin = idOf(LARGER)
  for (const incoming of [true, false]) {
    const first = given(downloading(), ...connected(1, { incoming: true }), overWebRtc(1)).when(shake(1, { id: twin }))
    first.also(...connected(2, { incoming })).when(shake(2, { id: twin }))
    first.thenClosed(1, 'duplicate-connection')
    assert.equal([...first.state.peers.keys()], [2])
    const second = given(downloading(), open(1, { incoming, id: twin }), ...connected(2, { incoming: true }))
    second.also(overWebRtc(2)).when(shake(2, { id: twin }))
    second.thenClosed(2, 'duplicate-connection')
    assert.equal([...second.state.peers.keys()], [1])
  }
})

test('connection: of two by introductions both sides keep that of the smaller rank, while both are new', () => {
  const introduced = (key: number, rank: number) =>
    ({ type: 'peer-introduced', peer: peerKey(key), introduction: key, rank }) as const
  const twin = idOf(LARGER)
  for (const [ranks, apartMs, goes] of [
    [[5, 9], 0, 2],
    [[9, 5], 0, 1],
    [[9, 5], LIMITS.webRtcConnectMs, 2],
  ] as const) {
    const story = given(downloading(), ...connected(1, { incoming: true }), introduced(1, ranks[0]))
    story.when(shake(1, { id: twin })).after(apartMs)
    story.also(...connected(2, { incoming: true }), introduced(2, ranks[1])).when(shake(2, { id: twin }))
    story.thenClosed(goes, 'duplicate-connection')
  }
})

test('connection: what was on order from the connection that goes is asked elsewhere', () => {
  const twin = idOf(LARGER)
  const story = given(downloading(), seedPeer(1, { id: twin }), seedPeer(2)).when(woken)
  const before = story.peer(1).requested.size
  assert.ok(before > 0)
  story
    .also(...connected(3, { incoming: true }))
    .when(shake(3, { id: twin }))
    .thenClosed(1, 'duplicate-connection')
  checkInvariants(story.state)
})

test('dial: so many connections are opened at one time, and the next when one is done', () => {
  const addresses = Array.from({ length: LIMITS.dialsMax + 2 }, (_, at) => ({ host: `10.0.1.${at}`, port: 1 }))
  const story = given(downloading()).when(found(...addresses))
  assert.is(dialed(story).length, LIMITS.dialsMax)
  story.when(toPeer(1, { type: 'dial-failed', failure: { code: 'ECONNREFUSED', message: '' } }))
  assert.equal(dialed(story), [`10.0.1.${LIMITS.dialsMax}:1`])
})

const failing = (story: Story, code: string, afterMs: number, ...inputs: readonly Input[]): Story => {
  for (const { peer } of story.effectsOf('dial'))
    story.when(toPeer(peer, { type: 'dial-failed', failure: { code, message: '' } }))
  return story.after(afterMs).when(...inputs, woken)
}

test('dial: who cannot be reached is tried ever more seldom; while the machine itself has no way out, each half minute', () => {
  for (const [code, again] of [
    ['ECONNREFUSED', 0],
    ['ENETUNREACH', 1],
    ['ENETDOWN', 1],
    ['EADDRNOTAVAIL', 1],
  ] as const) {
    const story = given(downloading()).when(found({ host: '10.0.0.1', port: 1 }))
    for (let failures = 0; failures < 8; failures++) failing(story, code, 600_000)
    assert.is(dialed(failing(story, code, 30_000)).length, again, code)
  }
})

test('dial: what is wrong with one way out counts, where another leads to peers', () => {
  const story = given(downloading(), open(1)).when(found({ host: '10.0.0.9', port: 1 }))
  const alive = toPeer(1, { type: 'message-arrived', message: { type: 'keep-alive' } })
  let dials = 0
  for (let minutes = 0; minutes < 60; minutes++) dials += dialed(failing(story, 'ENETUNREACH', 60_000, alive)).length
  assert.ok(story.state.peers.has(peerKey(1)))
  assert.is(dials, 10) // after 3 s, doubled each time
})

test('dial: a seed waits for others, whatever keeps it from them', () => {
  const story = given(seeding()).when(found({ host: '10.0.0.1', port: 1 }))
  for (let failures = 0; failures < 8; failures++) failing(story, 'ENETUNREACH', 600_000)
  assert.equal(dialed(failing(story, 'ENETUNREACH', 60_000)), [])
})

test('dial: peers that the user named are tried each half minute', () => {
  const addresses = [{ host: '10.0.0.1', port: 1 }]
  const story = given(downloading()).when(toTransfer({ type: 'peers-found', source: 'user', addresses }))
  for (let failures = 0; failures < 8; failures++) failing(story, 'ECONNREFUSED', 600_000)
  assert.equal(dialed(failing(story, 'ECONNREFUSED', 30_000)), ['10.0.0.1:1'])
})

test('dial: some places are left for those who dial us, and a full house refuses', () => {
  const story = given(downloading())
  for (let at = 0; at < LIMITS.peersMax; at++) {
    const host = `10.0.1.${at}`
    story.when(found({ host, port: 1 }))
    for (const { peer } of story.effectsOf('dial')) story.when(toPeer(peer, { type: 'connected' }))
  }
  assert.is(story.state.peers.size, LIMITS.peersDialedMax)
  for (let at = LIMITS.peersDialedMax; at < LIMITS.peersMax; at++)
    story.when(arrive(story, `10.0.2.${at}`)).thenEvents('peer-accepted')
  story.when(arrive(story, '10.0.3.1')).thenEvents('peer-accepted', 'peer-closed').thenEffects('hang-up')
  assert.is(story.eventsOf('peer-closed')[0]?.reason, 'too-many-peers')
})

test('connection: who comes while nothing is active is refused, and the log says why', () => {
  const fail = toTransfer({ type: 'storage-failed', failure: { code: 'EIO', message: '' } })
  const conditions = [
    ['checking', toTransfer({ type: 'check-asked' })],
    ['paused', toTransfer({ type: 'pause-asked' })],
    ['failed', fail],
    ['ended', toTransfer({ type: 'end-asked' })],
  ] as const
  for (const [reason, input] of conditions) {
    const story = given(downloading()).when(input)
    story.when(arrive(story)).thenEvents('peer-accepted', 'peer-closed').thenEffects('hang-up')
    assert.is(story.eventsOf('peer-closed')[0]?.reason, reason)
  }
})

test('dial: candidates are kept once, and only so many', () => {
  const addresses = Array.from({ length: LIMITS.candidatesMax + 9 }, (_, at) => ({
    host: `10.1.${at >> 8}.${at & 255}`,
    port: 1,
  }))
  const story = given(downloading(), { type: 'paused' })
    .when(found(...addresses))
    .when(found(...addresses))
  assert.is(story.state.candidates.size, LIMITS.candidatesMax)
})

test('dial: IPv6 addresses are told apart from each other', () => {
  const story = given(downloading()).when(found({ host: '2001:db8::1', port: 1 }, { host: '2001:db8::2', port: 1 }))
  assert.equal(dialed(story), ['2001:db8::1:1', '2001:db8::2:1'])
})

test('dial: a connection that is given up while it is being opened is forgotten', () => {
  const story = given(downloading()).when(found({ host: '10.0.0.1', port: 1 }))
  story.when(toTransfer({ type: 'pause-asked' })).thenClosed(1, 'paused')
  checkInvariants(story.state)
})

test('connection: a new session has none, and tries every candidate anew', () => {
  const story = given(downloading(), seedPeer(1)).when(woken)
  story.also(session(2))
  assert.is(story.state.peers.size, 0)
  assert.is(story.state.pieces.size, 0)
  checkInvariants(story.state)
  story.when(toTransfer({ type: 'files-examined', files: [] }))
  assert.equal(dialed(story), ['10.0.0.1:6881'])
  assert.is(story.effectsOf('dial')[0]?.peer, 2)
})

test.run()
