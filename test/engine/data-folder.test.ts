/** The data folder and the port: taken, open elsewhere, or damaged, each is said by a stable code. */
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createEngine } from '../../src/index.js'
import { logFolder } from '../../src/node/machine.js'
import { LevelShelf } from '../../src/store/level-shelf.js'
import { LogDamage } from '../../src/store/log-damage.js'
import { allOf } from '../../src/store/log-keys.js'
import { put, recordAt } from '../contracts/log-tampering.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { at, codeOf, type Rig, rigged, verdictOf, within } from './rig.js'

const test = guard(suite('engine: data folder'))

const content = makeContent({ name: 'one', seed: 1 })
const other = makeContent({ name: 'other', seed: 2 })

const errorOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await within(promise, 'an end')
  } catch (error) {
    return error
  }
  throw new Error('it went well')
}

test(
  'data folder: a port that is taken is PORT_TAKEN, and leaves the folder free',
  rigged(async (rig) => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    rig.later(() => server.close())
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0
    const dataDir = await rig.folder()
    assert.is(await codeOf(() => createEngine({ dataDir, host: '127.0.0.1', port })), 'PORT_TAKEN')
    assert.is(await codeOf(() => createEngine({ dataDir, host: '192.0.2.1' })), 'PORT_TAKEN')
    const engine = await rig.engine(dataDir)
    assert.is.not(engine.port, port)
  }),
)

test(
  'data folder: one that another engine has open is DATA_LOCKED, and free when that is closed',
  rigged(async (rig) => {
    const dataDir = await rig.folder()
    const engine = await rig.engine(dataDir)
    assert.is(await codeOf(() => createEngine({ dataDir, host: '127.0.0.1' })), 'DATA_LOCKED')
    await engine.close()
    await rig.engine(dataDir)
  }),
)

test(
  'data folder: one that is a file, or lies below a file, is DATA_UNUSABLE',
  rigged(async (rig) => {
    const file = join(await rig.folder(), 'file')
    await writeFile(file, 'a file')
    assert.is(await codeOf(() => createEngine({ dataDir: file, host: '127.0.0.1' })), 'DATA_UNUSABLE')
    assert.is(await codeOf(() => createEngine({ dataDir: join(file, 'below'), host: '127.0.0.1' })), 'DATA_UNUSABLE')
  }),
)

/** Two whole downloads in one data folder, closed. */
const twoDownloads = async (rig: Rig) => {
  const seeds = [await rig.seed(content), await rig.seed(other)]
  const folder = await rig.folder()
  const dataDir = join(folder, 'data')
  const engine = await rig.engine(dataDir)
  const transfers = await Promise.all(
    [content, other].map(({ torrent }, index) =>
      engine.add(torrent, { path: folder, peers: [seeds[index]?.address ?? at(1)] }),
    ),
  )
  await within(Promise.all(transfers.map(({ done }) => done)), 'the downloads')
  await engine.close()
  return { folder, dataDir, seeds }
}

const tamper = async (dataDir: string, change: (shelf: LevelShelf) => Promise<unknown>): Promise<void> => {
  const shelf = await LevelShelf.open(logFolder(dataDir), false)
  await change(shelf)
  await shelf.close()
}

/** Flips a bit in the middle of the record that begins with this event. */
const damage = (dataDir: string, firstSeq: number): Promise<void> =>
  tamper(dataDir, async (shelf) => {
    const [key, value] = await recordAt(shelf, content.metainfo.infoHash, firstSeq)
    const bytes = value.slice()
    bytes[bytes.length >> 1] = 0x55 ^ (bytes[bytes.length >> 1] ?? 0)
    await put(shelf, key, bytes)
  })

test(
  'data folder: a damaged first record is LOG_DAMAGED with its number where all is folded, and others are not touched',
  rigged(async (rig) => {
    const { folder, dataDir } = await twoDownloads(rig)
    await damage(dataDir, 0)
    // Without its checkpoints the log must be folded from the start.
    await tamper(dataDir, (shelf) => shelf.clear(allOf('checkpoint', content.metainfo.infoHash)))
    const engine = await rig.engine(dataDir)
    const error = await errorOf(engine.add(content.torrent, { path: folder }))
    assert.instance(error, LogDamage)
    assert.is(error instanceof LogDamage && `${error.code} ${error.seq}`, 'LOG_DAMAGED 0')
    assert.equal(engine.transfers, [])
    assert.instance(await errorOf(engine.add(content.torrent, { path: folder })), LogDamage)
    const unhurt = await engine.add(other.torrent, { path: folder })
    await within(unhurt.done, 'the other')
    assert.is(unhurt.progress.rehashedPieces, 0)
    await engine.close()
    const verdict = await verdictOf(dataDir, content.metainfo.infoHash)
    assert.is(verdict.ok, false)
    assert.is(verdict.damage?.seq, 0)
    assert.ok((await verdictOf(dataDir, other.metainfo.infoHash)).ok)
  }),
)

test(
  'data folder: damage before the newest checkpoint lets the transfer go on, and whoever reads there is told',
  rigged(async (rig) => {
    const { folder, dataDir } = await twoDownloads(rig)
    await damage(dataDir, 0)
    const engine = await rig.engine(dataDir)
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.done, 'the start')
    assert.is(transfer.progress.rehashedPieces, 0)
    const reading = (async () => {
      for await (const { seq } of transfer.events()) if (seq < 0) return
    })()
    assert.is(await codeOf(() => reading), 'LOG_DAMAGED')
    assert.is(await codeOf(() => transfer.stateAt(3)), 'LOG_DAMAGED')
    await compareContent(content, folder)
  }),
)

test(
  'data folder: one that was lost costs the hashing of everything, and nothing is fetched again',
  rigged(async (rig) => {
    const { folder, dataDir, seeds } = await twoDownloads(rig)
    await rm(dataDir, { recursive: true })
    const engine = await rig.engine(dataDir)
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seeds[0]?.address ?? at(1)] })
    await within(transfer.done, 'the check')
    assert.is(transfer.progress.downloadedBytes, 0, 'without a log everything is hashed, and nothing fetched')
    assert.is(transfer.progress.rehashedPieces, content.metainfo.pieceCount)
  }),
)

test.run()
