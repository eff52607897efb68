/** Scenarios of churn: each shows what it is named for. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineScenario, simulate } from '../../../simulations/index.js'

test('weibull churn: leechers come back and finish, later than if they had stayed', async () => {
  const settings = { peers: 12, contentBytes: 1_048_576, sessions: 'weibull:40,0.66' }
  const churn = await simulate('weibull-churn', { settings })
  const calm = await simulate('weibull-churn', { settings: { ...settings, sessions: 'forever' } })
  assert.equal([...churn.violations, ...calm.violations], [])
  assert.is(churn.completed, 12)
  assert.is(calm.measured.sessions, 12)
  assert.ok((churn.measured.sessions ?? 0) > 20, `${churn.measured.sessions} sessions`)
  assert.ok((churn.measured.meanDownloadSeconds ?? 0) > 1.2 * (calm.measured.meanDownloadSeconds ?? 0))
})

test('churn: who leaves unfinished for good has aborted, and the run ends when the others have finished', async () => {
  const settings = {
    peers: 15,
    contentBytes: 1_048_576,
    pieceLength: 32_768,
    uploadRate: 32_768,
    seedUploadRate: 32_768,
  }
  const result = await simulate('flash-crowd', { settings: { ...settings, sessions: 'exponential:60' } })
  assert.equal(result.violations, [])
  const { aborts = 0, finishes } = result.measured
  assert.ok(aborts > 0 && aborts < 15, `${aborts} of 15`)
  assert.is(aborts + result.completed, 15)
  assert.is(finishes, result.completed)
})

test('churn: a trace says who comes when and stays for how long', async () => {
  const trace = 'arrival,session\n# comes first, and has time enough\n0,200\n100,5\n150,200\n'
  const lines = { contentBytes: 1_048_576, pieceLength: 32_768, uploadRate: 65_536, seedUploadRate: 65_536 }
  const settings = { ...lines, trace: 'who.csv' }
  const traced = defineScenario({ name: 'traced', settings, files: { 'who.csv': trace } })
  const result = await simulate(traced)
  assert.equal(result.violations, [])
  assert.is(result.peers, 3)
  assert.is(result.completed, 2)
  assert.is(result.measured.aborts, 1)
  assert.ok(result.simulatedSeconds > 150 && result.simulatedSeconds < 200, `${result.simulatedSeconds} s`)
})

test.run()
