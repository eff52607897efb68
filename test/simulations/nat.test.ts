/** NATs: each kind lets in what it should, for as long as it should, and nothing else. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ProcessDatagrams } from '../../simulations/datagrams.js'
import { NAT_KINDS, Nat, type NatKind } from '../../simulations/nat.js'
import { SimulatedNetwork } from '../../simulations/network.js'
import { World } from '../../simulations/world.js'
import type { PeerAddress } from '../../src/values.js'
import { binding } from '../contracts/datagrams.js'
import { untilIn } from './until.js'

const TIMEOUT_US = 100
const HOSTS = ['10.0.0.1', '10.0.0.2']
const PORTS = [1, 2]

interface Sent {
  readonly at: number
  readonly port: number
  readonly to: PeerAddress
  readonly outsidePort: number | undefined
}

/** What must come in, by nothing but the list of all that was sent. */
const expected = (kind: NatKind, sent: readonly Sent[], port: number, from: PeerAddress, at: number) => {
  if (kind === 'none') return port
  const recent = sent.filter((each) => at - each.at < TIMEOUT_US && each.outsidePort === port)
  const matching = recent.filter(({ to }) => {
    if (kind === 'full-cone') return true
    return to.host === from.host && (kind === 'restricted' || to.port === from.port)
  })
  return kind === 'blocked' ? undefined : matching.at(-1)?.port
}

const step = fc.record({
  afterUs: fc.nat({ max: 60 }),
  out: fc.boolean(),
  port: fc.constantFrom(7, 8),
  remote: fc.record({ host: fc.constantFrom(...HOSTS), port: fc.constantFrom(...PORTS) }),
  which: fc.nat({ max: 3 }),
})

for (const kind of NAT_KINDS)
  test(`NAT: what comes in through one that is ${kind} follows from what was sent`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let next = 1_000
        const nat = new Nat(
          () => ({ nat: kind, natTimeoutUs: TIMEOUT_US }),
          () => next++,
        )
        const sent: Sent[] = []
        let now = 0
        for (const { afterUs, out, port, remote, which } of steps) {
          now += afterUs
          if (out) sent.push({ at: now, port, to: remote, outsidePort: nat.outward(port, remote, now) })
          else {
            // At a port that something came from, now or long ago, or at one that nothing ever did.
            const at = sent.at(-1 - which)?.outsidePort ?? port
            assert.is(nat.inward(at, remote, now), expected(kind, sent, at, remote, now))
          }
        }
        for (const { port, outsidePort } of sent)
          if (kind === 'blocked') assert.is(outsidePort, undefined)
          else if (kind === 'symmetric') assert.ok(outsidePort !== undefined && outsidePort >= 1_000)
          else assert.is(outsidePort, port)
      }),
      { numRuns: 300 },
    )
  })

test('NAT: a symmetric one has another port outside for each that is sent to, and keeps it while it is used', () => {
  let next = 1_000
  const nat = new Nat(
    () => ({ nat: 'symmetric', natTimeoutUs: TIMEOUT_US }),
    () => next++,
  )
  const remotes = HOSTS.flatMap((host) => PORTS.map((port) => ({ host, port })))
  const portsAt = (now: number) => remotes.map((remote) => nat.outward(7, remote, now))
  const first = portsAt(0)
  assert.is(new Set(first).size, remotes.length)
  assert.equal(portsAt(TIMEOUT_US - 1), first)
  assert.equal(portsAt(2 * TIMEOUT_US - 2), first)
  const later = portsAt(3 * TIMEOUT_US)
  assert.ok(later.every((port) => !first.includes(port)))
})

test('NAT: however many are sent to, its table is bounded, and those of late are in it', () => {
  const nat = new Nat(
    () => ({ nat: 'port-restricted', natTimeoutUs: TIMEOUT_US }),
    () => 1,
  )
  const remoteOf = (number: number): PeerAddress => ({ host: `10.1.${number >> 8}.${number & 255}`, port: 9 })
  for (let number = 0; number < 10_000; number++) nat.outward(7, remoteOf(number), 0)
  let known = 0
  for (let number = 0; number < 10_000; number++) if (nat.inward(7, remoteOf(number), 1) === 7) known++
  assert.is(known, 4_096)
  assert.is(nat.inward(7, remoteOf(9_999), 1), 7)
})

/**
 * Whether two hosts behind these NATs reach each other: each sends to where a third one saw the other, and then to where
 * it hears the other from.
 */
const punches = async (left: NatKind, right: NatKind): Promise<boolean> => {
  const world = new World(1)
  const network = new SimulatedNetwork(world)
  const meeting = new ProcessDatagrams(network, network.attach(1, { host: '10.0.0.1' }))
  const seen: PeerAddress[] = []
  const until = untilIn(world)
  await until(binding(meeting, { port: 9, received: (_, from) => seen.push(from) }), 'binding')
  const heard = new Set<string>()
  const socketOf = async (number: number, nat: NatKind) => {
    const datagrams = new ProcessDatagrams(network, network.attach(number, { host: `10.0.0.${number}`, nat }))
    const received = (bytes: Uint8Array, from: PeerAddress): void => {
      heard.add(`${number} ${bytes[0]}`)
      seen[3 - number] = from
    }
    const answer = await until(binding(datagrams, { port: 0, received }), 'binding')
    if (answer.type === 'failed') throw new Error(answer.failure.message)
    return answer.value
  }
  const sockets = [await socketOf(2, left), await socketOf(3, right)]
  for (const socket of sockets) {
    socket.send([Uint8Array.of(0)], { host: '10.0.0.1', port: 9 })
    await world.run({})
  }
  for (let round = 1; round <= 3; round++) {
    const [first, second] = seen
    if (first === undefined || second === undefined) return false
    sockets[0]?.send([Uint8Array.of(round)], second)
    sockets[1]?.send([Uint8Array.of(round)], first)
    await world.run({})
  }
  return heard.has('2 3') && heard.has('3 3')
}

test('NAT: two hosts reach each other by hole punching unless a symmetric NAT meets one that looks at ports', async () => {
  const open: readonly NatKind[] = ['none', 'full-cone', 'restricted', 'port-restricted']
  for (const left of open) for (const right of open) assert.ok(await punches(left, right), `${left} and ${right}`)
  for (const right of NAT_KINDS)
    assert.is(
      await punches('symmetric', right),
      right === 'none' || right === 'full-cone' || right === 'restricted',
      `symmetric and ${right}`,
    )
  assert.not.ok(await punches('none', 'blocked'))
})

test.run()
