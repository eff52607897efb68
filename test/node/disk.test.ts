/** The real disk keeps the contract of disks, and bears disks that are full or cannot be written. */
import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { DiskFile } from '../../src/ports.js'
import { diskContract, file } from '../contracts/disk.js'
import { claim, claimOnMount, claimOnPosix, makePlace, mounted, openBelow, until, writeCode } from './disk-place.js'

const MIB = 1_048_576

diskContract('disk', async () => makePlace())

claimOnPosix('a download folder that cannot be made fails as a write does', async (place) => {
  writeFileSync(place.folder, '')
  const disk = place.awaited([file('f')])
  assert.is(await writeCode(disk, 0), 'ENOTDIR')
})

claimOnPosix('a file of the torrent that is executable is made so, and others are not', async (place) => {
  const disk = place.awaited([file('run', 3, true), file('text', 3), file('empty', 0, true)])
  await writeCode(disk, 0)
  await writeCode(disk, 1)
  await disk.reserve(2, 0)
  const mode = (name: string): number => statSync(join(place.folder, name)).mode & 0o100
  assert.equal([mode('run'), mode('text'), mode('empty')], [0o100, 0, 0o100])
})

const linked = (at: string, to: string): DiskFile => ({ ...file(at), link: to.split('/') })

claimOnPosix('a symbolic link of the torrent is made one, counts as there, and is removed alone', async (place) => {
  const disk = place.awaited([file('a/text', 3), linked('b/c/to it', 'a/text'), linked('folder', 'a'), file('empty')])
  assert.is(await disk.stat(1), undefined)
  for (const which of [1, 2, 3]) await disk.reserve(which, 0)
  assert.is(readlinkSync(join(place.folder, 'b/c/to it')), '../../a/text')
  assert.is(readlinkSync(join(place.folder, 'folder')), 'a')
  assert.not.ok(lstatSync(join(place.folder, 'empty')).isSymbolicLink())
  for (const which of [1, 2]) {
    assert.is((await disk.stat(which))?.bytes, 0, 'what it leads to is not there yet, and does not count')
    await disk.reserve(which, 0)
    await disk.sync(which)
  }
  await disk.write(0, 0, Uint8Array.of(1, 2, 3))
  assert.is((await disk.stat(1))?.bytes, 0)
  assert.equal([...readFileSync(join(place.folder, 'b/c/to it'))], [1, 2, 3])
  await disk.remove(1)
  assert.is(await disk.stat(1), undefined)
  assert.is((await disk.stat(0))?.bytes, 3)
})

claimOnPosix(
  'a file in the place of a symbolic link of the torrent stays, and so does a link to elsewhere',
  async (place) => {
    const disk = place.awaited([linked('own', 'text'), linked('other', 'text'), file('text', 3)])
    await disk.write(2, 0, Uint8Array.of(1, 2, 3))
    writeFileSync(join(place.folder, 'own'), '')
    symlinkSync('/nowhere', join(place.folder, 'other'))
    for (const which of [0, 1]) await disk.reserve(which, 0)
    assert.ok(lstatSync(join(place.folder, 'own')).isFile())
    assert.is(readlinkSync(join(place.folder, 'other')), '/nowhere')
  },
)

claimOnPosix('a symbolic link that is moved leads to what its file is called there', async (place) => {
  const disk = place.awaited([file('a/text', 3), linked('a/to it', 'a/text'), linked('never made', 'a/text')])
  await disk.write(0, 0, Uint8Array.of(1, 2, 3))
  await disk.reserve(1, 0)
  const files = [file('renamed', 3), linked('deep/er/to it', 'renamed'), linked('never made', 'renamed')]
  await disk.move({ folder: place.elsewhere, files })
  assert.is(readlinkSync(join(place.elsewhere, 'deep/er/to it')), '../../renamed')
  assert.equal([...readFileSync(join(place.elsewhere, 'deep/er/to it'))], [1, 2, 3])
  assert.is((await disk.stat(1))?.bytes, 0)
  assert.throws(() => lstatSync(join(place.folder, 'a/to it')), /ENOENT/)
})

claimOnPosix('a symbolic link leads to what its file is called by now, without being moved itself', async (place) => {
  const disk = place.awaited([file('text', 3), linked('to it', 'text')])
  await disk.write(0, 0, Uint8Array.of(1, 2, 3))
  await disk.reserve(1, 0)
  symlinkSync('left by a crash', join(place.folder, 'to it.moving'))
  await disk.move({ folder: place.folder, files: [file('deep/renamed', 3), linked('to it', 'deep/renamed')] })
  assert.throws(() => lstatSync(join(place.folder, 'to it.moving')), /ENOENT/)
  assert.is(readlinkSync(join(place.folder, 'to it')), 'deep/renamed')
  assert.equal([...readFileSync(join(place.folder, 'to it'))], [1, 2, 3])
})

claimOnPosix('space is taken where that is asked for, and only there', async (place) => {
  const length = 8 * MIB + 5
  await place.awaited([file('sparse', length)]).reserve(0, length)
  await place.awaited([file('taken', length)], true).reserve(0, length)
  const bytesTaken = (name: string): number => statSync(join(place.folder, name)).blocks * 512
  assert.ok(bytesTaken('sparse') < MIB, `${bytesTaken('sparse')} bytes`)
  assert.ok(bytesTaken('taken') >= length, `${bytesTaken('taken')} bytes`)
})

claim('taking the space is given up when the disk is closed', async (place) => {
  const disk = place.awaited([file('huge')], true)
  const length = 4_096 * MIB
  const code = disk.codeOf((d, done) => d.reserve(0, length, done))
  await until(disk.disk.close(), 'the disk closes')
  assert.is(await code, 'ECLOSED')
  assert.ok(statSync(join(place.folder, 'huge')).size < length / 8)
})

claim('no more files are open than allowed, while all are used at once', async (place) => {
  const files = Array.from({ length: 60 }, (_, which) => file(`d${which % 3}/f${which}`))
  const disk = place.awaited(files, false, 3)
  let openMost = 0
  const look = (): void => {
    openMost = Math.max(openMost, openBelow(place.folder))
  }
  const operations = files.flatMap((_, which) => [
    disk.write(which, 0, Uint8Array.of(which)).then(look),
    disk.write(which, 1, Uint8Array.of(which)).then(look),
    disk.reserve(which, 3).then(look),
  ])
  await Promise.all(operations)
  const reads = files.map(async (_, which) => {
    assert.equal([...(await disk.read(which, 0, 3))], [which, which, 0])
    look()
  })
  await Promise.all(reads)
  assert.ok(openMost <= 3, `${openMost} files were open`)
  await disk.disk.close()
  assert.is(openBelow(place.folder), 0)
})

claim('one file open at a time is enough, to read and to write by turns', async (place) => {
  const files = [file('a'), file('b')]
  const disk = place.awaited(files, false, 1)
  await disk.write(0, 0, Uint8Array.of(1))
  await disk.write(1, 0, Uint8Array.of(2))
  for (let round = 0; round < 5; round++) {
    const [a, , b] = await Promise.all([disk.read(0, 0, 1), disk.write(0, 1, Uint8Array.of(3)), disk.read(1, 0, 1)])
    assert.equal([...a, ...b], [1, 2])
  }
})

claimOnMount('a full disk fails with ENOSPC, and what was written stays', async (place) => {
  await mounted(place, 'size=1m', async () => {
    const disk = place.awaited([file('kept'), file('large'), file('small')])
    assert.is(await writeCode(disk, 0, 300_000), undefined)
    assert.is(await writeCode(disk, 1, 2 * MIB), 'ENOSPC')
    assert.is(await disk.codeOf((d, done) => d.write(1, 5 * MIB, new Uint8Array(MIB), done)), 'ENOSPC')
    assert.is(
      (await disk.read(0, 0, 300_000)).every((byte) => byte === 7),
      true,
    )
    // A hole takes nothing, and is full only when it is written to.
    assert.is(await disk.codeOf((d, done) => d.reserve(2, 50 * MIB, done)), undefined)
    assert.is(await writeCode(disk, 2, 2 * MIB), 'ENOSPC')
  })
})

claimOnMount('space that cannot be taken is given back', async (place) => {
  await mounted(place, 'size=3m', async () => {
    const disk = place.awaited([file('kept'), file('large')], true)
    assert.is(await writeCode(disk, 0, 300_000), undefined)
    assert.is(await disk.codeOf((d, done) => d.reserve(1, 50 * MIB, done)), 'ENOSPC')
    assert.is((await disk.stat(1))?.bytes, 0)
    assert.is(await disk.codeOf((d, done) => d.reserve(1, 2 * MIB, done)), undefined)
    assert.is((await disk.stat(1))?.bytes, 2 * MIB)
  })
})

claimOnMount('a disk that is read-only is read, and fails with EROFS to be written to', async (place) => {
  await mounted(place, 'size=1m', async () => {
    writeFileSync(join(place.folder, 'f'), 'abc')
    execFileSync('mount', ['-o', 'remount,ro', place.folder], { stdio: 'pipe', timeout: 10_000 })
    const disk = place.awaited([file('f'), file('new'), file('d/new')])
    assert.is(Buffer.from(await disk.read(0, 0, 3)).toString(), 'abc')
    assert.is((await disk.stat(0))?.bytes, 3)
    for (const which of [0, 1, 2]) assert.is(await writeCode(disk, which), 'EROFS')
    // Who waits for the same opening to read is not refused with who wants to write.
    const both = await Promise.all([writeCode(disk, 0), disk.read(0, 0, 3)])
    assert.is(both[0], 'EROFS')
    assert.is(Buffer.from(both[1]).toString(), 'abc')
    assert.is(await disk.stat(1), undefined)
  })
})

test.run()
