/** Bad peers: each is hung up on for a reason that is said, or borne; and a download beside them completes. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { infoHash as asInfoHash } from '../../src/values.js'
import type { SendableMessage } from '../../src/wire/messages.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { allBits, blockOf, playSeed, RawPeer, rawHost } from './raw-peer.js'
import { at, eventWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: hostile peers'))

const content = makeContent({ files: { a: 150_000, b: 250_001 } })
const { infoHash, pieceCount, pieceLength } = content.metainfo
const lastPieceLength = content.bytes.length - (pieceCount - 1) * pieceLength
const BLOCK = 16_384

const starting = async (rig: Rig) => {
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'))
  const transfer = await engine.add(content.torrent, { path: folder })
  return { folder, engine, transfer }
}

type Started = Awaited<ReturnType<typeof starting>>

/** Whatever the bad peers did: an honest one is added, and the download completes. */
const completes = async (rig: Rig, { transfer, folder }: Started): Promise<void> => {
  const seed = await rig.seed(content)
  transfer.addPeer(seed.address)
  await within(transfer.done, 'the download')
  await compareContent(content, folder)
  assert.is(transfer.state.banned.size, 0)
}

interface Bad {
  readonly name: string
  readonly act: (peer: RawPeer) => void
  /** Why we hang up. */
  readonly reason: string
  readonly detail?: RegExp
  readonly fast?: boolean
}

const spare = allBits(pieceCount)
spare[spare.length - 1] = 0xff
const say =
  (...messages: SendableMessage[]) =>
  (peer: RawPeer): void =>
    peer.say(...messages)
const ask = (piece: number, offset: number, length: number) => say({ type: 'request', piece, offset, length })

const BAD: readonly Bad[] = [
  {
    name: 'a length prefix of 4 GiB',
    act: (peer) => peer.write(new Uint8Array(4).fill(0xff)),
    reason: 'protocol-fault',
  },
  {
    name: 'a choke of two bytes',
    act: (peer) => peer.write(Uint8Array.of(0, 0, 0, 2, 0, 0)),
    reason: 'protocol-fault',
  },
  {
    name: 'a bitfield that is too long',
    act: say({ type: 'bitfield', bits: new Uint8Array(9) }),
    reason: 'protocol-fault',
  },
  {
    name: 'a bitfield that is too short',
    act: say({ type: 'bitfield', bits: new Uint8Array(1) }),
    reason: 'protocol-fault',
  },
  { name: 'a bitfield with spare bits', act: say({ type: 'bitfield', bits: spare }), reason: 'protocol-fault' },
  {
    name: 'a have of a piece that is not there',
    act: say({ type: 'have', piece: pieceCount }),
    reason: 'protocol-fault',
  },
  {
    name: 'a have of the last number there is',
    act: say({ type: 'have', piece: 0xffff_ffff }),
    reason: 'protocol-fault',
  },
  { name: 'a have-all without the fast extension', act: say({ type: 'have-all' }), reason: 'protocol-fault' },
  { name: 'a request of a piece that is not there', act: ask(pieceCount, 0, BLOCK), reason: 'protocol-fault' },
  { name: 'a request past the end of a piece', act: ask(0, pieceLength - BLOCK + 1, BLOCK), reason: 'protocol-fault' },
  {
    name: 'a request past the end of the last piece',
    act: ask(pieceCount - 1, 0, lastPieceLength + 1),
    reason: 'protocol-fault',
  },
  { name: 'a request far past everything', act: ask(0, 0xffff_ffff, BLOCK), reason: 'protocol-fault' },
  { name: 'a request of nothing', act: ask(0, 0, 0), reason: 'protocol-fault' },
  { name: 'a request of 4 GiB', act: ask(0, 0, 0xffff_ffff), reason: 'protocol-fault' },
  {
    name: 'a block that is too long',
    act: say({ type: 'piece', piece: 0, offset: 0, block: new Uint8Array(BLOCK + 1) }),
    reason: 'protocol-fault',
  },
  {
    name: 'blocks that nobody asked for',
    act: (peer) => {
      for (let block = 0; block < 17; block++)
        peer.say({ type: 'piece', piece: block % pieceCount, offset: 0, block: new Uint8Array(BLOCK) })
    },
    reason: 'unasked-blocks',
  },
  {
    name: 'blocks that nobody could ask for',
    act: (peer) => {
      for (let block = 0; block < 17; block++)
        peer.say({ type: 'piece', piece: 0xffff_ffff, offset: 7, block: new Uint8Array(1) })
    },
    reason: 'unasked-blocks',
  },
  {
    name: 'an extension handshake that is no bencode',
    act: say({ type: 'extended', id: 0, payload: Uint8Array.of(1, 2, 3) }),
    reason: 'protocol-fault',
  },
]

test('hostile: what breaks the protocol ends the connection, whoever dialed', async () => {
  await rigged(async (rig) => {
    const started = await starting(rig)
    const { engine, transfer } = started
    const closedFor = async (peer: number, { name, reason }: Bad): Promise<void> => {
      const { event } = await eventWhen(transfer, 'peer-closed', (closed) => closed.peer === peer)
      assert.is(`${event.by} ${event.reason}`, `us ${reason}`, name)
    }
    for (const bad of BAD) {
      const { fast = false } = bad
      const dialing = await RawPeer.join(engine.port, { infoHash, fast })
      const key = transfer.state.nextPeer - 1
      bad.act(dialing)
      await dialing.closed()
      await closedFor(key, bad)
      const host = await rawHost((peer) => {
        peer.greet({ infoHash, fast })
        bad.act(peer)
      })
      transfer.addPeer(at(host.port))
      const { event } = await eventWhen(transfer, 'dial-began', ({ port }) => port === host.port)
      await closedFor(event.peer, bad)
      host.close()
    }
    await completes(rig, started)
  })()
})

test(
  'hostile: strangers that speak something else, or nothing, are hung up on without a word in the log',
  rigged(async (rig) => {
    const started = await starting(rig)
    const { engine, transfer } = started
    const before = transfer.state.nextSeq
    const wrong = asInfoHash(new Uint8Array(20).fill(7))
    const acts: ((peer: RawPeer) => void)[] = [
      (peer) => peer.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n'),
      (peer) => peer.write(new Uint8Array(1_000)),
      (peer) => peer.write('\x13BitTorrent protocoL'),
      (peer) => peer.greet({ infoHash: wrong }),
    ]
    for (const act of acts) {
      const peer = await RawPeer.dial(engine.port)
      act(peer)
      await peer.closed()
    }
    assert.is(transfer.state.nextSeq, before)
    // These stay for a while: they have said nothing, or not enough.
    const silent = [await RawPeer.dial(engine.port), await RawPeer.dial(engine.port)]
    silent[1]?.write('\x13BitTorrent pro')
    await completes(rig, started)
    for (const peer of silent) assert.is(peer.isClosed, false)
  }),
)

test(
  'hostile: hosts that answer a dial with something else are left, and silent ones disturb nobody',
  rigged(async (rig) => {
    const started = await starting(rig)
    const { transfer } = started
    const wrong = asInfoHash(new Uint8Array(20).fill(7))
    const acts: (readonly [string, (peer: RawPeer) => void])[] = [
      ['protocol-fault', (peer) => peer.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
      ['wrong-info-hash', (peer) => peer.greet({ infoHash: wrong })],
      ['EOF', (peer) => peer.close()],
    ]
    for (const [reason, act] of acts) {
      const host = await rawHost(act)
      rig.later(() => host.close())
      transfer.addPeer(at(host.port))
      const { event } = await eventWhen(transfer, 'dial-began', ({ port }) => port === host.port)
      const closed = await eventWhen(transfer, 'peer-closed', ({ peer }) => peer === event.peer)
      if (reason !== 'EOF') assert.is(closed.event.reason, reason)
    }
    const silent = await rawHost(() => undefined)
    rig.later(() => silent.close())
    transfer.addPeer(at(silent.port))
    await eventWhen(transfer, 'peer-connected')
    await completes(rig, started)
  }),
)

test(
  'hostile: what means nothing is passed over',
  rigged(async (rig) => {
    const started = await starting(rig)
    const peer = await RawPeer.join(started.engine.port, { infoHash, fast: true, extensions: true })
    const key = started.transfer.state.nextPeer - 1
    peer.say(
      { type: 'have-none' },
      { type: 'cancel', piece: 3, offset: 0, length: BLOCK },
      { type: 'cancel', piece: 0xffff_ffff, offset: 0xffff_ffff, length: 0xffff_ffff },
      { type: 'reject-request', piece: 0xffff_ffff, offset: 1, length: 2 },
      { type: 'allowed-fast', piece: 0xffff_ffff },
      { type: 'suggest-piece', piece: 0xffff_ffff },
      { type: 'port', port: 0 },
      { type: 'extended', id: 77, payload: new Uint8Array(50) },
      { type: 'keep-alive' },
    )
    peer.write(Uint8Array.of(0, 0, 0, 3, 99, 1, 2)) // an id that nobody knows
    peer.say({ type: 'request', piece: 0, offset: 0, length: BLOCK }, { type: 'interested' })
    await peer.hear('reject-request')
    await eventWhen(started.transfer, 'interested-received', (event) => event.peer === key)
    assert.is(peer.isClosed, false)
    await completes(rig, started)
  }),
)

test(
  'hostile: a peer that leaves in the middle of a frame leaves nothing half done',
  rigged(async (rig) => {
    const started = await starting(rig)
    const host = await rawHost((peer) =>
      playSeed(peer, content, {
        answer: (request) => {
          // The head of the block, and no more.
          peer.write(Uint8Array.of(0, 0, 0x40, 9, 7, 0, 0, 0, request.piece, 0, 0))
          void peer.drained().then(() => peer.close())
          return []
        },
      }),
    )
    rig.later(() => host.close())
    started.transfer.addPeer(at(host.port))
    await eventWhen(started.transfer, 'peer-closed')
    assert.is(started.transfer.progress.downloadedBytes, 0)
    await completes(rig, started)
  }),
)

test(
  'hostile: a peer that chokes and unchokes wildly is served its turn, and the download completes',
  rigged(async (rig) => {
    for (const fast of [false, true]) {
      const started = await starting(rig)
      let answered = 0
      const host = await rawHost((peer) =>
        playSeed(peer, content, {
          fast,
          answer: (request) => {
            const { piece, offset, length } = request
            if (answered++ % 3 === 0) return [blockOf(content, request)]
            const refusal: SendableMessage[] = fast ? [{ type: 'reject-request', piece, offset, length }] : []
            return [{ type: 'choke' }, ...refusal, { type: 'unchoke' }]
          },
        }),
      )
      rig.later(() => host.close())
      started.transfer.addPeer(at(host.port))
      await eventWhen(started.transfer, 'choke-received')
      await completes(rig, started)
    }
  }),
)

test.run()
