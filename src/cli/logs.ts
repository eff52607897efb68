/** The logs of the data folder, to be read while another process may write them. */
import { TorrewindError } from '../errors.js'
import { exists } from '../node/content.js'
import { copyLog } from '../node/log-snapshot.js'
import { logFolder } from '../node/machine.js'
import type { LogReaders } from '../ports.js'
import { openLogSnapshot } from '../store/read-only.js'

/** Throws `DATA_UNUSABLE` where there is no log. */
export const openLogs = async (dataDir: string): Promise<LogReaders> => {
  const folder = logFolder(dataDir)
  if (!(await exists(folder))) {
    throw new TorrewindError('DATA_UNUSABLE', `there is no event log in ${dataDir}; --data says where it is`)
  }
  return openLogSnapshot(await copyLog(folder))
}

export const withLogs = async (dataDir: string, work: (logs: LogReaders) => Promise<void>): Promise<void> => {
  const logs = await openLogs(dataDir)
  try {
    await work(logs)
  } finally {
    await logs.close()
  }
}
