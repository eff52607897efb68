/**
 * Downloads a torrent, shows how far it is, and lets go in good order on Ctrl-C. Run again, it goes on where it was.
 *
 *   node --import tsx examples/download.ts TORRENT FOLDER [HOST:PORT]
 */
import { createEngine, TorrewindError } from 'torrewind'

const [torrent, folder, peer] = process.argv.slice(2)
if (torrent === undefined || folder === undefined) {
  console.error('usage: download.ts TORRENT FOLDER [HOST:PORT]')
  process.exit(2)
}

const peerOf = (text: string) => {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

const engine = await createEngine({ dataDir: `${folder}/.torrewind` })
process.once('SIGINT', () => void engine.close())
try {
  const transfer = await engine.add(torrent, { path: folder, peers: peer === undefined ? [] : [peerOf(peer)] })
  transfer.progress$.subscribe(({ phase, storedBytes, wantedBytes, peers }) => {
    console.log(`${phase}: ${storedBytes} of ${wantedBytes} bytes, ${peers} peers`)
  })
  await transfer.done
  const { downloadedBytes, rehashedPieces } = transfer.progress
  console.log(`done: ${transfer.name}, ${downloadedBytes} bytes downloaded, ${rehashedPieces} pieces hashed again`)
} catch (error) {
  if (!(error instanceof TorrewindError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
} finally {
  await engine.close()
}
