/** Folders of benchmarks: in memory, where there is some, as disks differ more than engines do. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PYTHON, peerScript } from '../test/interop/python.js'

export const memoryFolder = (name: string): string =>
  mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `torrewind-${name}-`))

/** Writes one file `content` of so many MiB into a folder, and its .torrent with pieces of a mebibyte. */
export const makeContent = (folder: string, torrent: string, mib: number): void => {
  const content = ['--piece-length', '1048576', '--file', `.=${mib * 1_048_576}`]
  const made = spawnSync(PYTHON, [peerScript('make_torrent.py'), folder, 'content', torrent, ...content], {
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(made.stderr)
}
