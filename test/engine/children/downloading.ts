/**
 * Downloads with an engine of its own: `TORRENT FOLDER DATA PORT`, the port of a seed on loopback. Prints a line of JSON
 * after each commit of the log, and one when it is done; then it closes, and ends when nothing holds it any more.
 */
import { writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createEngine } from '../../../src/index.js'

const [torrent = '', folder = '', dataDir = '', port = ''] = process.argv.slice(2)

const say = (line: unknown): number => writeSync(1, `${JSON.stringify(line)}\n`)

const engine = await createEngine({ dataDir, host: '127.0.0.1' })
say({ type: 'listening', port: engine.port })
const transfer = await engine.add(new Uint8Array(await readFile(torrent)), {
  path: folder,
  peers: [{ host: '127.0.0.1', port: Number(port) }],
  record: 'inputs',
})
const tell = (type: string): void => {
  const { storedPieces, downloadedBytes, rehashedPieces } = transfer.progress
  say({ type, storedPieces, downloadedBytes, rehashedPieces, checkedPieces })
}
/** As far as they are committed: what else is told may be ahead of that. */
let checkedPieces = 0
tell('added')
transfer.committed$.subscribe((events) => {
  checkedPieces += events.filter(({ event }) => event.type === 'piece-checked').length
  tell('committed')
})
await transfer.done
tell('done')
await engine.close()
say({ type: 'closed' })
