/** `torrewind log forget`: forgets the log of a transfer, whole or damaged; the files stay. */
import { TorrewindError } from '../errors.js'
import { nodeClock } from '../node/clock.js'
import { exists } from '../node/content.js'
import { logFolder } from '../node/machine.js'
import { openLevelLogStore } from '../store/level-log.js'
import { chooseTransfer } from './choose-transfer.js'
import type { CommandContext } from './context.js'

/** Throws `DATA_LOCKED` where an engine has the data folder open. */
export const forgetLog = async (context: CommandContext, { transfer: id }: { transfer?: string }): Promise<void> => {
  const folder = logFolder(context.dataDir)
  if (!(await exists(folder)))
    throw new TorrewindError('DATA_UNUSABLE', `there is no event log in ${context.dataDir}; --data says where it is`)
  const logs = await openLevelLogStore(folder, nodeClock())
  try {
    const { entry, metainfo, infoHash } = await chooseTransfer(logs, id)
    await logs.remove(entry.infoHash)
    context.tell(`${metainfo.name}: its log is forgotten; its files stay, and are hashed when it is added again`)
    context.say({ type: 'forgotten', infoHash })
  } finally {
    await logs.close()
  }
}
