/** Peer exchange (BEP 11) and priorities (BEP 40): what peers are told of others, what is believed, who makes way. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../src/actors/vocabulary.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { infoHash, type PeerAddress, peerId, peerKey } from '../../src/values.js'
import { peerPriority } from '../../src/wire/peerpriority.js'
import { PEX_FLAGS, type PexMessage } from '../../src/wire/pex.js'
import { added, downloading, INFO_HASH, session } from './beginnings.js'
import { given, type Story, toPeer, toTransfer, woken } from './given.js'

const PEX: TransferEvent = { type: 'pex-began' }

const hostOf = (peer: number): string => `50.${peer >> 8}.${peer & 255}.9`

/** The peer connected to us, shook hands and takes peer exchange. */
const arrived = (peer: number, pex = 7): TransferEvent[] => [
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
  { type: 'pex-offered', peer: peerKey(peer), number: pex },
]
const left = (peer: number): TransferEvent => ({
  type: 'peer-closed',
  peer: peerKey(peer),
  by: 'them',
  reason: 'EOF',
  detail: '',
})
const tells = (peer: number, message: PexMessage): Input => toPeer(peer, { type: 'pex-arrived', message })
const names = (...hosts: readonly string[]): PexMessage => ({
  added: hosts.map((host) => ({ host, port: 6_881, flags: 0 })),
  dropped: [],
})
const told = (story: Story): readonly { readonly peer: number; readonly message: PexMessage }[] =>
  story.effectsOf('exchange-peers').map(({ peer, message }) => ({ peer, message }))

/** So many seconds pass, each with a look at the clock. */
const seconds = (story: Story, count: number): ReturnType<typeof told> => {
  const all: { peer: number; message: PexMessage }[] = []
  for (let second = 0; second < count; second++) {
    story.after(1_000).when(woken)
    all.push(...told(story))
  }
  return all
}

test('pex: peers are told of each other, where they listen, and not of themselves', () => {
  const story = given(downloading(), PEX, arrived(1), arrived(2))
  const [first, second, ...more] = seconds(story, 50)
  assert.equal(first?.message, { added: [{ host: hostOf(2), port: 6_002, flags: 0 }], dropped: [] })
  assert.equal(second?.message, { added: [{ host: hostOf(1), port: 6_001, flags: 0 }], dropped: [] })
  assert.equal(more, [])
})

test('pex: nobody is told more often than each minute, and then of who came and who went', () => {
  const story = given(downloading(), PEX, arrived(1), arrived(2))
  seconds(story, 5)
  story.also(...arrived(3), left(2), ...arrived(4), left(4))
  const later = seconds(story, 70)
  assert.equal(
    later.filter(({ peer }) => peer === 1).map(({ message }) => message),
    [
      {
        added: [{ host: hostOf(3), port: 6_003, flags: 0 }],
        dropped: [{ host: hostOf(2), port: 6_002 }],
      },
    ],
  )
})

test('pex: of many peers fifty are named at a time, the others a minute later', () => {
  const story = given(downloading(), PEX, arrived(1))
  for (let peer = 2; peer <= 75; peer++) story.also(...arrived(peer, 0))
  const ours = seconds(story, 70).filter(({ peer }) => peer === 1)
  assert.equal(
    ours.map(({ message }) => message.added.length),
    [LIMITS.pexSentMax, 74 - LIMITS.pexSentMax],
  )
  assert.is(new Set(ours.flatMap(({ message }) => message.added.map(({ host }) => host))).size, 74)
})

test('pex: a peer that we dialed is named as reachable, and a seed as a seed', () => {
  const story = given(downloading(), PEX, arrived(1))
  story.also(
    { type: 'dial-began', peer: peerKey(2), host: hostOf(2), port: 77 },
    { type: 'peer-connected', peer: peerKey(2) },
    {
      type: 'handshake-received',
      peer: peerKey(2),
      peerId: peerId(new Uint8Array(20).fill(2)),
      fast: true,
      extensions: false,
    },
    { type: 'have-all-received', peer: peerKey(2) },
  )
  const [only] = seconds(story, 2)
  assert.equal(only?.message.added, [{ host: hostOf(2), port: 77, flags: PEX_FLAGS.seed | PEX_FLAGS.reachable }])
})

test('pex: whom a peer names becomes a candidate, and is dialed', () => {
  const story = given(downloading(), PEX, arrived(1)).when(tells(1, names('60.1.1.1', '60.2.2.2')))
  story.thenEvents('pex-received', 'candidates-found', 'dial-began', 'dial-began')
  assert.equal(
    [...story.state.candidates.values()].map(({ source }) => source),
    ['pex', 'pex'],
  )
})

test('pex: whoever tells too often is not listened to, and that is said once', () => {
  const story = given(downloading(), PEX, arrived(1)).when(tells(1, names('60.1.1.1')))
  for (let flood = 0; flood < 100; flood++) {
    story.when(tells(1, names(`61.1.1.${flood}`)))
    if (flood === 0) story.thenEvents('pex-ignored')
    else story.thenEvents()
  }
  assert.is(story.state.candidates.size, 1)
  story.after(LIMITS.pexHeardIntervalMs).when(tells(1, names('60.9.9.9')))
  assert.is(story.state.candidates.size, 2)
})

test('pex: however many peers name however many, room is left for those that trackers name', () => {
  const story = given(downloading(), PEX)
  for (let peer = 1; peer <= 30; peer++) {
    story.also(...arrived(peer))
    story.when(tells(peer, names(...Array.from({ length: 100 }, (_, number) => `70.${peer}.${number}.1`))))
  }
  const sources = [...story.state.candidates.values()].map(({ source }) => source)
  assert.is(sources.filter((source) => source === 'pex').length, LIMITS.pexCandidatesMax)
})

test('pex: a stranger names nobody in our own network', () => {
  const story = given(downloading(), PEX, arrived(1))
  story.when(tells(1, names('127.0.0.1', '10.0.0.1', '192.168.0.1', '0.0.0.0', '60.1.1.1')))
  assert.equal([...story.state.candidates.keys()], ['60.1.1.1:6881'])
})

test('pex: of a private torrent nobody is told, and nobody is believed', () => {
  const story = given(added(undefined, true), session(), { type: 'session-examined' }, { type: 'download-began' }, PEX)
  story.also(...arrived(1).slice(0, 3), ...arrived(2).slice(0, 3))
  assert.equal(seconds(story, 70), [])
  story.when(tells(1, names('60.1.1.1'))).thenEvents()
  const extended = toPeer(1, {
    type: 'extensions-arrived',
    extensions: { type: 'extension-handshake', messages: new Map([['ut_pex', 1]]) },
  })
  story.when(extended)
  assert.is(story.peer(1).pex, 0)
  story.also({ type: 'peer-accepted', peer: peerKey(3), host: hostOf(3), port: 9 })
  story.when(
    toPeer(3, {
      type: 'handshake-arrived',
      handshake: {
        infoHash: infoHash(INFO_HASH),
        peerId: peerId(new Uint8Array(20).fill(3)),
        reserved: { extensions: true, fast: true, dht: true },
      },
    }),
  )
  assert.equal(
    story.effectsOf('extend').map(({ pex }) => pex),
    [false],
  )
  assert.not.ok(story.sentTo(3).includes('port'))
})

const OURS = { host: '80.1.2.3', port: 6_881 }
const seenAt: TransferEvent = { type: 'dht-address-seen', ...OURS }
const priorityOf = (address: PeerAddress): number => peerPriority(OURS, address) ?? 0

test('priorities: of more candidates than there is room for those of the highest priority are dialed', () => {
  const story = given(downloading(), seenAt)
  const addresses = Array.from({ length: 200 }, (_, number) => ({ host: `90.${number}.7.7`, port: 1_000 }))
  story.when(toTransfer({ type: 'peers-found', source: 'tracker', addresses }))
  const dialed = story.effectsOf('dial').map(({ address }) => address.host)
  const best = addresses.toSorted((left, right) => priorityOf(right) - priorityOf(left)).slice(0, LIMITS.dialsMax)
  assert.equal(dialed.toSorted(), best.map(({ host }) => host).toSorted())
})

test('priorities: where we do not know how others see us, who came first is dialed first', () => {
  const story = given(downloading())
  const addresses = Array.from({ length: 200 }, (_, number) => ({ host: `90.${number}.7.7`, port: 1_000 }))
  story.when(toTransfer({ type: 'peers-found', source: 'tracker', addresses }))
  assert.equal(
    story.effectsOf('dial').map(({ address }) => address),
    addresses.slice(0, LIMITS.dialsMax),
  )
})

/** All places are taken, for a while. */
const full = (...events: readonly TransferEvent[]): Story => {
  const story = given(downloading(), events)
  for (let peer = 1; peer <= LIMITS.peersMax; peer++) story.also(...arrived(peer).slice(0, 3))
  return story.after(LIMITS.idlePeerMs + 1_000)
}
const comes = (host: string): Input =>
  toTransfer({ type: 'peer-accepted', peer: peerKey(LIMITS.peersMax + 1), address: { host, port: 1 } })

test('priorities: where all places are taken the idle peer of the lowest priority makes way for one of a higher', () => {
  const story = full(seenAt)
  const peers = [...story.state.peers.values()]
  const listening = peers.map(({ key, address }) => ({ key, priority: priorityOf({ ...address, port: 6_000 + key }) }))
  const lowest = listening.toSorted((left, right) => left.priority - right.priority)[0]
  const newcomer = Array.from({ length: 250 }, (_, number) => `100.1.${number}.1`).toSorted(
    (left, right) => priorityOf({ host: right, port: 1 }) - priorityOf({ host: left, port: 1 }),
  )
  story.when(comes(newcomer[0] ?? ''))
  const [closed] = story.events
  assert.ok(closed?.type === 'peer-closed' && closed.reason === 'too-many-peers')
  assert.is(closed.peer, lowest?.key)
  assert.is(story.state.peers.size, LIMITS.peersMax)
})

test('priorities: nobody makes way for a peer of the lowest priority, or where nobody is idle, or nothing is known', () => {
  const lowly = Array.from({ length: 250 }, (_, number) => `100.1.${number}.1`).toSorted(
    (left, right) => priorityOf({ host: left, port: 1 }) - priorityOf({ host: right, port: 1 }),
  )
  for (const story of [full(seenAt).when(comes(lowly[0] ?? '')), full().when(comes('100.1.1.1'))]) {
    story.thenEvents('peer-accepted', 'peer-closed')
    assert.ok(story.events[1]?.type === 'peer-closed' && story.events[1].peer === LIMITS.peersMax + 1)
  }
})

test.run()
