/** The log of a tracker's events: what goes in comes out, it stays within its bounds, and damage shows. */
import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { LIMITS } from '../../src/limits.js'
import type { CompactPeers } from '../../src/wire/compact.js'
import { readChunk, recordsOf } from '../../tracker/event-chunk.js'
import { readEventChunks } from '../../tracker/event-files.js'
import { EventLog, type EventLogOptions } from '../../tracker/event-log.js'
import { EventPacker, type SealedChunk } from '../../tracker/event-packer.js'
import { type EventRecord, FIRST_PREVIOUS } from '../../tracker/event-record.js'
import type { StoreAnswer } from '../../tracker/store.js'
import type { RefusalCode, SwarmRequest } from '../../tracker/swarm.js'
import { OUTCOMES } from '../../tracker/tally.js'
import { inPlace } from '../cli/place.js'
import { hashOf, peer } from './swarm-world.js'

const test = suite('tracker events')
const NOBODY = { ipv4: new Uint8Array(0), ipv6: new Uint8Array(0) }

const answerOf = (peers: CompactPeers): StoreAnswer => ({
  ...{ type: 'answer', complete: 1, incomplete: 2, downloaded: 3 },
  compactBytes: (family) => peers[family].length,
  writeCompact: (family, into, offset) => into.set(peers[family], offset),
  named: () => [],
})

const optionsOf = (folder: string, more: Partial<EventLogOptions> = {}): EventLogOptions => ({
  ...{ folder, bytesMax: LIMITS.trackerEventBytesMin, keeping: 'memory', intervalSeconds: 100 },
  now: () => 1_000,
  failed: (error) => {
    throw error
  },
  ...more,
})

const recordsIn = async (folder: string): Promise<{ records: EventRecord[]; gaps: string[] }> => {
  const records: EventRecord[] = []
  const gaps: string[] = []
  for await (const { chunk, gap } of readEventChunks(folder)) {
    if (gap !== undefined) gaps.push(gap)
    records.push(...recordsOf(chunk))
  }
  return { records, gaps }
}

const logFiles = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.log')).map((name) => path.join(folder, name))

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof TorrewindError ? error.code : String(error)),
  )

const anyRequest: fc.Arbitrary<SwarmRequest> = fc.record({
  infoHash: fc.integer({ min: 0, max: 9 }).map(hashOf),
  peerId: fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => bytes as SwarmRequest['peerId']),
  host: fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
  port: fc.integer({ min: 1, max: 65_535 }),
  leftBytes: fc.integer({ min: 0, max: 1 }),
  event: fc.constantFrom(undefined, 'started', 'stopped', 'completed', 'paused'),
  numwant: fc.integer({ min: 0, max: 1_000_000 }),
  families: fc.constantFrom(undefined, ['ipv4'], ['ipv6'], ['ipv4', 'ipv6']),
})
const refusals = OUTCOMES.filter((outcome): outcome is RefusalCode => outcome !== 'answered')

test('tracker events: every record is read again as it was written, whatever is in it', () => {
  const peers = fc.record({
    ipv4: fc.integer({ min: 0, max: 200 }).chain((n) => fc.uint8Array({ minLength: n * 6, maxLength: n * 6 })),
    ipv6: fc.integer({ min: 0, max: 20 }).chain((n) => fc.uint8Array({ minLength: n * 18, maxLength: n * 18 })),
  })
  const told = fc.oneof(
    fc.record({ kind: fc.constant('answered' as const), request: anyRequest, peers }),
    fc.record({ kind: fc.constant('refused' as const), request: anyRequest, code: fc.constantFrom(...refusals) }),
    fc.record({ kind: fc.constant('opened' as const), begins: fc.boolean() }),
  )
  fc.assert(
    fc.property(fc.array(told, { minLength: 1, maxLength: 30 }), fc.integer({ min: 0, max: 1e12 }), (all, startMs) => {
      const chunks: SealedChunk[] = []
      const packer = new EventPacker(7, FIRST_PREVIOUS, (chunk) => chunks.push(chunk) > 0)
      all.forEach((one, at) => {
        const nowMs = startMs + at
        if (one.kind === 'opened') packer.opened(nowMs, one.begins, 'folder', 100)
        else if (one.kind === 'answered') packer.answered('udp', one.request, nowMs, answerOf(one.peers))
        else packer.refused('http', one.request, nowMs, { type: 'refusal', code: one.code, reason: '' })
      })
      packer.seal()
      const read = chunks.flatMap(({ bytes }) => {
        const chunk = readChunk(bytes)
        if (chunk === undefined) throw new Error('no chunk')
        return [...recordsOf(chunk)]
      })
      assert.is(read.length, all.length)
      for (const [at, record] of read.entries()) {
        const one = all[at]
        assert.equal([record.seq, record.atMs], [7 + at, startMs + at])
        if (one?.kind === 'opened') {
          assert.equal([record.type, record.type === 'opened' && record.begins], ['opened', one.begins])
          continue
        }
        if (one === undefined || (record.type !== 'answered' && record.type !== 'refused')) throw new Error(record.type)
        const { infoHash, peerId, host, port, event } = one.request
        assert.equal(
          [record.infoHash, record.peerId, record.host, record.port, record.event, record.seed],
          [infoHash, peerId, host, port, event, one.request.leftBytes === 0],
        )
        if (one.kind === 'refused') assert.is(record.type === 'refused' && record.code, one.code)
        else if (record.type === 'answered') {
          assert.equal([record.peers.ipv4, record.peers.ipv6], [one.peers.ipv4, one.peers.ipv6])
          assert.is(record.numwant, Math.min(one.request.numwant, LIMITS.trackerNumwantMax))
          assert.is(record.wantsIpv6, one.request.families?.includes('ipv6') ?? true)
          assert.equal([record.complete, record.incomplete], [1, 2])
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('tracker events: a chunk of which one byte was changed is none any more', () => {
  const chunks: SealedChunk[] = []
  const packer = new EventPacker(0, FIRST_PREVIOUS, (chunk) => chunks.push(chunk) > 0)
  packer.answered('udp', peer(1), 0, answerOf(NOBODY))
  packer.seal()
  const bytes = chunks[0]?.bytes ?? new Uint8Array(0)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.is(readChunk(changed), undefined, `byte ${at}`)
  }
  assert.ok(readChunk(bytes) !== undefined)
})

test('tracker events: whoever is not looked at is in a chunk once, and so many of them at most', () => {
  const chunks: SealedChunk[] = []
  const packer = new EventPacker(0, FIRST_PREVIOUS, (chunk) => chunks.push(chunk) > 0)
  for (let asked = 0; asked < 5; asked++) packer.dismissed('udp', peer(1).host, 0, 'limited')
  assert.is(packer.count, 1)
  for (let number = 0; number < 3_000; number++) packer.dismissed('udp', peer(number).host, 0, 'not_connected')
  assert.is(packer.count, LIMITS.trackerEventDismissedMax)
})

test('tracker events: a log goes on where the one before ended, also after a torn end', () =>
  inPlace(async (folder) => {
    for (let run = 0; run < 3; run++) {
      const log = await EventLog.open(optionsOf(folder))
      log.answered('http', peer(run), 2_000, answerOf(NOBODY))
      await log.close()
      // As a tracker leaves it that is killed while it writes.
      const last = (await logFiles(folder)).at(-1) ?? ''
      await appendFile(last, (await readFile(last)).subarray(0, 70))
    }
    const { records, gaps } = await recordsIn(folder)
    assert.equal(
      records.map(({ seq, type }) => `${seq} ${type}`),
      ['0 opened', '1 answered', '2 opened', '3 answered', '4 opened', '5 answered'],
    )
    assert.equal(gaps, [])
  }))

test('tracker events: a file that was changed or taken out is a gap that shows', () =>
  inPlace(async (folder) => {
    for (let run = 0; run < 3; run++) {
      const log = await EventLog.open(optionsOf(folder))
      await log.close()
    }
    const [, second = ''] = await logFiles(folder)
    const bytes = await readFile(second)
    bytes[70] = (bytes[70] ?? 0) ^ 1
    await writeFile(second, bytes)
    const { records, gaps } = await recordsIn(folder)
    assert.equal(
      records.map(({ seq }) => seq),
      [0, 2],
    )
    assert.equal(gaps, ['damaged'])
  }))

test('tracker events: it never takes more than its bound, and the oldest records go', () =>
  inPlace(async (folder) => {
    const log = await EventLog.open(optionsOf(folder))
    const peers = { ipv4: new Uint8Array(6 * 200), ipv6: new Uint8Array(0) }
    const bytesIn = async (): Promise<number> => {
      const sizes = await Promise.all((await logFiles(folder)).map(async (file) => (await stat(file)).size))
      return sizes.reduce((sum, size) => sum + size, 0)
    }
    for (let round = 0; round < 20; round++) {
      for (let number = 0; number < 400; number++) log.answered('udp', peer(number), round, answerOf(peers))
      await log.flush()
      assert.ok((await bytesIn()) <= LIMITS.trackerEventBytesMin)
      assert.is(log.counts.bytes, await bytesIn())
    }
    assert.is(log.counts.lost, 0)
    await log.close()
    const { records, gaps } = await recordsIn(folder)
    assert.equal(gaps, [])
    const first = records[0]?.seq ?? 0
    assert.ok(first > 0, 'the oldest have gone')
    assert.equal(
      records.map(({ seq }) => seq),
      records.map((_, at) => first + at),
    )
    assert.ok(records.length > 2_000)
  }))

test('tracker events: records that come faster than they are written are let go, counted, and known to be missing', () =>
  inPlace(async (folder) => {
    const log = await EventLog.open(optionsOf(folder, { bytesMax: 1_024 * 1_024 * 1_024 }))
    const peers = { ipv4: new Uint8Array(6 * 200), ipv6: new Uint8Array(0) }
    // All in one turn, in which nothing can be written.
    for (let number = 0; number < 40_000; number++) log.answered('udp', peer(number), 0, answerOf(peers))
    const { lost } = log.counts
    assert.ok(lost > 0)
    await log.flush()
    log.answered('udp', peer(1), 0, answerOf(NOBODY))
    await log.close()
    const { records, gaps } = await recordsIn(folder)
    assert.equal(gaps, ['lost'])
    assert.is(records.length + lost, 40_002, 'every record is there, or counted')
    assert.is(records.at(-1)?.seq, 40_001)
  }))

test('tracker events: a folder has one writer at a time, and readers whenever they like', () =>
  inPlace(async (folder) => {
    const log = await EventLog.open(optionsOf(folder))
    assert.is(await codeOf(EventLog.open(optionsOf(folder))), 'DATA_LOCKED')
    await log.flush()
    assert.is((await recordsIn(folder)).records.length, 1)
    await log.close()
    await (await EventLog.open(optionsOf(folder))).close()
    await writeFile(path.join(folder, 'file'), '')
    assert.is(await codeOf(EventLog.open(optionsOf(path.join(folder, 'file')))), 'DATA_UNUSABLE')
  }))

test.run()
