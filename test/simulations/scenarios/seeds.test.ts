/** Scenarios of seeds that are slow or leave: each shows what it is named for. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type RunResult, simulate } from '../../../simulations/index.js'

const groupIn = ({ groups }: RunResult, name: string) => {
  const group = groups.find((each) => each.name === name)
  assert.ok(group !== undefined, `there are ${groups.map((each) => each.name).join(', ')}, and no ${name}`)
  return group
}

const everybodyIn = (result: RunResult): void => {
  assert.equal(result.violations, [])
  assert.is(result.completed, result.peers)
}

test('slow seed: all wait for its pieces, and finish soon after it has given the last one', async () => {
  const settings = { peers: 12, contentBytes: 1_048_576 }
  const result = await simulate('slow-seed', { settings })
  everybodyIn(result)
  const [first = 0, last = 0] = [result.downloadSeconds[0], result.downloadSeconds.at(-1)]
  assert.ok(first >= 0.95 * (1_048_576 / 16_384), `the first finished after ${first} s`)
  assert.ok(last - first < 0.15 * last, `the first finished after ${first} s, and the last after ${last} s`)
  // They could have given each other eight times as much.
  const given = groupIn(result, 'leechers').uploadedBytes / (result.peers * 131_072 * last)
  assert.ok(given < 0.25, `${given} of what their lines could send`)
})

test('slow seed: one of a kibibyte a second, over which a block takes minutes, serves everybody too', async () => {
  const settings = { peers: 20, contentBytes: 65_536, pieceLength: 32_768, seedUploadRate: 1_024, limitSeconds: 1_000 }
  everybodyIn(await simulate('slow-seed', { settings }))
})

test('seed leaves early: nobody has finished when it goes, and everybody does', async () => {
  const result = await simulate('seed-leaves-early', { settings: { contentBytes: 2_097_152 } })
  everybodyIn(result)
  const { seedsLeftSeconds = Number.POSITIVE_INFINITY, lostPieces } = result.measured
  assert.ok(seedsLeftSeconds < (result.downloadSeconds[0] ?? 0), `${seedsLeftSeconds} s`)
  assert.is(lostPieces, 0)
})

test('seed leaves early: if it goes before each piece is out, nobody finishes, and the run ends when all have what is left', async () => {
  const settings = { contentBytes: 2_097_152, seedsLeaveAtShare: 0.5 }
  const result = await simulate('seed-leaves-early', { settings })
  assert.equal(result.violations, [])
  assert.is(result.completed, 0)
  const { lostPieces = 0 } = result.measured
  assert.ok(lostPieces > 0 && lostPieces <= 16, `${lostPieces} of 32 pieces`)
  assert.ok(result.simulatedSeconds < 300, `${result.simulatedSeconds} s`)
})

test.run()
