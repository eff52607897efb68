/** Worker threads: what becomes of a run that needs more memory than its thread may have. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openThreads } from '../../../src/cli/sim/threads.js'
import { TorrewindError } from '../../../src/errors.js'

test('threads: a run that needs more memory than its thread may have is refused with a code', async () => {
  const threads = await openThreads(1, 48)
  const job = { scenario: 'flash-crowd', words: { peers: '10000' }, checkDeterminism: false }
  const error = await threads.run({ job, seed: 1 }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  await threads.close()
  assert.instance(error, TorrewindError)
  assert.is((error as TorrewindError).code, 'MEMORY_EXCEEDED')
  assert.match((error as TorrewindError).message, '48 MiB')
})

test.run()
