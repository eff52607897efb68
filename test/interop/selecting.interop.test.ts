/** Files that are selected, with libtorrent at the other end: what is not selected is not there, and partial seeds serve. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { GET_BOUND_MS, START_BOUND_MS } from './client.js'
import { makeSample } from './corpus.js'
import { interopSuite } from './harness.js'
import { numberOf, waitForJson } from './json.js'
import { libtorrent, startLibtorrent } from './libtorrent.js'
import { LOOPBACK } from './place.js'
import { startTorrewind, torrewind } from './torrewind.js'

const test = interopSuite('interop: selecting')

/** No file ends where a piece does, so that each shares pieces with its neighbours. */
const SHAPE = {
  name: 'three files',
  pieceLength: 65_536,
  files: [
    ['a.bin', 700_001],
    ['b.bin', 900_002],
    ['c.bin', 500_003],
  ],
} as const

const assertSame = async (dir: string, root: string, file: string): Promise<void> => {
  const [here, there] = await Promise.all([readFile(join(dir, SHAPE.name, file)), readFile(join(root, file))])
  assert.is(Buffer.compare(here, there), 0, file)
}

for (const format of ['v1', 'v2', 'hybrid'] as const)
  test(`one file of three of a ${format}, from libtorrent and on to it`, [torrewind, libtorrent], async (rig) => {
    const sample = await makeSample(await rig.folder('content'), { ...SHAPE, format })
    const { address } = await libtorrent.seed({ rig, sample, dir: sample.dir })
    const [dir, data] = [await rig.folder('torrewind'), await rig.folder('torrewind-data')]
    const place = ['-d', dir, '--data', data, '--port', '0', '--select', '*/b.bin', '--peer', address, '--seed']
    const partial = startTorrewind(rig, LOOPBACK, 'get', sample.torrent, ...place)
    const port = numberOf(await waitForJson(partial, 'listening', START_BOUND_MS), 'port')
    const done = await waitForJson(partial, 'done', GET_BOUND_MS)
    assert.equal(await readdir(join(dir, SHAPE.name)), ['b.bin'])
    await assertSame(dir, sample.root, 'b.bin')
    const pieces = Math.ceil(sample.bytes / SHAPE.pieceLength)
    assert.ok(numberOf(done, 'downloadedBytes') < (pieces - 14) * SHAPE.pieceLength, 'the rest was not fetched')
    // From us alone: libtorrent fetches what a partial seed has, and wants no more.
    const other = await rig.folder('libtorrent')
    const ours = `${LOOPBACK.host}:${port}`
    const child = startLibtorrent({ rig, sample }, 'get', other, ['--peer', ours, '--select', '/b.bin'])
    await waitForJson(child, 'done', GET_BOUND_MS)
    await assertSame(other, sample.root, 'b.bin')
    const left = await stat(join(other, SHAPE.name, 'c.bin')).catch(() => undefined)
    assert.is(left?.size ?? 0, 0)
  })

test.run()
