/** The disk's failures: the transfer says what happened by a stable code, loses nothing, and goes on when it is resumed. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { chmod, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Transfer } from '../../src/api.js'
import { TorrewindError } from '../../src/index.js'
import { compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { RawPeer } from './raw-peer.js'
import { eventsOf, progressWhen, type Rig, rigged, verdictOf, within } from './rig.js'

const test = guard(suite('engine: disk'))

const MIB = 1_024 * 1_024
const content = makeContent({ files: { a: MIB, 'b/c': 2 * MIB } })
const { infoHash, pieceLength } = content.metainfo

const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await within(promise, 'an end')
    return 'nothing'
  } catch (error) {
    return error instanceof TorrewindError ? error.code : error
  }
}

const mountAt = (folder: string, bytes: number): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]).status === 0

const unmount = (folder: string): unknown => spawnSync('umount', ['-l', folder])

const remount = (folder: string, option: string): void =>
  assert.is(spawnSync('mount', ['-o', `remount,${option}`, folder]).status, 0)

/** On Linux root may mount; where nobody may, these tests are skipped, and say why. */
const mayMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'torrewind-mount-'))
  const may = mountAt(folder, MIB)
  if (may) unmount(folder)
  rmdirSync(folder)
  return may
})()

/** A claim about a file system of so many bytes. */
const claimSmall = (claim: string, bytes: number, run: (rig: Rig, folder: string) => Promise<void>): void => {
  if (!mayMount) {
    test.skip(`${claim} (skipped: this process may not mount a tmpfs)`)
    return
  }
  test(
    claim,
    rigged(async (rig) => {
      const folder = join(await rig.folder(), 'small')
      await mkdir(folder)
      assert.ok(mountAt(folder, bytes))
      rig.later(() => unmount(folder))
      await run(rig, folder)
    }),
  )
}

const failed = async (transfer: Transfer, code: string): Promise<void> => {
  assert.is(await codeOf(transfer.done), code)
  assert.is(transfer.progress.phase, 'failed')
  assert.is(transfer.progress.failure?.code, code)
  assert.is(transfer.progress.peers, 0)
}

claimSmall(
  'disk: a full one stops the download with DISK_FULL, and it goes on once there is room',
  2 * MIB,
  async (rig, small) => {
    const seed = await rig.seed(content)
    const data = join(await rig.folder(), 'data')
    const engine = await rig.engine(data)
    const transfer = await engine.add(content.torrent, { path: small, peers: [seed.address] })
    await failed(transfer, 'DISK_FULL')
    const { storedPieces } = transfer.progress
    assert.ok(storedPieces > 0, 'what fitted is stored')
    // Without more room it fails again, and says so again.
    await transfer.resume()
    await failed(transfer, 'DISK_FULL')
    remount(small, `size=${8 * MIB}`)
    await transfer.resume()
    assert.is(transfer.progress.failure, undefined)
    await within(transfer.done, 'the rest')
    await compareContent(content, small)
    assert.is(transfer.progress.rehashedPieces, 0)
    const stored = (await eventsOf(transfer)).filter(({ event }) => event.type === 'piece-stored')
    assert.is(stored.length, content.metainfo.pieceCount, 'no piece was stored twice')
  },
)

claimSmall(
  'disk: a full one is survived by closing too: the next session goes on with what was stored',
  2 * MIB,
  async (rig, small) => {
    const seed = await rig.seed(content)
    const data = join(await rig.folder(), 'data')
    const first = await rig.engine(data)
    const before = await first.add(content.torrent, { path: small, peers: [seed.address] })
    await failed(before, 'DISK_FULL')
    await first.close()
    assert.ok((await verdictOf(data, infoHash)).ok)
    remount(small, `size=${8 * MIB}`)
    const second = await rig.engine(data)
    const transfer = await second.add(content.torrent, { path: small, peers: [seed.address] })
    await within(transfer.done, 'the rest')
    await compareContent(content, small)
    const missing = content.bytes.length - before.progress.storedBytes
    assert.is(transfer.progress.downloadedBytes, missing)
  },
)

claimSmall(
  'disk: with the whole space taken at the start, a full one is seen before anything comes',
  2 * MIB,
  async (rig, small) => {
    const data = join(await rig.folder(), 'data')
    const engine = await rig.engine(data)
    const transfer = await engine.add(content.torrent, { path: small, preallocate: true })
    await failed(transfer, 'DISK_FULL')
    assert.is(transfer.progress.downloadedBytes, 0)
  },
)

test(
  'disk: with the whole space taken at the start the files have their size at once',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, preallocate: true, peers: [seed.address] })
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
  }),
)

claimSmall(
  'disk: a full one under the log stops everything with LOG_FAILED, and what was committed is there later',
  512 * 1_024,
  async (rig, small) => {
    const seed = await rig.seed(content, { uploadLimit: 8 * MIB })
    const folder = await rig.folder()
    const engine = await rig.engine(join(small, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.ready, 'the start')
    // What is left of the file system is filled by somebody else.
    await writeFile(join(small, 'ballast'), new Uint8Array(512 * 1_024)).catch(() => undefined)
    transfer.addPeer(seed.address)
    assert.is(await codeOf(transfer.done), 'LOG_FAILED')
    await within(transfer.close(), 'the end of the transfer')
    await within(engine.close(), 'the end of the engine')
    await rm(join(small, 'ballast'))
    remount(small, `size=${8 * MIB}`)
    const next = await rig.engine(join(small, 'data'))
    const again = await next.add(content.torrent, { path: folder, peers: [seed.address] })
    await within(again.done, 'the download')
    await compareContent(content, folder)
  },
)

claimSmall(
  'disk: one that cannot be written stops the download with DISK_READ_ONLY, and seeds what is there',
  8 * MIB,
  async (rig, small) => {
    const seed = await rig.seed(content)
    remount(small, 'ro')
    const engine = await rig.engine(join(await rig.folder(), 'data'))
    const transfer = await engine.add(content.torrent, { path: small, peers: [seed.address] })
    await failed(transfer, 'DISK_READ_ONLY')
    remount(small, 'rw')
    await transfer.resume()
    await within(transfer.done, 'the download')
    await compareContent(content, small)
    await transfer.close()
    remount(small, 'ro')
    const seeding = await engine.add(content.torrent, { path: small })
    await within(seeding.done, 'the start')
    assert.is(seeding.progress.phase, 'seeding')
    assert.is(seeding.progress.rehashedPieces, 0)
  },
)

test(
  'disk: a folder that may not be entered, or is a file, is said by a code',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const file = join(folder, 'file')
    await writeFile(file, 'a file')
    const fetch = (path: string): Promise<unknown> =>
      codeOf(engine.add(content.torrent, { path, peers: [seed.address] }).then(({ done }) => done))
    assert.is(await fetch(file), 'DISK_FAILED')
    const inner = join(folder, 'inner')
    await mkdir(join(inner, 'content', 'a'), { recursive: true })
    assert.is(await fetch(inner), 'DISK_FAILED', 'a folder lies where a file belongs')
    assert.equal(engine.transfers, [])
    if (process.getuid?.() === 0) return // root may write everywhere
    const closed = join(folder, 'closed')
    await mkdir(closed)
    await chmod(closed, 0o500)
    assert.is(await fetch(closed), 'DISK_READ_ONLY')
  }),
)

test(
  'disk: a file that is cut under a seed stops it with DISK_FAILED, and a recheck mends it',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    await writeContent(content, folder)
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.ready, 'the check')
    await progressWhen(transfer, ({ phase }) => phase === 'seeding')
    await truncate(join(folder, 'content/b/c'), 0)
    const peer = await RawPeer.join(engine.port, { infoHash })
    peer.say({ type: 'interested' })
    await peer.hear('unchoke')
    peer.say({ type: 'request', piece: 0, offset: 0, length: 16_384 })
    await peer.hear('piece')
    peer.say({ type: 'request', piece: MIB / pieceLength, offset: 0, length: 16_384 })
    await peer.closed()
    await progressWhen(transfer, ({ phase }) => phase === 'failed')
    assert.is(transfer.progress.failure?.code, 'DISK_FAILED')
    await transfer.resume()
    await transfer.recheck()
    transfer.addPeer(seed.address)
    await progressWhen(transfer, ({ phase, rehashedPieces }) => phase === 'seeding' && rehashedPieces > 96)
    await compareContent(content, folder)
  }),
)

test(
  'disk: a folder that is removed under a download is made again, or said to be gone',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: 8 * MIB })
    const folder = await rig.folder()
    const engine = await rig.engine(join(await rig.folder(), 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
    await progressWhen(transfer, ({ storedPieces }) => storedPieces > 5)
    await rm(folder, { recursive: true })
    const end = await codeOf(transfer.done)
    assert.ok(end === 'nothing' || end === 'DISK_FAILED', String(end))
    if (end === 'DISK_FAILED') await transfer.resume()
    await transfer.recheck()
    transfer.addPeer(seed.address)
    await progressWhen(transfer, ({ phase, rehashedPieces }) => phase === 'seeding' && rehashedPieces >= 96)
    await compareContent(content, folder)
    assert.equal(await readdir(folder), ['content'])
  }),
)

test.run()
