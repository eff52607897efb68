/**
 * Seeds with an engine of its own, moves, and kills itself when so many files have arrived: `TORRENT FROM TO DATA FILES`.
 * Prints a line when it began to move.
 */
import { readdirSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createEngine } from '../../../src/index.js'

const [torrent = '', from = '', to = '', dataDir = '', files = ''] = process.argv.slice(2)

const arrived = (): number => {
  try {
    return readdirSync(join(to, 'content')).length
  } catch {
    return 0
  }
}

const look = (): void => {
  if (arrived() >= Number(files)) process.kill(process.pid, 'SIGKILL')
  setImmediate(look)
}

const engine = await createEngine({ dataDir, host: '127.0.0.1' })
const transfer = await engine.add(new Uint8Array(await readFile(torrent)), { path: from })
await transfer.done
transfer.committed$.subscribe((events) => {
  if (events.some(({ event }) => event.type === 'move-began')) writeSync(1, 'began\n')
})
look()
await transfer.move(to)
writeSync(1, 'moved\n')
