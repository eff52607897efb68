/** Hole punching (BEP 55): who is asked, who is told to dial, and what strangers want in vain. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../src/actors/vocabulary.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { type PeerAddress, peerId, peerKey } from '../../src/values.js'
import type { HolepunchMessage } from '../../src/wire/holepunch.js'
import { PEX_FLAGS } from '../../src/wire/pex.js'
import { downloading } from './beginnings.js'
import { given, type Story, toPeer } from './given.js'

const BEGAN: readonly TransferEvent[] = [{ type: 'pex-began' }, { type: 'punching-began' }]
const ELSEWHERE: PeerAddress = { host: '60.1.2.3', port: 6_881 }

const hostOf = (peer: number): string => `50.0.${peer}.9`

/** The peer connected to us, listens at 6,000 and its number, and takes part, where it says so. */
const arrived = (peer: number, number = 9): TransferEvent[] => [
  { type: 'peer-accepted', peer: peerKey(peer), host: hostOf(peer), port: 40_000 },
  {
    type: 'handshake-received',
    peer: peerKey(peer),
    peerId: peerId(new Uint8Array(20).fill(peer)),
    fast: true,
    extensions: true,
  },
  {
    type: 'extensions-received',
    peer: peerKey(peer),
    client: undefined,
    requestsMax: undefined,
    listenPort: 6_000 + peer,
    uploadOnly: false,
  },
  ...(number === 0 ? [] : [{ type: 'holepunch-offered' as const, peer: peerKey(peer), number }]),
]

const says = (peer: number, kind: HolepunchMessage['kind'], address: PeerAddress, error: HolepunchMessage['error']) =>
  toPeer(peer, { type: 'punch-arrived', message: { kind, ...address, error } })
const asks = (peer: number, address: PeerAddress): Input => says(peer, 'rendezvous', address, 'none')
const tells = (peer: number, address: PeerAddress): Input => says(peer, 'connect', address, 'none')
const names = (peer: number, flags: number): Input =>
  toPeer(peer, { type: 'pex-arrived', message: { added: [{ ...ELSEWHERE, flags }], dropped: [] } })
const sent = (story: Story) =>
  story.effectsOf('punch').map(({ peer, id, message: { kind, host, port, error } }) => ({
    to: [peer, id],
    says: `${kind} ${host}:${port} ${error}`,
  }))

/** Peer 1 has named somebody who cannot be dialed. */
const unreached = (flags: number, code = 'ETIMEDOUT'): Story => {
  const story = given(downloading(), BEGAN, arrived(1)).when(names(1, flags))
  const [dialed] = story.effectsOf('dial')
  assert.ok(dialed !== undefined && !dialed.punching)
  return story.when(toPeer(dialed.peer, { type: 'dial-failed', failure: { code, message: '' } }))
}

test('holepunch: who named somebody that cannot be dialed is asked to have it dial us', () => {
  const story = unreached(PEX_FLAGS.holepunch)
  story.thenEvents('dial-failed', 'rendezvous-asked')
  assert.equal(sent(story), [{ to: [1, 9], says: 'rendezvous 60.1.2.3:6881 none' }])
})

test('holepunch: nobody is asked of who takes no part, nor where it would not help', () => {
  for (const story of [unreached(0), unreached(PEX_FLAGS.holepunch, 'BLOCKED')]) assert.equal(sent(story), [])
  const alone = given(downloading(), BEGAN.slice(0, 1), arrived(1)).when(names(1, PEX_FLAGS.holepunch))
  alone.thenEvents('pex-received', 'candidates-found', 'dial-began')
})

test('holepunch: who is told to dial does so over uTP, once, and asks nobody when that fails', () => {
  const story = unreached(PEX_FLAGS.holepunch).when(tells(1, ELSEWHERE))
  story.thenEvents('dial-began', 'punch-began')
  const [dialed] = story.effectsOf('dial')
  assert.ok(dialed?.punching)
  assert.ok(story.peer(dialed.peer).punched)
  story.when(tells(1, ELSEWHERE))
  story.thenEvents('punch-refused')
  story.when(toPeer(dialed.peer, { type: 'dial-failed', failure: { code: 'ETIMEDOUT', message: '' } }))
  story.thenEvents('dial-failed')
  assert.equal(sent(story), [])
})

test('holepunch: who cannot help is not asked again', () => {
  const story = unreached(PEX_FLAGS.holepunch).when(says(1, 'error', ELSEWHERE, 'not-connected'))
  story.thenEvents('rendezvous-failed')
  assert.is(story.state.candidates.get('60.1.2.3:6881')?.introducer, undefined)
})

test('holepunch: two who know us are told to dial each other, where they listen', () => {
  const story = given(downloading(), BEGAN, arrived(1), arrived(2, 5))
  story.when(asks(1, { host: hostOf(2), port: 6_002 }))
  story.thenEvents('rendezvous-relayed')
  assert.equal(sent(story), [
    { to: [1, 9], says: `connect ${hostOf(2)}:6002 none` },
    { to: [2, 5], says: `connect ${hostOf(1)}:6001 none` },
  ])
})

test('holepunch: a peer that came by uTP is named by the port that it came from', () => {
  const known: TransferEvent = { type: 'transport-known', peer: peerKey(2), transport: 'utp', protection: 'none' }
  const [accepted, ...rest] = arrived(2)
  if (accepted === undefined) throw new Error('it is there')
  const story = given(downloading(), BEGAN, arrived(1), accepted, known, rest)
  story.when(asks(1, { host: hostOf(2), port: 6_002 }))
  assert.is(sent(story)[0]?.says, `connect ${hostOf(2)}:40000 none`)
})

test('holepunch: whoever asks for what we cannot do is told why', () => {
  const mapped: TransferEvent = { type: 'dht-address-seen', host: '70.0.0.1', port: 7_000 }
  const story = given(downloading(), BEGAN, mapped, arrived(1), arrived(2, 0))
  for (const [address, error] of [
    [{ host: hostOf(2), port: 0 }, 'no-such-peer'],
    [{ host: '70.0.0.1', port: 7_000 }, 'no-self'],
    [ELSEWHERE, 'not-connected'],
    [{ host: hostOf(1), port: 6_001 }, 'not-connected'],
    [{ host: hostOf(2), port: 6_002 }, 'no-support'],
  ] as const) {
    story.when(asks(1, address))
    story.thenEvents('rendezvous-refused')
    assert.equal(sent(story), [{ to: [1, 9], says: `error ${address.host}:${address.port} ${error}` }])
  }
  story.when(asks(2, { host: hostOf(1), port: 6_001 }))
  story.thenEvents()
})

test('holepunch: a stranger has us dial nobody in our own network, nobody banned, and nobody twice', () => {
  const story = given(downloading(), BEGAN, arrived(1), arrived(2), {
    type: 'address-banned',
    address: '60.9.9.9',
    piece: 0,
  } as TransferEvent)
  for (const [address, reason] of [
    [{ host: '192.168.1.1', port: 80 }, 'not-allowed'],
    [{ host: '127.0.0.1', port: 80 }, 'not-allowed'],
    [{ host: '60.1.1.1', port: 0 }, 'not-allowed'],
    [{ host: '60.9.9.9', port: 9 }, 'banned'],
    [{ host: hostOf(2), port: 6_002 }, 'connected'],
  ] as const) {
    story.when(tells(1, address))
    assert.equal(
      story.eventsOf('punch-refused').map((event) => event.reason),
      [reason],
    )
    assert.is(story.effectsOf('dial').length, 0)
    assert.equal(sent(story), [], 'and nobody is answered')
  }
})

test('holepunch: who wants it too often is not listened to for a while, and that is said once', () => {
  const story = given(downloading(), BEGAN, arrived(1))
  for (let round = 0; round < LIMITS.punchesMax; round++) story.when(asks(1, ELSEWHERE))
  story.when(asks(1, ELSEWHERE))
  story.thenEvents('punch-ignored')
  for (let round = 0; round < 100; round++) {
    story.when(tells(1, { host: '60.1.1.1', port: 1 + round }))
    story.thenEvents()
  }
  story.after(LIMITS.punchesMs).when(asks(1, ELSEWHERE))
  story.thenEvents('rendezvous-refused')
})

test.run()
