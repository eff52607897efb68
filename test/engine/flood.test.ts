/**
 * Floods: a stranger that sends messages as fast as it can makes neither the state nor what is sent grow, and the log by
 * no more than it has sent itself; a download beside it completes.
 */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RecordWriter } from '../../src/events/codec.js'
import type { LoggedEvent } from '../../src/index.js'
import { LIMITS } from '../../src/limits.js'
import { encodeExtensionHandshake } from '../../src/wire/extension.js'
import { encodeMessage, type SendableMessage } from '../../src/wire/messages.js'
import { compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { allBits, playSeed, RawPeer, rawHost } from './raw-peer.js'
import { at, eventsOf, eventWhen, progressWhen, rigged, within } from './rig.js'

const test = guard(suite('engine: floods'))

const BLOCK = 16_384
const content = makeContent({ files: 2 * 1_024 * 1_024 })
const { infoHash, pieceCount } = content.metainfo
const COUNT = 3_000

/** Bytes that these events take in the log. */
const loggedBytes = (events: readonly LoggedEvent[]): number => {
  const writer = new RecordWriter()
  let bytes = 0
  for (const [index, { at: time, event }] of events.entries()) {
    writer.add(time, event)
    if (writer.count === LIMITS.logRecordEventsMax || index === events.length - 1)
      bytes += writer.finish(0, new Uint8Array(32)).bytes.length
  }
  return bytes
}

interface Flood {
  readonly name: string
  /** Against a seed, or against a download that has nothing yet. */
  readonly against: 'seed' | 'download'
  readonly fast: boolean
  readonly before?: readonly SendableMessage[]
  readonly message: (index: number) => readonly SendableMessage[]
}

const everything: SendableMessage = { type: 'bitfield', bits: allBits(pieceCount) }
const blockAt = (index: number) => ({ piece: index % pieceCount, offset: 0, length: BLOCK })
const hello = (index: number): Uint8Array =>
  encodeExtensionHandshake({ messages: {}, client: 'x'.repeat(64), port: 1 + (index % 65_535), requestsMax: 250 })

const FLOODS: readonly Flood[] = [
  { name: 'keep-alive', against: 'seed', fast: true, message: () => [{ type: 'keep-alive' }] },
  { name: 'have', against: 'download', fast: true, message: (index) => [{ type: 'have', piece: index % pieceCount }] },
  { name: 'the same bitfield', against: 'download', fast: false, before: [everything], message: () => [everything] },
  {
    name: 'everything and nothing',
    against: 'download',
    fast: true,
    before: [{ type: 'have-all' }],
    message: () => [{ type: 'have-none' }, { type: 'have-all' }],
  },
  {
    name: 'interest',
    against: 'seed',
    fast: true,
    message: () => [{ type: 'interested' }, { type: 'not-interested' }],
  },
  {
    name: 'choke and unchoke',
    against: 'download',
    fast: false,
    before: [everything, { type: 'unchoke' }],
    message: () => [{ type: 'choke' }, { type: 'unchoke' }],
  },
  {
    name: 'choke and unchoke with the fast extension',
    against: 'download',
    fast: true,
    before: [{ type: 'have-all' }, { type: 'unchoke' }],
    message: () => [{ type: 'choke' }, { type: 'unchoke' }],
  },
  {
    name: 'request while choked',
    against: 'seed',
    fast: true,
    message: (index) => [{ type: 'request', ...blockAt(index) }],
  },
  {
    name: 'request and cancel',
    against: 'seed',
    fast: true,
    before: [{ type: 'have-none' }, { type: 'interested' }],
    message: (index) => [
      { type: 'request', ...blockAt(index) },
      { type: 'cancel', ...blockAt(index) },
    ],
  },
  {
    name: 'request of a byte',
    against: 'seed',
    fast: true,
    before: [{ type: 'have-none' }, { type: 'interested' }],
    message: (index) => [{ type: 'request', piece: 0, offset: index, length: 1 }],
  },
  {
    name: 'reject of what was not asked',
    against: 'download',
    fast: true,
    before: [{ type: 'have-all' }],
    message: (index) => [{ type: 'reject-request', ...blockAt(index) }],
  },
  {
    name: 'allowed-fast',
    against: 'download',
    fast: true,
    message: (index) => [{ type: 'allowed-fast', piece: index % pieceCount }],
  },
  {
    name: 'extension handshakes',
    against: 'download',
    fast: true,
    message: (index) => [{ type: 'extended', id: 0, payload: hello(index) }],
  },
  {
    name: 'messages that nobody knows',
    against: 'download',
    fast: true,
    message: (index) => [{ type: 'extended', id: 9, payload: new Uint8Array(index % 50) }],
  },
]

for (const { name, against, fast, before = [], message } of FLOODS)
  test(
    `flood: of ${name}, the log and the state stay small`,
    rigged(async (rig) => {
      const folder = await rig.folder()
      if (against === 'seed') await writeContent(content, folder)
      const engine = await rig.engine(join(folder, 'data'))
      const transfer = await engine.add(content.torrent, { path: folder })
      await within(against === 'seed' ? transfer.done : transfer.ready, 'the start')
      const from = transfer.state.nextSeq
      const peer = await RawPeer.join(engine.port, { infoHash, fast, extensions: true })
      const key = transfer.state.nextPeer - 1
      peer.say(...before)
      let sent = 1_000 // greetings, and what comes of them
      for (let index = 0; index < COUNT; index++) {
        const messages = message(index)
        for (const each of messages) sent += encodeMessage(each).length
        peer.say(...messages)
        if (index % 250 === 0) await peer.drained()
      }
      // Told in order, so what comes of this comes of all.
      peer.say({ type: 'have', piece: pieceCount })
      await peer.closed()
      await eventWhen(transfer, 'peer-closed', (event) => event.peer === key)
      const events = (await eventsOf(transfer)).filter(({ seq }) => seq >= from)
      const bytes = loggedBytes(events)
      assert.ok(bytes <= sent, `${sent} bytes sent, ${bytes} bytes logged`)
      assert.ok(transfer.state.candidates.size <= 2, `${transfer.state.candidates.size} candidates`)
      assert.is(transfer.state.peers.size, 0)
      if (against === 'seed') return
      const seed = await rig.seed(content)
      transfer.addPeer(seed.address)
      await within(transfer.done, 'the download')
      await compareContent(content, folder)
    }),
  )

test(
  'flood: peers that refuse every request are asked again once in a while, not in a circle',
  rigged(async (rig) => {
    let refused = 0
    const refusing = () =>
      rawHost((peer) =>
        playSeed(peer, content, {
          fast: true,
          answer: ({ piece, offset, length }) => {
            refused++
            return [{ type: 'reject-request', piece, offset, length }]
          },
        }),
      )
    const hosts = [await refusing(), await refusing(), await refusing()]
    for (const host of hosts) rig.later(() => host.close())
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, peers: hosts.map(({ port }) => at(port)) })
    await eventWhen(transfer, 'block-refused')
    const began = performance.now()
    await progressWhen(transfer, () => performance.now() - began > 1_500)
    assert.ok(refused < 200, `asked ${refused} times in two seconds`)
    const seed = await rig.seed(content)
    transfer.addPeer(seed.address)
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
  }),
)

test(
  'flood: strangers that come and go cost the log a few bytes each, and no place',
  rigged(async (rig) => {
    const { engine, transfer } = await rig.seed(content)
    const from = transfer.state.nextSeq
    for (let round = 0; round < 10; round++) {
      const peers = await Promise.all(Array.from({ length: 10 }, () => RawPeer.dial(engine.port)))
      for (const peer of peers) peer.greet({ infoHash })
      await Promise.all(peers.map((peer) => peer.handshake()))
      for (const peer of peers) peer.close()
    }
    await eventWhen(transfer, 'peer-closed', () => transfer.state.peers.size === 0, from)
    const events = (await eventsOf(transfer)).filter(({ seq }) => seq >= from)
    const bytes = loggedBytes(events)
    assert.ok(bytes < 100 * 150, `${bytes} bytes for 100 strangers`)
    assert.is(transfer.state.candidates.size, 0)
  }),
)

test(
  'flood: more strangers than there are places are refused, and places are free again afterwards',
  rigged(async (rig) => {
    const { engine, transfer } = await rig.seed(content)
    const peers = await Promise.all(Array.from({ length: LIMITS.peersMax + 5 }, () => RawPeer.dial(engine.port)))
    for (const peer of peers) peer.greet({ infoHash })
    await Promise.all(peers.slice(0, LIMITS.peersMax).map((peer) => peer.handshake()))
    await Promise.all(peers.slice(LIMITS.peersMax).map((peer) => peer.closed()))
    assert.is(transfer.state.peers.size, LIMITS.peersMax)
    for (const peer of peers) peer.close()
    await progressWhen(transfer, () => transfer.state.peers.size === 0)
    const late = await RawPeer.join(engine.port, { infoHash })
    late.close()
  }),
)

test.run()
