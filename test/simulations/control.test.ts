/** Control, in simulated swarms: limits that are kept and fair, selections under churn, and readers that need not wait. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { SimulatedNode } from '../../simulations/node.js'
import { Swarm } from '../../simulations/swarm.js'
import { US_PER_SECOND } from '../../simulations/world.js'

const KIB = 1_024
const PIECE = 64 * KIB

const swarmOf = (seed: number, bytes: number, files = 1, torrents = 1): Swarm =>
  new Swarm(seed, {
    content: { bytes, pieceLength: PIECE, files },
    torrents,
    trackers: 1,
    tracker: { intervalSeconds: 60, answerMs: 100 },
  })

const near = (actual: number, wanted: number, share: number, what: string): void => {
  assert.ok(Math.abs(actual - wanted) <= share * wanted, `${what}: ${actual} in place of ${wanted}`)
}

test('control: a limit is kept within 5 % over ten seconds, and shared alike by those who are served', async () => {
  const swarm = swarmOf(1, 480 * PIECE)
  const seed = swarm.add({ seed: true })
  const leechers = Array.from({ length: 4 }, (_, at) =>
    // Far and near ones, and one that is slow itself.
    swarm.add({ serves: false, host: { latencyUs: 5_000 + at * 20_000, downloadRate: at === 3 ? 60_000 : 0 } }),
  )
  for (const node of swarm.nodes) node.start()
  const limit = 400_000
  const marks: number[][] = []
  const mark = (): void => {
    marks.push(
      [seed, ...leechers].map(({ transfer }, at) => {
        const state = transfer?.state
        return (at === 0 ? state?.sessionUploaded : state?.sessionDownloaded) ?? 0
      }),
    )
  }
  swarm.at(0.3, () => Object.assign(seed.transfer ?? {}, { limits: { download: 0, upload: limit } }))
  swarm.at(20, mark)
  swarm.at(30, mark)
  await swarm.run({ seconds: 31, when: () => false })
  await swarm.close()
  assert.equal(swarm.violations, [])
  const [before = [], after = []] = marks
  const [sent = 0, ...got] = after.map((bytes, at) => bytes - (before[at] ?? 0))
  near(sent, 10 * limit, 0.05, 'what the seed sent')
  near(got[3] ?? 0, 600_000, 0.1, 'the slow one')
  for (const bytes of got.slice(0, 3))
    near(bytes, (10 * limit - 600_000) / 3, 0.1, `each of the others (${got.join()})`)
})

test('control: transfers share the limit of their engine alike, and no more comes while connections break and a seed crashes', async () => {
  const swarm = swarmOf(4, 480 * PIECE, 1, 3)
  for (let at = 0; at < 2; at++) swarm.add({ seed: true, host: { latencyUs: 5_000 + at * 30_000 } })
  const node = swarm.add({})
  for (const each of swarm.nodes) each.start()
  const limit = 600_000
  const marks: number[][] = []
  swarm.at(0.3, () => Object.assign(node.engine ?? {}, { limits: { download: limit, upload: 0 } }))
  for (const at of [20, 30, 40, 50, 60])
    swarm.at(at, () => marks.push(node.holdings.map(({ watch }) => watch.receivedBytes)))
  for (let at = 31; at < 60; at += 3)
    swarm.at(at, () => {
      for (const endpoint of [...node.host.endpoints].slice(0, 2)) endpoint.reset()
    })
  swarm.at(41, () => swarm.nodes[0]?.crash('process'))
  swarm.at(55, () => swarm.nodes[0]?.start())
  await swarm.run({ seconds: 61, when: () => false })
  await swarm.close()
  assert.equal(swarm.violations, [])
  const sums = marks.map((of) => of.reduce((sum, bytes) => sum + bytes, 0))
  near((sums[1] ?? 0) - (sums[0] ?? 0), 10 * limit, 0.05, 'all of them')
  for (const [of, before] of (marks[0] ?? []).entries())
    near((marks[1]?.[of] ?? 0) - before, (10 * limit) / 3, 0.1, `torrent ${of + 1} of three`)
  for (let at = 2; at < sums.length; at++) {
    const came = (sums[at] ?? 0) - (sums[at - 1] ?? 0)
    assert.ok(came <= 1.05 * 10 * limit && came > limit, `${came} bytes in ten seconds`)
  }
})

test('control: a limit of what comes is kept too, whoever sends it', async () => {
  const swarm = swarmOf(2, 480 * PIECE)
  for (let at = 0; at < 3; at++) swarm.add({ seed: true, host: { latencyUs: 5_000 + at * 30_000 } })
  const node = swarm.add({})
  for (const each of swarm.nodes) each.start()
  const marks: number[] = []
  const mark = (): unknown => marks.push(node.transfer?.state.sessionDownloaded ?? 0)
  swarm.at(0.3, () => Object.assign(node.transfer ?? {}, { limits: { download: 500_000, upload: 0 } }))
  swarm.at(10, mark)
  swarm.at(20, mark)
  await swarm.run({ seconds: 21, when: () => false })
  await swarm.close()
  assert.equal(swarm.violations, [])
  near((marks[1] ?? 0) - (marks[0] ?? 0), 5_000_000, 0.05, 'what came')
})

const selectedOf = (node: SimulatedNode): readonly string[] =>
  (node.transfer?.files ?? []).filter(({ priority }) => priority !== 'skip').map(({ path }) => path)

test('control: whatever is selected meanwhile, and whoever crashes, at the end there is what is wanted and nothing else', async () => {
  for (const seed of [1, 2]) {
    const swarm = swarmOf(seed, 40 * PIECE + 12_345, 8)
    swarm.add({ seed: true, host: { uploadRate: 300_000 } })
    const nodes = Array.from({ length: 3 }, () => swarm.add({ host: { uploadRate: 200_000 } }))
    for (const node of swarm.nodes) node.start()
    const chance = swarm.world.chance('network', 99)
    for (const node of nodes) {
      for (let at = 0; at < 12; at++)
        swarm.at(0.5 + chance.below(20_000) / 1_000, () => {
          const { transfer } = node
          if (transfer === undefined || node.standing !== 'running') return
          const file = chance.below(8)
          const what = chance.below(4)
          if (what === 0) transfer.select(file)
          else if (what === 1) transfer.select(file, { also: true })
          else if (what === 2) transfer.deselect([file, (file + 1) % 8])
          else transfer.prioritize(file, 'high')
        })
      swarm.at(3 + chance.below(9_000) / 1_000, () => {
        node.crash(chance.happens(0.5) ? 'process' : 'power')
        swarm.at(swarm.seconds + 13, () => node.start())
      })
    }
    swarm.at(30, () => {
      for (const { transfer } of nodes) transfer?.select([1, 4])
    })
    await swarm.run({ seconds: 75, when: () => false })
    assert.equal(swarm.violations, [], `seed ${seed}`)
    for (const node of nodes) {
      assert.equal(
        selectedOf(node),
        ['content/part-1', 'content/part-4'].map((path) => path.replace('content', node.transfer?.name ?? '')),
      )
      assert.is(node.transfer?.progress.phase, 'seeding', `seed ${seed}, node ${node.number}`)
      for (const at of [1, 4]) {
        const { offset = 0, length = 0 } = node.transfer?.metainfo.files[at] ?? {}
        assert.ok(node.medium.isRight(offset, length), `seed ${seed}, node ${node.number}, file ${at}`)
      }
    }
    await swarm.close()
    assert.equal(swarm.violations, [], `seed ${seed}`)
  }
})

/** How long whoever plays a film waits for it at most, from when it has begun. */
const longestWaitMs = async (swarm: Swarm, node: SimulatedNode, bytesPerSecond: number): Promise<number> => {
  let longest = 0
  let ended = false
  swarm.at(2, () => {
    swarm.world.task(node.number, async () => {
      const source = node.transfer?.read(0)
      let wantedAt = 0
      let played = 0
      for (;;) {
        const bytes = await source?.read()
        if (bytes === undefined) break
        const now = swarm.world.now
        if (played === 0) wantedAt = now
        longest = Math.max(longest, now - wantedAt)
        // Whoever waited goes on from there.
        wantedAt = Math.max(wantedAt, now) + (bytes.length / bytesPerSecond) * US_PER_SECOND
        played += bytes.length
        await new Promise<void>((resolve) => swarm.at(wantedAt / US_PER_SECOND, resolve))
      }
      ended = true
    })
  })
  await swarm.run({ seconds: 300, when: () => ended })
  assert.ok(ended, 'the film came to its end')
  return longest / 1_000
}

test('control: with twice the bandwidth that a film needs nobody who plays it waits for two seconds', async () => {
  for (const seed of [1, 2]) {
    const swarm = swarmOf(seed, 60 * PIECE)
    // One of them is ten times as slow as the others, so that what it is asked for must not be waited for.
    for (const uploadRate of [20_000, 200_000, 180_000]) swarm.add({ seed: true, host: { uploadRate } })
    const node = swarm.add({ host: { downloadRate: 400_000 } })
    for (const each of swarm.nodes) each.start()
    const waited = await longestWaitMs(swarm, node, 200_000)
    await swarm.close()
    assert.equal(swarm.violations, [])
    assert.ok(waited < 2_000, `seed ${seed}: ${waited} ms`)
  }
})

test.run()
