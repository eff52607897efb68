/** Asking a transfer that is open about itself: states, differences, last changes and explanations. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pieceIndex } from '../../src/values.js'
import { makeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, eventWhen, rigged, within } from './rig.js'

const test = guard(suite('engine: explaining'))

const KIB = 1_024
const content = makeContent({ files: { a: 900 * KIB } })

test(
  'explain: a transfer without a peer is stuck, and one that has fetched everything is complete',
  rigged(async (rig) => {
    const engine = await rig.engine(await rig.folder())
    const transfer = await engine.add(content.torrent, { path: await rig.folder() })
    await within(transfer.ready, 'the check')
    const alone = await transfer.explain()
    assert.is(alone.verdict, 'stuck')
    assert.ok(alone.causes.some(({ code }) => code === 'no-peers'))
    const stuckAt = alone.seq
    const seed = await rig.seed(content)
    transfer.addPeer(seed.address)
    await within(transfer.done, 'the download')
    const { verdict, causes } = await transfer.explain({ piece: 3 })
    assert.is(verdict, 'complete')
    for (const { events } of causes)
      for (const seq of events) assert.ok(seq < transfer.state.nextSeq, `event ${seq} is one of the log`)
    assert.is((await transfer.explain({}, stuckAt)).verdict, 'stuck', 'as it was then')
    const stored = await eventWhen(transfer, 'piece-stored', ({ piece }) => piece === 3)
    const differences = await transfer.diff(stored.seq - 1, stored.seq)
    assert.equal(
      differences.filter(({ path }) => path === 'stored').map(({ after }) => after),
      ['3'],
    )
    const changed = await transfer.lastChange({ type: 'piece', piece: pieceIndex(3) }, stored.seq)
    assert.is(changed?.seq, stored.seq)
    assert.is((await transfer.stateAt({ at: stored.at })).stored.has(3), true)
  }),
)

test(
  'explain: a pause explains itself, and so does a transfer without that piece or moment',
  rigged(async (rig) => {
    const engine = await rig.engine(await rig.folder())
    const transfer = await engine.add(content.torrent, { path: await rig.folder() })
    await within(transfer.ready, 'the check')
    await transfer.pause()
    const { verdict, causes } = await transfer.explain({ piece: 0 })
    assert.is(verdict, 'stopped')
    assert.equal(
      causes.map(({ code }) => code),
      ['paused'],
    )
    assert.is(await codeOf(() => transfer.explain({ piece: 1_000_000 })), 'OPTION_INVALID')
    assert.is(await codeOf(() => transfer.explain({}, 1_000_000)), 'OPTION_INVALID')
  }),
)

test.run()
