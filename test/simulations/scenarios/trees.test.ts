/** Torrents of v2 and hybrids in simulated swarms (BEP 52). */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findScenario, readSettings, simulate } from '../../../simulations/index.js'

test('trees: v2 and hybrids of several files come to everybody, and the same seed is the same run', async () => {
  for (const format of ['v2', 'hybrid']) {
    const settings = { format, files: 5, peers: 6, contentBytes: 1_000_003, pieceLength: 65_536 }
    const result = await simulate('flash-crowd', { settings, checkDeterminism: true })
    assert.equal(result.violations, [], format)
    assert.is(result.completed, 6)
  }
})

test('tree poisoners: whoever gives a block that its hash disproves is banned in that turn', async () => {
  let disproved = 0
  /** Nodes whose last event tells of a wrong block, and how many each has banned. */
  const undecided = new Set<number>()
  const bans = new Map<number, number>()
  const scenario = findScenario('tree-poisoners')
  const result = await scenario.run({
    seed: 1,
    settings: readSettings(scenario.defaults, { contentBytes: 1_048_576, peers: 8 }),
    onEvent: (node, _seq, _at, event) => {
      if (event.type === 'address-banned') bans.set(node, (bans.get(node) ?? 0) + 1)
      // The next event after the first wrong block is the ban of whoever gave it.
      else if (undecided.has(node)) assert.ok(bans.has(node), event.type)
      undecided.delete(node)
      if (event.type !== 'blocks-disproved') return
      disproved++
      undecided.add(node)
    },
  })
  assert.equal(result.violations, [])
  assert.is(result.completed, result.peers)
  assert.ok(disproved > 0, `${disproved} times a block was disproved by its hash`)
})

test.run()
