/** Small torrents and the processes that share them, for the tests of seed, get, log and replay. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { createTorrent } from '../../src/create.js'
import { cidText } from '../../src/index.js'
import { pattern, writeFiles } from './place.js'
import { Cli, type JsonLine } from './run-cli.js'

const PIECE = 16_384

/** Sizes that are no multiple of a piece, a file without a byte, and a folder in the folder. */
const FILES: Readonly<Record<string, number>> = {
  'a.bin': 40 * PIECE + 5,
  'b/c.bin': 3 * PIECE - 1,
  'b/empty': 0,
  'd.txt': 7,
}

export interface Sample {
  /** The folder that the content's folder lies in. */
  readonly dir: string
  readonly name: string
  readonly torrent: string
  readonly cid: string
  readonly bytes: number
  readonly pieces: number
  readonly files: Readonly<Record<string, Uint8Array>>
}

/** Content in `folder/source`, and a torrent of it. `scale` makes the first file longer. */
export const makeSample = async (
  folder: string,
  { scale = 1, trackers = [] as readonly string[] } = {},
): Promise<Sample> => {
  const dir = path.join(folder, 'source')
  const name = 'sample'
  const files = Object.fromEntries(
    Object.entries(FILES).map(([file, length], at) => [file, pattern(at === 0 ? length * scale : length, at)]),
  )
  await writeFiles(path.join(dir, name), files)
  const { torrent: bytes, metainfo } = await createTorrent({ path: path.join(dir, name), pieceLength: PIECE, trackers })
  const torrent = path.join(folder, `${name}.torrent`)
  await writeFile(torrent, bytes)
  const { totalBytes, pieceCount } = metainfo
  return { dir, name, torrent, cid: cidText(metainfo), bytes: totalBytes, pieces: pieceCount, files }
}

/** Every file of the sample is there, byte by byte. */
export const assertSame = async ({ files, name }: Sample, dir: string, only = Object.keys(files)): Promise<void> => {
  for (const file of only) {
    const got = await readFile(path.join(dir, name, ...file.split('/')))
    assert.ok(got.equals(files[file] ?? new Uint8Array()), `${file} differs`)
  }
}

export interface Seed {
  readonly cli: Cli
  /** Its address on loopback, for `--peer`. */
  readonly address: string
}

export const startSeed = async (folder: string, sample: Sample, ...flags: readonly string[]): Promise<Seed> => {
  const data = path.join(folder, 'seed-data')
  const seed = new Cli(['seed', sample.torrent, '--path', sample.dir, '--data', data, '--json', ...flags])
  const { port } = await seed.line('listening')
  await seed.line('seeding')
  return { cli: seed, address: `127.0.0.1:${String(port)}` }
}

/** Stops it as Ctrl-C does. */
export const stop = async (child: Cli): Promise<void> => {
  child.signal('SIGINT')
  assert.is((await child.ended).code, 130)
}

export const numberOf = (line: JsonLine, field: string): number => {
  const value = line[field]
  if (typeof value !== 'number') throw new Error(`no number "${field}" in ${JSON.stringify(line)}`)
  return value
}
