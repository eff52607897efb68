/** A download that is killed goes on where it was: nothing that was stored is fetched again, and little is hashed again. */
import * as assert from 'uvu/assert'
import { makeSample, type Shape } from './corpus.js'
import { compareFetched } from './exchange.js'
import { interopSuite } from './harness.js'
import { type JsonLine, numberOf, parseJsonLine } from './json.js'
import { libtorrent } from './libtorrent.js'
import { type Getting, startGet, torrewind } from './torrewind.js'

const test = interopSuite('interop: resume')
const KIB = 1_024
const MIB = 1_024 * KIB
const BOUND_MS = 30_000

const SHAPE: Shape = {
  name: 'to be killed',
  pieceLength: 128 * KIB,
  files: [
    ['a.bin', 13 * MIB + 1],
    ['b/c.bin', 3 * MIB + 4_321],
  ],
}
/** Slow enough that its progress, which is said once a second, is met where the tests kill it. */
const SEED_LIMIT = 2 * MIB

/** What may be under way when the process dies: pieces half filled, or filled and not yet committed. */
const IN_FLIGHT_BYTES_MAX = 2 * MIB
const IN_FLIGHT_PIECES_MAX = IN_FLIGHT_BYTES_MAX / SHAPE.pieceLength

const progressAt = (getting: Getting, storedBytes: number): Promise<JsonLine> =>
  getting.child.waitFor(
    `stored ${storedBytes} bytes`,
    (line) => {
      const json = parseJsonLine(line)
      return json?.type === 'progress' && numberOf(json, 'storedBytes') >= storedBytes ? json : undefined
    },
    BOUND_MS,
  )

test(
  'a get that is killed half way goes on, and fetches again at most what was in flight',
  [torrewind, libtorrent],
  async (rig) => {
    const sample = await makeSample(await rig.folder('content'), SHAPE)
    const seed = await libtorrent.seed({ rig, sample, dir: sample.dir, uploadLimit: SEED_LIMIT })
    const job = { rig, sample, peers: [seed.address] }
    const first = await startGet(job)
    const half = await progressAt(first, sample.bytes / 2)
    first.child.signal('SIGKILL')
    await first.child.ended
    const second = await startGet(job, first)
    const done = await second.done(BOUND_MS)
    await compareFetched(sample, second)
    const had = numberOf(half, 'storedBytes')
    assert.is(done.bytes, sample.bytes)
    assert.ok(done.downloadedBytes <= sample.bytes - had, `fetched ${done.downloadedBytes}, though it had ${had}`)
    const fetchedAgain = numberOf(half, 'downloadedBytes') + done.downloadedBytes - sample.bytes
    assert.ok(fetchedAgain <= IN_FLIGHT_BYTES_MAX, `fetched ${fetchedAgain} bytes again`)
    assert.ok(
      done.rehashedPieces <= IN_FLIGHT_PIECES_MAX,
      `hashed ${done.rehashedPieces} of ${sample.pieces} pieces again`,
    )
  },
)

test(
  'a get that is killed three times loses nothing that it had said was stored',
  [torrewind, libtorrent],
  async (rig) => {
    const sample = await makeSample(await rig.folder('content'), SHAPE)
    const seed = await libtorrent.seed({ rig, sample, dir: sample.dir, uploadLimit: SEED_LIMIT })
    const job = { rig, sample, peers: [seed.address] }
    let getting = await startGet(job)
    let had = 0
    for (const part of [0.2, 0.45, 0.7]) {
      had = numberOf(await progressAt(getting, sample.bytes * part), 'storedBytes')
      getting.child.signal('SIGKILL')
      await getting.child.ended
      getting = await startGet(job, getting)
    }
    const done = await getting.done(BOUND_MS)
    await compareFetched(sample, getting)
    assert.ok(done.downloadedBytes <= sample.bytes - had, `fetched ${done.downloadedBytes}, though it had ${had}`)
  },
)

test('a get of what is there already fetches nothing', [torrewind, libtorrent], async (rig) => {
  const sample = await makeSample(await rig.folder('content'), SHAPE)
  const seed = await libtorrent.seed({ rig, sample, dir: sample.dir })
  const job = { rig, sample, peers: [seed.address] }
  const first = await startGet(job)
  await first.done(BOUND_MS)
  const done = await (await startGet(job, first)).done(BOUND_MS)
  assert.is(done.downloadedBytes, 0)
  assert.is(done.rehashedPieces, 0)
  await compareFetched(sample, first)
})

test.run()
