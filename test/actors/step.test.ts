import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AnyStateMachine } from 'xstate'
import { type PeerTag, peerLifecycle, peerMachine } from '../../src/actors/peer.machine.js'
import { pieceLifecycle, pieceMachine } from '../../src/actors/piece.machine.js'
import { type Lifecycle, lifecycleOf, type Standing } from '../../src/actors/step.js'
import { transferLifecycle, transferMachine } from '../../src/actors/transfer.machine.js'
import { EVENT_TYPES } from '../../src/events/vocabulary.js'
import { assertionOf } from './given.js'

/** The standing after these events. */
const after = <Tag extends string>(lifecycle: Lifecycle<Tag>, ...types: string[]): Standing<Tag> =>
  types.reduce((standing, type) => lifecycle.step(standing, type), lifecycle.initial)

/** The types of event that have a place here. */
const legalIn = <Tag extends string>(lifecycle: Lifecycle<Tag>, standing: Standing<Tag>): string[] =>
  EVENT_TYPES.filter((type) => assertionOf(() => lifecycle.step(standing, type)) === 'no assertion').sort()

/** Every standing that can be reached. */
const reachable = <Tag extends string>(lifecycle: Lifecycle<Tag>): Standing<Tag>[] => {
  const found = new Set([lifecycle.initial])
  for (const standing of found)
    for (const type of legalIn(lifecycle, standing)) found.add(lifecycle.step(standing, type))
  return [...found]
}

const tagsOf = (standing: Standing<string>): string[] => Object.keys(standing.tags).sort()

test('step: an event that the machine has no place for throws, and says what and where', () => {
  assert.is(
    assertionOf(() => pieceLifecycle.step(pieceLifecycle.initial, 'piece-stored')),
    "piece: no 'piece-stored' in fetching",
  )
  assert.is(
    assertionOf(() => peerLifecycle.step(peerLifecycle.initial, 'no-such-event')),
    "peer: no 'no-such-event' in dialing",
  )
})

test('step: a step that stays is allowed, and the same standing', () => {
  const fetching = pieceLifecycle.initial
  assert.is(pieceLifecycle.step(fetching, 'block-received'), fetching)
})

test('step: the same state is the same standing however it is reached', () => {
  const direct = after(peerLifecycle, 'peer-connected', 'handshake-received')
  const around = after(
    peerLifecycle,
    ...['peer-accepted', 'handshake-received', 'interested-sent', 'unchoke-sent', 'choke-sent', 'not-interested-sent'],
  )
  assert.is(around, direct)
})

test('step: what is closed or gone stays so', () => {
  const ends: [Lifecycle<string>, Standing<string>, string][] = [
    [peerLifecycle, after(peerLifecycle, 'dial-failed'), 'peer-closed'],
    [peerLifecycle, after(peerLifecycle, 'peer-connected', 'peer-closed'), 'peer-closed'],
    [pieceLifecycle, after(pieceLifecycle, 'piece-dropped'), 'piece-dropped'],
  ]
  for (const [lifecycle, standing, end] of ends) {
    assert.equal(legalIn(lifecycle, standing), [end])
    assert.is(lifecycle.step(standing, end), standing)
  }
})

const machines: [string, Lifecycle<string>, AnyStateMachine, number][] = [
  // Dialing, handshaking, closed, a web seed that is asked, and open with four things that are so or not.
  ['peer', peerLifecycle, peerMachine, 4 + 2 ** 4],
  // Fetching, hashing, doubted, writing, stored, dropped.
  ['piece', pieceLifecycle, pieceMachine, 6],
  ['transfer', transferLifecycle, transferMachine, 8],
]
for (const [name, lifecycle, machine, count] of machines) {
  test(`step: the ${name}'s machine has as many standings as it should`, () => {
    assert.is(reachable(lifecycle).length, count)
  })

  test(`step: every standing of the ${name}'s machine comes back from its name`, () => {
    // Another lifecycle knows none of them yet, as a process that has just begun.
    for (const standing of reachable(lifecycle)) {
      assert.is(lifecycle.restore(standing.id), standing)
      const fresh = lifecycleOf<string>(machine)
      const restored = fresh.restore(standing.id)
      assert.is(restored.id, standing.id)
      assert.equal(restored.tags, standing.tags)
      for (const type of legalIn(lifecycle, standing))
        assert.is(fresh.step(restored, type).id, lifecycle.step(standing, type).id, `${type} in ${standing.id}`)
      assert.equal(legalIn(fresh, restored), legalIn(lifecycle, standing))
    }
  })
}

test('step: a standing of another lifecycle of the same machine is understood', () => {
  const other = lifecycleOf<string>(pieceMachine)
  assert.is(other.step(after(pieceLifecycle, 'piece-filled'), 'piece-verified').id, 'writing')
})

test('piece: its life', () => {
  assert.equal(tagsOf(pieceLifecycle.initial), ['fetching'])
  assert.equal(tagsOf(after(pieceLifecycle, 'blocks-requested', 'block-received', 'piece-filled')), ['hashing'])
  assert.equal(tagsOf(after(pieceLifecycle, 'piece-filled', 'piece-rejected')), ['fetching'])
  assert.equal(tagsOf(after(pieceLifecycle, 'piece-filled', 'piece-verified')), ['writing'])
  assert.equal(tagsOf(after(pieceLifecycle, 'piece-filled', 'piece-verified', 'piece-stored')), ['gone'])
  for (const before of [[], ['piece-filled'], ['piece-filled', 'piece-verified']])
    assert.equal(tagsOf(after(pieceLifecycle, ...before, 'piece-dropped')), ['gone'])
})

test('piece: a block has no place while the piece is hashed or written', () => {
  for (const standing of [
    after(pieceLifecycle, 'piece-filled'),
    after(pieceLifecycle, 'piece-filled', 'piece-verified'),
  ])
    assert.not(legalIn(pieceLifecycle, standing).some((type) => ['blocks-requested', 'block-received'].includes(type)))
})

const OPEN = ['peer-connected', 'handshake-received']
test('peer: both sides begin choking and not interested', () => {
  assert.equal(tagsOf(after(peerLifecycle, ...OPEN)), ['amChoking', 'open', 'peerChoking'])
})

const turns: [string, string, PeerTag, boolean][] = [
  ['unchoke-sent', 'choke-sent', 'amChoking', true],
  ['interested-sent', 'not-interested-sent', 'amInterested', false],
  ['unchoke-received', 'choke-received', 'peerChoking', true],
  ['interested-received', 'not-interested-received', 'peerInterested', false],
]
for (const [there, back, tag, first] of turns)
  test(`peer: ${there} and ${back} turn ${tag}, and nothing else`, () => {
    const before = after(peerLifecycle, ...OPEN)
    const turned = peerLifecycle.step(before, there)
    assert.is(before.tags[tag] === true, first)
    assert.is(turned.tags[tag] === true, !first)
    const others = (standing: Standing<PeerTag>) => tagsOf(standing).filter((other) => other !== tag)
    assert.equal(others(turned), others(before))
    assert.is(peerLifecycle.step(turned, back), before)
  })

test('peer: blocks are requested only by who is interested, and only of an open connection', () => {
  const blocks = (standing: Standing<PeerTag>) => legalIn(peerLifecycle, standing).includes('blocks-requested')
  assert.not(blocks(peerLifecycle.initial))
  assert.not(blocks(after(peerLifecycle, 'peer-connected')))
  assert.not(blocks(after(peerLifecycle, ...OPEN)))
  assert.ok(blocks(after(peerLifecycle, ...OPEN, 'interested-sent')))
})

test('peer: a connection can be closed at any time, and a dial fails only while dialing', () => {
  for (const standing of reachable(peerLifecycle)) {
    if (standing.tags.closed === true) continue
    assert.ok(peerLifecycle.step(standing, 'peer-closed').tags.closed)
    assert.is(legalIn(peerLifecycle, standing).includes('dial-failed'), standing.tags.dialing === true)
  }
})

test('transfer: a session can begin and end from every standing, and fail from every one', () => {
  for (const standing of reachable(transferLifecycle)) {
    assert.is(transferLifecycle.step(standing, 'session-began').id, 'stopped')
    const legal = legalIn(transferLifecycle, standing)
    assert.is(legal.includes('session-ending'), standing.tags.ending !== true)
    assert.ok(legal.includes('transfer-failed'))
    assert.is(legal.includes('resumed'), standing.tags.paused === true || standing.tags.failed === true)
  }
})

test('transfer: active is fetching, seeding, or asking what there is to be fetched', () => {
  for (const standing of reachable(transferLifecycle)) {
    const { active, downloading, seeding, seeking } = standing.tags
    assert.is(active === true, downloading === true || seeding === true || seeking === true)
  }
})

test.run()
