/** Hole punching (BEP 55) in simulated swarms: two behind NATs reach each other through one whom both know, or do not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { NatKind } from '../../simulations/nat.js'
import { Swarm } from '../../simulations/swarm.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { untilIn } from './until.js'

/** Somebody who is reachable, slow, and serves nobody; one who has everything, and one who has nothing, behind NATs. */
const place = async (seed: number, natKinds: readonly [NatKind, NatKind], recorded = 0) => {
  const swarm = new Swarm(seed, {
    content: { bytes: 1_048_576, pieceLength: 32_768, files: 1 },
    trackers: 0,
    tracker: { intervalSeconds: 60, answerMs: 100 },
    recordedNodes: recorded,
  })
  const relay = swarm.add({ transport: 'both', pex: true, serves: false, host: { downloadRate: 8_000 } })
  const [left, right] = natKinds.map((nat, at) =>
    swarm.add({
      transport: 'both',
      // One alone hears of the other: two who dial each other by chance at one time need nobody.
      pex: at === 0,
      seed: at === 1,
      host: { nat, unreachable: true },
      peers: [relay.address],
    }),
  )
  if (left === undefined || right === undefined) throw new Error('there are two')
  const events = new Map<number, TransferEvent[]>()
  swarm.onEvent = (node, _seq, _at, event) => events.set(node, [...(events.get(node) ?? []), event])
  for (const node of swarm.nodes) node.start()
  await swarm.run({ seconds: 120, when: () => left.completedAt !== undefined })
  const of = <Type extends TransferEvent['type']>(node: { readonly number: number }, type: Type) =>
    (events.get(node.number) ?? []).filter(
      (event): event is Extract<TransferEvent, { type: Type }> => event.type === type,
    )
  return { swarm, relay, left, right, of }
}

for (const kinds of [
  ['port-restricted', 'port-restricted'],
  ['restricted', 'full-cone'],
  ['full-cone', 'port-restricted'],
] as const)
  test(`holepunch: behind NATs, ${kinds.join(' and ')}, two reach each other as a third one helps`, async () => {
    for (const seed of [1, 2]) {
      const { swarm, relay, left, right, of } = await place(seed, kinds, 3)
      assert.ok(left.completedAt !== undefined, `seed ${seed}: it has everything`)
      assert.is(of(left, 'rendezvous-asked').length, 1)
      assert.is(of(relay, 'rendezvous-relayed').length, 1)
      for (const node of [left, right]) assert.is(of(node, 'punch-began').length, 1)
      const transports = of(left, 'transport-known').map(({ transport }) => transport)
      assert.ok(transports.includes('utp'))
      const keys = [...of(left, 'dial-began'), ...of(left, 'peer-accepted')].flatMap(({ host, peer }) =>
        host === right.address.host ? [peer] : [],
      )
      const isTwin = (peer: number): boolean =>
        of(left, 'peer-closed').some((event) => event.peer === peer && event.reason === 'duplicate-connection')
      const greeted = of(left, 'handshake-received').filter(({ peer }) => keys.includes(peer) && !isTwin(peer))
      assert.is(greeted.length, 1, 'of two connections one is kept')
      await swarm.close()
      assert.equal(swarm.violations, [])
    }
  })

test('holepunch: with ports that change for each who is sent to nobody is reached, and that is said', async () => {
  const { swarm, left, right, of } = await place(1, ['symmetric', 'symmetric'])
  assert.is(left.completedAt, undefined)
  assert.ok(of(left, 'rendezvous-asked').length > 1, 'it is tried again')
  assert.ok(of(left, 'rendezvous-asked').length < 10, 'and more rarely each time')
  const explained = left.transfer?.explain({ peer: right.address })
  const { causes } = (await untilIn(swarm.world)(Promise.resolve(explained), 'why')) ?? { causes: [] }
  assert.ok(causes.some(({ code }) => code === 'rendezvous-asked'))
  await swarm.close()
  assert.equal(swarm.violations, [])
})

test.run()
