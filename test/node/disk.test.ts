/** The real disk keeps the contract of disks, stays in its folder, and bears disks that are full or cannot be written. */
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openNodeDisk } from '../../src/node/disk.js'
import type { Disk, DiskFile } from '../../src/ports.js'
import { AwaitedDisk, type DiskWorld, diskContract, file } from '../contracts/disk.js'
import { waitAtMost } from '../contracts/waiting.js'

const MIB = 1_048_576
const until = waitAtMost(30_000)

interface Place extends DiskWorld {
  /** An empty folder, removed in the end. */
  readonly outer: string
  /** A folder in it that is not there yet. */
  readonly folder: string
  awaited(files: readonly DiskFile[], preallocate?: boolean, openFilesMax?: number): AwaitedDisk
  closeDisks(): Promise<unknown>
}

/** Descriptors of this process that lie below a folder; 0 where the system does not tell. */
const openBelow = (folder: string): number => {
  if (process.platform !== 'linux') return 0
  let count = 0
  for (const descriptor of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder)) count++
    } catch {
      // The descriptor with which the folder was listed is closed by now.
    }
  }
  return count
}

const makePlace = (): Place => {
  const outer = mkdtempSync(join(tmpdir(), 'torrewind-disk-'))
  const folder = join(outer, 'downloads')
  const disks: Disk[] = []
  const open = (files: readonly DiskFile[], preallocate = false, openFilesMax?: number): Disk => {
    const disk = openNodeDisk({ folder, files, preallocate }, openFilesMax)
    disks.push(disk)
    return disk
  }
  const closeDisks = (): Promise<unknown> => Promise.all(disks.map((disk) => disk.close()))
  return {
    outer,
    folder,
    until,
    open,
    awaited: (files, preallocate, openFilesMax) => new AwaitedDisk(open(files, preallocate, openFilesMax), until),
    closeDisks,
    close: async () => {
      await closeDisks()
      rmSync(outer, { recursive: true })
    },
  }
}

diskContract('disk', async () => makePlace())

const claimOn =
  (run: typeof test | typeof test.skip) =>
  (text: string, check: (place: Place) => Promise<void>): void => {
    run(`disk: ${text}`, async () => {
      const place = makePlace()
      try {
        await check(place)
      } finally {
        await place.close()
      }
    })
  }

const skippedBecause = (reason: string): typeof test.skip => {
  console.log(`disk: some tests are skipped, because ${reason}`)
  return test.skip
}

const claim = claimOn(test)
/** Windows keeps symbolic links, pipes and modes to itself. */
const claimOnPosix = claimOn(
  process.platform === 'win32' ? skippedBecause('Windows has no POSIX files for everyone') : test,
)

const mount = (folder: string, options: string): void => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe', timeout: 10_000 })
}
const unmount = (folder: string): void => {
  execFileSync('umount', [folder], { stdio: 'pipe', timeout: 10_000 })
}
const canMount = (): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const folder = mkdtempSync(join(tmpdir(), 'torrewind-mount-'))
  try {
    mount(folder, 'size=64k')
    unmount(folder)
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
}
const claimOnMount = claimOn(canMount() ? test : skippedBecause('file systems can be mounted by root on Linux only'))

/** Runs with the download folder being a small file system of its own. */
const mounted = async (place: Place, options: string, check: () => Promise<void>): Promise<void> => {
  mkdirSync(place.folder)
  mount(place.folder, options)
  try {
    await check()
  } finally {
    await place.closeDisks()
    unmount(place.folder)
  }
}

const codesOfAll = async (disk: AwaitedDisk, which: number): Promise<(string | undefined)[]> => [
  await disk.codeOf((d, done) => d.read(which, 0, new Uint8Array(1), done)),
  await disk.codeOf((d, done) => d.write(which, 0, new Uint8Array(1), done)),
  await disk.codeOf((d, done) => d.reserve(which, 10, done)),
  await disk.codeOf((d, done) => d.stat(which, done)),
  await disk.codeOf((d, done) => d.sync(which, done)),
]
const everywhere = (code: string): string[] => [code, code, code, code, code]

const writeCode = (disk: AwaitedDisk, which: number, length = 3): Promise<string | undefined> =>
  disk.codeOf((d, done) => d.write(which, 0, new Uint8Array(length).fill(7), done))

claimOnPosix('a link in the place of a file that leads out of the folder is refused', async (place) => {
  mkdirSync(place.folder)
  const secret = join(place.outer, 'secret')
  writeFileSync(secret, 'secret')
  symlinkSync(secret, join(place.folder, 'absolute'))
  symlinkSync('../secret', join(place.folder, 'relative'))
  const disk = place.awaited([file('absolute'), file('relative')])
  assert.equal(await codesOfAll(disk, 0), everywhere('ESYMLINK'))
  assert.equal(await codesOfAll(disk, 1), everywhere('ESYMLINK'))
  assert.is(readFileSync(secret, 'utf8'), 'secret')
})

claimOnPosix('a link in the place of a folder that leads out of the folder is refused', async (place) => {
  const other = join(place.outer, 'other')
  mkdirSync(join(other, 'deep'), { recursive: true })
  mkdirSync(join(place.folder, 'a'), { recursive: true })
  writeFileSync(join(other, 'f'), 'secret')
  symlinkSync(other, join(place.folder, 'a', 'link'))
  const disk = place.awaited([file('a/link/f'), file('a/link/new'), file('a/link/deep/new'), file('a/link/x/y/new')])
  for (const which of [0, 1, 2, 3]) assert.equal(await codesOfAll(disk, which), everywhere('ESYMLINK'))
  assert.equal(readdirSync(other).sort(), ['deep', 'f'])
  assert.equal(readdirSync(join(other, 'deep')), [])
})

claimOnPosix('a folder whose name begins like the download folder is outside', async (place) => {
  mkdirSync(place.folder)
  mkdirSync(`${place.folder}-2`)
  symlinkSync(`${place.folder}-2`, join(place.folder, 'link'))
  assert.is(await writeCode(place.awaited([file('link/f')]), 0), 'ESYMLINK')
})

claimOnPosix('a link that leads nowhere is refused, and what it names is not made', async (place) => {
  mkdirSync(place.folder)
  symlinkSync(join(place.outer, 'nothing'), join(place.folder, 'f'))
  symlinkSync(join(place.outer, 'nowhere'), join(place.folder, 'd'))
  const disk = place.awaited([file('f'), file('d/f')])
  assert.equal(await codesOfAll(disk, 0), everywhere('ESYMLINK'))
  assert.equal(await codesOfAll(disk, 1), everywhere('ESYMLINK'))
  assert.equal(readdirSync(place.outer), ['downloads'])
})

claimOnPosix('links that stay within the folder are followed', async (place) => {
  mkdirSync(join(place.folder, 'real'), { recursive: true })
  writeFileSync(join(place.folder, 'real', 'f'), 'abc')
  symlinkSync('real', join(place.folder, 'linked'))
  symlinkSync('real/f', join(place.folder, 'g'))
  const disk = place.awaited([file('linked/f'), file('g'), file('linked/new')])
  assert.is(Buffer.from(await disk.read(0, 0, 3)).toString(), 'abc')
  await disk.write(1, 1, Buffer.from('X'))
  await disk.write(2, 0, Buffer.from('new'))
  assert.is(readFileSync(join(place.folder, 'real', 'f'), 'utf8'), 'aXc')
  assert.is(readFileSync(join(place.folder, 'real', 'new'), 'utf8'), 'new')
})

claimOnPosix('the download folder itself may be a link', async (place) => {
  mkdirSync(join(place.outer, 'elsewhere'))
  symlinkSync('elsewhere', place.folder)
  const disk = place.awaited([file('d/f')])
  await disk.write(0, 0, Buffer.from('abc'))
  await disk.sync(0)
  assert.is(readFileSync(join(place.outer, 'elsewhere', 'd', 'f'), 'utf8'), 'abc')
})

claimOnPosix('what is no plain file is refused, and a pipe blocks nobody', async (place) => {
  mkdirSync(join(place.folder, 'folder'), { recursive: true })
  execFileSync('mkfifo', [join(place.folder, 'pipe')], { timeout: 10_000 })
  const disk = place.awaited([file('folder'), file('pipe')])
  assert.equal(await codesOfAll(disk, 0), everywhere('EISDIR'))
  assert.equal(await codesOfAll(disk, 1), everywhere('ENOTFILE'))
})

claimOnPosix('a path that goes through a file fails with ENOTDIR', async (place) => {
  mkdirSync(place.folder)
  writeFileSync(join(place.folder, 'f'), '')
  const disk = place.awaited([file('f/below'), file('f/far/below')])
  assert.equal(await codesOfAll(disk, 0), everywhere('ENOTDIR'))
  assert.equal(await codesOfAll(disk, 1), everywhere('ENOTDIR'))
})

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
