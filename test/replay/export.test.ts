/** Exports: captures, CSV and metrics of histories, read back by rules of their own formats. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { LoggedEvent } from '../../src/events/codec.js'
import {
  Capture,
  CSV_HEADER,
  csvRow,
  evolve,
  initialState,
  METRICS,
  MetricsFold,
  type MetricsSample,
  openMetricsText,
  otlpJson,
  talkOf,
} from '../../src/replay/index.js'
import { BLOCK_BYTES, peerKey, pieceIndex } from '../../src/values.js'
import { HANDSHAKE_BYTES } from '../../src/wire/handshake.js'
import { downloading, fetched, open, SMALL, seedPeer } from '../actors/beginnings.js'
import { Conversation } from '../actors/conversation.js'
import { given } from '../actors/given.js'

const storyOf = (seed: number, events = 1_200): readonly LoggedEvent[] => {
  const conversation = new Conversation(seed, SMALL)
  while (conversation.story.log.length < events) conversation.step()
  return conversation.story.log
}

/** Bytes of one packet's data at most. */
const SEGMENT = 32_768

interface Packet {
  readonly bytes: Uint8Array
  readonly length: number
  readonly us: bigint
  readonly comment: string
}

/** Reads a pcapng file by its specification; every length must fit. */
const readCapture = (file: Uint8Array): readonly Packet[] => {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const packets: Packet[] = []
  let place = 0
  for (let at = 0; at < file.length; place++) {
    const [type, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)]
    assert.is(length % 4, 0)
    assert.is(view.getUint32(at + length - 4, true), length, 'a block ends with its length')
    if (place === 0) assert.equal([type, view.getUint32(at + 8, true)], [0x0a0d0d0a, 0x1a2b3c4d])
    else if (place === 1) assert.equal([type, view.getUint16(at + 8, true)], [1, 101])
    else {
      assert.equal([type, view.getUint32(at + 8, true)], [6, 0])
      const us = (BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 16, true))
      const [captured, original] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)]
      const options = at + 28 + ((captured + 3) & ~3)
      const comment = new TextDecoder().decode(
        file.subarray(options + 4, options + 4 + view.getUint16(options + 2, true)),
      )
      packets.push({ bytes: file.subarray(at + 28, at + 28 + captured), length: original, us, comment })
    }
    at += length
  }
  return packets
}

const captureOf = (log: readonly LoggedEvent[]): readonly Packet[] => {
  const capture = new Capture(initialState())
  return readCapture(Buffer.concat([...Capture.header(), ...log.flatMap((logged) => capture.packets(logged))]))
}

test('capture: each message is a packet with its event, its time, and lengths that fit', () => {
  for (const seed of [50, 51]) {
    const log = storyOf(seed)
    const packets = captureOf(log)
    const state = initialState()
    const told = log.flatMap((logged) => {
      const messages = talkOf(state, logged)
      evolve(state, logged)
      return messages
    })
    // A message of more than a segment goes on in the next packet; those of strangers may be as long as one and more.
    const withData = packets.filter(({ length }, place) => length > 40 && packets[place - 1]?.length !== 40 + SEGMENT)
    assert.is(withData.length, told.length)
    for (const [place, { seq, at, message }] of told.entries()) {
      const { bytes, length, us, comment } = withData[place] as Packet
      assert.is(comment, `event ${seq}`)
      assert.is(us, BigInt(at) * 1_000n)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      assert.is(view.getUint16(2), length, 'IP says how long it was')
      if (message.type === 'handshake') assert.is(length, 40 + HANDSHAKE_BYTES)
      else if (length < 40 + SEGMENT) assert.is(view.getUint32(40), length - 44, 'the prefix of the message')
      else assert.ok(view.getUint32(40) > length - 44, 'the prefix of a message that goes on')
      assert.ok(bytes.length <= 40 + 4 + 1_000, 'no block is in it')
    }
  }
})

test('capture: the bytes of a connection follow each other without a gap, in both directions', () => {
  const next = new Map<string, number>()
  for (const { bytes, length } of captureOf(storyOf(52))) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const flow = [...bytes.subarray(12, 20), view.getUint16(20), view.getUint16(22)].join('.')
    const [seq, flags] = [view.getUint32(24), bytes[33] ?? 0]
    if ((flags & 0x02) !== 0) next.set(flow, 1)
    else {
      assert.is(seq, next.get(flow), flow)
      next.set(flow, seq + length - 40 + ((flags & 0x01) !== 0 ? 1 : 0))
    }
  }
  assert.ok(next.size > 4)
})

test('capture: peers of IPv6 are in packets of IPv6, and long messages in several', () => {
  const many = { pieceLength: 16_384, totalBytes: 400_000 * 16_384 }
  const v6 = given(downloading(), open(1, { has: 'all', host: '2001:db8::9' }))
  const packets = captureOf(v6.log)
  assert.ok(packets.every(({ bytes }) => (bytes[0] ?? 0) >> 4 === 6))
  assert.equal([...(packets[0]?.bytes.subarray(24, 40) ?? [])], [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 9])
  const long = given(downloading(many), open(1, { has: [1], pieceCount: 400_000 }))
  const sizes = captureOf(long.log).map(({ length }) => length - 40)
  assert.ok(sizes.every((size) => size <= 32_768))
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) > 50_005)
})

test('csv: a row has as many cells as the head, and gives every field back', () => {
  const rows = storyOf(53)
  const head = CSV_HEADER.trimEnd().split(',')
  for (const logged of rows) {
    const row = csvRow(logged)
    assert.ok(row.endsWith('\r\n'))
    const cells = [...row.trimEnd().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
      ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
    )
    assert.is(cells.length, head.length, row)
    assert.equal(cells.slice(0, 3), [String(logged.seq), String(logged.at), logged.event.type])
    const fields = JSON.parse(cells.at(-1) || '{}') as object
    for (const [name, value] of Object.entries(logged.event)) {
      if (typeof value !== 'number') continue
      const column = head.indexOf(name)
      assert.is(column >= 0 ? Number(cells[column]) : (fields as Record<string, unknown>)[name], value, name)
    }
  }
})

const samplesOf = (log: readonly LoggedEvent[], everyMs: number): readonly MetricsSample[] => {
  const fold = new MetricsFold(initialState(), everyMs)
  return [...log.flatMap((logged) => fold.take(logged)), fold.sample()]
}
const figureOf = (sample: MetricsSample | undefined, name: string, of = ''): number =>
  sample?.values.find((value) => value.metric.name === `torrewind_${name}` && value.of === of)?.value ?? Number.NaN

test('metrics: counters and gauges say what the events say, at every interval', () => {
  const story = given(downloading(), seedPeer(1), fetched(1, [0, 1]))
  story.after(10_000).also({
    type: 'blocks-requested',
    peer: peerKey(1),
    ranges: [{ piece: pieceIndex(2), offset: 0, length: 2 * BLOCK_BYTES }],
  })
  const samples = samplesOf(story.log, 1_000)
  const [first, last] = [samples[0], samples.at(-1)]
  assert.is(figureOf(first, 'pieces', 'stored'), 2)
  assert.is(figureOf(first, 'requests_outstanding'), 0)
  assert.is(figureOf(last, 'requests_outstanding'), 2)
  assert.is(figureOf(last, 'payload_bytes', 'received'), 4 * BLOCK_BYTES)
  assert.is(figureOf(last, 'missing_pieces'), 6)
  assert.is(figureOf(last, 'peers', 'seeds'), 1)
  assert.is(figureOf(last, 'sessions'), 1)
})

test('metrics: what came and went is told by what carried it, and peers by who named them', () => {
  const url = 'http://web.example/'
  const block = (peer: number, piece: number) =>
    ({ type: 'block-received', peer: peerKey(peer), piece: pieceIndex(piece), offset: 0, length: BLOCK_BYTES }) as const
  const asks = (peer: number, piece: number) => {
    const ranges = [{ piece: pieceIndex(piece), offset: 0, length: BLOCK_BYTES }]
    return { type: 'blocks-requested', peer: peerKey(peer), ranges } as const
  }
  const carrier = { type: 'transport-known', peer: peerKey(2), transport: 'utp', protection: 'none' } as const
  const began = { type: 'web-seed-began', peer: peerKey(1), url, host: 'web.example', port: 80 } as const
  const failed = { type: 'web-seed-failed', peer: peerKey(1), url, reason: 'BUSY', detail: '', againMs: 1_000 } as const
  const seed = seedPeer(2)
  const shakes = seed.findIndex(({ type }) => type === 'handshake-received')
  const story = given(downloading(), { type: 'web-seeds-set', urls: [url] }, began, asks(1, 0), block(1, 0))
  story.also({ type: 'dht-began', port: 1 }, { type: 'dht-joined', nodes: 8 }, { type: 'dht-lookup-began' })
  story.also({ type: 'dht-lookup-ended', asked: 20, answered: 18, peers: 3, announced: 8 })
  story.also(...seed.slice(0, shakes), carrier, ...seed.slice(shakes), asks(2, 1), block(2, 1))
  story.also({ type: 'pex-sent', peer: peerKey(2), added: 4, dropped: 1, openedUpTo: 1, endedUpTo: 1 })
  story.also({ type: 'pex-received', peer: peerKey(2), added: 7, dropped: 0 })
  story.also({ type: 'candidates-found', source: 'pex', addresses: [{ host: '10.0.0.7', port: 7 }] })
  story.also({ type: 'offers-made', tracker: 'wss://t/', wanted: 5, introductions: [1, 2] })
  const during = samplesOf(story.log, 1_000).at(-1)
  for (const [name, of, value] of [
    ['received_bytes', 'web-seed', BLOCK_BYTES],
    ['received_bytes', 'utp', BLOCK_BYTES],
    ['received_bytes', 'tcp', 0],
    ['connections_open', 'utp', 1],
    ['connections_open', 'tcp', 0],
    ['web_seeds', '', 1],
    ['web_seed_requests', 'began', 1],
    ['dht_joined', '', 1],
    ['dht_lookups', 'answered', 1],
    ['dht_nodes_asked', 'answered', 18],
    ['dht_nodes_asked', 'announced', 8],
    ['pex_peers', 'sent', 4],
    ['pex_peers', 'received', 7],
    ['addresses_found', 'pex', 1],
    ['introductions', 'offered', 2],
  ] as const)
    assert.is(figureOf(during, name, of), value, `${name} ${of}`)
  const after = samplesOf(story.also(failed).log, 1_000).at(-1)
  assert.equal([figureOf(after, 'web_seeds'), figureOf(after, 'web_seed_requests', 'failed')], [0, 1])
})

test('metrics: counters never fall, and samples are in order and apart', () => {
  const samples = samplesOf(storyOf(54, 2_000), 5_000)
  assert.ok(samples.length > 5)
  for (let at = 1; at < samples.length; at++) {
    const [before, after] = [samples[at - 1] as MetricsSample, samples[at] as MetricsSample]
    assert.ok(after.at >= before.at)
    for (const [place, { metric, value }] of after.values.entries())
      if (metric.type === 'counter') assert.ok(value >= (before.values[place]?.value ?? 0), metric.name)
  }
})

test('metrics: the text is OpenMetrics: families apart, series in order of time, the end marked', () => {
  const samples = samplesOf(storyOf(55), 10_000)
  const text = [...openMetricsText(samples)].join('')
  assert.ok(text.endsWith('# EOF\n'))
  let family = ''
  const seen = new Set<string>()
  const times = new Map<string, number>()
  for (const line of text.trimEnd().split('\n').slice(0, -1)) {
    const [, type] = /^# TYPE (\S+) (?:counter|gauge)$/.exec(line) ?? []
    if (type !== undefined) {
      assert.not(seen.has(type), 'a family stands together')
      seen.add(type)
      family = type
    } else if (!line.startsWith('#')) {
      const [, series = '', value, time] = /^([a-z_]+(?:\{[a-z]+="[a-z-]*"\})?) (\d+) (\d+(?:\.\d+)?)$/.exec(line) ?? []
      assert.ok(series.startsWith(family), line)
      assert.ok(Number(value) >= 0)
      assert.ok(Number(time) > (times.get(series) ?? 0) - 1e-9, 'oldest first')
      times.set(series, Number(time))
    }
  }
  assert.is(seen.size, METRICS.length)
})

test('metrics: what OpenTelemetry takes is cumulative, and counts from the first event on', () => {
  const log = storyOf(56)
  const samples = samplesOf(log, 10_000)
  const beganAt = log[0]?.at ?? 0
  const { resourceMetrics } = JSON.parse(otlpJson(samples, { version: '1', transfer: 'small', beganAt }))
  const { metrics } = resourceMetrics[0].scopeMetrics[0]
  assert.is(metrics.length, METRICS.length)
  const blocks = metrics.find(({ name }: { name: string }) => name === 'torrewind_blocks')
  assert.equal([blocks.sum.aggregationTemporality, blocks.sum.isMonotonic], [2, true])
  assert.is(blocks.sum.dataPoints.length, 4 * samples.length)
  assert.is(blocks.sum.dataPoints[0].startTimeUnixNano, `${beganAt}000000`)
})

test.run()
