/** Pickers and chokers of users: what they are shown, what they decide, and what becomes of those that go wrong. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Choker,
  type ChokerView,
  defineScenario,
  type Picker,
  type PickerView,
  type RunResult,
  simulate,
} from '../../simulations/index.js'
import { TorrewindError } from '../../src/errors.js'

const MIB = 1_048_576
const settings = {
  ...{ peers: 4, contentBytes: MIB, pieceLength: 65_536, limitSeconds: 600 },
  ...{ uploadRate: 262_144, seedUploadRate: 262_144 },
}

const run = (strategies: { picker?: Picker; choker?: Choker }, changes = {}): Promise<RunResult> =>
  simulate(defineScenario({ name: 'own', settings: { ...settings, ...changes }, ...strategies }), { seed: 5 })

test('strategies: an engine that is left to decide as ever does so in the very same run', async () => {
  const usual = await simulate('flash-crowd', { seed: 5, settings })
  const { hash } = await run({ picker: () => 'default', choker: () => 'default' })
  assert.is(hash, usual.hash)
})

test('strategies: pieces are fetched in the order of the picker, twice the same, and everybody finishes', async () => {
  const asked: number[] = []
  const own = defineScenario({
    name: 'backwards',
    settings: { ...settings, peers: 1 },
    picker: ({ pieces }) => {
      pieces.sort((left, right) => right - left)
      asked.push(...pieces.slice(0, 1))
      return pieces
    },
  })
  const result = await simulate(own, { checkDeterminism: true })
  assert.equal(result.violations, [])
  assert.is(result.completed, 1)
  assert.is(result.blocks, MIB / 16_384)
  const once = asked.slice(0, asked.length / 2)
  assert.equal(asked, [...once, ...once])
  assert.is(once[0], 15)
  assert.equal(
    once,
    once.slice().sort((left, right) => right - left),
  )
})

test('strategies: a generator is asked for no more than there is room for', async () => {
  let given = 0
  let calls = 0
  const { completed } = await run({
    *picker({ pieces }) {
      calls++
      for (const piece of pieces) {
        given++
        yield piece
      }
    },
  })
  assert.is(completed, 4)
  assert.ok(given < calls * 16, `${given} pieces in ${calls} calls`)
})

test('strategies: what a picker is shown is so', async () => {
  const seen = { seeds: 0, others: 0, rates: 0, begun: 0, rare: 0 }
  const picker = (view: PickerView): readonly number[] => {
    const { node, peer, pieces, pieceCount } = view
    assert.is(pieceCount, 16)
    assert.is(view.pieceLength, 65_536)
    assert.ok(node > 1 && node <= 5 && peer.node >= 1 && peer.node <= 5 && peer.node !== node)
    assert.is(peer.isSeed, peer.pieces === pieceCount)
    seen[peer.node === 1 ? 'seeds' : 'others']++
    if (peer.downloadRate > 0) seen.rates++
    let missing = 0
    for (let piece = 0; piece < pieceCount; piece++) {
      if (view.isMissing(piece)) missing++
      if (view.isBegun(piece)) seen.begun++
      assert.ok(!view.peerHas(piece) || view.availability(piece) >= 1)
    }
    assert.is(missing, pieceCount - view.storedPieces)
    for (const piece of pieces) {
      assert.ok(view.isMissing(piece) && view.peerHas(piece))
      if (view.availability(piece) === 1) seen.rare++
    }
    for (const strange of [-1, 1.5, pieceCount, Number.NaN]) {
      assert.not(view.peerHas(strange) || view.isMissing(strange) || view.isBegun(strange))
      assert.is(view.availability(strange), 0)
    }
    assert.ok(view.random(3) < 3)
    assert.ok(view.seconds > 0 && view.seconds < 600)
    return pieces
  }
  const { completed } = await run({ picker })
  assert.is(completed, 4)
  for (const [what, times] of Object.entries(seen)) assert.ok(times > 0, what)
})

test('strategies: whom the choker names is served, and nobody else', async () => {
  const { completed, groups } = await run({
    choker: ({ node, peers }) => (node === 1 ? peers.slice(0, 1) : peers).map(({ key }) => key),
  })
  assert.is(completed, 4)
  assert.ok(groups.length > 0)
  // The seed serves nobody and has all that there is.
  const nobody = await run(
    { choker: ({ node, peers }) => (node === 1 ? [] : peers.map(({ key }) => key)) },
    { limitSeconds: 60 },
  )
  assert.is(nobody.completed, 0)
  assert.is(nobody.blocks, 0)
  assert.ok(nobody.violations.every(({ kind }) => kind === 'liveness'))
})

test('strategies: what a choker is shown is so', async () => {
  const seen = { rounds: 0, between: 0, seeding: 0, leeching: 0, served: 0, sent: 0, brought: 0 }
  const choker = ({ node, slots, isRound, isSeeding, peers, random, seconds }: ChokerView): readonly number[] => {
    assert.is(slots, 8)
    assert.ok(random(2) < 2 && seconds >= 0)
    seen[isRound ? 'rounds' : 'between']++
    seen[isSeeding ? 'seeding' : 'leeching']++
    assert.ok(node !== 1 || isSeeding)
    for (const peer of peers) {
      assert.ok(peer.node !== node && peer.node >= 1 && peer.node <= 5)
      assert.ok(peer.connectedSeconds >= 0 && peer.pieces < 16)
      if (peer.isServed) seen.served++
      if (peer.uploadedBytes > 0 && peer.uploadRate > 0) seen.sent++
      if (peer.downloadedBytes > 0) seen.brought++
    }
    return peers.map(({ key }) => key)
  }
  const { completed } = await run({ choker })
  assert.is(completed, 4)
  for (const [what, times] of Object.entries(seen)) assert.ok(times > 0, what)
})

test('strategies: between rounds nobody is choked, and only places that are free are given away', async () => {
  // It would serve the newest one only, but who was chosen keeps its place until the round is over.
  const servedBetween: number[] = []
  await run({
    choker: ({ isRound, peers }) => {
      if (!isRound) servedBetween.push(peers.filter(({ isServed }) => isServed).length)
      return peers.slice(-1).map(({ key }) => key)
    },
  })
  assert.ok(servedBetween.length > 0)
  assert.ok(servedBetween.every((served) => served <= 1))
})

const fails = async (strategies: { picker?: unknown; choker?: unknown }): Promise<string> => {
  try {
    await run(strategies as { picker?: Picker; choker?: Choker })
  } catch (error) {
    assert.instance(error, TorrewindError)
    assert.is((error as TorrewindError).code, 'STRATEGY_INVALID')
    const { message } = error as TorrewindError
    assert.match(message, /^after \d+\.\d{3} s on node [1-5] of seed 5 the (picker|choker) /)
    return message
  }
  throw new Error('nothing was wrong with it')
}

const endless = (of: () => number) =>
  function* (): Generator<number> {
    for (;;) yield of()
  }

const WRONG: Readonly<Record<string, readonly [picker: (view: PickerView) => unknown, says: RegExp]>> = {
  'throws an error': [
    () => {
      throw new Error('no idea')
    },
    /the picker threw "no idea", at .*strategies\.test\.ts/,
  ],
  'throws something else': [
    () => {
      throw 'a word'
    },
    /threw "a word"/,
  ],
  'returns nothing': [() => undefined, /returned undefined, which is neither an order of numbers nor "default"/],
  'returns a number': [() => 7, /returned 7,/],
  'returns a word': [() => 'rarest', /returned rarest,/],
  'returns an object': [() => ({ piece: 7 }), /returned \{"piece":7\},/],
  'returns a promise': [async () => [], /returned a promise,/],
  'returns a promise that is rejected': [() => Promise.reject(new Error('later')), /returned a promise,/],
  'returns a function': [() => () => 1, /returned a function,/],
  'gives a piece that is not there': [
    () => [16],
    /gave 16, and pieces are whole numbers from 0 to 15; it returned \[16\]/,
  ],
  'gives a negative piece': [() => [-1], /gave -1,/],
  'gives half a piece': [() => [0.5], /gave 0.5,/],
  'gives NaN': [() => [Number.NaN], /gave NaN,/],
  'gives a word': [() => ['0'], /gave 0, which is no number/],
  'gives a piece twice': [({ pieces }) => [...pieces.slice(0, 1), ...pieces.slice(0, 1)], /which it gave before/],
  'gives a piece that is stored': [
    ({ isMissing, pieces }) => [...Array(16).keys()].filter((piece) => !isMissing(piece)).concat(pieces),
    /gave \d+, which is stored/,
  ],
  'gives a piece that the peer does not have': [
    ({ peerHas, isMissing, pieces }) =>
      [...Array(16).keys()].filter((piece) => isMissing(piece) && !peerHas(piece)).concat(pieces),
    /gave \d+, which the peer does not have/,
  ],
  'gives one piece for ever': [endless(() => 3), /gave 3, which it gave before/],
  'gives nonsense for ever': [
    endless(
      (
        (next) => () =>
          next++
      )(0),
    ),
    /gave \d+,/,
  ],
  'gives what throws when it is read': [
    () => ({
      [Symbol.iterator]: () => ({
        next: () => {
          throw new Error('empty hands')
        },
      }),
    }),
    /threw "empty hands"/,
  ],
  'gives what is no iterator': [() => ({ [Symbol.iterator]: () => undefined }), /threw /],
  'asks for the time': [() => [Date.now()], /threw "Date is not to be used in a simulated world/],
  'draws by itself': [() => [Math.random()], /threw "Math.random is not to be used/],
  'draws nonsense': [({ random }) => [random(Number.NaN)], /threw "nothing can be drawn from NaN"/],
  'writes to what it is shown': [
    (view) => {
      Object.assign(view.peer, { pieces: 0 })
      Object.assign(view, { pieces: [] })
      return []
    },
    /threw /,
  ],
}

for (const [what, [picker, says]] of Object.entries(WRONG))
  test(`strategies: a picker that ${what} ends the run with an error that says so`, async () => {
    assert.match(await fails({ picker }), says)
  })

test('strategies: a choker that names nobody, or a stranger, ends the run with an error that says so', async () => {
  assert.match(await fails({ choker: () => [99_999] }), /the choker gave 99999, which is no key of a peer/)
  assert.match(await fails({ choker: () => null }), /the choker returned null,/)
  assert.match(await fails({ choker: endless(() => 1) }), /the choker gave 1,/)
  assert.match(
    await fails({ choker: ({ peers }: ChokerView) => peers }),
    /the choker gave \{"key":.*which is no number/,
  )
})

test('strategies: after a run that one ended, the next is as if nothing had been', async () => {
  await fails({ picker: () => [99] })
  const { violations, completed } = await run({})
  assert.equal(violations, [])
  assert.is(completed, 4)
})

test.run()
