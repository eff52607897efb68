/** Simulated datagrams: they are lost, doubled and passed as often as is set, and share lines with connections. */
import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ProcessDatagrams } from '../../simulations/datagrams.js'
import type { Host, HostSettings } from '../../simulations/host.js'
import { drawFaults, type Fault, playFaults, populate, readSettings, SETTINGS, Swarm } from '../../simulations/index.js'
import { ProcessNetwork, SimulatedNetwork } from '../../simulations/network.js'
import { World } from '../../simulations/world.js'
import type { DatagramSocket } from '../../src/ports.js'
import type { PeerAddress } from '../../src/values.js'
import { binding } from '../contracts/datagrams.js'
import { untilIn } from './until.js'

const US_PER_SECOND = 1_000_000

class Place {
  readonly world: World
  readonly network: SimulatedNetwork

  constructor(seed: number) {
    this.world = new World(seed)
    this.network = new SimulatedNetwork(this.world)
  }

  host(number: number, settings: Partial<HostSettings> = {}): Host {
    return this.network.attach(number, { host: `10.0.0.${number}`, jitterUs: 0, ...settings })
  }

  async bind(host: Host, port: number, received: (bytes: Uint8Array, from: PeerAddress) => void = () => undefined) {
    const bound = binding(new ProcessDatagrams(this.network, host), { port, received })
    const answer = await untilIn(this.world)(bound, 'binding')
    if (answer.type === 'failed') throw new Error(answer.failure.message)
    return answer.value
  }

  /** Sends so many, numbered, each a while after the one before. */
  stream(socket: DatagramSocket, to: PeerAddress, count: number, everyUs: number, bytes = 4): void {
    for (let number = 0; number < count; number++)
      this.world.schedule(this.world.now + number * everyUs, 0, () => {
        const datagram = new Uint8Array(bytes)
        new DataView(datagram.buffer).setUint32(0, number)
        socket.send([datagram], to)
      })
  }
}

const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)

const EVERY_US = 100
const COUNT = 4_000

/** The numbers of what arrives, in order. */
const arrivals = async (seed: number, settings: Partial<HostSettings>): Promise<readonly number[]> => {
  const place = new Place(seed)
  const [left, right] = [place.host(1, settings), place.host(2)]
  const arrived: number[] = []
  await place.bind(right, 5, (bytes) => arrived.push(numberOf(bytes)))
  place.stream(await place.bind(left, 0), { host: '10.0.0.2', port: 5 }, COUNT, EVERY_US)
  await place.world.run({})
  return arrived
}

/** Within so many standard deviations, of which one in a million is beyond. */
const DEVIATIONS = 5
const agrees = (what: string, seen: number, of: number, rate: number): void => {
  const expected = of * rate
  const deviation = Math.sqrt(of * rate * (1 - rate))
  const message = `${what}: ${seen} of ${of} are not ${rate}`
  assert.ok(Math.abs(seen - expected) <= DEVIATIONS * deviation, message)
}

test('simulated datagrams: as many are lost, doubled and passed as is set, for each seed and over all', async () => {
  const total = { sent: 0, lost: 0, arrived: 0, doubled: 0, passed: 0, passable: 0 }
  const rates = { lossRate: 0.07, duplicateRate: 0.04, reorderRate: 0.03 }
  for (let seed = 1; seed <= 30; seed++) {
    const arrived = await arrivals(seed, rates)
    const distinct = new Set(arrived)
    const doubled = arrived.length - distinct.size
    agrees(`lost with seed ${seed}`, COUNT - distinct.size, COUNT, rates.lossRate)
    agrees(`doubled with seed ${seed}`, doubled, distinct.size, rates.duplicateRate)
    // Those at the end have nobody behind them to let pass.
    const passable = arrived.filter((number) => number < COUNT - 20_000 / EVERY_US)
    let newest = -1
    let passed = 0
    for (const number of passable) {
      if (number < newest) passed++
      newest = Math.max(newest, number)
    }
    agrees(`passed with seed ${seed}`, passed, passable.length, rates.reorderRate)
    total.sent += COUNT
    total.lost += COUNT - distinct.size
    total.arrived += distinct.size
    total.doubled += doubled
    total.passed += passed
    total.passable += passable.length
  }
  agrees('lost', total.lost, total.sent, rates.lossRate)
  agrees('doubled', total.doubled, total.arrived, rates.duplicateRate)
  agrees('passed', total.passed, total.passable, rates.reorderRate)
})

test('simulated datagrams: with nothing set each arrives once and in order, however much they jitter', async () => {
  const numbers = Array.from({ length: COUNT }, (_, number) => number)
  for (let seed = 1; seed <= 5; seed++) assert.equal(await arrivals(seed, { jitterUs: 50_000 }), numbers)
})

test('simulated datagrams: where all are lost none arrives, and where all are doubled each does twice', async () => {
  assert.is((await arrivals(1, { lossRate: 1 })).length, 0)
  assert.is((await arrivals(1, { duplicateRate: 1 })).length, 2 * COUNT)
})

test('simulated datagrams: a seed gives one hash, and another byte another', async () => {
  const hashOf = async (seed: number, byte: number): Promise<string> => {
    const place = new Place(seed)
    const [left, right] = [place.host(1, { lossRate: 0.1 }), place.host(2)]
    const socket = await place.bind(left, 0)
    await place.bind(right, 5)
    place.stream(socket, { host: '10.0.0.2', port: 5 }, 50, 1_000)
    socket.send([Uint8Array.of(byte)], { host: '10.0.0.2', port: 5 })
    await place.world.run({})
    return place.world.hash
  }
  assert.is(await hashOf(1, 1), await hashOf(1, 1))
  assert.is.not(await hashOf(1, 1), await hashOf(1, 2))
  assert.is.not(await hashOf(1, 1), await hashOf(2, 1))
})

test('simulated datagrams: a line is shared with connections by bytes, and carries no more than it can', async () => {
  const place = new Place(3)
  const rate = 200_000
  const [left, right] = [place.host(1, { uploadRate: rate }), place.host(2)]
  let [streamed, arrived] = [0, 0]
  await place.bind(right, 5, (bytes) => {
    arrived += bytes.length
  })
  const socket = await place.bind(left, 0)
  const events = { opened: () => undefined, closed: () => undefined }
  const listener = await new ProcessNetwork(place.network, right).listen({
    port: 9,
    accepted: () => ({
      ...events,
      received: (chunk: Uint8Array) => {
        streamed += chunk.length
      },
    }),
  })
  assert.is(listener.type, 'done')
  new ProcessNetwork(place.network, left).dial({ host: '10.0.0.2', port: 9 }, 1_000, {
    ...events,
    received: () => undefined,
    opened: (connection) => connection.send([new Uint8Array(20 * rate)]),
  })
  // Twice what the line takes.
  place.stream(socket, { host: '10.0.0.2', port: 5 }, 4_000, 2_500, 1_000)
  await place.world.run({ at: 10 * US_PER_SECOND })
  const all = streamed + arrived
  assert.ok(all <= 10 * rate && all > 9.5 * rate, `${all} bytes`)
  assert.ok(arrived > 0.4 * all && arrived < 0.6 * all, `${arrived} bytes of ${all} in datagrams`)
  const station = place.network.stations.of(left)
  assert.ok(station.dropped > 1_000, 'what there is no room for is dropped')
})

test('simulated datagrams: what comes faster than the line of who receives it is dropped beyond its queue', async () => {
  const place = new Place(4)
  const [left, right] = [place.host(1), place.host(2, { downloadRate: 100_000 })]
  const times: number[] = []
  await place.bind(right, 5, () => times.push(place.world.now))
  place.stream(await place.bind(left, 0), { host: '10.0.0.2', port: 5 }, 1_000, 1_000, 972)
  await place.world.run({})
  const dropped = place.network.stations.of(right).dropped
  assert.is(times.length + dropped, 1_000)
  // One second of sending, and the queue of 65,536 bytes.
  assert.ok(times.length >= 164 && times.length <= 168, `${times.length} arrive`)
  assert.ok((times.at(-1) ?? 0) <= 1.7 * US_PER_SECOND)
})

test('simulated datagrams: partitions lose what is on its way, both ways or one way', async () => {
  const place = new Place(5)
  const [left, right] = [place.host(1), place.host(2)]
  const heard: string[] = []
  const hears = (who: string) => (bytes: Uint8Array) => heard.push(`${who} ${bytes[0]}`)
  const [one, two] = [await place.bind(left, 4, hears('left')), await place.bind(right, 5, hears('right'))]
  const talk = async (byte: number): Promise<string[]> => {
    one.send([Uint8Array.of(byte)], { host: '10.0.0.2', port: 5 })
    two.send([Uint8Array.of(byte)], { host: '10.0.0.1', port: 4 })
    await place.world.run({})
    return heard.splice(0).sort()
  }
  assert.equal(await talk(1), ['left 1', 'right 1'])
  const healed = place.network.cut(() => true)
  assert.equal(await talk(2), [])
  healed()
  assert.equal(await talk(3), ['left 3', 'right 3'])
  const mended = place.network.cut((from) => from === left)
  assert.equal(await talk(4), ['left 4'])
  mended()
  assert.equal(await talk(5), ['left 5', 'right 5'])
  right.up = false
  assert.equal(await talk(6), ['left 6'])
})

test('simulated datagrams: a process that is gone hears nothing, and the next one has its port', async () => {
  const place = new Place(6)
  const [left, right] = [place.host(1), place.host(2)]
  const heard: string[] = []
  const old = new ProcessDatagrams(place.network, right)
  old.bind({ port: 5, received: () => heard.push('old') }, () => undefined)
  const socket = await place.bind(left, 0)
  const to = { host: '10.0.0.2', port: 5 }
  socket.send([Uint8Array.of(1)], to)
  old.stop()
  await place.world.run({})
  assert.equal(heard, [])
  old.bind({ port: 6, received: () => undefined }, () => heard.push('bound late'))
  await place.bind(right, 5, () => heard.push('new'))
  socket.send([Uint8Array.of(1)], to)
  await place.world.run({})
  assert.equal(heard, ['new'])
  socket.send([Uint8Array.of(1)], { host: '10.9.9.9', port: 5 })
  await place.world.run({})
  assert.equal(heard, ['new'], 'nobody has that address')
})

test('simulated datagrams: machines behind one address are told apart by their ports', async () => {
  const place = new Place(7)
  const shared = { host: '10.0.0.9' }
  const [left, right, other] = [place.host(1, shared), place.host(2, shared), place.host(3)]
  const heard: string[] = []
  await place.bind(left, 4, () => heard.push('left'))
  await place.bind(right, 5, () => heard.push('right'))
  const socket = await place.bind(other, 0)
  for (const port of [5, 4, 6]) socket.send([Uint8Array.of(1)], { host: '10.0.0.9', port })
  await place.world.run({})
  assert.equal(heard.sort(), ['left', 'right'])
})

const swarmOf = (seed: number): Swarm =>
  new Swarm(seed, {
    content: { bytes: 100_000, pieceLength: 16_384, files: 1 },
    trackers: 1,
    tracker: { intervalSeconds: 60, answerMs: 100 },
  })

test('simulated datagrams: faults put them in disorder for a while, and a NAT forgets', async () => {
  const swarm = swarmOf(1)
  const node = swarm.add({ host: { nat: 'full-cone', reorderRate: 0.01 } })
  const when = { node: 1, atSeconds: 1, forSeconds: 2 }
  const faults: Fault[] = [
    { kind: 'disorder', duplicateRate: 0.5, reorderRate: 0.25, ...when },
    { kind: 'nat-forgets', ...when },
  ]
  playFaults(swarm, faults)
  const { nat } = swarm.network.stations.of(node.host)
  const remote = { host: '10.9.9.9', port: 9 }
  nat.outward(7, remote, 0)
  const seen: unknown[] = []
  for (const seconds of [0.5, 1.5, 3.5])
    swarm.at(seconds, () => {
      const { duplicateRate, reorderRate } = node.host.settings
      seen.push([duplicateRate, reorderRate, nat.inward(7, remote, swarm.world.now)])
    })
  await swarm.world.run({})
  assert.equal(seen, [
    [0, 0.01, 7],
    [0.5, 0.25, undefined],
    [0, 0.01, undefined],
  ])
})

test('simulated datagrams: settings of a run are those of its hosts, and who cannot be dialed is behind a NAT', () => {
  const swarm = swarmOf(1)
  const values = { peers: 4, natShare: 0.5, natKind: 'symmetric', natTimeoutSeconds: 30, duplicateRate: 0.1 }
  populate(swarm, readSettings(SETTINGS, values))
  const leechers = swarm.nodes.slice(1).map(({ host }) => host.settings)
  assert.equal(leechers.map(({ nat }) => nat).sort(), ['none', 'none', 'symmetric', 'symmetric'])
  for (const { nat, unreachable } of leechers) assert.is(nat === 'symmetric', unreachable)
  for (const { natTimeoutUs, duplicateRate } of leechers)
    assert.equal([natTimeoutUs, duplicateRate], [30 * US_PER_SECOND, 0.1])
  assert.throws(() => readSettings(SETTINGS, { natKind: 'cone' }), /natKind cannot be "cone"/)
})

test('simulated datagrams: their faults are drawn, and shift none that were drawn before there were any', () => {
  const later = ['disorder', 'nat-forgets']
  const drawnWith = (seed: number): readonly Fault[] => {
    const swarm = swarmOf(seed)
    return drawFaults(swarm, populate(swarm, readSettings(SETTINGS, { peers: 4 })), 60, '')
  }
  const drawn = Array.from({ length: 20 }, (_, seed) => drawnWith(seed + 1))
  for (const kind of later) assert.ok(drawn.some((faults) => faults.some((fault) => fault.kind === kind)))
  const before = drawn.map((faults) => faults.filter(({ kind }) => !later.includes(kind)))
  const digest = createHash('sha1').update(JSON.stringify(before)).digest('hex')
  assert.is(digest, '986a3b36fafecfa085f60c7ce56e75d4425cc9d8')
})

test.run()
