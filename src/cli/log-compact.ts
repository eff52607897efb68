/** `torrewind log compact`: bounds a log by a number, by age or by size, while nobody writes it. */
import { TorrewindError } from '../errors.js'
import { nodeClock } from '../node/clock.js'
import { exists } from '../node/content.js'
import { logFolder } from '../node/machine.js'
import { compact, firstKept, History } from '../replay/index.js'
import { openLevelLogStore } from '../store/level-log.js'
import { chooseTransfer, readerOf } from './choose-transfer.js'
import type { CommandContext } from './context.js'
import { showBytes, showCount } from './format.js'

export interface CompactFlags {
  readonly transfer?: string
  readonly before?: number
  /** In ms. */
  readonly olderThan?: number
  readonly maxSize?: number
}

/** The first event of the last session: what came before has been of no use to it but for its sum. */
const lastSession = async (history: History): Promise<number> => {
  for await (const events of history.backwards(history.events))
    for (const { seq, event } of events) if (event.type === 'session-began') return seq
  return history.firstSeq
}

/** Throws `DATA_LOCKED` where an engine has the data folder open. */
export const compactLog = async (context: CommandContext, flags: CompactFlags): Promise<void> => {
  const { transfer: id, before, olderThan: maxAgeMs, maxSize: maxBytes } = flags
  const folder = logFolder(context.dataDir)
  if (!(await exists(folder)))
    throw new TorrewindError('DATA_UNUSABLE', `there is no event log in ${context.dataDir}; --data says where it is`)
  const clock = nodeClock()
  const logs = await openLevelLogStore(folder, clock)
  try {
    const transfer = await chooseTransfer(logs, id)
    const { infoHash } = transfer.entry
    const size = async (): Promise<number> => (await logs.measure(infoHash)).reduce((sum, { bytes }) => sum + bytes, 0)
    const bytesBefore = await size()
    const bounded = maxAgeMs !== undefined || maxBytes !== undefined
    const bounds = [
      ...(before === undefined ? [] : [before]),
      ...(bounded ? [await firstKept(logs, infoHash, { maxAgeMs, maxBytes }, clock.now())] : []),
    ]
    const first =
      bounds.length > 0 ? Math.max(...bounds) : await lastSession(new History(await readerOf(logs, transfer)))
    const { firstSeq, removed } = await compact(logs, infoHash, first)
    const { committedSeq } = await readerOf(logs, transfer)
    const [events, bytes] = [committedSeq - firstSeq, await size()]
    context.tell(
      removed === 0
        ? `${transfer.metainfo.name}: nothing to compact; ${showCount(events, 'event')} in ${showBytes(bytes)}`
        : `${transfer.metainfo.name}: ${showCount(removed, 'event')} summed up; ${showCount(events, 'event')} left, from ${firstSeq} on, in ${showBytes(bytes)} (${showBytes(bytesBefore)} before)`,
    )
    context.say({ type: 'compacted', removed, firstSeq, events, bytes, bytesBefore })
  } finally {
    await logs.close()
  }
}
