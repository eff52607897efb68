/** Deciding again: the same inputs make the same events, and whatever is otherwise is found where it begins. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findScenario, readSettings } from '../../simulations/index.js'
import { OURS, type Strategy } from '../../src/actors/strategy.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import type { LoggedInput } from '../../src/events/input-codec.js'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import {
  type DecideOptions,
  type DecisionDivergence,
  decideAgain,
  divergenceJson,
  divergenceText,
  foldLog,
  replay,
  stateHash,
} from '../../src/replay/index.js'
import { logOf, type Recorded, recordRun } from './recorded.js'

const test = suite('replay: deciding again')

let run: Promise<Recorded> | undefined
/** Made once, and never changed. */
const download = (): Promise<Recorded> => {
  run ??= recordRun('flash-crowd', 3, { peers: 3, contentBytes: 400_000, pieceLength: 32_768, uploadRate: 100_000 })
  return run
}

const divergenceOf = async (recorded: Recorded, options?: DecideOptions): Promise<DecisionDivergence | undefined> => {
  const decided = await decideAgain(logOf(recorded), options)
  assert.ok(decided, 'there are inputs')
  return decided.divergence
}

/** Events that a session begins with come of no input. */
const beginningOf = ({ inputs }: Recorded): number => inputs[0]?.seq ?? 0

const withEvent = ({ events, inputs }: Recorded, seq: number, event: TransferEvent): Recorded => ({
  events: events.map((logged) => (logged.seq === seq ? { ...logged, event } : logged)),
  inputs,
})

test('replay: a recorded download is decided again to the same events', async () => {
  const recorded = await download()
  const { events, inputs } = recorded
  assert.ok(events.length > 150 && inputs.length > 100, `${events.length} events, ${inputs.length} inputs`)
  const decided = await decideAgain(logOf(recorded))
  assert.equal(decided, {
    inputs: inputs.length,
    events: events.length - beginningOf(recorded),
    divergence: undefined,
  })
  const replayed = await replay(logOf(recorded))
  assert.equal([replayed.matches, replayed.divergence, replayed.events], [true, undefined, events.length])
})

test('replay: a log without recorded inputs is folded, and not decided again', async () => {
  const { events } = await download()
  assert.is(await decideAgain(logOf({ events, inputs: [] })), undefined)
  const { readInputs: _, ...without } = logOf({ events, inputs: [] })
  assert.is(await decideAgain(without), undefined)
  assert.is((await replay(without)).matches, undefined)
})

test('replay: up to any event the decisions are the same', async () => {
  const recorded = await download()
  for (let before = beginningOf(recorded) + 1; before <= recorded.events.length; before += 3) {
    const decided = await decideAgain(logOf(recorded), { before })
    assert.is(decided?.divergence, undefined, `before event ${before}`)
    assert.is(decided?.events, before - beginningOf(recorded))
  }
})

/** As a process that died just there left it, and the next began. */
const cutAt = ({ events, inputs }: Recorded, seq: number): Recorded => {
  const began = events.find(({ event }) => event.type === 'session-began')
  const before = events[seq - 1]
  assert.ok(began && before)
  const event = { ...began.event, session: 2 } as TransferEvent // it is a `session-began`
  const next: LoggedEvent = { ...before, seq: seq as LoggedEvent['seq'], event }
  return { events: [...events.slice(0, seq), next], inputs: inputs.filter((input) => input.seq < seq) }
}

test('replay: a turn that the end of its process cut off is no divergence, wherever it was cut', async () => {
  const recorded = await download()
  for (let seq = beginningOf(recorded) + 1; seq < recorded.events.length; seq += 2)
    assert.is(await divergenceOf(cutAt(recorded, seq)), undefined, `before event ${seq}`)
})

test('replay: an event that was changed is the divergence, with what is decided in its place', async () => {
  const recorded = await download()
  for (let seq = beginningOf(recorded); seq < recorded.events.length; seq += 5) {
    const original = recorded.events[seq]?.event
    const event: TransferEvent = { type: 'candidates-found', source: 'lsd', addresses: [] }
    const divergence = await divergenceOf(withEvent(recorded, seq, event))
    assert.is(divergence?.seq, seq)
    assert.equal(divergence?.expected, event)
    assert.equal(divergence?.actual, original)
    const { state } = await foldLog(logOf(recorded), { before: seq })
    assert.is(divergence?.stateHash, stateHash(state), 'the state before it')
  }
})

test('replay: another time of an event is a divergence', async () => {
  const { events, inputs } = await download()
  const seq = events.length - 5
  const later = events.map((logged) =>
    logged.seq >= seq ? { ...logged, at: (logged.at + 1) as typeof logged.at } : logged,
  )
  const divergence = await divergenceOf({ events: later, inputs })
  assert.is(divergence?.seq, seq)
  assert.is((divergence?.expectedAt ?? 0) - (divergence?.actualAt ?? 0), 1)
  assert.match(divergence === undefined ? '' : divergenceText(divergence), /the log has it at/)
})

/** An input from this one on that made an event. */
const tellingInput = ({ events, inputs }: Recorded, from: number): LoggedInput => {
  for (let at = from; at < inputs.length - 1; at++) {
    const [input, next] = [inputs[at], inputs[at + 1]]
    if (input !== undefined && next !== undefined && next.seq > input.seq && next.seq < events.length) return input
  }
  throw new Error('no input makes an event')
}

test('replay: an input that is missing shows at its turn', async () => {
  const recorded = await download()
  for (const from of [10, 40, 70]) {
    const input = tellingInput(recorded, from)
    const inputs = recorded.inputs.filter((each) => each !== input)
    assert.is((await divergenceOf({ ...recorded, inputs }))?.seq, input.seq, 'nothing makes its events')
  }
})

/** Asks for other blocks than we do, from the call of this number on. */
const asksOtherwiseFrom = (first: number): Strategy => {
  let calls = 0
  return {
    ...OURS,
    pickBlocks: (state, peer, count, random, now) =>
      OURS.pickBlocks(state, peer, ++calls >= first ? Math.min(1, count) : count, random, now),
  }
}

test('replay: a decision that was changed is found at the first event that it makes otherwise', async () => {
  const recorded = await download()
  let last = -1
  for (const first of [1, 4, 9]) {
    const divergence = await divergenceOf(recorded, { strategy: asksOtherwiseFrom(first) })
    assert.ok(divergence, `changed from call ${first} on`)
    const { seq, expected, actual, input } = divergence
    assert.ok(seq > last, 'later where it changed later')
    last = seq
    assert.is(expected?.type, 'blocks-requested')
    assert.is(actual?.type, 'blocks-requested')
    assert.equal(expected, recorded.events[seq]?.event)
    assert.ok(input.seq <= seq)
    assert.equal(
      input,
      recorded.inputs.findLast((each) => each.seq <= seq),
    )
    const text = divergenceText(divergence)
    assert.match(text, new RegExp(`^event ${seq} is decided otherwise than it was\\n  the log has: blocks-requested {`))
    assert.match(text, new RegExp(`because of input ${input.number}, to (peer|piece|the)`))
    const json = JSON.parse(JSON.stringify(divergenceJson(divergence)))
    assert.equal([json.kind, json.seq, json.input.number, json.error], ['decision', seq, input.number, null])
    const peer = expected?.type === 'blocks-requested' ? expected.peer : 0
    assert.is(json.state.peers[peer].key, peer, 'what the state before has of the peer')
  }
})

test('replay: a decision that nobody makes any more is found as missing', async () => {
  const recorded = await download()
  const strategy: Strategy = { ...OURS, pickBlocks: () => ({ ranges: [], drop: undefined }) }
  const divergence = await divergenceOf(recorded, { strategy })
  assert.is(divergence?.expected?.type, 'blocks-requested')
  assert.is(divergence?.actual, undefined)
  assert.match(divergence === undefined ? '' : divergenceText(divergence), /decided now: nothing more/)
})

test('replay: an event that is decided beyond those of its turn is found, and said to be one too many', async () => {
  const recorded = await download()
  const input = tellingInput(recorded, 30)
  // A turn that made no event before, and does now.
  const choke: LoggedInput = {
    ...input,
    input: { to: 'peer', peer: 1 as never, input: { type: 'message-arrived', message: { type: 'interested' } } },
  }
  const at = recorded.inputs.indexOf(input)
  const inputs = [...recorded.inputs.slice(0, at), choke, ...recorded.inputs.slice(at)]
  const divergence = await divergenceOf({ ...recorded, inputs })
  assert.is(divergence?.seq, input.seq)
  assert.is(divergence?.expected, undefined)
  assert.is(divergence?.actual?.type, 'interested-received')
  assert.match(divergence === undefined ? '' : divergenceText(divergence), /the log has: nothing more of this turn/)
})

test('replay: what a decision throws is told in the place of the event', async () => {
  const recorded = await download()
  const strategy: Strategy = {
    ...OURS,
    pickBlocks: () => {
      throw new Error('no such piece\u009b')
    },
  }
  const divergence = await divergenceOf(recorded, { strategy })
  assert.is(divergence?.error, 'no such piece\u009b')
  assert.is(divergence?.expected?.type, 'blocks-requested')
  assert.match(divergence === undefined ? '' : divergenceText(divergence), /decided now: an error: no such piece\?/)
})

test('replay: recording changes nothing of what happens', async () => {
  const scenario = findScenario('everything-at-once')
  const hashes = new Set<string>()
  for (const recordedNodes of [0, 2, 100]) {
    const values = { peers: 3, contentBytes: 300_000, pieceLength: 32_768, faultSeconds: 30, recordedNodes }
    const { hash, violations } = await scenario.run({ seed: 2, settings: readSettings(scenario.defaults, values) })
    assert.equal(violations, [])
    hashes.add(hash)
  }
  assert.is(hashes.size, 1)
})

test.run()
