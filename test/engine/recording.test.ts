/** Recording inputs in real engines: whatever a user does is decided again to the same, session after session. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/index.js'
import { decideAgain, foldLog, replay } from '../../src/replay/index.js'
import { makeContent } from './content.js'
import { guard } from './guard.js'
import { progressWhen, rigged, within, withLog } from './rig.js'

const test = guard(suite('engine: recording'))

const KIB = 1_024
const content = makeContent({ files: { a: 500 * KIB, b: 301 * KIB } })

test(
  'recording: sessions with recorded inputs are decided again, and those between are folded',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: 2_000 * KIB })
    const folder = await rig.folder()
    const dataDir = join(folder, 'data')
    const ends: number[] = []
    for (const record of ['inputs', 'events', 'inputs'] as const) {
      const engine = await rig.engine(dataDir)
      const select = ends.length === 0 ? ['a'] : undefined
      const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address], select, record })
      if (ends.length === 0) {
        await progressWhen(transfer, ({ storedPieces }) => storedPieces > 2)
        await transfer.pause()
        await transfer.resume()
        transfer.select(['**'])
      }
      await within(transfer.done, 'the download')
      await transfer.recheck()
      await progressWhen(transfer, ({ phase }) => phase === 'seeding')
      await engine.close()
      ends.push(transfer.state.nextSeq)
    }
    await withLog(dataDir, content, async (log) => {
      const [first = 0, second = 0, third = 0] = ends
      const decided = await decideAgain(log)
      assert.is(decided?.divergence, undefined, JSON.stringify(decided?.divergence))
      assert.ok(
        decided && decided.events > 0 && decided.events < third - (second - first),
        'the second was not recorded',
      )
      const inputs: number[] = []
      for await (const batch of log.readInputs?.(0) ?? []) for (const { seq } of batch) inputs.push(seq)
      assert.is(decided.inputs, inputs.length)
      assert.is(inputs.filter((seq) => seq >= first && seq < second).length, 0)
      assert.ok(inputs.filter((seq) => seq < first).length > 30)
      assert.ok(inputs.filter((seq) => seq >= second).length > 10)
      const { matches, checkpoints, divergence } = await replay(log)
      assert.equal([matches, checkpoints, divergence], [true, 3, undefined])
      assert.ok((await foldLog(log)).state.stored.full)
    })
  }),
)

test(
  'recording: a seed that serves others is decided again, too',
  rigged(async (rig) => {
    const seed = await rig.seed(content, {}, 'inputs')
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address], record: 'inputs' })
    await within(transfer.done, 'the download')
    await engine.close()
    await seed.engine.close()
    for (const dataDir of [join(folder, 'data'), join(seed.folder, 'data')])
      await withLog(dataDir, content, async (log) => {
        const decided = await decideAgain(log)
        assert.is(decided?.divergence, undefined, JSON.stringify(decided?.divergence))
        assert.ok(decided && decided.inputs > 30)
      })
  }),
)

test(
  'recording: what is neither events nor inputs is refused, and leaves no trace',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const options = { path: folder, record: 'everything' as 'inputs' } // as programs without types may say
    const error = await engine.add(content.torrent, options).catch((thrown: unknown) => thrown)
    assert.is(error instanceof TorrewindError && error.code, 'OPTION_INVALID')
    assert.equal(engine.transfers, [])
    await engine.close()
  }),
)

test.run()
