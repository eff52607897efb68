/** Removing: the log is forgotten, the files stay, and what is added meanwhile or afterwards is not touched. */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { present } from '../../src/assert.js'
import { TorrewindError } from '../../src/index.js'
import { logFolder } from '../../src/node/machine.js'
import { LevelShelf } from '../../src/store/level-shelf.js'
import { allOf } from '../../src/store/log-keys.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, rigged, verdictOf, within, withLogs } from './rig.js'

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

test(
  'removing: a log that is damaged, or compacted by another version, is forgotten, and what is on disk is kept',
  rigged(async (rig) => {
    const { folder, engine: first } = await rig.seed(content)
    const dataDir = join(folder, 'data')
    await first.close()
    const tamper = async (change: (shelf: LevelShelf) => Promise<unknown>): Promise<void> => {
      const shelf = await LevelShelf.open(logFolder(dataDir), false)
      await change(shelf)
      await shelf.close()
    }
    const spoil: Readonly<Record<string, () => Promise<void>>> = {
      LOG_DAMAGED: () =>
        tamper(async (shelf) => {
          const key = present(await shelf.lastKey(allOf('record', infoHash)), 'a record')
          const value = present(await shelf.get(key), 'a record').slice()
          value[50] = (value[50] ?? 0) ^ 1
          await new Promise((done) => shelf.writeDurably([{ type: 'put', key, value }], done))
        }),
      LOG_VERSION: async () => {
        const ofAnother = async (): Promise<Uint8Array> => Uint8Array.of(0x82, 0x18, 0xff, 0xa0) // [255, {}]
        await withLogs(dataDir, (logs) => logs.compact(infoHash, Number.MAX_SAFE_INTEGER, ofAnother))
        await tamper((shelf) => shelf.clear(allOf('checkpoint', infoHash)))
      },
    }
    for (const [code, act] of Object.entries(spoil)) {
      await act()
      const engine = await rig.engine(dataDir)
      assert.is(await codeOf(() => engine.add(content.torrent, { path: folder })), code)
      await engine.forget(content.torrent)
      const transfer = await engine.add(content.torrent, { path: folder })
      await within(transfer.done, 'the check')
      assert.is(transfer.progress.rehashedPieces, content.metainfo.pieceCount)
      assert.is(transfer.progress.downloadedBytes, 0)
      assert.is(await codeOf(() => engine.forget(content.torrent)), 'TRANSFER_EXISTS')
      await engine.close()
    }
  }),
)

test.run()
