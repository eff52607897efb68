/** Inspection: what XState's inspectors are told of a transfer is what they are told of live actors of its machines. */
import { readFile } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AnyActor, type AnyStateMachine, createActor, type InspectionEvent as XStateEvent } from 'xstate'
import { peerMachine } from '../../src/actors/peer.machine.js'
import { pieceMachine } from '../../src/actors/piece.machine.js'
import { transferMachine } from '../../src/actors/transfer.machine.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import {
  foldLog,
  Inspection,
  type InspectionEvent,
  initialState,
  inspectionMessage,
  openCapsule,
} from '../../src/replay/index.js'

const test = suite('replay: inspection')

const HISTORIES = ['plain-download', 'crash-and-resume', 'corrupt-peer', 'choking', 'disk-full'] as const

const logOf = async (name: string) => {
  const { reader } = await openCapsule(await readFile(new URL(`../histories/${name}.car`, import.meta.url)))
  const events: LoggedEvent[] = []
  for await (const batch of reader.read(0)) events.push(...batch)
  return { reader, events }
}

const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  transfer: transferMachine,
  peer: peerMachine,
  piece: pieceMachine,
}

/** A live actor of the machine, and what XState's own inspection tells of it. */
const living = (machine: AnyStateMachine) => {
  const told: XStateEvent[] = []
  const actor = createActor(machine, { inspect: (event) => void told.push(event) })
  actor.start()
  return { actor, told }
}

/** The parts of what is told that have the same meaning in both. */
const shown = (told: readonly (InspectionEvent | XStateEvent)[]): unknown[] =>
  told.flatMap((each): unknown[] => {
    if (each.type === '@xstate.event') return each.event.type.startsWith('xstate.') ? [] : [['event', each.event.type]]
    if (each.type !== '@xstate.snapshot' || each.event.type.startsWith('xstate.')) return []
    const { status, value } = each.snapshot as { readonly status: string; readonly value: unknown } // of a machine
    return [['snapshot', each.event.type, status, value]]
  })

for (const name of HISTORIES)
  test(`inspection: every machine of ${name} is told as a live actor of it is`, async () => {
    const { events } = await logOf(name)
    const inspection = new Inspection(initialState())
    const told = events.flatMap((logged) => inspection.take(logged))
    const actors = new Map<string, InspectionEvent[]>()
    for (const each of told) {
      const { sessionId } = each.actorRef
      const known = actors.get(sessionId)
      if (each.type === '@xstate.actor') assert.is(known, undefined, `${sessionId} is told of once`)
      else assert.ok(known, `${sessionId} is told of first`)
      actors.set(sessionId, [...(known ?? []), each])
    }
    assert.ok(actors.size > 3 && told.length > events.length / 2)
    for (const [sessionId, own] of actors) {
      const machine = MACHINES[sessionId.split('-')[0] ?? '']
      if (machine === undefined) throw new Error(`no machine is ${sessionId}'s`)
      const live: { actor: AnyActor; told: XStateEvent[] } = living(machine)
      for (const each of own) if (each.type === '@xstate.event') live.actor.send({ type: each.event.type })
      assert.equal(shown(own), shown(live.told), sessionId)
      assert.is(own[0]?.actorRef._parent?.sessionId, sessionId === 'transfer' ? undefined : 'transfer')
    }
  })

test('inspection: from the middle it begins with the actors that there are, as they stand', async () => {
  const { reader, events } = await logOf('choking')
  const middle = events.findIndex(({ event }) => event.type === 'piece-filled')
  const { state } = await foldLog(reader, { before: middle })
  const [peers, pieces] = [state.peers.size, state.pieces.size]
  assert.ok(peers > 0 && pieces > 0)
  const inspection = new Inspection(state)
  const [event] = events.slice(middle)
  const told = event === undefined ? [] : inspection.take(event)
  const met = told.filter(({ type }) => type === '@xstate.actor')
  assert.is(met.length, 1 + peers + pieces)
  const [, snapshot] = told.slice(met.length)
  assert.is(snapshot?.type === '@xstate.snapshot' && snapshot.snapshot.value, 'hashing')
})

test('inspection: what a process had when it died is stopped by the next session', async () => {
  const { events } = await logOf('crash-and-resume')
  const inspection = new Inspection(initialState())
  const told = events.flatMap((logged) => inspection.take(logged))
  const stopped = told.filter((each) => each.type === '@xstate.snapshot' && each.snapshot.status === 'stopped')
  assert.ok(stopped.length > 0)
})

test('inspection: a message of each kind is JSON as Stately’s inspector takes it', async () => {
  const { events } = await logOf('plain-download')
  const inspection = new Inspection(initialState())
  const messages = events.flatMap((logged) => inspection.take(logged)).map(inspectionMessage)
  const json = JSON.parse(JSON.stringify(messages)) as Record<string, unknown>[]
  const [actor] = json
  assert.equal(Object.keys(actor ?? {}).sort(), [
    ...['_version', 'createdAt', 'definition', 'id', 'name', 'rootId', 'sessionId', 'snapshot', 'type'],
  ])
  assert.equal(JSON.parse(String(actor?.definition)).id, 'transfer')
  const peer = json.find(({ type, sessionId }) => type === '@xstate.actor' && String(sessionId).startsWith('peer-'))
  assert.is(peer?.parentId, 'transfer')
  assert.is(JSON.parse(String(peer?.definition)).id, 'peer')
  for (const { type, event, snapshot, sessionId, rootId, createdAt } of json) {
    assert.is(rootId, 'transfer')
    assert.type(sessionId, 'string')
    assert.match(String(createdAt), /^\d{13}$/)
    if (type !== '@xstate.actor') assert.is(typeof (event as { type: unknown }).type, 'string')
    if (type !== '@xstate.event')
      assert.ok(['active', 'done', 'stopped'].includes((snapshot as { status: string }).status))
  }
})

test.run()
