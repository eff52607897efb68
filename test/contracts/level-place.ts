/** Logs in a folder of their own among the system's temporary files. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeClock } from '../../src/node/clock.js'
import type { LogStore } from '../../src/ports.js'
import { openLevelLogStore } from '../../src/store/level-log.js'
import { LevelShelf } from '../../src/store/level-shelf.js'
import type { LogPlace } from './log-rig.js'

export interface LevelPlace extends LogPlace {
  /** Where the database is. */
  readonly folder: string
}

export const levelPlace = async (sync = false): Promise<LevelPlace> => {
  const parent = await mkdtemp(join(tmpdir(), 'torrewind-log-'))
  const folder = join(parent, 'data', 'log')
  const clock = nodeClock()
  let last: LogStore | undefined
  return {
    folder,
    async open() {
      await last?.close()
      last = await openLevelLogStore(folder, clock, { sync })
      return last
    },
    async tamper(change) {
      await last?.close()
      const shelf = await LevelShelf.open(folder, false)
      await change(shelf)
      await shelf.close()
    },
    async dispose() {
      await last?.close()
      await rm(parent, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
