/** What can be changed of a tracker while it runs. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { toHex } from '../../src/values.js'
import { announceUrl } from '../../src/wire/tracker.js'
import type { Tracker, TrackerChanges } from '../../tracker/index.js'
import { ask, withTracker } from './catalogue-client.js'
import { askAnnounce, failureOf, request } from './http-client.js'
import { hashOf } from './swarm-world.js'
import { setOf, tokenMaker } from './token-maker.js'

const test = suite('tracker reload')
const [first, second] = [toHex(hashOf(1)), toHex(hashOf(2))]

const refusal = async (tracker: Tracker, changes: TrackerChanges): Promise<string> => {
  try {
    await tracker.reload(changes)
  } catch (error) {
    if (error instanceof TorrewindError) return error.code
    throw error
  }
  return 'taken'
}

test('reload: a list holds from the next announce on, and `any` takes it away', () =>
  withTracker({ allow: [first] }, async (base, tracker) => {
    const other = request(1, { infoHash: hashOf(2) })
    assert.match(await failureOf(announceUrl(`${base}/announce`, other)), /does not serve/)
    await tracker.reload({ allow: [second] })
    await askAnnounce(base, other)
    assert.match(await failureOf(announceUrl(`${base}/announce`, request(1))), /does not serve/)
    await tracker.reload({ allow: 'any' })
    await askAnnounce(base, request(1))
  }))

test('reload: where one of the changes is wrong, none is made', () =>
  withTracker({ allow: [first] }, async (base, tracker) => {
    const wrong: TrackerChanges[] = [
      { allow: ['no hash'] },
      { allow: [second], rate: -1 },
      { allow: [second], rate: 1.5 },
      { allow: [second], keys: '{"keys":[]}' },
    ]
    for (const changes of wrong) assert.is(await refusal(tracker, changes), 'OPTION_INVALID', JSON.stringify(changes))
    await askAnnounce(base, request(1))
    assert.match(
      await failureOf(announceUrl(`${base}/announce`, request(2, { infoHash: hashOf(2) }))),
      /does not serve/,
    )
    const metrics = await tracker.metrics()
    assert.match(metrics, /reloads_total\{outcome="refused"\} 4\n/)
    assert.match(metrics, /reloads_total\{outcome="applied"\} 0\n/)
  }))

test('reload: what cannot be read is a change that was refused, and is told as it came', () =>
  withTracker({ allow: [first] }, async (base, tracker) => {
    const read = tracker.reload(async () => {
      throw new Error('the file is gone')
    })
    await read.then(
      () => assert.unreachable(),
      (error: Error) => assert.is(error.message, 'the file is gone'),
    )
    await askAnnounce(base, request(1))
    assert.match(await tracker.metrics(), /reloads_total\{outcome="refused"\} 1\n/)
  }))

test('reload: keys that are exchanged hold for tokens that were verified before, too', async () => {
  const [old, fresh] = [await tokenMaker('old'), await tokenMaker('fresh')]
  const [oldToken, freshToken] = await Promise.all([old, fresh].map((maker) => maker.make({ scope: 'announce' })))
  await withTracker({ tokens: { keys: setOf(old) } }, async (base, tracker) => {
    const at = (token = ''): string => announceUrl(`${base}/${token}/announce`, request(1))
    const isTaken = async (token?: string): Promise<boolean> =>
      !(await ask(at(token))).bytes.toString().includes('failure') &&
      !new TextDecoder().decode((await ask(at(token))).bytes).includes('failure')
    assert.equal([await isTaken(oldToken), await isTaken(freshToken)], [true, false])
    await tracker.reload({ keys: setOf(old, fresh) })
    assert.equal([await isTaken(oldToken), await isTaken(freshToken)], [true, true])
    await tracker.reload({ keys: setOf(fresh) })
    assert.equal([await isTaken(oldToken), await isTaken(freshToken)], [false, true])
    assert.is(await refusal(tracker, { keys: 'no JWKS' }), 'OPTION_INVALID')
    assert.is(await isTaken(freshToken), true)
  })
})

test('reload: the rate can be changed, and taken away', () =>
  withTracker({ rate: 1 }, async (base, tracker) => {
    const ended = async (): Promise<number> => {
      for (let asked = 0; asked < 60; asked++) {
        const { status } = await ask(announceUrl(`${base}/announce`, request(1)))
        if (status !== 200) return status
      }
      return 200
    }
    assert.is(await ended(), 429)
    await tracker.reload({ rate: 0 })
    assert.is(await ended(), 200)
    await tracker.reload({ rate: 1 })
    assert.is(await ended(), 429)
  }))

test.run()
