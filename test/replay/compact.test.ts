/** Compacting: what is left of a log folds, replays, resumes and explains as all of it did. */
import { join } from 'node:path'
import { firstValueFrom } from 'rxjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { present } from '../../src/assert.js'
import { compact, explain, firstKept, foldLog, History, replay, stateHash } from '../../src/replay/index.js'
import { makeContent } from '../engine/content.js'
import { guard } from '../engine/guard.js'
import { codeOf, progressWhen, type Rig, rigged, within, withLog, withLogs } from '../engine/rig.js'

const test = guard(suite('replay: compacting'))
const KIB = 1_024
const content = makeContent({ files: { a: 700 * KIB, b: 333 * KIB } })
const { infoHash } = content.metainfo

/** A download in two sessions. */
const history = async (
  rig: Rig,
): Promise<{ folder: string; dataDir: string; address: { host: string; port: number } }> => {
  const seed = await rig.seed(content, { uploadLimit: 900 * KIB })
  const folder = await rig.folder()
  const dataDir = join(folder, 'data')
  for (const session of [1, 2]) {
    const engine = await rig.engine(dataDir)
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
    if (session === 1) await progressWhen(transfer, ({ storedPieces }) => storedPieces > 4)
    else await within(transfer.done, 'the download')
    await engine.close()
  }
  return { folder, dataDir, address: seed.address }
}

test(
  'compact: every state from there on is the one it was, and so is what explains it',
  rigged(async (rig) => {
    const { dataDir } = await history(rig)
    const hashes = new Map<number, string>()
    let end = 0
    await withLog(dataDir, content, async (log) => {
      end = log.committedSeq
      for (let seq = 0; seq < end; seq += 23)
        hashes.set(seq, stateHash((await foldLog(log, { before: seq + 1 })).state))
    })
    const last = async (): Promise<string> => {
      let hash = ''
      await withLog(dataDir, content, async (log) => {
        hash = (await replay(log)).stateHash
      })
      return hash
    }
    const whole = await last()
    for (const before of [40, Math.floor(end / 2), end]) {
      const { firstSeq, removed } = await withLogs(dataDir, (logs) => compact(logs, infoHash, before))
      assert.ok(firstSeq <= before)
      assert.ok(before === 40 || removed > 0)
      assert.is(await last(), whole, 'a replay comes to the same end')
      await withLog(dataDir, content, async (log) => {
        const rewound = new History(log)
        assert.is(rewound.firstSeq, firstSeq)
        for (const [seq, hash] of hashes)
          if (seq >= firstSeq) assert.is(stateHash(await rewound.stateAt({ seq })), hash, `event ${seq}`)
          else assert.is(await codeOf(() => rewound.stateAt({ seq })), 'OPTION_INVALID')
        const { verdict, causes } = await explain(rewound, { piece: 0 })
        assert.is(verdict, 'complete')
        for (const { events } of causes) for (const seq of events) assert.ok(seq >= firstSeq)
        let count = 0
        for await (const events of rewound.backwards(end)) count += events.length
        assert.is(count, end - firstSeq)
      })
    }
  }),
)

test(
  'compact: a transfer goes on after its beginning was compacted, and hashes nothing again',
  rigged(async (rig) => {
    const { folder, dataDir, address } = await history(rig)
    await withLogs(dataDir, (logs) => compact(logs, infoHash, Number.MAX_SAFE_INTEGER))
    const engine = await rig.engine(dataDir)
    const transfer = await engine.add(content.torrent, { path: folder, peers: [address] })
    await within(transfer.done, 'what was done')
    assert.is(transfer.progress.rehashedPieces, 0)
    assert.is(transfer.progress.storedPieces, content.metainfo.pieceCount)
    const seqs: number[] = []
    for await (const { seq } of transfer.events({ to: transfer.state.nextSeq - 1 })) seqs.push(seq)
    assert.ok((seqs[0] ?? 0) > 0)
    assert.equal(
      seqs,
      Array.from({ length: seqs.length }, (_, at) => (seqs[0] ?? 0) + at),
    )
    const [first = 0] = seqs
    for (const from of [0, first - 1]) {
      assert.is(await codeOf(() => transfer.events({ from })[Symbol.asyncIterator]().next()), 'EVENTS_COMPACTED')
      assert.is(await codeOf(() => firstValueFrom(transfer.committed({ from }))), 'EVENTS_COMPACTED')
    }
    assert.is((await firstValueFrom(transfer.committed({ from: first })))[0]?.seq, first)
    assert.is((await firstValueFrom(transfer.committed()))[0]?.seq, first)
    assert.is((await transfer.explain()).verdict, 'complete')
  }),
)

test(
  'compact: bounds of age and size keep what both allow, and an engine keeps to them',
  rigged(async (rig) => {
    const { folder, dataDir } = await history(rig)
    let times: readonly number[] = []
    await withLog(dataDir, content, async (log) => {
      const at: number[] = []
      for await (const events of log.read(0)) for (const logged of events) at.push(logged.at)
      times = at
    })
    const newest = present(times.at(-1), 'an event')
    await withLogs(dataDir, async (logs) => {
      const middle = Math.floor(times.length / 2)
      const ageMs = newest - present(times[middle], 'an event')
      assert.is(
        await firstKept(logs, infoHash, { maxAgeMs: ageMs }, newest),
        times.findLastIndex((at) => at <= newest - ageMs) + 1,
      )
      assert.is(await firstKept(logs, infoHash, { maxAgeMs: 3_600_000 }, newest), 0)
      assert.is(await firstKept(logs, infoHash, { maxBytes: 100_000_000 }, newest), 0)
      const parts = await logs.measure(infoHash)
      const lastTwo = parts.slice(-2).reduce((sum, { bytes }) => sum + bytes, 0)
      assert.is(await firstKept(logs, infoHash, { maxBytes: lastTwo }, newest), parts.at(-2)?.firstSeq)
    })
    const engine = await rig.engine(dataDir, { retention: { maxBytes: 2_000 } })
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.done, 'what was done')
    await engine.close()
    await withLogs(dataDir, async (logs) => {
      const { firstSeq = 0 } = present(await logs.reader(infoHash), 'the log')
      assert.ok(firstSeq > 0)
    })
    for (const retention of [{ maxBytes: -1 }, { maxAgeMs: 1.5 }, { minutes: 3 } as object])
      assert.is(await codeOf(() => rig.engine(dataDir, { retention })), 'OPTION_INVALID')
  }),
)

test.run()
