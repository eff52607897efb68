/** Debian's own Python, which sees the package `python3-libtorrent`; another one on the path would not. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const PYTHON = '/usr/bin/python3'
export const peerScript = (name: string): string => fileURLToPath(new URL(`./peers/${name}`, import.meta.url))

let reason: string | null | undefined

/** Why libtorrent cannot be used here; undefined where it can. */
export const libtorrentUnavailable = (): string | undefined => {
  if (reason === undefined) {
    const { status } = spawnSync(PYTHON, ['-c', 'import libtorrent'], { timeout: 30_000 })
    reason = status === 0 ? null : `${PYTHON} has no libtorrent (Debian: apt-get install python3-libtorrent)`
  }
  return reason ?? undefined
}
