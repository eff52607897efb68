/** Transports: uTP and encryption against libtorrent's, forced on both sides and in both directions. */
import * as assert from 'uvu/assert'
import { GET_BOUND_MS, START_BOUND_MS } from './client.js'
import { makeSample, type Sample, type Shape } from './corpus.js'
import { interopSuite } from './harness.js'
import { numberOf, waitForJson } from './json.js'
import { libtorrent, startLibtorrent } from './libtorrent.js'
import { LOOPBACK } from './place.js'
import type { Rig } from './rig.js'
import { startTorrewind, torrewind } from './torrewind.js'
import { compareTrees } from './tree.js'

const test = interopSuite('interop: transports')
const KIB = 1_024
const MIB = 1_024 * KIB

const SHAPE: Shape = {
  name: 'carried',
  pieceLength: 128 * KIB,
  files: [
    ['a.bin', 3 * MIB + 1],
    ['b/c.bin', 1 * MIB + 4_321],
  ],
}

interface Case {
  readonly name: string
  readonly ours: readonly string[]
  readonly theirs: readonly string[]
  /** Of `transport-known`. */
  readonly known: RegExp
}

const CASES: readonly Case[] = [
  {
    name: 'uTP alone',
    ours: ['--no-tcp', '--encryption', 'off'],
    theirs: ['--transport', 'utp'],
    known: /"transport":"utp","protection":"none"/,
  },
  {
    name: 'RC4 forced',
    ours: ['--encryption', 'require'],
    theirs: ['--encryption', 'rc4'],
    known: /"transport":"tcp","protection":"rc4"/,
  },
  {
    name: 'encrypted handshakes forced by the other side, preferred by us',
    ours: [],
    theirs: ['--encryption', 'handshake'],
    known: /"transport":"tcp","protection":"handshake"/,
  },
]

/** What the log of ours says of the connection. */
const checkLog = async (rig: Rig, data: string, known: RegExp): Promise<void> => {
  const log = startTorrewind(rig, LOOPBACK, 'log', 'show', '--data', data, '--type', 'transport-known')
  const line = await waitForJson(log, 'transport-known', START_BOUND_MS)
  assert.match(JSON.stringify(line), known)
}

const fetchedByUs = async (rig: Rig, sample: Sample, { ours, theirs, known }: Case): Promise<void> => {
  const seed = startLibtorrent({ rig, sample }, 'seed', sample.dir, [...theirs])
  const port = numberOf(await waitForJson(seed, 'listening', START_BOUND_MS), 'port')
  const [dir, data] = [await rig.folder('torrewind'), await rig.folder('torrewind-data')]
  const more = ['--peer', `127.0.0.1:${port}`, ...ours]
  const get = startTorrewind(rig, LOOPBACK, 'get', sample.torrent, '-d', dir, '--data', data, ...more)
  await waitForJson(get, 'done', GET_BOUND_MS)
  await get.end(START_BOUND_MS)
  await compareTrees(sample.root, `${dir}/${sample.name}`)
  await checkLog(rig, data, known)
}

const fetchedByThem = async (rig: Rig, sample: Sample, { ours, theirs }: Case): Promise<void> => {
  const data = await rig.folder('torrewind-data')
  const more = ['--data', data, ...ours]
  const seed = startTorrewind(rig, LOOPBACK, 'seed', sample.torrent, '--path', sample.dir, ...more)
  const port = numberOf(await waitForJson(seed, 'listening', START_BOUND_MS), 'port')
  const dir = await rig.folder('libtorrent')
  const get = startLibtorrent({ rig, sample }, 'get', dir, ['--peer', `127.0.0.1:${port}`, ...theirs])
  await waitForJson(get, 'done', GET_BOUND_MS)
  await compareTrees(sample.root, `${dir}/${sample.name}`)
}

for (const each of CASES)
  test(`libtorrent and Torrewind exchange, both ways, with ${each.name}`, [torrewind, libtorrent], async (rig) => {
    const sample = await makeSample(await rig.folder('content'), SHAPE)
    await fetchedByUs(rig, sample, each)
    await fetchedByThem(rig, sample, each)
  })

test.run()
