/** The logs of the data folder, to be read while another process may write them. */
import { copyLog } from '../node/log-snapshot.js'
import { logFolder } from '../node/machine.js'
import type { LogReaders } from '../ports.js'
import { openLogSnapshot } from '../store/read-only.js'

/** Throws `DATA_UNUSABLE` where there is no log. */
export const openLogs = async (dataDir: string): Promise<LogReaders> =>
  openLogSnapshot(await copyLog(logFolder(dataDir)))

export const withLogs = async (dataDir: string, work: (logs: LogReaders) => Promise<void>): Promise<void> => {
  const logs = await openLogs(dataDir)
  try {
    await work(logs)
  } finally {
    await logs.close()
  }
}
