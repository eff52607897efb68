/**
 * Following the log of a transfer that another process runs.
 *
 * LevelDB lets one process in and tells nobody else of its writes, so the follower looks at the database's files a few
 * times a second, and takes a snapshot of it when they changed. Sequence numbers are dense, so nothing is shown twice
 * and nothing is left out, however long it takes between two looks.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { systemCode } from '../errors.js'
import type { LoggedEvent } from '../events/codec.js'
import { logFolder } from '../node/machine.js'
import type { InfoHash } from '../values.js'
import { openLogs } from './logs.js'

export const LOOK_EVERY_MS = 300

/** What changes when something is written. */
export const fingerprint = async (folder: string): Promise<string> => {
  const names = (await readdir(folder)).filter((name) => /\.(?:log|ldb|sst)$|^MANIFEST/.test(name)).sort()
  const sizes = names.map(async (name) => {
    const found = await stat(join(folder, name)).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined // tidied up just now
      throw error
    })
    return `${name}:${found?.size ?? 'gone'}`
  })
  return (await Promise.all(sizes)).join(' ')
}

/** The events from `from` to `to`, in order; without an end, until `signal` is aborted or the transfer is removed. */
export async function* followLog(
  dataDir: string,
  infoHash: InfoHash,
  { from, to }: { readonly from: number; readonly to: number | undefined },
  signal: AbortSignal,
): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
  const end = (to ?? Number.POSITIVE_INFINITY) + 1
  let next = from
  let seen: string | undefined
  while (!signal.aborted && next < end) {
    const found = await fingerprint(logFolder(dataDir))
    if (found !== seen) {
      // Looked at before the snapshot: what is written after it changes the next look.
      seen = found
      const logs = await openLogs(dataDir)
      try {
        const reader = await logs.reader(infoHash)
        if (reader === undefined) return
        for await (const events of reader.read(next, Number.isFinite(end) ? end : undefined)) {
          yield events
          next = (events.at(-1)?.seq ?? next - 1) + 1
          if (signal.aborted) return
        }
      } finally {
        await logs.close()
      }
    } else await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}
