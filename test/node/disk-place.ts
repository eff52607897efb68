/** Places for disks in tests: folders of their own, some of them on small file systems of their own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { openNodeDisk } from '../../src/node/disk.js'
import type { Disk, DiskFile } from '../../src/ports.js'
import { AwaitedDisk, type DiskWorld } from '../contracts/disk.js'
import { waitAtMost } from '../contracts/waiting.js'

export const until = waitAtMost(30_000)

export interface Place extends DiskWorld {
  /** An empty folder, removed in the end. */
  readonly outer: string
  /** A folder in it that is not there yet. */
  readonly folder: string
  awaited(files: readonly DiskFile[], preallocate?: boolean, openFilesMax?: number): AwaitedDisk
  closeDisks(): Promise<unknown>
}

/** Descriptors of this process that lie below a folder; 0 where the system does not tell. */
export const openBelow = (folder: string): number => {
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

export const makePlace = (): Place => {
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
    elsewhere: join(outer, 'elsewhere', 'far'),
    openAt: (where, files) => {
      const disk = openNodeDisk({ folder: where, files, preallocate: false })
      disks.push(disk)
      return disk
    },
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

export const claim = claimOn(test)
/** Windows keeps symbolic links, pipes and modes to itself. */
export const claimOnPosix = claimOn(
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
export const claimOnMount = claimOn(
  canMount() ? test : skippedBecause('file systems can be mounted by root on Linux only'),
)

/** Runs with the download folder being a small file system of its own. */
export const mounted = async (place: Place, options: string, check: () => Promise<void>): Promise<void> => {
  mkdirSync(place.folder)
  mount(place.folder, options)
  try {
    await check()
  } finally {
    await place.closeDisks()
    unmount(place.folder)
  }
}

export const codesOfAll = async (disk: AwaitedDisk, which: number): Promise<(string | undefined)[]> => [
  await disk.codeOf((d, done) => d.read(which, 0, new Uint8Array(1), done)),
  await disk.codeOf((d, done) => d.write(which, 0, new Uint8Array(1), done)),
  await disk.codeOf((d, done) => d.reserve(which, 10, done)),
  await disk.codeOf((d, done) => d.stat(which, done)),
  await disk.codeOf((d, done) => d.sync(which, done)),
]
export const everywhere = (code: string): string[] => [code, code, code, code, code]

export const writeCode = (disk: AwaitedDisk, which: number, length = 3): Promise<string | undefined> =>
  disk.codeOf((d, done) => d.write(which, 0, new Uint8Array(length).fill(7), done))
