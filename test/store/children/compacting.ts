/**
 * Compacts the log in the folder of its first argument again and again, a little further each time, and prints the first
 * event that is left. Its parent ends it.
 */
import { writeSync } from 'node:fs'
import { nodeClock } from '../../../src/node/clock.js'
import { openLevelLogStore } from '../../../src/store/level-log.js'
import { entryOf } from '../../contracts/log-rig.js'

const logs = await openLevelLogStore(process.argv[2] ?? '', nodeClock())
const { infoHash } = entryOf(1)
writeSync(1, 'opened\n')
for (let before = ((await logs.reader(infoHash))?.firstSeq ?? 0) + 300; ; before += 300) {
  const snapshotBefore = async (_: unknown, seq: number) => new Uint8Array(50_000).fill(seq % 256)
  const { firstSeq, removed } = await logs.compact(infoHash, before, snapshotBefore)
  writeSync(1, `${firstSeq}\n`)
  if (removed === 0) break
}
await logs.close()
