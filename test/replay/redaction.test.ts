/** Redaction: the same course with other names, and no original anywhere in the file. */
import fc from 'fast-check'
import { base32 } from 'multiformats/bases/base32'
import { base64url } from 'multiformats/bases/base64'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeEvent } from '../../src/events/codec.js'
import { evolve } from '../../src/events/evolve.js'
import { type FieldKind, Writer } from '../../src/events/fields.js'
import { stateHash } from '../../src/events/snapshot.js'
import { initialState } from '../../src/events/state.js'
import { EVENT_TYPES, type TransferEvent, VOCABULARY } from '../../src/events/vocabulary.js'
import { openCapsule } from '../../src/replay/capsule.js'
import { logOfEvents } from '../../src/replay/event-log.js'
import { replay } from '../../src/replay/index.js'
import { isOurWord } from '../../src/replay/our-words.js'
import { Redactor, ruleOf } from '../../src/replay/redactor.js'
import { StandIns } from '../../src/replay/stand-ins.js'
import { type PeerAddress, showAddress, toHex } from '../../src/values.js'
import { encodeTorrent } from '../../src/wire/createinfo.js'
import { cidOf } from '../../src/wire/identity.js'
import { parseTorrent } from '../../src/wire/metainfo.js'
import { anyEvent } from '../events/any-event.js'
import { bytesOf, capsuleOf, eventsOf, type Simulated, simulated } from './simulated.js'

const test = suite('redaction')

const runs: Simulated[] = []
test.before(async () => {
  runs.push(await simulated('poisoners', 1, { peers: 3, contentBytes: 300_000, pieceLength: 65_536 }))
  runs.push(await simulated('everything-at-once', 1, { peers: 4, contentBytes: 400_000, faultSeconds: 40 }))
})

const histories = () => runs.flatMap((run) => run.histories.map((events, node) => ({ run, events, node })))

test('redaction: folding redacted events gives what redacting the folded state gives, at every event', () => {
  const seen = new Set<string>()
  for (const { run, events } of histories()) {
    const redactor = new Redactor(run.torrent)
    const [original, redacted] = [initialState(), initialState()]
    for (const logged of events) {
      seen.add(logged.event.type)
      evolve(original, logged)
      evolve(redacted, { ...logged, event: redactor.event(logged.event) })
      if (logged.seq % 11 === 0 || logged.seq === events.length - 1)
        assert.is(stateHash(redactor.state(original)), stateHash(redacted), `event ${logged.seq}`)
    }
    assert.is.not(stateHash(original), stateHash(redacted))
  }
  for (const type of [
    'address-banned',
    'piece-rejected',
    'candidates-found',
    'announce-answered',
    'dial-failed',
    'extensions-received',
  ])
    assert.ok(seen.has(type), `${type} is among them`)
})

test('redaction: the pieces, blocks, peers and verdicts of a history are the same afterwards', async () => {
  for (const { run, events, node } of histories().slice(0, 6)) {
    const { reader, root } = await openCapsule(await capsuleOf(run, node, { redact: true }))
    assert.is(root.redacted, true)
    const redacted = await eventsOf(reader)
    assert.is(redacted.length, events.length)
    for (const [at, { seq, at: time, event }] of redacted.entries()) {
      const original = events[at]
      assert.equal([seq, time, event.type], [original?.seq, original?.at, original?.event.type])
      const before: Readonly<Record<string, unknown>> = { ...original?.event }
      for (const [name, value] of Object.entries(event))
        if (['piece', 'offset', 'length', 'peer', 'ranges', 'good', 'suspects', 'by'].includes(name))
          assert.equal(value, before[name])
    }
    assert.is((await replay(reader)).matches, true, 'the snapshot at the end was redacted, and not folded')
  }
})

/** Every form in which a text or bytes might be left in a file. */
const formsOf = (bytes: Uint8Array): readonly Uint8Array[] => {
  const buffer = Buffer.from(bytes)
  const utf16 = Buffer.from(buffer.toString('utf8'), 'utf16le')
  const hex = toHex(bytes)
  const texts = [hex, hex.toUpperCase(), base32.baseEncode(bytes), base32.baseEncode(bytes).toUpperCase()]
  const base64 = [buffer.toString('base64').replace(/=+$/, ''), base64url.baseEncode(bytes)]
  return [bytes, utf16, Buffer.from(utf16).swap16(), ...[...texts, ...base64].map((text) => Buffer.from(text))]
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What must not be found: what fields of events hold that are replaced, each by itself. */
const originalsIn = (name: string, kind: FieldKind, value: unknown, found: Map<string, Uint8Array>): void => {
  if (value === undefined) return
  if (kind.type === 'optional') originalsIn(name, kind.of, value, found)
  else if (kind.type === 'list') for (const each of value as unknown[]) originalsIn(name, kind.of, each, found)
  else if (kind.type === 'struct')
    for (const [each, of] of Object.entries(kind.fields))
      originalsIn(each, of, (value as Readonly<Record<string, unknown>>)[each], found)
  else if (ruleOf(name, kind) === undefined) return
  else if (typeof value === 'string') found.set(value, utf8(value))
  else if (value instanceof Uint8Array) found.set(toHex(value), value)
}

/** What has a meaning of its own, and is short enough to be there by chance. */
const LENGTH_MIN = 5

const originalsOf = (
  torrent: Uint8Array,
  events: readonly { readonly event: TransferEvent }[],
): readonly Uint8Array[] => {
  const found = new Map<string, Uint8Array>()
  for (const { event } of events)
    for (const [name, { kind }] of Object.entries(VOCABULARY[event.type].fields))
      originalsIn(name, kind, (event as unknown as Readonly<Record<string, unknown>>)[name], found)
  const metainfo = parseTorrent(torrent)
  const add = (text: string) => found.set(text, utf8(text))
  for (const { path } of metainfo.files) for (const part of path) add(part)
  for (const url of metainfo.trackers.flat()) add(url)
  for (const url of metainfo.trackers.flat()) add(new URL(url).hostname)
  for (let at = 0; at < metainfo.pieceHashes.length; at += 20)
    found.set(`hash ${at}`, metainfo.pieceHashes.slice(at, at + 20))
  found.set('info', metainfo.infoBytes)
  found.set('CID', cidOf(metainfo).bytes)
  found.set('CID in text', utf8(cidOf(metainfo).toString()))
  for (const text of [...found.keys()]) if (isOurWord(text) || /^::1$/.test(text)) found.delete(text)
  return [...found.values()].filter((bytes) => bytes.length >= LENGTH_MIN && bytes.some((byte) => byte !== 0))
}

const leaksOf = (file: Uint8Array, originals: readonly Uint8Array[]): readonly string[] => {
  const searched = Buffer.from(file)
  return originals
    .filter((original) => formsOf(original).some((form) => searched.includes(Buffer.from(form))))
    .map((original) => Buffer.from(original).toString('latin1'))
}

test('redaction: no original is left anywhere in the file, in any form, and in one that is not redacted they are', async () => {
  let searched = 0
  for (const { run, events, node } of histories()) {
    const originals = originalsOf(run.torrent, events)
    searched += originals.length
    assert.equal(leaksOf(await capsuleOf(run, node, { redact: true }), originals), [], `node ${node + 1}`)
    assert.ok(leaksOf(await capsuleOf(run, node), originals).length > 10, 'the search finds what is there')
  }
  assert.ok(searched > 200)
})

/** A torrent with names that are found nowhere else. */
const named = encodeTorrent({
  name: 'Zebra Crossing',
  files: [
    { path: ['Zebra Crossing', 'Ünïcode Størage', 'quarterly figures.xls'], length: 40_000 },
    { path: ['Zebra Crossing', 'Ünïcode Størage', 'padded'], length: 10, executable: true },
    { path: ['Zebra Crossing', '.pad', '25526'], length: 25_526, padding: true },
  ],
  multiFile: true,
  pieceLength: 32_768,
  pieceHashes: Uint8Array.from({ length: 40 }, (_, at) => at * 5 + 3),
  private: true,
  trackers: [
    ['https://alice:hunter2@tracker.of-alice.example:8443/x/announce?passkey=deadbeefcafe'],
    ['udp://[2a02:db8::77]:6969'],
  ],
  webSeeds: ['https://seed.of-bob.example/files/'],
  comment: 'made by Mallory',
  createdBy: 'Mallory’s Maker 3.1',
  creationDate: 1_234_567_890,
})

test('redaction: the torrent that stands for another has its geometry and files, and nothing else of it', async () => {
  const original = parseTorrent(named)
  const { torrent } = new Redactor(named)
  const standIn = parseTorrent(torrent)
  for (const key of ['pieceLength', 'pieceCount', 'totalBytes', 'multiFile', 'private'] as const)
    assert.is(standIn[key], original[key])
  assert.equal(
    standIn.files.map(({ length, offset, padding, executable }) => ({ length, offset, padding, executable })),
    original.files.map(({ length, offset, padding, executable }) => ({ length, offset, padding, executable })),
  )
  assert.equal(standIn.files[0]?.path.slice(0, 2), standIn.files[1]?.path.slice(0, 2), 'the same folder is the same')
  assert.equal(standIn.trackers, [['https://host-1.invalid:10001/1/announce'], ['udp://[2001:db8::1]:10002/2/path']])
  const words = [
    'Zebra',
    'nïcode',
    'quarterly',
    'alice',
    'hunter2',
    'deadbeef',
    '2a02',
    'bob',
    'Mallory',
    '1234567890',
    '8443',
    '6969',
  ]
  assert.equal(leaksOf(torrent, words.map(utf8)), [])
  assert.equal(leaksOf(torrent, [original.pieceHashes, original.infoHash]), [])
})

test('redaction: what is said about a capsule, and what another one was of, does not go along', async () => {
  const [run] = runs
  if (run === undefined) throw new Error('no run')
  const about = { host: 'mallorys-laptop' }
  const plain = await openCapsule(await capsuleOf(run, 0, { about }))
  assert.equal(plain.root.about, about)
  const redacted = await bytesOf({ torrent: plain.torrent, log: plain.reader, redact: true, about })
  assert.equal(leaksOf(redacted, [utf8('mallorys-laptop'), plain.cid.bytes, plain.root.of.infoHash]), [])
})

test('redaction: no text or bytes of any event are left in the event that stands for it', () => {
  const redactor = new Redactor(named)
  fc.assert(
    fc.property(anyEvent, (event) => {
      const found = new Map<string, Uint8Array>()
      for (const [name, { kind }] of Object.entries(VOCABULARY[event.type].fields))
        originalsIn(name, kind, (event as unknown as Readonly<Record<string, unknown>>)[name], found)
      const redacted = redactor.event(event)
      assert.equal(redactor.event(event), redacted, 'the same each time')
      const writer = new Writer()
      writeEvent(writer, redacted)
      const bytes = Buffer.from(writer.take())
      for (const [text, original] of found) {
        const chance = original.length < LENGTH_MIN || original.every((byte) => byte === 0)
        assert.ok(chance || isOurWord(text) || !bytes.includes(Buffer.from(original)), `${event.type}: ${text}`)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('redaction: of every field of every event it is known what is done with it', () => {
  for (const type of EVENT_TYPES)
    for (const [name, { kind }] of Object.entries(VOCABULARY[type].fields)) ruleOf(name, kind)
  assert.throws(() => ruleOf('motherInLaw', { type: 'text' }), /nobody has said/)
  assert.throws(() => ruleOf('list', { type: 'list', of: { type: 'bytes' } }), /nobody has said/)
  const state = { ...initialState(), neighbour: 'Eve' }
  assert.throws(() => new Redactor(named).state(state), /nobody has said/)
})

const anyHost = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.domain(),
  fc.constantFrom('127.0.0.1', '127.1.2.3', '::1', '10.1.2.3', '172.20.0.9'),
)
const anyAddress: fc.Arbitrary<PeerAddress> = fc.record(
  { host: anyHost, port: fc.integer({ min: 1, max: 65_535 }) },
  { noNullPrototype: true },
)

test('redaction: the same address has the same stand-in wherever it stands, and another one has another', () => {
  const standIns = new StandIns()
  const given = new Map<string, string>()
  fc.assert(
    fc.property(anyAddress, (address) => {
      const standIn = standIns.address(address)
      const shown = showAddress(standIn)
      assert.is(standIns.shownAddress(showAddress(address)), shown)
      assert.is(standIns.host(address.host), standIn.host)
      assert.is(address.host.startsWith('127.'), standIn.host.startsWith('127.'))
      assert.is(address.host.includes(':'), standIn.host.includes(':'))
      const before = given.get(shown)
      assert.ok(before === undefined || before === showAddress(address).toLowerCase())
      given.set(shown, showAddress(address).toLowerCase())
    }),
    { numRuns: 3_000 },
  )
})

test('redaction: codes of failures stay, and whatever is said beside them does not', () => {
  const standIns = new StandIns()
  assert.is(standIns.text('ECONNREFUSED'), 'ECONNREFUSED')
  assert.is(standIns.text('ECONNREFUSED: connect ECONNREFUSED 1.2.3.4:80'), 'ECONNREFUSED: text-1')
  assert.is(standIns.text('duplicate-connection'), 'duplicate-connection')
  assert.is(standIns.text('piece 17'), 'piece 17')
  assert.is(standIns.text('FAILURE: alice is banned'), 'FAILURE: text-2')
  assert.is(standIns.text('ALICE: is banned'), 'text-3')
  assert.is(standIns.text('FAILURE: alice is banned'), 'FAILURE: text-2')
  assert.is(standIns.text(''), '')
})

test('redaction: how long machines have been up to each other stays, and since when does not', () => {
  const standIns = new StandIns()
  const [first, second] = [standIns.startedAt(1_700_000_000_000), standIns.startedAt(1_700_000_900_000)]
  assert.is(second - first, 900_000)
  assert.ok(first < 1_600_000_000_000)
  assert.is(standIns.startedAt(0), 0)
})

test('redaction: a redacted history of half a session is exported and read as the whole is', async () => {
  const [run] = runs
  const events = run?.histories[1] ?? []
  const log = logOfEvents(events)
  const bytes = await bytesOf({ torrent: run?.torrent ?? new Uint8Array(), log, from: 40, to: 80, redact: true })
  const capsule = await openCapsule(bytes)
  await capsule.verify()
  assert.is((await eventsOf(capsule.reader, 40)).length, 40)
  assert.equal(leaksOf(bytes, originalsOf(run?.torrent ?? new Uint8Array(), events)), [])
})

test.run()
