/** What is measured of a run: samples over time, copies of pieces, and how groups of nodes fared. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Copies } from '../../simulations/copies.js'
import {
  findScenario,
  type RunResult,
  type RunSettings,
  SAMPLES_MAX,
  SAMPLES_MIN,
  simulate,
} from '../../simulations/index.js'
import { labelOf, World } from '../../simulations/world.js'

const MIB = 1_048_576

const run = (name: string, samples?: number, changes: Partial<RunSettings> = {}): Promise<RunResult> => {
  const { defaults, run } = findScenario(name)
  return run({ seed: 3, samples, settings: { ...defaults, peers: 6, contentBytes: 2 * MIB, ...changes } })
}

test('samples: a run is the same whether it is sampled or not, and however often', async () => {
  for (const [name, changes] of [
    ['flash-crowd', {}],
    ['everything-at-once', { faultSeconds: 20, peers: 4, contentBytes: 300_000 }],
  ] as const) {
    const plain = await run(name, undefined, changes)
    const results = [await run(name, SAMPLES_MIN, changes), await run(name, SAMPLES_MAX, changes)]
    assert.is(plain.samples, undefined)
    for (const result of results) {
      assert.ok(result.samples)
      assert.equal({ ...result, samples: undefined, wallSeconds: 0 }, { ...plain, wallSeconds: 0 })
    }
  }
})

test('samples: they are evenly spaced over the whole run, and as many as asked for at most', async () => {
  for (const most of [SAMPLES_MIN, 64]) {
    const { samples, simulatedSeconds } = await run('flash-crowd', most, { uploadRate: 65_536, seedUploadRate: 65_536 })
    assert.ok(samples)
    const { seconds } = samples
    assert.ok(seconds.length >= most / 2 && seconds.length <= most + 1, `${seconds.length} samples of ${most}`)
    assert.is(seconds[0], 0)
    assert.is(seconds.at(-1), simulatedSeconds)
    const step = seconds[1] ?? 0
    seconds.slice(0, -1).forEach((at, index) => {
      assert.is(at, index * step)
    })
    assert.ok(simulatedSeconds - (seconds.at(-2) ?? 0) < 1.5 * step)
    for (const column of Object.values(samples)) assert.is(column.length, seconds.length)
  }
})

test('samples: what they say at the end is what the run came to, and what was sent adds up', async () => {
  const { samples, completed, groups } = await run('flash-crowd', SAMPLES_MAX)
  assert.ok(samples)
  assert.is(completed, 6)
  const at = samples.seconds.length - 1
  assert.is(samples.finished[at], 6)
  assert.is(samples.leechers[at], 0)
  assert.is(samples.seeds[at], 7)
  for (const column of [samples.copiesMin, samples.copiesMean, samples.copiesMax]) assert.is(column[at], 7)
  for (const share of samples.uploadShare) assert.ok(share === null || (share >= 0 && share <= 1))
  const sent = samples.uploadBytesPerSecond.reduce(
    (sum, rate, index) => sum + rate * ((samples.seconds[index] ?? 0) - (samples.seconds[index - 1] ?? 0)),
    0,
  )
  const served = groups.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0)
  // Beside the blocks there are messages; and blocks that were handed over may wait for their line at the end.
  assert.ok(sent > 0.9 * served && sent < 1.1 * served, `${sent} bytes were sent, and ${served} were served`)
})

test('samples: numbers that cannot be are refused', async () => {
  for (const samples of [0, 15, 17, 514, 16.5, Number.NaN]) {
    const refused: unknown = await simulate('flash-crowd', { samples }).catch((error: unknown) => error)
    assert.match(String(refused), `samples cannot be ${samples}: it is an even number from 16 to 512`)
  }
})

test('samples: they survive being written as JSON', async () => {
  const result = await run('flash-crowd', SAMPLES_MIN, { uploadRate: 0, seedUploadRate: 0 })
  assert.equal(JSON.parse(JSON.stringify(result)), result)
  assert.ok(result.samples?.uploadShare.every((share) => share === null))
})

test('groups: every node that came is in one, with what it gave and got', async () => {
  const { groups, completed, blocks, downloadSeconds } = await run('everything-at-once', undefined, {
    faultSeconds: 30,
    poisoners: 2,
    hostiles: 0,
    natShare: 0,
  })
  assert.equal(
    groups.map(({ name, peers }) => [name, peers]),
    [
      ['seeds', 2],
      ['poisoners', 2],
      ['leechers', 6],
    ],
  )
  const [seeds, , leechers] = groups
  assert.is(leechers?.completed, completed)
  assert.is(leechers?.downloadSeconds.length, 101)
  assert.is(Number(leechers?.downloadSeconds[100]?.toFixed(1)), Number(downloadSeconds.at(-1)?.toFixed(1)))
  assert.is(seeds?.completed, 0)
  assert.equal(seeds?.downloadSeconds, [])
  const received = groups.reduce((sum, { downloadedBytes }) => sum + downloadedBytes, 0)
  assert.ok(received <= blocks * 16_384 && received > (blocks - 200) * 16_384)
})

test('copies: seen after any changes, they are what counting anew gives', () => {
  const pieces = 21
  const bits = fc.uint8Array({ minLength: 3, maxLength: 3 }).map((bytes) => {
    bytes[2] = (bytes[2] ?? 0) & 0xf8
    return bytes
  })
  const sight = fc.tuple(fc.nat(4), fc.option(bits, { nil: undefined }))
  fc.assert(
    fc.property(fc.array(sight, { maxLength: 30 }), (sights) => {
      const copies = new Copies(pieces)
      const there = new Map<number, Uint8Array>()
      for (const [node, has] of sights) {
        copies.see(node, has)
        if (has === undefined) there.delete(node)
        else there.set(node, has)
      }
      const counts = Array.from(
        { length: pieces },
        (_, piece) =>
          [...there.values()].filter((has) => ((has[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0).length,
      )
      const mean = counts.reduce((sum, count) => sum + count, 0) / pieces
      assert.equal(copies.spread(), { min: Math.min(...counts), mean, max: Math.max(...counts) })
    }),
  )
})

test('world: whoever looks sees what happened until then, and changes neither hash nor number of deliveries', async () => {
  const play = async (everyUs?: number) => {
    const world = new World(1)
    let happened = 0
    const seen: (readonly [number, number])[] = []
    for (const at of [5, 10, 10, 35])
      world.schedule(at, labelOf('scenario'), () => {
        happened++
      })
    if (everyUs !== undefined)
      world.observe(0, (at) => {
        seen.push([at, happened])
        return at + everyUs
      })
    await world.run({})
    return { seen, hash: world.hash, deliveries: world.deliveries }
  }
  const { seen, ...looked } = await play(10)
  assert.equal(seen, [
    [0, 0],
    [10, 3],
    [20, 3],
    [30, 3],
  ])
  const { seen: _, ...plain } = await play()
  assert.equal(looked, plain)
})

test.run()
