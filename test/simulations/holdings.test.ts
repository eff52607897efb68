/** Nodes with several torrents: one engine has them all, each is checked, and crashes bring all of them back. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findScenario, readSettings, type Scenario, simulate } from '../../simulations/index.js'
import { Swarm } from '../../simulations/swarm.js'

const KIB = 1_024
const SMALL = { torrents: 3, contentBytes: 256 * KIB + 5, pieceLength: 32 * KIB }

test('several torrents: everybody gets all of them, twice the same, and no block is fetched twice', async () => {
  for (const format of ['v1', 'hybrid']) {
    const settings = { ...SMALL, peers: 3, files: 2, format }
    const result = await simulate('flash-crowd', { settings, checkDeterminism: true, samples: 16 })
    assert.equal([result.violations, result.completed], [[], 3], format)
    const least = (3 * 3 * SMALL.contentBytes) / (16 * KIB)
    assert.ok(result.blocks >= least && result.blocks <= least + 3 * 3 * 2, `${result.blocks} blocks`)
    assert.is(result.samples?.seeds.at(-1), 4, 'who has all of them is a seed')
  }
})

test('several torrents: a crash takes nothing of any, and the next process has all of them', async () => {
  const settings = { ...SMALL, peers: 3, faultSeconds: 80 }
  const result = await simulate('crash-storm', { settings, checkDeterminism: true })
  assert.equal([result.violations, result.completed], [[], 3])
  assert.ok(result.faults.length > 5)
})

test('several torrents: with faults of all kinds nothing is wrong with any, and recorded decisions are made again', async () => {
  const settings = { ...SMALL, torrents: 2, peers: 4, faultSeconds: 20, recordedNodes: 3 }
  const { violations } = await simulate('everything-at-once', { seed: 3, settings, checkDeterminism: true })
  assert.equal(violations, [])
})

test('several torrents: what is wrong with one says with which, and its events are told apart', async () => {
  const swarm = new Swarm(1, {
    content: { bytes: SMALL.contentBytes, pieceLength: SMALL.pieceLength },
    torrents: 2,
    trackers: 1,
    tracker: { intervalSeconds: 60, answerMs: 100 },
  })
  swarm.add({ seed: true })
  const node = swarm.add({ torrents: [2] })
  const heard = new Set<string>()
  swarm.onEvent = (of, _seq, _at, _event, torrent) => heard.add(`${of}: ${torrent}`)
  for (const each of swarm.nodes) each.start()
  swarm.at(1, () => node.watch.have(1_000))
  await swarm.run({ seconds: 10, when: () => false })
  assert.equal([...heard].sort(), ['1: 1', '1: 2', '2: 2'])
  assert.equal(
    swarm.violations.map(({ checker, node: of, torrent }) => [checker, of, torrent]),
    [['announcedIsDurable', 2, 2]],
  )
})

test('several torrents: each .torrent is told with its number, and all have their own content', async () => {
  const scenario: Scenario = findScenario('flash-crowd')
  const told = new Map<number, string>()
  await scenario.run({
    seed: 1,
    settings: readSettings(scenario.defaults, { ...SMALL, peers: 1 }),
    onTorrent: (torrent, number) => told.set(number, Buffer.from(torrent).toString('hex')),
  })
  assert.equal([...told.keys()], [1, 2, 3])
  assert.is(new Set(told.values()).size, 3)
})

test.run()
