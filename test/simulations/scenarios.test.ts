/** Scenarios: the same seed is the same run, no run is quicker than it can be, and nothing is wrong in any. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FAULT_KINDS, findScenario, readSettings, simulate } from '../../simulations/index.js'

const MIB = 1_048_576
const SMALL = { peers: 10, contentBytes: 4 * MIB, seedUploadRate: MIB, uploadRate: MIB, downloadRate: 8 * MIB }

/** Kumar and Ross: the least time in which the last leecher can finish. */
const leastSeconds = ({ peers, contentBytes, seedUploadRate, uploadRate, downloadRate }: typeof SMALL): number =>
  Math.max(
    contentBytes / seedUploadRate,
    contentBytes / downloadRate,
    (peers * contentBytes) / (seedUploadRate + peers * uploadRate),
  )

test('flash crowd: everybody finishes, the same seed is the same run, and another one is not', async () => {
  const first = await simulate('flash-crowd', { settings: SMALL, checkDeterminism: true })
  assert.equal(first.violations, [])
  assert.is(first.completed, 10)
  assert.is(first.blocks, (10 * SMALL.contentBytes) / 16_384)
  const other = await simulate('flash-crowd', { settings: SMALL, seed: 2 })
  assert.is(other.completed, 10)
  assert.not.equal(other.hash, first.hash)
})

test('flash crowd: the uplinks of equal peers are used so well that it ends within 1.5 of the fluid bound', async () => {
  const rates = { seedUploadRate: MIB / 4, uploadRate: MIB / 4, downloadRate: 2 * MIB }
  const settings = { ...SMALL, ...rates, contentBytes: 8 * MIB, pieceLength: 65_536 }
  const { simulatedSeconds } = await simulate('flash-crowd', { settings })
  assert.ok(simulatedSeconds <= 1.5 * leastSeconds(settings), `${simulatedSeconds} s`)
})

const CROWDS: readonly Partial<typeof SMALL>[] = [
  {},
  { peers: 1 },
  { seedUploadRate: 4 * MIB, uploadRate: 256 * 1_024 },
  { downloadRate: 300_000 },
  { peers: 3, uploadRate: 64 * 1_024, downloadRate: MIB },
]
for (const [seed, change] of CROWDS.entries()) {
  const settings = { ...SMALL, ...change }
  test(`flash crowd: none is quicker than the fluid bound, with ${JSON.stringify(change)}`, async () => {
    const { completed, simulatedSeconds, violations } = await simulate('flash-crowd', { settings, seed })
    assert.equal(violations, [])
    assert.is(completed, settings.peers)
    assert.ok(
      simulatedSeconds >= leastSeconds(settings),
      `${simulatedSeconds} s, and ${leastSeconds(settings)} s is the least`,
    )
    assert.ok(simulatedSeconds <= 4 * leastSeconds(settings) + 10, `${simulatedSeconds} s is too long`)
  })
}

test('flash crowd: nobody is connected with more peers than are asked for', async () => {
  const open = new Map<number, Set<number>>()
  let most = 0
  const scenario = findScenario('flash-crowd')
  const { violations } = await scenario.run({
    seed: 1,
    settings: readSettings(scenario.defaults, { ...SMALL, peers: 20, maxPeers: 5 }),
    onEvent: (node, _seq, _at, event) => {
      const peers = open.get(node) ?? new Set()
      open.set(node, peers)
      if (event.type === 'handshake-received') peers.add(event.peer)
      else if (event.type === 'peer-closed') peers.delete(event.peer)
      else if (event.type === 'session-began') peers.clear()
      most = Math.max(most, peers.size)
    },
  })
  assert.equal(violations, [])
  assert.is(most, 5)
})

for (const seed of [1, 2]) {
  test(`everything at once: nothing is wrong with seed ${seed}, twice the same`, async () => {
    const result = await simulate('everything-at-once', { seed, checkDeterminism: true })
    assert.equal(result.violations, [])
    assert.ok(result.faults.length > 0)
  })
}

for (const faults of FAULT_KINDS) {
  test(`everything at once: nothing is wrong with ${faults} alone`, async () => {
    const settings = { peers: 5, contentBytes: MIB, faultSeconds: 40 }
    const { violations } = await simulate('everything-at-once', { seed: 11, settings: { ...settings, faults } })
    assert.equal(violations, [])
  })
}

test('settings: words are read, and what is wrong with them is said', () => {
  const { defaults } = findScenario('flash-crowd')
  const read = readSettings(defaults, { sessions: 'weibull:17754,0.66', uploadRate: '1000', natShare: '0.25' })
  assert.equal(read.sessions, { type: 'weibull', scale: 17_754, shape: 0.66 })
  assert.is(read.uploadRate, 1_000)
  assert.is(read.natShare, 0.25)
  const wrong: readonly [Record<string, string>, RegExp][] = [
    [{ uploadrate: '1' }, /no setting uploadrate/],
    [{ uploadRate: '-1' }, /uploadRate cannot be "-1"/],
    [{ uploadRate: '1e999' }, /cannot be/],
    [{ peers: '0' }, /from 1/],
    [{ pieceLength: '1' }, /from 16384/],
    [{ sessions: 'weibull:1' }, /weibull:SCALE,SHAPE/],
    [{ natShare: '2' }, /from 0 to 1/],
    [{ toString: '1' }, /no setting toString/],
  ]
  for (const [words, message] of wrong) assert.throws(() => readSettings(defaults, words), message)
})

test.run()
