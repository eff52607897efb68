/** Files that others made, changed or removed are noticed, said, hashed again, and mended by download. */
import { readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Bitfield } from '../../src/wire/bitfield.js'
import { type Content, compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { eventsOf, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: changed files'))

const content = makeContent({ files: { 'a.bin': 300_000, 'b.bin': 200_000, 'deep/c.bin': 500_000 } })
const { pieceLength, pieceCount } = content.metainfo
const PIECES_OF_B = Math.floor(499_999 / pieceLength) - Math.floor(300_000 / pieceLength) + 1

const flipByte = async (path: string, offset: number): Promise<void> => {
  const bytes = await readFile(path)
  bytes[offset] = (bytes[offset] ?? 0) ^ 1
  await writeFile(path, bytes)
}

/** Changes what is in a folder where the transfer is whole and was closed, and has the engine take it up again. */
const takeUpAgain = async (rig: Rig, change: (folder: string) => Promise<unknown>) => {
  const seed = await rig.seed(content)
  const folder = await rig.folder()
  const dataDir = join(folder, 'data')
  const first = await rig.engine(dataDir)
  const before = await first.add(content.torrent, { path: folder, peers: [seed.address] })
  await within(before.done, 'the download')
  await first.close()
  await change(folder)
  const second = await rig.engine(dataDir)
  const transfer = await second.add(content.torrent, { path: folder, peers: [seed.address] })
  await within(transfer.done, 'the mending')
  await compareContent(content, folder)
  const events = (await eventsOf(transfer)).filter(({ seq }) => seq >= before.state.nextSeq).map(({ event }) => event)
  const changes = events.filter((event) => event.type === 'file-changed').map(({ file, reason }) => `${file} ${reason}`)
  return { transfer, changes, events }
}

test(
  'changed files: content that is partly right is kept where it is right and fetched where it is not',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    await writeContent(content, folder)
    await flipByte(join(folder, 'content/b.bin'), 100_000)
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
    await within(transfer.done, 'the mending')
    await compareContent(content, folder)
    assert.is(transfer.progress.rehashedPieces, pieceCount)
    assert.is(transfer.progress.downloadedBytes, pieceLength)
    const check = (await eventsOf(transfer)).find(({ event }) => event.type === 'check-began')
    assert.is(check?.event.type === 'check-began' && check.event.reason, 'new')
  }),
)

test(
  'changed files: what nobody touched is not hashed again',
  rigged(async (rig) => {
    const { transfer, changes } = await takeUpAgain(rig, async () => undefined)
    assert.equal(changes, [])
    assert.is(transfer.progress.rehashedPieces, 0)
    assert.is(transfer.progress.downloadedBytes, 0)
  }),
)

test(
  'changed files: a flipped byte is found by the time of the file, and its piece is fetched again',
  rigged(async (rig) => {
    const { transfer, changes } = await takeUpAgain(rig, (folder) => flipByte(join(folder, 'content/b.bin'), 150_000))
    assert.equal(changes, ['1 time'])
    assert.is(transfer.progress.rehashedPieces, PIECES_OF_B)
    assert.is(transfer.progress.downloadedBytes, pieceLength)
  }),
)

test(
  'changed files: a file of another time and the same bytes is hashed and kept',
  rigged(async (rig) => {
    const { transfer, changes } = await takeUpAgain(rig, (folder) => utimes(join(folder, 'content/b.bin'), 1, 1))
    assert.equal(changes, ['1 time'])
    assert.is(transfer.progress.rehashedPieces, PIECES_OF_B)
    assert.is(transfer.progress.downloadedBytes, 0)
  }),
)

test(
  'changed files: a truncated file is found by its size, whatever its time says',
  rigged(async (rig) => {
    const { transfer, changes } = await takeUpAgain(rig, async (folder) => {
      const path = join(folder, 'content/b.bin')
      const { atime, mtime } = await stat(path)
      await truncate(path, 150_000)
      await utimes(path, atime, mtime)
    })
    assert.equal(changes, ['1 size'])
    assert.is(transfer.progress.rehashedPieces, PIECES_OF_B)
    assert.ok(transfer.progress.downloadedBytes <= PIECES_OF_B * pieceLength)
  }),
)

test(
  'changed files: a removed file is missed, and fetched again',
  rigged(async (rig) => {
    const { transfer, changes } = await takeUpAgain(rig, (folder) => rm(join(folder, 'content/b.bin')))
    assert.equal(changes, ['1 missing'])
    assert.is(transfer.progress.rehashedPieces, PIECES_OF_B)
    assert.ok(transfer.progress.downloadedBytes <= PIECES_OF_B * pieceLength)
  }),
)

test(
  'changed files: a download folder that is gone is fetched again as a whole',
  rigged(async (rig) => {
    const { transfer, changes } = await takeUpAgain(rig, (folder) => rm(join(folder, 'content'), { recursive: true }))
    assert.equal(changes, ['0 missing', '1 missing', '2 missing'])
    assert.is(transfer.progress.downloadedBytes, content.bytes.length)
  }),
)

/** Pauses before anything came, so that the transfer has nothing when it is closed. */
const leaveEmpty = async (rig: Rig, dataDir: string, folder: string, what: Content): Promise<void> => {
  const engine = await rig.engine(dataDir)
  const transfer = await engine.add(what.torrent, { path: folder })
  await within(transfer.ready, 'the start')
  await engine.close()
}

test(
  'changed files: a file that appears where nothing was stored is hashed, and taken where it is right',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const dataDir = join(folder, 'data')
    await leaveEmpty(rig, dataDir, folder, content)
    await writeContent(content, folder)
    const engine = await rig.engine(dataDir)
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.done, 'the check')
    assert.is(transfer.progress.rehashedPieces, pieceCount)
    assert.is(transfer.progress.downloadedBytes, 0)
  }),
)

test(
  'changed files: a folder that was given anew is hashed as a whole',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const [folder, other] = [await rig.folder(), await rig.folder()]
    const dataDir = join(folder, 'data')
    const first = await rig.engine(dataDir)
    const before = await first.add(content.torrent, { path: folder, peers: [seed.address] })
    await within(before.done, 'the download')
    await first.close()
    await writeContent(content, other)
    const second = await rig.engine(dataDir)
    const transfer = await second.add(content.torrent, { path: other })
    await within(transfer.done, 'the check')
    assert.is(transfer.progress.rehashedPieces, pieceCount)
    assert.is(transfer.state.folder, other)
  }),
)

test(
  'changed files: a recheck finds what changed under a running seed, and mends it',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    await writeContent(content, folder)
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.done, 'the check')
    await flipByte(join(folder, 'content/deep/c.bin'), 250_000)
    const from = transfer.state.nextSeq
    await transfer.recheck()
    transfer.addPeer(seed.address)
    const events: string[] = []
    for await (const { event } of transfer.events({ from })) {
      events.push(event.type)
      if (event.type === 'seeding-began') break
    }
    assert.is(events.filter((type) => type === 'piece-checked').length, pieceCount)
    assert.is(events.filter((type) => type === 'piece-stored').length, 1)
    await compareContent(content, folder)
    assert.ok(new Bitfield(pieceCount, transfer.state.announced.bytes.slice()).full)
  }),
)

test.run()
