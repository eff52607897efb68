/** Introductions in simulated swarms: peers whom nobody can dial meet by WebRTC, or do not, and the log says why. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { IntroducerMood } from '../../simulations/introducers.js'
import type { NatKind } from '../../simulations/nat.js'
import { simulate } from '../../simulations/simulate.js'
import { Swarm } from '../../simulations/swarm.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { untilIn } from './until.js'

const INTERVAL_SECONDS = 30

/** One who has everything and one who has nothing, behind NATs, and a tracker that introduces them. */
const place = (seed: number, nat: NatKind, mood: IntroducerMood = 'well') => {
  const swarm = new Swarm(seed, {
    content: { bytes: 1_048_576, pieceLength: 32_768, files: 1 },
    trackers: 0,
    webTrackers: 1,
    tracker: { intervalSeconds: INTERVAL_SECONDS, answerMs: 100 },
    recordedNodes: 2,
  })
  const host = { nat, unreachable: true, uploadRate: 65_536 }
  const left = swarm.add({ webrtc: true, host })
  const right = swarm.add({ webrtc: true, host, seed: true })
  const [introducer] = swarm.introducers.values()
  if (introducer === undefined) throw new Error('there is one')
  introducer.mood = mood
  const events = new Map<number, TransferEvent[]>()
  swarm.onEvent = (node, _seq, _at, event) => events.set(node, [...(events.get(node) ?? []), event])
  for (const node of swarm.nodes) node.start()
  const of = <Type extends TransferEvent['type']>(node: { readonly number: number }, type: Type) =>
    (events.get(node.number) ?? []).filter(
      (event): event is Extract<TransferEvent, { type: Type }> => event.type === type,
    )
  const why = async (): Promise<readonly string[]> => {
    const explained = await untilIn(swarm.world)(Promise.resolve(left.transfer?.explain()), 'why')
    return explained?.causes.map(({ code }) => code) ?? []
  }
  return { swarm, left, right, introducer, of, why }
}

const closed = async (swarm: Swarm): Promise<void> => {
  await swarm.close()
  assert.equal(swarm.violations, [])
  assert.is(swarm.channels.size, 0, 'nothing is left under way')
}

test('introductions: two whom nobody can dial meet by a tracker, and one has everything of the other', async () => {
  for (const nat of ['port-restricted', 'full-cone', 'none'] as const) {
    const { swarm, left, right, of } = place(1, nat)
    await swarm.run({ seconds: 120, when: () => left.completedAt !== undefined })
    assert.ok(left.completedAt !== undefined, `${nat}: it has everything`)
    for (const node of [left, right]) {
      assert.ok(of(node, 'introduction-opened').length > 0)
      const carried = of(node, 'transport-known').map(({ transport, protection }) => `${transport} ${protection}`)
      assert.equal([...new Set(carried)], ['webrtc dtls'])
    }
    const told = [...of(left, 'offer-answered'), ...of(left, 'offer-received')].map(({ introduction }) => introduction)
    for (const { introduction } of of(left, 'introduction-opened')) assert.ok(told.includes(introduction))
    await closed(swarm)
  }
})

test('introductions: with ports that change for each who is sent to nobody is reached, and that is said', async () => {
  const { swarm, left, of, why } = place(1, 'symmetric')
  await swarm.run({ seconds: 120, when: () => left.completedAt !== undefined })
  assert.is(left.completedAt, undefined)
  assert.ok(of(left, 'introduction-failed').some(({ reason }) => reason === 'unreachable'))
  assert.ok((await why()).includes('introductions-failed'))
  await closed(swarm)
})

test('introductions: offers that the tracker loses are unanswered, which is said; once it is well two meet', async () => {
  const { swarm, left, of, introducer, why } = place(2, 'port-restricted', 'silent')
  await swarm.run({ seconds: 70, when: () => false })
  assert.is(of(left, 'introduction-opened').length, 0)
  const reasons = new Set(of(left, 'introduction-failed').map(({ reason }) => reason))
  assert.ok(reasons.has('unanswered') || reasons.has('tracker-lost'), [...reasons].join())
  assert.ok((await why()).includes('offers-unanswered'))
  introducer.mood = 'well'
  await swarm.run({ seconds: 400, when: () => left.completedAt !== undefined })
  assert.ok(left.completedAt !== undefined)
  await closed(swarm)
})

test('introductions: answers that come too late lead nowhere, and those in time are met by', async () => {
  const { swarm, left, of } = place(3, 'port-restricted', 'late')
  await swarm.run({ seconds: 600, when: () => left.completedAt !== undefined })
  assert.ok(left.completedAt !== undefined)
  const failed = swarm.nodes.flatMap((node) => of(node, 'introduction-failed').map(({ reason }) => reason))
  assert.ok(failed.includes('unanswered') || failed.includes('timeout'), [...new Set(failed)].join())
  await closed(swarm)
})

test('introductions: after a channel that breaks two are introduced again, and nothing is fetched twice', async () => {
  const { swarm, left, right, of } = place(4, 'port-restricted')
  const isMet = (): boolean => (left.transfer?.state.stored.count ?? 0) > 4
  await swarm.run({ seconds: 60, when: isMet })
  assert.ok(isMet())
  for (const endpoint of [...right.host.endpoints]) endpoint.reset()
  await swarm.run({ seconds: 300, when: () => left.completedAt !== undefined })
  assert.ok(left.completedAt !== undefined)
  assert.ok(of(left, 'peer-closed').some(({ by, reason }) => by === 'network' && reason === 'ECONNRESET'))
  assert.ok(of(left, 'introduction-opened').length > 1)
  assert.is(of(left, 'piece-stored').length, 32)
  await closed(swarm)
})

test('introductions: a process that is killed leaves its offers, which nobody can use, and is met again', async () => {
  const { swarm, left, right } = place(5, 'port-restricted')
  await swarm.run({ seconds: 60, when: () => (left.transfer?.state.stored.count ?? 0) > 4 })
  for (const [node, how] of [
    [left, 'process'],
    [right, 'power'],
  ] as const) {
    node.crash(how)
    node.start()
  }
  await swarm.run({ seconds: 600, when: () => left.completedAt !== undefined })
  assert.ok(left.completedAt !== undefined)
  await closed(swarm)
})

test('introductions: in a swarm where offers are lost, answers late and channels break all finish, the same each time', async () => {
  const settings = { peers: 6, contentBytes: 1_048_576, faultSeconds: 60, recordedNodes: 3 }
  for (const seed of [1, 2]) {
    const result = await simulate('introductions', { seed, settings })
    assert.equal(result.violations, [])
    assert.is(result.completed, result.peers)
    const again = seed === 1 ? await simulate('introductions', { seed, settings }) : result
    assert.is(again.hash, result.hash)
  }
})

test.run()
