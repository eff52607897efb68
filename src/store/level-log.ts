/** The log store on LevelDB: one database for all transfers of a data folder. */
import type { Clock, LogStore } from '../ports.js'
import { LevelShelf } from './level-shelf.js'
import { openLogStore } from './log-store.js'

export interface LevelLogOptions {
  /**
   * Whether each commit survives a loss of power too. Without it a commit survives the death of this process, which
   * costs nothing; after a loss of power the log may end earlier than it said, never with a gap.
   */
  readonly sync?: boolean | undefined
}

/**
 * Opens the logs in this folder and makes it where it is missing. Throws `DATA_LOCKED`, `DATA_UNUSABLE`, `LOG_VERSION`,
 * and `LOG_DAMAGED` where LevelDB cannot open it.
 */
export const openLevelLogStore = async (
  folder: string,
  clock: Clock,
  { sync = false }: LevelLogOptions = {},
): Promise<LogStore> => openLogStore(await LevelShelf.open(folder, sync), clock)
