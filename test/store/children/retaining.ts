/**
 * Appends to the log in the folder of its first argument, and compacts it meanwhile, for ever. Prints `+N` when N events are
 * committed, and `-N` when those below N are compacted. Its parent ends it.
 */
import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { LIMITS } from '../../../src/limits.js'
import { nodeClock } from '../../../src/node/clock.js'
import { openLevelLogStore } from '../../../src/store/level-log.js'
import { append, entryOf } from '../../contracts/log-rig.js'

const store = await openLevelLogStore(process.argv[2] ?? '', nodeClock())
const log = await store.open(entryOf(1))
const snapshotBefore = async (_: unknown, seq: number) => new Uint8Array(50_000).fill(seq % 256)
log.onCommitted = (committedSeq) => writeSync(1, `+${committedSeq}\n`)

const compactForEver = async (): Promise<never> => {
  for (;;) {
    const { firstSeq, removed } = await log.compact(Math.max(0, log.committedSeq - 500), snapshotBefore)
    if (removed > 0) writeSync(1, `-${firstSeq}\n`)
    await setImmediate()
  }
}

void compactForEver()
for (let turn = 0; ; turn++) {
  if (log.pendingEvents < LIMITS.logPendingEventsPause) append(log, 1 + ((turn * 37) % 100))
  if (turn % 3 === 0) log.flush()
  await setImmediate()
}
