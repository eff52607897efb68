/** The torrents of the tests: made by libtorrent, so that nothing of ours is on both sides. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { PYTHON, peerScript } from './python.js'

export interface Shape {
  readonly name: string
  readonly pieceLength: number
  /** Path and size of each file; the path `.` is the torrent of a single file. */
  readonly files: readonly (readonly [string, number])[]
  /** Symbolic links, each by its path and by where it leads from there. */
  readonly links?: readonly (readonly [string, string])[] | undefined
  /** v1, where it is left out. */
  readonly format?: 'v1' | 'v2' | 'hybrid' | undefined
}

export interface Sample extends Shape {
  /** The .torrent, which names no tracker. */
  readonly torrent: string
  /** The folder that holds the content under its name: what clients call the download folder. */
  readonly dir: string
  /** The content itself. */
  readonly root: string
  readonly infoHash: string
  readonly infoHashV2: string
  /** Of v2 and hybrids: the same without layers of pieces. */
  readonly bare: string
  readonly bytes: number
  readonly pieces: number
}

const KIB = 1_024
const MIB = 1_024 * KIB

/** Sizes that are no multiple of anything, from 1 byte up, so that pieces span many files and files many pieces. */
const uneven = Array.from({ length: 50 }, (_, at) => {
  const folder = at % 3 === 0 ? '' : at % 3 === 1 ? 'one/' : 'one/two/'
  return [`${folder}${String(at).padStart(4, '0')}.bin`, 1 + at * at * 97 + at * 7] as const
})

export const SHAPES = {
  small: { name: 'pieces of 16 KiB.bin', pieceLength: 16 * KIB, files: [['.', 3 * MIB + 12_345]] },
  uneven: { name: '50 uneven files', pieceLength: 64 * KIB, files: uneven },
  oneByte: { name: 'last piece of one byte.bin', pieceLength: 256 * KIB, files: [['.', 8 * 256 * KIB + 1]] },
  empty: {
    name: 'with an empty file',
    pieceLength: 32 * KIB,
    files: [
      ['a first.bin', 100_000],
      ['b empty.bin', 0],
      ['c/empty too.bin', 0],
      ['d last.bin', 1_000_003],
    ],
  },
  middle: { name: 'pieces of 1 MiB.bin', pieceLength: MIB, files: [['.', 6 * MIB + 77]] },
  large: {
    name: 'pieces of 4 MiB',
    pieceLength: 4 * MIB,
    files: [
      ['a.bin', 9 * MIB + 1],
      ['b.bin', 3 * MIB - 5],
    ],
  },
} as const satisfies Record<string, Shape>

export const makeSample = async (dir: string, shape: Shape): Promise<Sample> => {
  const torrent = path.join(dir, `${shape.name}.torrent`)
  const files = shape.files.flatMap(([file, bytes]) => ['--file', `${file}=${bytes}`])
  for (const [link, target] of shape.links ?? []) files.push('--link', `${link}=${target}`)
  const args = [peerScript('make_torrent.py'), dir, shape.name, torrent, '--piece-length', `${shape.pieceLength}`]
  const { format = 'v1' } = shape
  const bare = path.join(dir, `${shape.name} bare.torrent`)
  if (format !== 'v1') files.push('--format', format, '--bare', bare)
  const { stdout } = await promisify(execFile)(PYTHON, [...args, ...files], { timeout: 60_000 })
  const made = JSON.parse(stdout) as Pick<Sample, 'infoHash' | 'infoHashV2' | 'bytes' | 'pieces'>
  return { ...shape, ...made, torrent, bare, dir, root: path.join(dir, shape.name) }
}

export const makeSamples = (dir: string, shapes: readonly Shape[] = Object.values(SHAPES)): Promise<Sample[]> =>
  Promise.all(shapes.map((shape) => makeSample(dir, shape)))

/** Writes the same torrent with a tracker: `announce` sorts before every key that libtorrent writes (BEP 3). */
export const withTracker = async (sample: Sample, announceUrl: string, to: string): Promise<Sample> => {
  const bytes = await readFile(sample.torrent)
  if (bytes.subarray(0, 11).toString('latin1') === 'd8:announce')
    throw new Error(`${sample.name} has a tracker already`)
  const entry = Buffer.from(`d8:announce${Buffer.byteLength(announceUrl)}:${announceUrl}`)
  const torrent = path.join(to, `${sample.name}.torrent`)
  await writeFile(torrent, Buffer.concat([entry, bytes.subarray(1)]))
  return { ...sample, torrent }
}
