/** Removing: the log is forgotten, the files stay, and what is added meanwhile or afterwards is not touched. */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/index.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { rigged, verdictOf, within } from './rig.js'

const test = guard(suite('engine: removing'))

const content = makeContent({ files: { a: 150_000, 'b/c': 250_001 } })
const { infoHash } = content.metainfo

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

test(
  'removing: remove forgets the log and keeps the files',
  rigged(async (rig) => {
    const { engine, transfer, folder } = await rig.seed(content)
    await transfer.remove()
    await compareContent(content, folder)
    assert.equal(engine.transfers, [])
    const again = await engine.add(content.torrent, { path: folder })
    await within(again.done, 'the check')
    assert.is(again.state.session, 1)
    assert.is(again.progress.rehashedPieces, content.metainfo.pieceCount)
    await engine.close()
    const verdict = await verdictOf(join(folder, 'data'), infoHash)
    assert.ok(verdict.ok)
    assert.is(verdict.firstSeq, 0)
  }),
)

test(
  'removing: remove twice, and after close, is once; the transfer that came after it stays',
  rigged(async (rig) => {
    const { engine, transfer, folder } = await rig.seed(content)
    await Promise.all([transfer.remove(), transfer.close(), transfer.remove()])
    const again = await engine.add(content.torrent, { path: folder })
    await within(again.done, 'the check')
    await transfer.remove()
    await again.pause()
    await again.resume()
    await engine.close()
    const verdict = await verdictOf(join(folder, 'data'), infoHash)
    assert.ok(verdict.ok)
    assert.is(verdict.events, again.state.nextSeq)
  }),
)

test('removing: what is added while it is being removed is there afterwards, or was refused', async () => {
  for (const count of [0, 1, 2, 4, 8, 16])
    await rigged(async (rig) => {
      const { engine, transfer, folder } = await rig.seed(content)
      const removing = transfer.remove()
      await turns(count)
      const again = await engine.add(content.torrent, { path: folder }).catch((error: unknown) => {
        assert.is(error instanceof TorrewindError && error.code, 'TRANSFER_EXISTS')
        return undefined
      })
      await within(removing, 'the removal')
      if (again !== undefined) await within(again.done, 'the check')
      await engine.close()
      const verdict = await verdictOf(join(folder, 'data'), infoHash).catch(() => undefined)
      assert.ok(verdict === undefined || verdict.ok, JSON.stringify(verdict))
      assert.is(verdict !== undefined, again !== undefined)
    })()
})

test.run()
