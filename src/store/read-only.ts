/** Reads the logs in a folder of LevelDB that no one else has open: opening changes its files, so pass a copy. */
import type { LogReaders } from '../ports.js'
import { LevelShelf } from './level-shelf.js'
import { openLogReaders } from './log-store.js'

export const openLevelLogReaders = async (folder: string): Promise<LogReaders> =>
  openLogReaders(await LevelShelf.open(folder, false))
