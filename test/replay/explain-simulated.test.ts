/** Explanations of simulated swarms: what they say is what the state says, and what they cite happened. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { LoggedEvent } from '../../src/events/codec.js'
import type { TransferState } from '../../src/events/state.js'
import { logOfEvents } from '../../src/replay/event-log.js'
import { type CauseCode, type Explanation, explain, History } from '../../src/replay/index.js'
import { simulated } from './simulated.js'

const test = suite('explain: simulated histories')

const SMALL = { peers: 5, contentBytes: 400_000, pieceLength: 32_768 }
/** Moments of each history that are looked at. */
const MOMENTS = 12

const open = (state: Readonly<TransferState>) =>
  [...state.peers.values()].filter(({ standing }) => standing.tags.open === true)

/** What a cause of a piece claims, by a rule of its own. */
const TRUE_OF_PIECE: Partial<Record<CauseCode, (state: Readonly<TransferState>, piece: number) => boolean>> = {
  stored: (state, piece) => state.stored.has(piece),
  'nobody-has-it': (state, piece) => !open(state).some(({ has }) => has.has(piece)),
  choked: (state, piece) =>
    open(state)
      .filter(({ has }) => has.has(piece))
      .every(({ standing }) => standing.tags.peerChoking === true),
  'being-fetched': (state, piece) => state.pieces.has(piece as never),
  'hash-failed': (state, piece) => state.rejections.has(piece as never),
  'no-peers': (state) => open(state).length === 0,
  'waiting-for-disk': (state, piece) => state.pieces.get(piece as never)?.standing.tags.writing === true,
  paused: (state) => state.standing.tags.paused === true,
}

interface Seen {
  readonly codes: Set<CauseCode>
  readonly verdicts: Set<string>
}

const check = (explanation: Explanation, events: readonly LoggedEvent[], seen: Seen): void => {
  seen.verdicts.add(explanation.verdict)
  assert.ok(explanation.causes.length > 0, `${explanation.subject} at ${explanation.seq} has a cause`)
  for (const { code, events: cited } of explanation.causes) {
    seen.codes.add(code)
    for (const seq of cited) {
      assert.ok(seq <= explanation.seq, `${code} cites the past`)
      assert.is(events[seq]?.seq, seq, `${code} cites an event that there is`)
    }
    assert.equal(
      [...cited],
      [...new Set(cited)].sort((left, right) => left - right),
    )
  }
}

const lookAt = async (events: readonly LoggedEvent[], seen: Seen): Promise<void> => {
  const history = new History(logOfEvents(events))
  for (let moment = 1; moment <= MOMENTS; moment++) {
    const seq = Math.floor((events.length * moment) / MOMENTS) - 1
    if (seq < 4) continue
    const state = await history.stateAt({ seq })
    const transfer = await explain(history, {}, { moment: { seq } })
    check(transfer, events, seen)
    if (state.standing.tags.active === true) assert.is(transfer.verdict === 'complete', state.missing === 0)
    const missing = Array.from({ length: state.geometry.pieceCount }, (_, piece) => piece).filter(
      (piece) => !state.stored.has(piece),
    )
    for (const piece of [0, missing[0] ?? 0, missing.at(-1) ?? 1, state.pieces.keys().next().value ?? 2]) {
      const explanation = await explain(history, { piece }, { moment: { seq } })
      check(explanation, events, seen)
      for (const { code } of explanation.causes) {
        const isTrue = TRUE_OF_PIECE[code]
        assert.ok(isTrue === undefined || isTrue(state, piece), `${code} of piece ${piece} at ${seq}`)
      }
      assert.is(explanation.verdict === 'complete', state.stored.has(piece))
    }
    for (const { address } of [...state.peers.values()].slice(0, 2))
      check(await explain(history, { peer: address }, { moment: { seq } }), events, seen)
  }
}

/** Scenarios, and causes that their histories must have shown by then. */
const SCENARIOS: readonly (readonly [
  name: string,
  values: Readonly<Record<string, number | string>>,
  codes: readonly CauseCode[],
])[] = [
  ['flash-crowd', SMALL, ['stored', 'being-fetched', 'downloading', 'complete', 'serves-us']],
  ['seed-leaves-early', SMALL, ['nobody-has-it', 'rarer-first']],
  ['poisoners', SMALL, ['hash-failed']],
  ['tracker-outage', SMALL, ['no-peers', 'connecting']],
  ['disk-faults', SMALL, ['stored']],
]

for (const [name, values, codes] of SCENARIOS)
  test(`explain: what is said of ${name} is so, and proved by its events`, async () => {
    const seen: Seen = { codes: new Set(), verdicts: new Set() }
    for (const seed of [1, 2, 3]) {
      const { histories } = await simulated(name, seed, values)
      for (const events of histories.slice(0, 5)) await lookAt(events, seen)
    }
    for (const code of codes) assert.ok(seen.codes.has(code), `${code} among ${[...seen.codes].join(', ')}`)
    assert.ok(seen.verdicts.size > 1, [...seen.verdicts].join())
  })

test.run()
