/** Engines that find each other in the DHT alone, or by what peers say of peers, on loopback. */
import { createSocket } from 'node:dgram'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Transfer } from '../../src/api.js'
import type { EventType } from '../../src/events/vocabulary.js'
import { dhtFile } from '../../src/node/machine.js'
import { openDht } from '../../src/open-dht.js'
import { encode } from '../../src/wire/bencode.js'
import { keyMagnetOf } from '../../src/wire/keymagnet.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { at, codeOf, eventsOf, eventWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: the DHT'))
const content = makeContent({ files: { a: 150_000, 'b/c': 250_001 } })

const typesOf = async (transfer: Transfer): Promise<EventType[]> =>
  (await eventsOf(transfer)).map(({ event }) => event.type)

/** Where the newest session begins. */
const beginningOf = async (transfer: Transfer): Promise<number> =>
  (await eventsOf(transfer)).findLast(({ event }) => event.type === 'session-began')?.seq ?? 0

/** An engine that is a node, and has a torrent of its own to tell of it. */
const node = async (rig: Rig, ...bootstrap: readonly number[]) =>
  rig.seed(makeContent({ files: { other: 20_000 } }), { dht: true, dhtBootstrap: bootstrap.map(at) })

test(
  'a download finds its seed in the DHT, and both logs say how',
  rigged(async (rig) => {
    const router = await node(rig)
    const options = { dht: true, dhtBootstrap: [router.address] }
    const seed = await rig.seed(content, options)
    const told = await eventWhen(seed.transfer, 'dht-lookup-ended')
    assert.ok(told.event.announced > 0, 'nodes took the announce')
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), options)
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    const found = await eventWhen(transfer, 'candidates-found', ({ source }) => source === 'dht')
    assert.equal(found.event.addresses, [seed.address])
    assert.is((await eventWhen(transfer, 'dht-began')).event.port, engine.port, 'the port is that of TCP')
    for (const type of ['dht-joined', 'dht-lookup-began'] as const)
      assert.ok((await typesOf(transfer)).includes(type), type)
    // The two told each other of their nodes (BEP 5).
    assert.is((await eventWhen(transfer, 'dht-port-received')).event.port, seed.engine.port)
  }),
)

test(
  'a magnet of a key is followed to the torrent that the key stands for by now, and where there is none that is said',
  rigged(async (rig) => {
    const router = await node(rig)
    const options = { dht: true, dhtBootstrap: [router.address] }
    const seed = await rig.seed(content, options)
    const putting = await openDht({ host: '127.0.0.1', bootstrap: [router.address] })
    rig.later(() => putting.close())
    const put = (byte: number, named: unknown) =>
      putting.put({ privateKey: new Uint8Array(32).fill(byte), value: encode(named as never) })
    const { magnet = '' } = await put(1, new Map([['ih', seed.transfer.infoHash]]))
    const { magnet: wrong = '' } = await put(2, new Map([['ih', 'not one']]))
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), options)
    const transfer = await within(engine.add(magnet, { path: folder, peers: [seed.address] }), 'the key')
    assert.equal(transfer.infoHash, seed.transfer.infoHash)
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    const { event } = await eventWhen(transfer, 'dht-key-followed')
    assert.equal(keyMagnetOf({ publicKey: event.publicKey, salt: undefined }), magnet)
    assert.equal([event.salt.length, event.seq], [0, 1])
    assert.is(await codeOf(() => engine.add(magnet, { path: folder })), 'TRANSFER_EXISTS')
    assert.is(await codeOf(() => engine.add(wrong, { path: folder })), 'SOURCE_INVALID')
    const unknown = `magnet:?xs=urn:btpk:${'07'.repeat(32)}`
    assert.is(await codeOf(() => engine.add(unknown, { path: folder })), 'DHT_NOT_FOUND')
    const adding = codeOf(() => engine.add(unknown, { path: folder }))
    await engine.close()
    assert.is(await within(adding, 'who is closed meanwhile'), 'ENGINE_CLOSED')
    const offline = await rig.engine(join(folder, 'data'), { offline: true })
    assert.is(await codeOf(() => offline.add(magnet, { path: folder })), 'OPTION_INVALID')
  }),
)

test(
  'of a private torrent nothing is said in the DHT, nor to its peers',
  rigged(async (rig) => {
    const router = await node(rig)
    const options = { dht: true, dhtBootstrap: [router.address] }
    const isPrivate = makeContent({ files: { a: 50_000 }, private: true })
    const seed = await rig.seed(isPrivate, options)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), options)
    const transfer = await engine.add(isPrivate.torrent, { path: folder, peers: [seed.address] })
    const open = await engine.add(content.torrent, { path: folder })
    await within(transfer.done, 'the download')
    await eventWhen(open, 'dht-lookup-ended') // the other torrent of the engine is announced meanwhile
    for (const each of [transfer, seed.transfer])
      for (const type of await typesOf(each))
        assert.not.ok(type.startsWith('dht-lookup') || type === 'dht-port-received', type)
  }),
)

test(
  'on loopback an engine is no node of the DHT unless it is told to be',
  rigged(async (rig) => {
    const { transfer } = await rig.seed(content)
    assert.not.ok((await typesOf(transfer)).some((type) => type.startsWith('dht-')))
  }),
)

test(
  'nodes are remembered from one session to the next, and a damaged file is said and passed over',
  rigged(async (rig) => {
    const router = await node(rig)
    const folder = await rig.folder()
    const data = join(folder, 'data')
    const first = await rig.engine(data, { dht: true, dhtBootstrap: [router.address] })
    await eventWhen(await first.add(content.torrent, { path: folder }), 'dht-joined')
    await first.close()
    const kept = await readFile(dhtFile(data))
    const second = await rig.engine(data, { dht: true, dhtBootstrap: [] })
    const transfer = await second.add(content.torrent, { path: folder })
    await eventWhen(transfer, 'dht-joined', undefined, await beginningOf(transfer))
    await second.close()
    kept[40] = (kept[40] ?? 0) ^ 1
    await writeFile(dhtFile(data), kept)
    const third = await rig.engine(data, { dht: true, dhtBootstrap: [router.address] })
    const again = await third.add(content.torrent, { path: folder })
    assert.match((await eventWhen(again, 'dht-table-lost')).event.reason, /damaged/)
    await eventWhen(again, 'dht-joined', undefined, await beginningOf(again))
  }),
)

test(
  'garbage, floods and answers that nobody asked for change nothing',
  rigged(async (rig) => {
    const router = await node(rig)
    const seed = await rig.seed(content, { dht: true, dhtBootstrap: [router.address] })
    await eventWhen(seed.transfer, 'dht-lookup-ended')
    const socket = createSocket('udp4')
    rig.later(() => new Promise<void>((resolve) => socket.close(() => resolve())))
    const send = (bytes: Uint8Array | string): Promise<void> =>
      new Promise((resolve) => socket.send(bytes, seed.engine.port, '127.0.0.1', () => resolve()))
    const id = 'x'.repeat(20)
    const lies = [
      '',
      'd',
      'de',
      'd1:y1:qe',
      `d1:rd2:id20:${id}e1:t4:aaaa1:y1:re`,
      `d1:ad2:id3:abce1:q4:ping1:t2:aa1:y1:qe`,
      `d1:ad2:id20:${id}9:info_hash20:${id}4:porti1e5:token1:xe1:q13:announce_peer1:t2:aa1:y1:qe`,
      new Uint8Array(60_000).fill(0x64),
    ]
    for (let round = 0; round < 300; round++) for (const lie of lies) await send(lie)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), { dht: true, dhtBootstrap: [router.address] })
    await within((await engine.add(content.torrent, { path: folder })).done, 'the download')
  }),
)

test(
  'a peer names others to its peers, and they are found by that alone; of a private torrent it names nobody',
  rigged(async (rig) => {
    const large = makeContent({ files: { a: 900_000 } })
    const isPrivate = makeContent({ files: { a: 900_000 }, private: true })
    const options = { pex: true, downloadLimit: 100_000 }
    const seed = await rig.seed(large, options)
    const silent = await seed.engine.add(isPrivate.torrent, { path: await rig.folder() })
    const one = await rig.engine(join(await rig.folder(), 'data'), options)
    const other = await rig.engine(join(await rig.folder(), 'data'), options)
    const add = async (engine: typeof one, torrent: Uint8Array, peer: number) =>
      engine.add(torrent, { path: await rig.folder(), peers: [at(peer)] })
    const first = await add(one, large.torrent, seed.engine.port)
    const [privately] = await Promise.all([
      add(one, isPrivate.torrent, seed.engine.port),
      add(other, isPrivate.torrent, one.port),
    ])
    const last = await add(other, large.torrent, one.port)
    await eventWhen(last, 'pex-received', ({ added }) => added === 1)
    await eventWhen(first, 'pex-sent', ({ added }) => added === 1)
    // Whichever of the two was told first dials the other.
    const named = [last, seed.transfer].flatMap(({ state }) => [...state.candidates.values()])
    const ports = [seed.engine.port, other.port]
    assert.ok(named.some(({ source, address }) => source === 'pex' && ports.includes(address.port)))
    for (const transfer of [privately, silent])
      for (const type of await typesOf(transfer)) assert.not.ok(type.startsWith('pex-') && type !== 'pex-began', type)
  }),
)

test(
  'nobody begins with a node without a port',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const open = () => rig.engine(folder, { dht: true, dhtBootstrap: [{ host: '127.0.0.1', port: 0 }] })
    assert.is(await codeOf(open), 'OPTION_INVALID')
  }),
)

test.run()
