/**
 * Idle transfers: what a thousand seeds that nobody asks anything cost an engine in memory and in time.
 *
 *   node --import tsx bench/idle.ts [TRANSFERS] [SECONDS]
 */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createEngine } from '../src/index.js'
import { encodeTorrent } from '../src/wire/createinfo.js'

const [transfers = 1_000, seconds = 20] = process.argv.slice(2).map(Number)
const PIECE = 16_384
const MIB = 1_048_576

const contentOf = (which: number): Buffer => Buffer.alloc(2 * PIECE, `content ${which} `)

const torrentOf = (which: number): Uint8Array => {
  const bytes = contentOf(which)
  const hashes = [0, PIECE].map((at) =>
    createHash('sha1')
      .update(bytes.subarray(at, at + PIECE))
      .digest(),
  )
  const name = `idle-${which}`
  return encodeTorrent({
    name,
    files: [{ path: [name], length: bytes.length }],
    multiFile: false,
    pieceLength: PIECE,
    pieceHashes: new Uint8Array(Buffer.concat(hashes)),
    trackers: [],
    private: false,
  })
}

const residentMiB = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().rss / MIB
}

const folder = await mkdtemp(path.join(tmpdir(), 'torrewind-idle-'))
try {
  await mkdir(path.join(folder, 'files'))
  for (let which = 0; which < transfers; which++) {
    await writeFile(path.join(folder, 'files', `idle-${which}`), contentOf(which))
  }
  const engine = await createEngine({ host: '127.0.0.1', dataDir: path.join(folder, 'data'), dht: false })
  const before = residentMiB()
  const began = performance.now()
  for (let which = 0; which < transfers; which++) {
    const transfer = await engine.add(torrentOf(which), { path: path.join(folder, 'files') })
    await transfer.done
  }
  const addedMs = performance.now() - began
  const rss = residentMiB()
  const cpu = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const { user, system } = process.cpuUsage(cpu)
  const share = (user + system) / 1_000_000 / seconds
  process.stdout.write(
    `${transfers} idle transfers: added in ${(addedMs / transfers).toFixed(1)} ms each, ` +
      `${(((rss - before) / transfers) * 1_024).toFixed(0)} KiB each, ${(100 * share).toFixed(1)} % of a core\n`,
  )
  const closing = performance.now()
  await engine.close()
  process.stdout.write(`closed in ${(performance.now() - closing).toFixed(0)} ms\n`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
