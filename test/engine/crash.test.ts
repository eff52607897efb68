/** After SIGKILL at any moment a download goes on: the log is whole, little is hashed again, and little fetched again. */
import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PieceIndex } from '../../src/index.js'
import type { LogReader } from '../../src/ports.js'
import { decideAgain, foldLog, stateHash, type TransferState } from '../../src/replay/index.js'
import { type Child, runChild } from '../store/children/child.js'
import { type Content, compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { type Rig, rigged, verdictOf, within, withLog } from './rig.js'

const test = guard(suite('engine: crash'))

const KIB = 1_024
const MIB = 1_024 * KIB
const KILLS = 12
const UPLOAD_LIMIT = 4 * MIB
/** Pieces that a slow disk may be writing at one time, at this rate: a fifth of all. */
const UNSAFE_PIECES_MAX = 24
/** Half-filled pieces, what is on its way, and what was not committed yet: a tenth of a second and more, at this rate. */
const IN_FLIGHT_BYTES_MAX = 512 * KIB

const content = makeContent({ pieceLength: 64 * KIB, files: { 'a.bin': 5 * MIB + 1, 'b/c.bin': 3 * MIB + 77 } })
const { pieceCount } = content.metainfo

interface Line {
  readonly type: string
  readonly storedPieces: number
  readonly downloadedBytes: number
  readonly rehashedPieces: number
  readonly checkedPieces: number
}

/** A line says what it knows; nothing is stored before it says so. */
const read = (line: string): Line => ({
  ...{ storedPieces: 0, downloadedBytes: 0, rehashedPieces: 0, checkedPieces: 0 },
  ...(JSON.parse(line) as Pick<Line, 'type'>),
})

interface Place {
  readonly folder: string
  readonly dataDir: string
  readonly torrent: string
}

const makePlace = async (rig: Rig, what: Content): Promise<Place> => {
  const folder = await rig.folder()
  const torrent = join(folder, 'the.torrent')
  await writeFile(torrent, what.torrent)
  return { folder, dataDir: join(folder, 'data'), torrent }
}

const start = async (rig: Rig, { folder, dataDir, torrent }: Place, port: number): Promise<Child> => {
  const child = await runChild('test/engine/children/downloading.ts', [torrent, folder, dataDir, String(port)])
  rig.later(() => child.process.kill('SIGKILL'))
  return child
}

const kill = async (child: Child): Promise<void> => {
  child.process.kill('SIGKILL')
  await within(child.gone, 'the end of the child')
}

/** Pieces of which the log cannot know whether they are on disk. */
const unsafeIn = (state: TransferState): number => {
  const unsafe = new Set<PieceIndex>([...state.unsafe, ...state.checking.indices()] as PieceIndex[])
  for (const { piece, standing } of state.pieces.values()) if (standing.tags.fetching !== true) unsafe.add(piece)
  return unsafe.size
}

/** Events that no input makes: those that a session begins with. */
const undecidedIn = async (log: LogReader): Promise<number> => {
  const types = new Set(['transfer-added', 'session-began', 'trackers-set', 'pieces-selected', 'limits-set'])
  let count = 0
  for await (const batch of log.read(0)) for (const { event } of batch) if (types.has(event.type)) count++
  return count
}

/** What a crash left: a log that is whole, folds the same from its start and its newest checkpoint, and is decided the same. */
const lookAtLog = async (place: Place, what = content): Promise<TransferState> => {
  const { infoHash } = what.metainfo
  const verdict = await verdictOf(place.dataDir, infoHash)
  assert.ok(verdict.ok, JSON.stringify(verdict))
  return withLog(place.dataDir, what, async (log) => {
    const { state } = await foldLog(log, { fromStart: true })
    assert.is(stateHash((await foldLog(log)).state), stateHash(state))
    assert.is(state.nextSeq, verdict.events)
    const decided = await decideAgain(log)
    assert.is(decided?.divergence, undefined, JSON.stringify(decided?.divergence))
    assert.ok(
      decided !== undefined && decided.inputs > 0 && decided.inputs === verdict.inputs,
      'all were decided again',
    )
    assert.is(decided.events, verdict.events - (await undecidedIn(log)))
    return state
  })
}

/** Hashed again in this session, as far as the child said. */
const rehashedBy = (child: Child): number =>
  child.lines.map(read).reduce((most, { rehashedPieces }) => Math.max(most, rehashedPieces), 0)

const isDone = (line: string): boolean => read(line).type === 'done'

/** Waits for the end that the child comes to by itself. */
const finish = async (child: Child): Promise<Line> => {
  const done = read(await child.line(isDone))
  await within(child.gone, 'the end of the child')
  assert.is(child.process.exitCode, 0)
  return done
}

/** Whether the child is to be killed at this line: often when a few pieces more are stored, and some times at once. */
const isMoment = (kills: number, child: Child, line: string): boolean => {
  if (kills % 4 === 1) return child.lines.length > kills % 3
  const added = child.lines.map(read).find(({ type }) => type === 'added')
  return added !== undefined && read(line).storedPieces >= added.storedPieces + ((kills * 7) % 6)
}

test(
  `crash: after ${KILLS} kills every byte is right, and little was hashed or fetched again`,
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: UPLOAD_LIMIT })
    const place = await makePlace(rig, content)
    let [unsafe, stored] = [0, 0]
    for (let kills = 0; kills < KILLS; kills++) {
      const child = await start(rig, place, seed.address.port)
      const last = await child.line((line) => isDone(line) || isMoment(kills, child, line))
      assert.not(isDone(last), `it was done before it could be killed for the ${kills}th time`)
      await kill(child)
      if (kills === 0 && child.lines.length < 2) continue // killed before there was a log
      const state = await lookAtLog(place)
      assert.ok(rehashedBy(child) <= unsafe, `hashed ${rehashedBy(child)} pieces again, of which ${unsafe} were unsafe`)
      assert.ok(state.stored.count >= stored, `${state.stored.count} pieces are stored, and ${stored} were`)
      stored = state.stored.count - unsafeIn(state)
      unsafe = unsafeIn(state)
      assert.ok(unsafe <= UNSAFE_PIECES_MAX, `${unsafe} pieces are unsafe`)
    }
    const done = await finish(await start(rig, place, seed.address.port))
    assert.is(done.rehashedPieces, unsafe)
    await compareContent(content, place.folder)
    const uploaded = seed.transfer.progress.uploadedBytes
    assert.ok(uploaded <= content.bytes.length + KILLS * IN_FLIGHT_BYTES_MAX, `the seed sent ${uploaded} bytes`)
    const state = await lookAtLog(place)
    assert.ok(state.stored.full)
    assert.ok(state.cleanEnd)
  }),
)

test(
  'crash: a check that is killed goes on with what was not hashed yet',
  rigged(async (rig) => {
    const large = makeContent({ pieceLength: 16 * KIB, files: 96 * MIB }) // longer than several commits take
    const count = large.metainfo.pieceCount
    const place = await makePlace(rig, large)
    await writeContent(large, place.folder)
    let left = count
    for (const part of [0.1, 0.7]) {
      const child = await start(rig, place, 1)
      const before = left
      const isFar = (line: string): boolean => before - read(line).checkedPieces < count * (1 - part)
      const last = read(await child.line((line) => isDone(line) || isFar(line)))
      assert.is.not(last.type, 'done')
      await kill(child)
      const state = await lookAtLog(place, large)
      assert.ok(rehashedBy(child) <= left)
      left = unsafeIn(state)
      assert.ok(left < count * (1 - part))
    }
    const done = await finish(await start(rig, place, 1))
    assert.is(done.rehashedPieces, left)
    assert.is(done.downloadedBytes, 0)
    assert.is(done.storedPieces, count)
  }),
)

test(
  'crash: a file that was changed after a kill is noticed, hashed and mended',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: UPLOAD_LIMIT })
    const place = await makePlace(rig, content)
    const child = await start(rig, place, seed.address.port)
    await child.line((line) => read(line).storedPieces > pieceCount / 2)
    await kill(child)
    const before = await lookAtLog(place)
    const path = join(place.folder, content.files[0]?.[0] ?? '')
    const [piece = 0] = before.stored.indices()
    const bytes = await readFile(path)
    bytes[piece * content.metainfo.pieceLength + 5] = 1 + (bytes[piece * content.metainfo.pieceLength + 5] ?? 0)
    await writeFile(path, bytes)
    const later = before.at / 1_000 + 60
    await utimes(path, later, later)
    const done = await finish(await start(rig, place, seed.address.port))
    await compareContent(content, place.folder)
    assert.ok(done.rehashedPieces >= Math.floor((5 * MIB) / content.metainfo.pieceLength))
    await withLog(place.dataDir, content, async (log) => {
      const changes: string[] = []
      for await (const batch of log.read(before.nextSeq))
        for (const { event } of batch) if (event.type === 'file-changed') changes.push(`${event.file} ${event.reason}`)
      assert.equal(changes, ['0 time'])
    })
  }),
)

test.run()
