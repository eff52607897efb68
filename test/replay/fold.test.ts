/** Folding a log: of a real download, of half a session, from the start and from checkpoints. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { takeSnapshot } from '../../src/events/snapshot.js'
import { TorrewindError } from '../../src/index.js'
import { evolve, foldLog, foldOnto, initialState, type ReadableLog, replay, stateHash } from '../../src/replay/index.js'
import { makeContent, writeContent } from '../engine/content.js'
import { guard } from '../engine/guard.js'
import { progressWhen, Rig, rigged, within, withLog } from '../engine/rig.js'

const test = guard(suite('replay: folding'))

const KIB = 1_024
const content = makeContent({ files: { a: 500 * KIB, b: 301 * KIB } })

const shared = new Rig()
let sessions: ReturnType<typeof makeSessions> | undefined
/** Made once, and only read. */
const threeSessions = (): ReturnType<typeof makeSessions> => {
  sessions ??= makeSessions(shared)
  return sessions
}
test.after(() => shared.dispose())

/** A log of three sessions: a download that is closed half way, its end, and one that only seeds. */
const makeSessions = async (rig: Rig) => {
  const seed = await rig.seed(content, { uploadLimit: 800 * KIB })
  const folder = await rig.folder()
  const dataDir = join(folder, 'data')
  const hashes: string[] = []
  const ends: number[] = []
  for (const session of [1, 2, 3]) {
    const engine = await rig.engine(dataDir)
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
    if (session === 1) await progressWhen(transfer, ({ storedPieces }) => storedPieces > 4)
    else await within(transfer.done, 'the download')
    if (session === 2) {
      await transfer.pause()
      await transfer.resume()
      await transfer.recheck()
      await progressWhen(transfer, ({ phase }) => phase === 'seeding')
    }
    await engine.close()
    hashes.push(stateHash(transfer.state))
    ends.push(transfer.state.nextSeq)
  }
  return { dataDir, hashes, ends }
}

test('replay: the log of every session folds to the state that was live when it was closed', async () => {
  const { dataDir, hashes, ends } = await threeSessions()
  await withLog(dataDir, content, async (log) => {
    assert.is(log.committedSeq, ends[2])
    for (const [session, before] of ends.entries()) {
      const fresh = await foldLog(log, { before, fromStart: true })
      assert.is(stateHash(fresh.state), hashes[session], `session ${session + 1} from the start`)
      assert.is(fresh.events, before)
      const quick = await foldLog(log, { before })
      assert.is(stateHash(quick.state), hashes[session], `session ${session + 1} from its checkpoint`)
      assert.is(quick.events, 0, 'a session ends with a checkpoint')
    }
  })
})

test('replay: a fold to any event is that of the events one by one, with and without checkpoints', async () => {
  const { dataDir, ends } = await threeSessions()
  await withLog(dataDir, content, async (log) => {
    const state = initialState()
    const end = ends[2] ?? 0
    for await (const batch of log.read(0))
      for (const logged of batch) {
        evolve(state, logged)
        if (logged.seq % 97 !== 0 && logged.seq !== end - 1) continue
        const before = logged.seq + 1
        const expected = stateHash(state)
        assert.is(stateHash((await foldLog(log, { before })).state), expected, `event ${logged.seq}`)
        assert.is(stateHash((await foldLog(log, { before, fromStart: true })).state), expected)
      }
    assert.is(state.nextSeq, end)
  })
})

test('replay: what is folded matches every checkpoint', async () => {
  const { dataDir, hashes, ends } = await threeSessions()
  await withLog(dataDir, content, async (log) => {
    const whole = await replay(log)
    assert.is(whole.matches, true)
    assert.is(whole.divergence, undefined)
    assert.is(whole.stateHash, hashes[2])
    assert.is(whole.events, ends[2])
    const part = await replay(log, { before: ends[0] })
    assert.is(part.stateHash, hashes[0])
    assert.is(part.matches, true)
    const early = await replay(log, { before: 10 })
    assert.is(early.matches, undefined, 'there is no checkpoint so early')
    assert.is(early.events, 10)
  })
})

test('replay: a checkpoint that says something else is a divergence, with its number and both hashes', async () => {
  const { dataDir, hashes, ends } = await threeSessions()
  await withLog(dataDir, content, async (log) => {
    const { state } = await foldLog(log, { before: ends[0] ?? 0 })
    state.waste.late++
    const lying: ReadableLog = {
      committedSeq: log.committedSeq,
      read: (from, to) => log.read(from, to),
      loadCheckpoint: async () => ({ seq: state.nextSeq, snapshot: takeSnapshot(state) }),
    }
    const result = await replay(lying)
    assert.is(result.matches, false)
    assert.equal(result.divergence, {
      kind: 'checkpoint',
      seq: ends[0],
      expectedHash: stateHash(state),
      actualHash: hashes[0],
    })
    assert.is(result.stateHash, hashes[2], 'the log is right all the same')
  })
})

test('replay: a checkpoint of another version, or of no version, is passed over', async () => {
  const { dataDir, hashes, ends } = await threeSessions()
  await withLog(dataDir, content, async (log) => {
    for (const snapshot of [new Uint8Array(0), Uint8Array.of(0x82, 0x18, 99, 0xf6), new Uint8Array(100).fill(0xff)]) {
      const odd: ReadableLog = {
        committedSeq: log.committedSeq,
        read: (from, to) => log.read(from, to),
        loadCheckpoint: async () => ({ seq: ends[1] ?? 0, snapshot }),
      }
      const { state, events } = await foldLog(odd)
      assert.is(stateHash(state), hashes[2])
      assert.is(events, ends[2])
      assert.is((await replay(odd)).matches, undefined)
    }
  })
})

test(
  'replay: a fold beyond the end of the log says that events are missing',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const dataDir = join(seed.folder, 'data')
    await seed.engine.close()
    await withLog(dataDir, content, async (log) => {
      try {
        await foldOnto(initialState(), log, log.committedSeq + 1)
        assert.unreachable()
      } catch (error) {
        assert.is(error instanceof TorrewindError && error.code, 'LOG_DAMAGED')
      }
    })
  }),
)

test(
  'replay: the log of a session that was cut off folds, and the next session begins where it ended',
  rigged(async (rig) => {
    const folder = await rig.folder()
    await writeContent(content, folder)
    const dataDir = join(folder, 'data')
    const engine = await rig.engine(dataDir)
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.done, 'the check')
    const cut = transfer.state.nextSeq
    await engine.close()
    await withLog(dataDir, content, async (log) => {
      // Up to here the log is that of a process that died just then.
      for (let before = 1; before <= cut; before++) {
        const { state } = await foldLog(log, { before, fromStart: true })
        assert.is(state.nextSeq, before)
        evolve(state, {
          seq: before as never,
          at: state.at,
          event: {
            type: 'session-began',
            session: state.session + 1,
            version: 'next',
            randomSeed: 1,
            peerId: new Uint8Array(20),
            machineStartedAt: state.machineStartedAt,
          },
        })
        assert.is(state.peers.size, 0)
        assert.is(state.pieces.size, 0)
        const unsure = state.stored.count + state.unsafe.length
        assert.ok(unsure <= content.metainfo.pieceCount, 'no piece is both stored and unsafe')
      }
    })
  }),
)

test.run()
