/** Recorded inputs in capsules: they come back as they were, are left out where it is redacted, and are held to every bit. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Content } from '../../simulations/content.js'
import { findScenario, readSettings } from '../../simulations/index.js'
import { TorrewindError } from '../../src/errors.js'
import type { LogReader } from '../../src/ports.js'
import { draftCapsule } from '../../src/replay/capsule-writer.js'
import { decideAgain, openCapsule } from '../../src/replay/index.js'
import { logOf, type Recorded, recordedOf, recordRun } from './recorded.js'

const test = suite('capsules with inputs')

const VALUES = { peers: 2, contentBytes: 200_000, pieceLength: 32_768 }
const SEED = 4

let run: Promise<Recorded> | undefined
const download = (): Promise<Recorded> => {
  run ??= recordRun('flash-crowd', SEED, VALUES)
  return run
}

/** That of the swarm, which is a function of the seed. */
const torrentOf = (): Uint8Array => {
  const { contentBytes, pieceLength, files, trackers } = readSettings(findScenario('flash-crowd').defaults, VALUES)
  const urls = Array.from({ length: trackers }, (_, which) => `http://tracker-${which}.example/announce`)
  return new Content(SEED, { bytes: contentBytes, pieceLength, files, trackers: urls }).torrent
}

const write = async (recorded: Recorded, more: { from?: number; to?: number; redact?: boolean } = {}) => {
  const { chunks, root } = await draftCapsule({ torrent: torrentOf(), log: logOf(recorded) as LogReader, ...more })
  const parts: Uint8Array[] = []
  for await (const chunk of chunks()) parts.push(chunk.slice())
  return { bytes: Uint8Array.from(parts.flatMap((part) => [...part])), root }
}

test('capsules: recorded inputs come back as they were, and are decided again', async () => {
  const recorded = await download()
  const { bytes } = await write(recorded)
  const capsule = await openCapsule(bytes)
  await capsule.verify()
  assert.equal(await recordedOf(capsule.reader), recorded)
  const decided = await decideAgain(capsule.reader)
  assert.is(decided?.inputs, recorded.inputs.length)
  assert.is(decided?.divergence, undefined)
})

test('capsules: a part of a history has the inputs of its turns, which are decided again from there', async () => {
  const recorded = await download()
  for (const from of [20, 41, 77]) {
    const to = recorded.events.length - 10
    const { reader } = await openCapsule((await write(recorded, { from, to })).bytes)
    const inputs = recorded.inputs.filter(({ seq }) => seq >= from && seq < to)
    const decided = await decideAgain(reader)
    assert.is(decided?.inputs, inputs.length)
    assert.is(decided?.divergence, undefined)
    const [first] = inputs
    assert.ok(first && decided?.events === to - first.seq, 'all from its first turn on')
  }
})

test('capsules: a redacted one has no inputs, and one of a log without any has none', async () => {
  const recorded = await download()
  for (const made of [await write(recorded, { redact: true }), await write({ ...recorded, inputs: [] })]) {
    assert.equal(made.root.inputs, [])
    const { reader } = await openCapsule(made.bytes)
    assert.equal((await recordedOf(reader)).inputs, [])
    assert.is(await decideAgain(reader), undefined)
  }
})

test('capsules: a changed bit among the inputs is found, and the events are read all the same', async () => {
  const recorded = await download()
  const { bytes, root } = await write(recorded)
  const [link] = root.inputs
  assert.ok(link)
  const mark = link.cid.bytes
  // The CID stands in the root, and then before the block.
  const section = bytes.findLastIndex((_, at) => mark.every((byte, offset) => bytes[at + offset] === byte))
  for (let at = section + mark.length; at < section + mark.length + link.bytes; at += 97) {
    const changed = bytes.slice()
    changed[at] = (changed[at] ?? 0) ^ 16
    const { reader, verify } = await openCapsule(changed)
    const codes: string[] = []
    for (const read of [verify, () => decideAgain(reader)])
      await read().catch((error: unknown) => codes.push(error instanceof TorrewindError ? error.code : String(error)))
    assert.equal(codes, ['CAPSULE_DAMAGED', 'CAPSULE_DAMAGED'], `byte ${at}`)
    let events = 0
    for await (const batch of reader.read(0)) events += batch.length
    assert.is(events, recorded.events.length)
  }
})

test.run()
