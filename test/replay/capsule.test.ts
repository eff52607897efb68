/** Capsules: what goes in comes out, and nothing of what was cut off, changed or made up is taken for an event. */
import { createHash } from 'node:crypto'
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RecordWriter } from '../../src/events/codec.js'
import { stateHash, takeSnapshot } from '../../src/events/snapshot.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { LIMITS } from '../../src/limits.js'
import { type Capsule, openCapsule } from '../../src/replay/capsule.js'
import type { ByteSource } from '../../src/replay/capsule-blocks.js'
import { CapsuleFault } from '../../src/replay/capsule-damage.js'
import { type CapsuleRoot, encodeRoot } from '../../src/replay/capsule-root.js'
import { type Block, blockOf, carHeader, sectionHead } from '../../src/replay/car.js'
import { decodeIpld, encodeIpld, type Ipld } from '../../src/replay/dag-cbor.js'
import { logOfEvents } from '../../src/replay/event-log.js'
import { foldLog, History, replay } from '../../src/replay/index.js'
import { codeOf } from '../engine/rig.js'
import { bytesOf, capsuleOf, eventsOf, type Simulated, simulated } from './simulated.js'

const test = suite('capsules')

let small: Simulated
let lively: Simulated
test.before(async () => {
  small = await simulated('flash-crowd', 1, { peers: 1, contentBytes: 40_000, pieceLength: 16_384 })
  lively = await simulated('poisoners', 1, { peers: 3, contentBytes: 300_000, pieceLength: 65_536 })
})

const faultOf = async (act: () => Promise<unknown>): Promise<CapsuleFault | undefined> => {
  try {
    await act()
    return undefined
  } catch (error) {
    if (error instanceof CapsuleFault) return error
    throw error
  }
}

/** Opens it and reads all of it. */
const verified = async (source: Uint8Array | ByteSource): Promise<Capsule> => {
  const capsule = await openCapsule(source)
  await capsule.verify()
  return capsule
}

test('capsule: what is exported is read again, event by event, with the torrent and the state at the end', async () => {
  for (const [node, events] of lively.histories.entries()) {
    const capsule = await verified(await capsuleOf(lively, node))
    assert.equal(await eventsOf(capsule.reader), events)
    assert.equal(capsule.torrent, lively.torrent)
    assert.is(capsule.root.redacted, false)
    const { matches, stateHash: hash } = await replay(capsule.reader)
    assert.is(matches, true)
    assert.is(hash, stateHash((await foldLog(logOfEvents(events))).state))
  }
})

test('capsule: its length is what was said before it was written, and the same history gives the same bytes', async () => {
  const bytes = await capsuleOf(lively, 0)
  assert.equal(await capsuleOf(lively, 0), bytes)
  const capsule = await openCapsule(bytes)
  assert.is(capsule.bytes, bytes.length)
})

test('capsule: its records are those of the log, byte by byte', async () => {
  const events = lively.histories[1] ?? []
  const capsule = await openCapsule(await capsuleOf(lively, 1))
  const writer = new RecordWriter()
  const records: Uint8Array[] = []
  let previousHash: Uint8Array = new Uint8Array(32)
  for await (const batch of logOfEvents(events).read(0)) {
    for (const { at, event } of batch) writer.add(at, event)
    const { bytes, hash } = writer.finish(batch[0]?.seq ?? 0, previousHash)
    records.push(bytes)
    previousHash = hash
  }
  const bytes = await capsuleOf(lively, 1)
  for (const record of records) assert.ok(Buffer.from(bytes).includes(Buffer.from(record)))
  assert.is(
    capsule.root.records.reduce((sum, { events: count }) => sum + count, 0),
    events.length,
  )
})

test('capsule: any part of it is read as of the log, in windows and from any event', async () => {
  const { reader } = await openCapsule(await capsuleOf(lively, 2))
  const events = lively.histories[2] ?? []
  for (const from of [0, 1, 50, events.length - 1])
    for (const to of [from, from + 1, from + 30, events.length, events.length + 9])
      assert.equal(await eventsOf(reader, from, to), events.slice(from, to), `${from} to ${to}`)
  const history = new History(reader)
  for (const seq of [0, 40, events.length - 1])
    assert.is(
      stateHash(await history.stateAt({ seq })),
      stateHash((await foldLog(logOfEvents(events), { before: seq + 1 })).state),
    )
})

test('capsule: a part of a history begins with the state before it, and folds to the same end', async () => {
  const events = lively.histories[2] ?? []
  const bytes = await capsuleOf(lively, 2, { from: 30, to: 60 })
  const capsule = await verified(bytes)
  assert.equal(await eventsOf(capsule.reader, 30), events.slice(30, 60))
  const expected = await foldLog(logOfEvents(events), { before: 60 })
  assert.is(stateHash(await new History(capsule.reader).stateAt({ seq: 59 })), stateHash(expected.state))
  assert.equal(await eventsOf(capsule.reader, 0, 32), events.slice(30, 32))
  assert.equal(await eventsOf(capsule.reader, 0, 30), [])
  assert.is((await replay(capsule.reader)).matches, true)
  assert.is(await codeOf(() => bytesOf({ torrent: capsule.torrent, log: capsule.reader, from: 29 })), 'OPTION_INVALID')
  const again = await verified(await bytesOf({ torrent: capsule.torrent, log: capsule.reader }))
  assert.equal(await eventsOf(again.reader, 30), events.slice(30, 60))
})

test('capsule: events that are not there cannot be exported', async () => {
  for (const range of [{ from: 10, to: 10 }, { from: 5_000 }, { to: 5_000 }, { from: 9, to: 3 }])
    assert.is(await codeOf(() => capsuleOf(small, 1, range)), 'OPTION_INVALID')
  assert.is(await codeOf(() => bytesOf({ torrent: small.torrent, log: logOfEvents([]) })), 'OPTION_INVALID')
})

test('capsule: one that is cut off at any byte says so, and gives the events before and none that were not', async () => {
  const bytes = await capsuleOf(small, 0)
  const events = small.histories[0] ?? []
  let readable = 0
  for (let length = 0; length < bytes.length; length++) {
    const read: unknown[] = []
    const fault = await faultOf(async () => {
      const { reader } = await openCapsule(bytes.subarray(0, length))
      for await (const batch of reader.read(0)) read.push(...batch)
      await reader.verifyKeyframes()
    })
    assert.is(fault?.code, length === 0 ? 'CAPSULE_INVALID' : 'CAPSULE_DAMAGED', `at ${length}: ${fault?.message}`)
    assert.match(String(fault), length === 0 ? 'empty' : `it ends at byte ${length}`)
    if (read.length > 0) assert.equal(read, events)
    if (fault?.readable !== undefined) readable++
  }
  assert.ok(readable > 500, 'what is left of many of them can be opened')
})

test('capsule: of one with many blocks that was cut off, the message says how far it can be read', async () => {
  const events = [...(small.histories[1] ?? [])]
  // A history of many blocks: the same tracker says the same thing over and over.
  const last = events.at(-1)
  const long: TransferEvent = { type: 'peer-closed', peer: 1 as never, by: 'us', reason: 'x'.repeat(3_000), detail: '' }
  while (last !== undefined && events.length < 200)
    events.push({ seq: events.length as never, at: last.at, event: long })
  const bytes = await bytesOf({ torrent: small.torrent, log: logOfEvents(events) })
  const whole = await openCapsule(bytes)
  const [first] = whole.root.records
  assert.ok(whole.root.records.length > 1)
  const { reader } = await openCapsule(bytes.subarray(0, bytes.length - 20_000))
  const fault = await faultOf(() => eventsOf(reader))
  assert.is(fault?.code, 'CAPSULE_DAMAGED')
  assert.equal(fault?.readable, { firstSeq: 0, seq: first?.events ?? 0, nextSeq: events.length })
  assert.match(fault?.message ?? '', `\`--at ${(first?.events ?? 0) - 1}\``)
  assert.is((await eventsOf(reader, 0, first?.events ?? 0)).length, first?.events)
})

test('capsule: a bit that is flipped anywhere is noticed', async () => {
  const bytes = await capsuleOf(small, 0)
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice()
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    const fault = await faultOf(() => verified(flipped))
    assert.ok(fault !== undefined, `bit ${at % 8} of byte ${at}`)
    assert.ok(['CAPSULE_DAMAGED', 'CAPSULE_INVALID'].includes(fault.code), fault.message)
  }
})

test('capsule: bytes of anything else are refused, and none of them throws what is not said', async () => {
  const others = [
    new Uint8Array(),
    small.torrent,
    new TextEncoder().encode('{"type":"capsule"}\n'),
    new Uint8Array(5_000),
  ]
  for (const bytes of others) assert.is(await codeOf(() => openCapsule(bytes)), 'CAPSULE_INVALID')
  const good = await capsuleOf(small, 0)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.nat(good.length), async (noise, at) => {
      assert.ok((await faultOf(() => verified(noise))) !== undefined)
      const spoiled = good.slice()
      spoiled.set(noise.subarray(0, good.length - at), at)
      const fault = await faultOf(() => verified(spoiled))
      assert.ok(fault !== undefined || Buffer.from(spoiled).equals(good))
    }),
    { numRuns: 300 },
  )
})

test('capsule: something after its last block is damage', async () => {
  const bytes = await capsuleOf(small, 0)
  assert.is(await codeOf(() => openCapsule(Buffer.concat([bytes, Uint8Array.of(0)]))), 'CAPSULE_DAMAGED')
})

/** A capsule of any root and blocks, with CIDs that are right. */
const forged = (root: Uint8Array, blocks: readonly Block[]): Uint8Array => {
  const { cid } = blockOf('dag-cbor', root)
  const sections = blocks.flatMap(({ cid: own, bytes }) => [sectionHead(own, bytes.length), bytes])
  return new Uint8Array(Buffer.concat([carHeader(cid), sectionHead(cid, root.length), root, ...sections]))
}

/** The root of a good capsule, changed. */
const forgedRoot = async (change: (root: CapsuleRoot) => Partial<CapsuleRoot>): Promise<Uint8Array> => {
  const { root } = await openCapsule(await capsuleOf(small, 1))
  return forged(encodeRoot({ ...root, ...change(root) }), [])
}

test('capsule: one of a newer version is refused, and says which Torrewind wrote it', async () => {
  const { root } = await openCapsule(await capsuleOf(small, 1))
  const fields = decodeIpld(encodeRoot(root), { valuesMax: 1_000, depthMax: 9 }) as Record<string, Ipld>
  const fault = await faultOf(() => openCapsule(forged(encodeIpld({ ...fields, version: 2, torrewind: '9.8.7' }), [])))
  assert.is(fault?.code, 'CAPSULE_VERSION')
  assert.match(fault?.message ?? '', /9\.8\.7 in version 2/)
})

test('capsule: counts, lengths and depth out of all bounds are refused before anything is made of them', async () => {
  const many = (root: CapsuleRoot, times: number) =>
    Array.from({ length: times }, () => root.torrent[0]).flatMap((x) => x ?? [])
  const huge = Number.MAX_SAFE_INTEGER
  const roots: readonly ((root: CapsuleRoot) => Partial<CapsuleRoot>)[] = [
    () => ({ endSeq: huge }),
    () => ({ firstSeq: huge, endSeq: huge }),
    (root) => ({ records: root.records.map((link) => ({ ...link, events: huge })) }),
    (root) => ({ records: root.records.map((link) => ({ ...link, events: 0 })) }),
    (root) => ({ records: root.records.map((link) => ({ ...link, bytes: huge })) }),
    (root) => ({
      torrent: many({ ...root, torrent: root.torrent.map((link) => ({ ...link, bytes: 4_000_000 })) }, 50),
    }),
    (root) => ({ keyframes: [{ seq: root.endSeq + 1, chunks: [] }] }),
    (root) => ({ keyframes: [...root.keyframes, ...root.keyframes] }),
    (root) => ({ base: { seq: 0, chunks: root.torrent } }),
    (root) => ({ of: { ...root.of, infoHash: new Uint8Array(19) as never } }),
    (root) => ({ of: { ...root.of, pieceLength: -1 } }),
    () => ({ lastAt: huge }),
    () => ({ torrewind: '\u001b[2J' }),
  ]
  for (const [at, change] of roots.entries())
    assert.is(await codeOf(async () => openCapsule(await forgedRoot(change))), 'CAPSULE_INVALID', `root ${at}`)
  const deep = new Uint8Array(LIMITS.capsuleBlockBytesMax).fill(0x81)
  const wide = new Uint8Array(LIMITS.capsuleBlockBytesMax).fill(0x80)
  wide.set([0x9a, 0, 0x3f, 0xff, 0xfb])
  const boundless = Uint8Array.of(0x9b, 0, 0x1f, 255, 255, 255, 255, 255, 255)
  for (const root of [deep, wide, boundless, Uint8Array.of(0xff), encodeIpld({ type: 'else' }), encodeIpld([])])
    assert.is(await codeOf(() => openCapsule(forged(root, []))), 'CAPSULE_INVALID')
})

test('capsule: a root that is longer than any, or a source that lies about its size, is damage', async () => {
  const long = new Uint8Array(LIMITS.capsuleBlockBytesMax + 1)
  assert.is(await codeOf(() => openCapsule(forged(long, []))), 'CAPSULE_DAMAGED')
  const bytes = await capsuleOf(small, 1)
  const lying: ByteSource = {
    size: bytes.length,
    read: async (at, length) => bytes.slice(at, at + Math.min(length, 60)),
  }
  assert.is(await codeOf(() => openCapsule(lying)), 'CAPSULE_DAMAGED')
})

/** A capsule whose events are made up, and whose hashes are right. */
const madeUp = (change: (events: TransferEvent[]) => void): Promise<Uint8Array> => {
  const events = (small.histories[1] ?? []).map(({ event }) => event)
  change(events)
  return forgedRecords(events)
}

const forgedRecords = async (events: readonly TransferEvent[]): Promise<Uint8Array> => {
  const { root, torrent } = await openCapsule(await capsuleOf(small, 1))
  const writer = new RecordWriter()
  for (const event of events) writer.add(1_000 as never, event)
  const records = blockOf('dag-cbor', encodeIpld([writer.finish(0, new Uint8Array(32)).bytes]))
  const whole = blockOf('raw', torrent)
  const made = encodeRoot({
    ...root,
    endSeq: events.length,
    torrent: [{ cid: whole.cid, bytes: torrent.length }],
    records: [{ cid: records.cid, bytes: records.bytes.length, events: events.length }],
    keyframes: [],
  })
  return forged(made, [whole, records])
}

test('capsule: events that no transfer has are refused, though every checksum is right', async () => {
  const huge = 2 ** 50
  const peer = 1 as never
  const cases: readonly (readonly [name: string, change: (events: TransferEvent[]) => void])[] = [
    ['another torrent', (events) => events.splice(0, 1, { ...events[0], totalBytes: huge } as TransferEvent)],
    ['a second beginning', (events) => events.push(events[0] as TransferEvent)],
    ['no beginning', (events) => events.shift()],
    ['a piece that is none', (events) => events.push({ type: 'piece-checked', piece: huge as never, good: true })],
    [
      'a block of no piece',
      (events) => events.push({ type: 'block-received', peer, piece: huge as never, offset: 0, length: 1 }),
    ],
    [
      'a range without end',
      (events) =>
        events.push({ type: 'blocks-requested', peer, ranges: [{ piece: 0 as never, offset: 0, length: huge }] }),
    ],
    [
      'a bitfield of another length',
      (events) => events.push({ type: 'check-began', reason: 'new', pieces: new Uint8Array(9_999) }),
    ],
    ['spare bits', (events) => events.push({ type: 'pieces-selected', wanted: Uint8Array.of(255), sequential: false })],
    ['a peer that is not there', (events) => events.push({ type: 'have-all-received', peer: 77 as never })],
    ['what may not follow', (events) => events.push({ type: 'check-ended' })],
    [
      'more peers than anybody has',
      (events) => {
        for (let key = 100; key < 101 + LIMITS.capsulePeersMax; key++)
          events.push({ type: 'peer-accepted', peer: key as never, host: '10.0.0.1', port: 1 })
      },
    ],
  ]
  await verified(await madeUp(() => undefined))
  for (const [name, change] of cases) {
    const fault = await faultOf(async () => verified(await madeUp(change)))
    assert.is(fault?.code, 'CAPSULE_INVALID', `${name}: ${fault?.message}`)
  }
})

test('capsule: a torrent whose names lead out of any folder, or that is another one, is refused', async () => {
  const { root } = await openCapsule(await capsuleOf(small, 1))
  const text = Buffer.from(small.torrent).toString('latin1')
  for (const torrent of [
    text.replace('7:content', '7:../../x'),
    text.replace('7:content', '7:contenu'),
    'd4:infodee',
    '',
  ]) {
    const chunk = blockOf('raw', Buffer.from(torrent, 'latin1'))
    const changed = encodeRoot({
      ...root,
      torrent: [{ cid: chunk.cid, bytes: chunk.bytes.length }],
      records: root.records,
    })
    assert.is(await codeOf(() => openCapsule(forged(changed, [chunk]))), 'CAPSULE_INVALID', torrent.slice(0, 60))
  }
})

test('capsule: a record of a newer version is refused, with what can be read before it', async () => {
  const bytes = await capsuleOf(small, 1)
  const { root, torrent } = await openCapsule(bytes)
  const record = new Uint8Array(100)
  record[0] = 99
  record.set(createHash('sha256').update(record.subarray(0, 68)).digest(), 68)
  const records = blockOf('dag-cbor', encodeIpld([record]))
  const whole = blockOf('raw', torrent)
  const link = { cid: records.cid, bytes: records.bytes.length, events: root.endSeq }
  const changed = { ...root, torrent: [{ cid: whole.cid, bytes: torrent.length }], records: [link], keyframes: [] }
  const fault = await faultOf(() => verified(forged(encodeRoot(changed), [whole, records])))
  assert.is(fault?.code, 'CAPSULE_VERSION')
  assert.match(fault?.message ?? '', /no event before it can be read/)
})

test('capsule: a snapshot that is of another event or torrent, or asks for room, is refused', async () => {
  const { root, torrent, reader } = await openCapsule(await capsuleOf(small, 1))
  const checkpoint = await reader.loadCheckpoint()
  const good = checkpoint?.snapshot ?? new Uint8Array()
  const other = await foldLog(logOfEvents(lively.histories[0] ?? []), { before: root.endSeq })
  const [version, state] = decode(good) as [number, Record<string, unknown>]
  const greedy = encode([version, { ...state, rarity: ['rarity', 2 ** 40, 1, {}] }])
  const early = (await foldLog(reader, { before: 12 })).state
  const events = blockOf('raw', torrent)
  for (const [snapshot, code] of [
    [takeSnapshot(other.state), 'CAPSULE_INVALID'],
    [takeSnapshot(early), 'CAPSULE_INVALID'],
    [greedy, 'CAPSULE_INVALID'],
    [new Uint8Array(100_000).fill(0x81), 'CAPSULE_INVALID'],
    [encode([99, {}]), 'CAPSULE_VERSION'],
  ] as const) {
    const chunk = blockOf('raw', snapshot)
    const base = { seq: root.endSeq, chunks: [{ cid: chunk.cid, bytes: snapshot.length }] }
    const whole = { ...root, torrent: [{ cid: events.cid, bytes: torrent.length }], records: [], keyframes: [] }
    const changed = encodeRoot({ ...whole, firstSeq: root.endSeq, base })
    const capsule = await openCapsule(forged(changed, [events, chunk]))
    assert.is(await codeOf(() => capsule.reader.loadCheckpoint()), code)
  }
})

test.run()
