/**
 * A whole swarm in one process: makes a torrent of some content, runs a tracker, seeds, and downloads in two engines that
 * find everybody through the tracker. Then compares the bytes.
 *
 *   node --import tsx examples/swarm.ts
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, createTorrent } from 'torrewind'
import { createTracker } from 'torrewind/tracker'

const HOST = '127.0.0.1'
const folder = await mkdtemp(join(tmpdir(), 'torrewind-example-'))
const content = join(folder, 'content.bin')
await writeFile(content, randomBytes(8_000_000))

const tracker = await createTracker({ host: HOST, httpPort: 0, intervalSeconds: 10 })
const announce = `http://${HOST}:${tracker.httpPort}/announce`
const { torrent, metainfo } = await createTorrent({ path: content, trackers: [announce] })
console.log(`${metainfo.name}: ${metainfo.pieceCount} pieces, tracked at ${announce}`)

const open = async (name: string, path: string) => {
  const engine = await createEngine({ dataDir: join(folder, name, 'data'), host: HOST })
  return { name, path, engine, transfer: await engine.add(torrent, { path }) }
}
const seed = await open('seed', folder)
await seed.transfer.done
const downloaders = await Promise.all(['one', 'two'].map((name) => open(name, join(folder, name, 'files'))))

for (const { name, path, transfer } of downloaders) {
  await transfer.done
  const same = (await readFile(join(path, metainfo.name))).equals(await readFile(content))
  console.log(`${name}: ${transfer.progress.storedPieces} pieces in ${transfer.state.nextSeq} events, same: ${same}`)
}
console.log(`the tracker knows ${(await tracker.stats()).peers} peers`)

for (const { engine } of [...downloaders, seed]) await engine.close()
await tracker.close()
await rm(folder, { recursive: true, force: true })
