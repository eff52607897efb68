/** Files are moved and renamed while they are in use, and wherever a crash comes every byte is found. */
import { existsSync, mkdirSync, readlinkSync, statSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../src/wire/bencode.js'
import { parseTorrent } from '../../src/wire/metainfo.js'
import { runChild } from '../store/children/child.js'
import { compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, eventsOf, progressWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: moving'))

const KIB = 1_024
const FILES = 24
const content = makeContent({
  pieceLength: 32 * KIB,
  files: Object.fromEntries(Array.from({ length: FILES }, (_, at) => [`f${at}.bin`, 70 * KIB + at])),
})

/** A folder on another file system, where there is one. */
const elsewhere = async (rig: Rig): Promise<string> => {
  const base = existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync(tmpdir()).dev ? '/dev/shm' : tmpdir()
  const folder = await mkdtemp(join(base, 'torrewind-moved-'))
  rig.later(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test(
  'moving: a download that is moved twice goes on all the while, and the next session hashes nothing',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: 1_000 * KIB })
    const [folder, far] = [await rig.folder(), await elsewhere(rig)]
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: join(folder, 'a'), peers: [seed.address] })
    await progressWhen(transfer, ({ storedPieces }) => storedPieces > 3)
    await within(transfer.move(join(folder, 'b')), 'the first move')
    assert.is(transfer.folder, join(folder, 'b'))
    assert.equal(await readdir(join(folder, 'a')), [])
    await within(transfer.move(far), 'the second move')
    assert.ok(transfer.progress.phase === 'downloading', 'it was moved in the midst')
    assert.is((await eventsOf(transfer)).filter(({ event }) => event.type === 'peer-closed').length, 0)
    await within(transfer.done, 'the rest')
    await compareContent(content, far)
    await transfer.close()
    const again = await engine.add(content.torrent, { path: far })
    await within(again.done, 'the next session')
    assert.is(again.progress.rehashedPieces, 0)
  }),
)

test(
  'moving: a renamed file is written, read and found under its name, and the torrent keeps its own',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: 2_000 * KIB })
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
    await transfer.rename('f3.bin', 'content/sub/ third.bin')
    assert.is(transfer.files[3]?.path, 'content/sub/ third.bin')
    await within(transfer.done, 'the download')
    assert.equal(new Uint8Array(await readFile(join(folder, 'content/sub/ third.bin'))), content.files[3]?.[1])
    assert.is(existsSync(join(folder, 'content/f3.bin')), false)
    for (const path of ['content/f4.bin', 'content/F4.BIN', '../x', '/x', 'a//b', 'content', 'content/f4.bin/x', ''])
      assert.is(await codeOf(() => transfer.rename(3, path)), 'OPTION_INVALID', path)
    await transfer.close()
    const again = await engine.add(content.torrent, { path: folder })
    await within(again.done, 'the next session')
    assert.is(again.progress.rehashedPieces, 0)
    await again.rename(3, 'content/f3.bin')
    assert.equal(await readdir(join(folder, 'content')).then((names) => names.includes('sub')), false)
    await compareContent(content, folder)
    assert.is(again.state.names.size, 0)
  }),
)

test(
  'moving: a symbolic link of the torrent leads to its file under every name, and is shared like others',
  rigged(async (rig) => {
    const whole = decode(content.torrent)
    assert.ok(whole.type === 'value' && whole.value instanceof Map)
    const info = whole.value.get('info')
    assert.ok(info instanceof Map)
    const list = info.get('files')
    assert.ok(Array.isArray(list))
    const link = { attr: 'l', length: 0, path: ['link'], 'symlink path': ['f3.bin'] }
    const torrent = encode(new Map([...whole.value, ['info', new Map([...info, ['files', [...list, link]]])]]) as never)
    const linked = { ...content, torrent, metainfo: parseTorrent(torrent) }
    const seed = await rig.seed(linked)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(torrent, { path: folder, peers: [seed.address] })
    await within(transfer.done, 'the download')
    await compareContent(linked, folder)
    const target = (of: string): string => readlinkSync(join(of, 'content/link'))
    assert.equal([target(folder), target(seed.folder)], ['f3.bin', 'f3.bin'])
    await transfer.rename('f3.bin', 'content/sub/third.bin')
    assert.is(target(folder), 'sub/third.bin')
    const there = join(await rig.folder(), 'there')
    await transfer.move(there)
    assert.is(target(there), 'sub/third.bin')
    await transfer.close()
    const again = await engine.add(torrent, { path: there })
    await within(again.done, 'the next session')
    assert.equal([again.progress.rehashedPieces, target(there)], [0, 'sub/third.bin'])
  }),
)

test(
  'moving: onto what somebody else has there it is refused, and everything is as it was',
  rigged(async (rig) => {
    const { transfer, folder } = await rig.seed(content)
    const there = join(await rig.folder(), 'there')
    mkdirSync(join(there, 'content'), { recursive: true })
    await writeFile(join(there, 'content', 'f9.bin'), 'mine')
    assert.is(await codeOf(() => transfer.move(there)), 'PATH_TAKEN')
    assert.equal(await readdir(join(there, 'content')), ['f9.bin'])
    assert.is(transfer.folder, folder)
    await compareContent(content, folder)
    const moves = [transfer.move(join(there, 'x')), transfer.move(join(there, 'y'))]
    const outcomes = await Promise.all(moves.map((move) => codeOf(() => move)))
    assert.equal(outcomes, ['nothing', 'TRANSFER_MOVING'])
    await compareContent(content, join(there, 'x'))
  }),
)

test(
  'moving: closed in the midst of it, the next session goes on with it, whichever folder it is told',
  rigged(async (rig) => {
    const { transfer, folder, engine } = await rig.seed(content)
    const there = join(await rig.folder(), 'there')
    const moving = codeOf(() => transfer.move(there))
    await transfer.close()
    await moving
    const again = await engine.add(content.torrent, { path: transfer.state.moving === undefined ? there : folder })
    await within(again.done, 'the next session')
    assert.is(again.progress.rehashedPieces, 0)
    await compareContent(content, again.folder)
  }),
)

test(
  'moving: killed when any number of files have arrived, every byte is found, and none is fetched again',
  rigged(async (rig) => {
    for (const files of [0, 1, FILES / 2, FILES]) {
      const [folder, to] = [await rig.folder(), await elsewhere(rig)]
      const from = join(folder, 'from')
      mkdirSync(from)
      await writeContent(content, from)
      await writeFile(join(folder, 'the.torrent'), content.torrent)
      const args = [join(folder, 'the.torrent'), from, to, join(folder, 'data'), String(files)]
      const child = await runChild('test/engine/children/moving.ts', args)
      rig.later(() => child.process.kill('SIGKILL'))
      await within(child.gone, 'the end of the child')
      const engine = await rig.engine(join(folder, 'data'))
      // What a program knows that crashed: the folder that it had added it with.
      const transfer = await engine.add(content.torrent, { path: from })
      await within(transfer.done, 'the next session')
      const where = files === 0 && transfer.folder === from ? from : to
      assert.is(transfer.folder, where)
      await compareContent(content, where)
      assert.is(transfer.state.moving, undefined)
      assert.is(transfer.progress.downloadedBytes, 0)
      await engine.close()
    }
  }),
)

test.run()
