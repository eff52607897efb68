/**
 * Appends events to the log in the folder of its first argument, for ever, and prints the number of committed events
 * after each commit; a line `failed CODE` when the log cannot be written. Its parent ends it.
 */
import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { LIMITS } from '../../../src/limits.js'
import { nodeClock } from '../../../src/node/clock.js'
import { openLevelLogStore } from '../../../src/store/level-log.js'
import { append, entryOf } from '../../contracts/log-rig.js'

const say = (line: string): number => writeSync(1, `${line}\n`)

const store = await openLevelLogStore(process.argv[2] ?? '', nodeClock())
const log = await store.open(entryOf(1))
let failed = false
log.onCommitted = (committedSeq) => say(String(committedSeq))
log.onFailed = ({ code }) => {
  failed = true
  say(`failed ${code}`)
}
say(`opened ${log.nextSeq}`)
for (let turn = 0; !failed; turn++) {
  if (log.pendingEvents < LIMITS.logPendingEventsPause) append(log, 1 + ((turn * 37) % 300))
  if (turn % 3 === 0) log.flush()
  await setImmediate()
}
await store.close()
say(`closed ${log.committedSeq}`)
