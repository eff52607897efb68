/** NAT-PMP (RFC 6886) in a simulated world: routers that answer, refuse, are silent, or lie. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SimulatedClock } from '../../simulations/clock.js'
import { ProcessDatagrams } from '../../simulations/datagrams.js'
import type { HostSettings } from '../../simulations/host.js'
import { SimulatedNetwork } from '../../simulations/network.js'
import { labelOf, World } from '../../simulations/world.js'
import { NatPmp } from '../../src/discovery/nat-pmp.js'
import { LIMITS } from '../../src/limits.js'
import type { Answer, Mapping } from '../../src/ports.js'
import { toHex } from '../../src/values.js'
import { encodeNatPmpAnswer, NAT_PMP_PORT, type NatPmpAnswer } from '../../src/wire/natpmp.js'
import { binding } from '../contracts/datagrams.js'
import { untilIn } from '../simulations/until.js'

const ROUTER = '10.0.0.1'
const WISH = { port: 6_881, externalPort: 6_881, lifetimeMs: 3_600_000 }
const REQUEST = { address: '0000', map: '000200001ae11ae100000e10', unmap: '000200001ae1000000000000' }
const ADDRESS: NatPmpAnswer = { type: 'address', host: '203.0.113.5' }
const MAPPED: NatPmpAnswer = { type: 'map', port: 6_881, externalPort: 7_000, lifetimeSeconds: 1_800 }

class Place {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly client: NatPmp
  readonly outcomes: string[] = []
  readonly heard: string[] = []
  found = 0
  gateway: Answer<string> = { type: 'done', value: ROUTER }

  constructor(seed = 1, settings: Partial<HostSettings> = {}) {
    this.world = new World(seed)
    this.network = new SimulatedNetwork(this.world)
    const host = this.network.attach(1, { host: '10.0.0.2', ...settings })
    this.client = new NatPmp({
      datagrams: new ProcessDatagrams(this.network, host),
      clock: new SimulatedClock(this.world, 1),
      gateway: (done) => void this.world.schedule(this.world.now, labelOf('announce', 1), () => done(this.gateway)),
    })
  }

  /** A machine that answers what it is asked, from this port. */
  async router(answer: (request: string) => Uint8Array | undefined, host = ROUTER, port = NAT_PMP_PORT): Promise<void> {
    const datagrams = new ProcessDatagrams(this.network, this.network.attach(2, { host }))
    const received = (bytes: Uint8Array, from: { host: string; port: number }): void => {
      this.heard.push(toHex(bytes))
      const said = answer(toHex(bytes))
      if (said !== undefined && bound.type === 'done') bound.value.send([said], from)
    }
    const bound = await untilIn(this.world)(binding(datagrams, { port, received }), 'binding')
  }

  map(): () => void {
    return this.client.map(
      WISH,
      (answer: Answer<Mapping>) => {
        this.outcomes.push(
          answer.type === 'failed'
            ? `${answer.failure.code}: ${answer.failure.message}`
            : `${answer.value.externalHost}:${answer.value.externalPort} for ${answer.value.lifetimeMs} ms`,
        )
      },
      () => {
        this.found++
      },
    )
  }

  async run(seconds = 60): Promise<void> {
    await this.world.run({ at: this.world.now + seconds * 1_000_000 })
  }
}

const well = (request: string): Uint8Array | undefined =>
  encodeNatPmpAnswer(request === REQUEST.address ? ADDRESS : MAPPED, 1)

test('NAT-PMP: a port is mapped as the router says, and the router is asked where it is seen', async () => {
  const place = new Place()
  await place.router(well)
  place.map()
  await place.run()
  assert.equal(place.outcomes, ['203.0.113.5:7000 for 1800000 ms'])
  assert.equal(place.heard, [REQUEST.map, REQUEST.address])
  assert.is(place.found, 1)
})

test('NAT-PMP: a mapping is taken away by asking for no time', async () => {
  const place = new Place()
  await place.router((request) => {
    assert.is(request, REQUEST.unmap)
    return encodeNatPmpAnswer({ type: 'map', port: 6_881, externalPort: 0, lifetimeSeconds: 0 }, 1)
  })
  place.client.unmap(WISH, ({ type }) => place.outcomes.push(type))
  await place.run()
  assert.equal(place.outcomes, ['done'])
})

test('NAT-PMP: a router that does not say where it is seen has mapped all the same', async () => {
  const place = new Place()
  await place.router((request) => (request === REQUEST.address ? undefined : well(request)))
  place.map()
  await place.run()
  assert.equal(place.outcomes, ['undefined:7000 for 1800000 ms'])
})

test('NAT-PMP: nobody there is asked a few times, each twice as late, and then no more', async () => {
  const place = new Place()
  await place.router(() => undefined)
  place.map()
  await place.run(7)
  assert.equal(place.outcomes, [])
  await place.run(1)
  assert.equal(place.outcomes, [`TIMEOUT: no answer of the router ${ROUTER}`])
  assert.is(place.heard.length, LIMITS.natPmpTries)
})

test('NAT-PMP: lost datagrams are sent again', async () => {
  let mapped = 0
  for (let seed = 1; seed <= 30; seed++) {
    const place = new Place(seed, { lossRate: 0.3 })
    await place.router(well)
    place.map()
    await place.run()
    if (place.outcomes[0]?.endsWith('for 1800000 ms')) mapped++
  }
  assert.ok(mapped >= 27, `${mapped} of 30`)
})

test('NAT-PMP: a refusal is told with its reason', async () => {
  const place = new Place()
  const reason = 'it is not allowed to, by its settings'
  await place.router(() => encodeNatPmpAnswer({ type: 'refused', asked: 'map', reason }, 1))
  place.map()
  await place.run()
  assert.equal(place.outcomes, [`REFUSED: the router refuses: ${reason}`])
})

test('NAT-PMP: a router that maps something else is a liar', async () => {
  for (const lie of [
    { ...MAPPED, port: 1 },
    { ...MAPPED, externalPort: 0 },
    { ...MAPPED, lifetimeSeconds: 0 },
  ]) {
    const place = new Place()
    await place.router(() => encodeNatPmpAnswer(lie as NatPmpAnswer, 1))
    place.map()
    await place.run()
    assert.match(place.outcomes.join(), /^GARBAGE: /)
  }
})

test('NAT-PMP: who is not the router is not heard', async () => {
  const place = new Place()
  // From another port of the same machine.
  const datagrams = new ProcessDatagrams(place.network, place.network.attach(3, { host: '10.0.0.3' }))
  const bound = await untilIn(place.world)(
    binding(datagrams, { port: NAT_PMP_PORT, received: () => undefined }),
    'binding',
  )
  if (bound.type === 'failed') throw new Error(bound.failure.message)
  place.map()
  for (let port = 49_000; port < 49_300; port++)
    bound.value.send([encodeNatPmpAnswer(MAPPED, 1)], { host: '10.0.0.2', port })
  await place.run()
  assert.match(place.outcomes.join(), /^TIMEOUT/)
})

test('NAT-PMP: without a gateway, and after it is given up, nothing is sent', async () => {
  const place = new Place()
  await place.router(well)
  place.gateway = { type: 'failed', failure: { code: 'ENOTFOUND', message: 'no gateway' } }
  place.map()
  await place.run()
  assert.equal(place.outcomes, ['ENOTFOUND: no gateway'])
  for (const afterMs of [0, 0.5, 5]) {
    const given = new Place()
    await given.router(well)
    const cancel = given.map()
    await given.run(afterMs / 1_000)
    cancel()
    await given.run()
    assert.equal(given.outcomes, [], `given up after ${afterMs} ms`)
  }
})

test.run()
