/** Congestion control of simulated connections: how fast they begin, and what losses leave of that. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { PACKET_BYTES } from '../../simulations/congestion.js'
import type { HostSettings } from '../../simulations/host.js'
import { ProcessNetwork, SimulatedNetwork } from '../../simulations/network.js'
import { US_PER_SECOND, World } from '../../simulations/world.js'
import type { Connection } from '../../src/ports.js'

const PORT = 7_000
const CHUNK = new Uint8Array(16_384)

interface Stream extends Partial<HostSettings> {
  readonly roundTripMs: number
  readonly seconds: number
  readonly seed?: number
}

/** Bytes that arrived by the end of each of so many seconds of one stream, from its first byte on; and deliveries. */
const streamed = async ({ roundTripMs, seconds, seed = 1, ...settings }: Stream) => {
  const world = new World(seed)
  const network = new SimulatedNetwork(world)
  const latencyUs = (roundTripMs * 1_000) / 4
  const from = network.attach(1, { host: '10.0.0.1', jitterUs: 0, latencyUs, ...settings })
  const to = network.attach(2, { host: '10.0.0.2', jitterUs: 0, latencyUs })
  const arrivals: { readonly at: number; readonly bytes: number }[] = []
  const receiver = {
    opened: () => undefined,
    received: (chunk: Uint8Array) => arrivals.push({ at: world.now, bytes: chunk.length }),
    closed: () => undefined,
  }
  await new ProcessNetwork(network, to).listen({ host: undefined, port: PORT, accepted: () => receiver })
  const feed = (connection: Connection): void => connection.send([CHUNK, CHUNK, CHUNK, CHUNK], () => feed(connection))
  const more = (connection: Connection): void => {
    for (let ahead = 0; ahead < 64; ahead++) feed(connection)
  }
  new ProcessNetwork(network, from).dial({ host: '10.0.0.2', port: PORT }, 10_000, {
    opened: more,
    received: () => undefined,
    closed: () => undefined,
  })
  const end = (): number => (arrivals[0]?.at ?? Number.POSITIVE_INFINITY) + seconds * US_PER_SECOND
  await world.run({ at: 3_600 * US_PER_SECOND, when: () => world.now >= end() })
  const firstAt = arrivals[0]?.at ?? 0
  const bytesBy = (atSeconds: number): number =>
    arrivals.reduce((sum, { at, bytes }) => (at - firstAt < atSeconds * US_PER_SECOND ? sum + bytes : sum), 0)
  return { bytesBy, deliveries: world.deliveries }
}

test('congestion: a stream begins with ten packets, and doubles with each round trip', async () => {
  const { bytesBy } = await streamed({ roundTripMs: 100, seconds: 1 })
  // In the middle of a round trip what was sent at its beginning, as TCP does, and what is sent evenly are the same.
  for (const trips of [2, 3, 4, 5]) {
    const packets = bytesBy((trips - 0.5) / 10) / PACKET_BYTES
    const expected = 10 * (2 ** trips - 1)
    assert.ok(packets > 0.7 * expected && packets < 1.4 * expected, `${packets} packets after ${trips} trips`)
  }
})

test('congestion: without loss a line is full soon, however long the way', async () => {
  for (const roundTripMs of [0, 10, 50, 200]) {
    const rate = 1_000_000
    const { bytesBy } = await streamed({ roundTripMs, seconds: 9, uploadRate: rate })
    const full = bytesBy(9) - bytesBy(5)
    assert.ok(Math.abs(full - 4 * rate) < 0.02 * 4 * rate, `${full} bytes in 4 s at ${roundTripMs} ms`)
  }
})

test('congestion: a stream that its line holds back costs as many deliveries as its segments, and no more', async () => {
  const near = await streamed({ roundTripMs: 0, seconds: 120, uploadRate: 1_000_000 })
  const far = await streamed({ roundTripMs: 50, seconds: 120, uploadRate: 1_000_000 })
  assert.ok(far.deliveries < 1.05 * near.deliveries, `${far.deliveries} and ${near.deliveries} deliveries`)
})

/** Packets a round trip, over a long time. */
const windowOf = async (lossRate: number, roundTripMs: number): Promise<number> => {
  const seconds = (1_500 * roundTripMs) / 1_000
  const seeds = [1, 2, 3, 4]
  let bytes = 0
  for (const seed of seeds)
    bytes += (await streamed({ roundTripMs, seconds, seed, lossRate })).bytesBy(seconds) / seeds.length
  return bytes / PACKET_BYTES / (seconds / (roundTripMs / 1_000))
}

test('congestion: losses leave the window that the square root of their share does', async () => {
  // Mathis et al. 1997, with the constant of a loss in each cycle by chance; CUBIC is as fast where trips are short.
  for (const lossRate of [0.01, 0.0025]) {
    const [packets, expected] = [await windowOf(lossRate, 20), 1.22 / Math.sqrt(lossRate)]
    assert.ok(Math.abs(packets - expected) < 0.25 * expected, `${packets} packets, where ${expected} are expected`)
  }
})

test('congestion: over long ways the window is that of CUBIC, and larger', async () => {
  // RFC 9438, figure 6.
  const [lossRate, roundTripMs] = [0.000_2, 400]
  const expected = 1.054 * (roundTripMs / 1_000 / lossRate) ** 0.75
  const packets = await windowOf(lossRate, roundTripMs)
  assert.ok(Math.abs(packets - expected) < 0.3 * expected, `${packets} packets, where ${expected} are expected`)
})

test.run()
