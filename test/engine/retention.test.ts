/** Retention while a transfer runs: its log stays within its bounds, nothing that recovery needs goes, nobody waits. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { present } from '../../src/assert.js'
import { TorrewindError } from '../../src/index.js'
import type { Failure, LogStore, TransferLog } from '../../src/ports.js'
import { foldLog, stateHash } from '../../src/replay/index.js'
import { Retainer } from '../../src/retainer.js'
import { recordKey } from '../../src/store/log-keys.js'
import { createMemoryLogStore } from '../../src/store/memory-log.js'
import { MemoryMedium } from '../../src/store/memory-medium.js'
import { MemoryShelf } from '../../src/store/memory-shelf.js'
import { ManualClock } from '../contracts/manual-clock.js'
import { makeContent } from './content.js'
import { guard } from './guard.js'
import { eventsOf, rigged, verdictOf, within, withLogs } from './rig.js'

const test = guard(suite('engine: retention'))

const KIB = 1_024
const content = makeContent({ pieceLength: 16 * KIB, files: 24_000 * KIB })
const { infoHash } = content.metainfo

test(
  'retention: a log stays within its size while a transfer runs, and the next session checks nothing',
  rigged(async (rig) => {
    const maxBytes = 64 * KIB
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const dataDir = join(folder, 'data')
    const engine = await rig.engine(dataDir, { retention: { maxBytes } })
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address], record: 'inputs' })
    const seqs: number[] = []
    const keepsUp = transfer.committed$.subscribe((events) => seqs.push(...events.map(({ seq }) => seq)))
    let [asked, open] = [0, (): void => undefined]
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const overtaken = new Promise<unknown>((resolve) => {
      const ready = () => (asked++ === 0 ? undefined : gate)
      transfer.committed({ ready }).subscribe({ error: resolve, complete: () => resolve('the end') })
    })
    await within(transfer.done, 'the download')
    open()
    const error = await within(overtaken, 'the slow one')
    assert.is(error instanceof TorrewindError && error.code, 'EVENTS_COMPACTED')
    assert.ok(present((await eventsOf(transfer))[0], 'an event').seq > 0)
    await engine.close()
    assert.ok(keepsUp.closed && seqs.at(-1) === transfer.state.nextSeq - 1)
    assert.equal(
      seqs,
      seqs.map((_, at) => (seqs[0] ?? 0) + at),
    )
    assert.ok((await verdictOf(dataDir, infoHash)).ok)
    await withLogs(dataDir, async (logs) => {
      const bytes = (await logs.measure(infoHash)).reduce((sum, part) => sum + part.bytes, 0)
      assert.ok(bytes > 0 && bytes <= maxBytes, `${bytes} of ${maxBytes} bytes`)
      const log = present(await logs.reader(infoHash), 'the log')
      assert.ok((log.firstSeq ?? 0) > 1_000, `${log.firstSeq} is the first that is left`)
      const { state } = await foldLog(log, { fromStart: true })
      assert.is(stateHash(state), stateHash(transfer.state))
    })
    const again = await (await rig.engine(dataDir)).add(content.torrent, { path: folder })
    await within(again.done, 'what was done')
    assert.is(again.progress.rehashedPieces, 0)
  }),
)

/** A log of records of 10 events each, a minute apart. */
const filled = async (records: number) => {
  const clock = new ManualClock()
  const medium = new MemoryMedium()
  const logs = createMemoryLogStore(clock, medium)
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 400; turn++) {
      await Promise.resolve()
      clock.advance(0)
    }
  }
  const opening = logs.open({ infoHash, torrent: content.torrent })
  await settle()
  const log = await opening
  log.append(clock.now(), {
    type: 'transfer-added',
    infoHash,
    name: 'a',
    folder: '/a',
    pieceLength: 16_384,
    totalBytes: 1,
    private: false,
  })
  const fill = async (): Promise<void> => {
    for (let event = 0; event < 10; event++)
      log.append(clock.now(), { type: 'limits-set', download: log.nextSeq, upload: 0 })
    log.flush()
    await settle()
    clock.advance(60_000)
  }
  for (let record = 0; record < records; record++) await fill()
  return { clock, medium, logs, log, settle, fill }
}

const retainer = (
  { clock, logs, log }: { readonly clock: ManualClock; readonly logs: LogStore; readonly log: TransferLog },
  maxAgeMs: number,
  failures: Failure[] = [],
): Retainer => {
  const failed = (failure: Failure): void => void failures.push(failure)
  return new Retainer({ clock, logs, log, infoHash, retention: { maxAgeMs }, failed })
}

test('retention: events that grow older than the bound go while the transfer runs', async () => {
  const rig = await filled(5)
  const { log, clock, settle } = rig
  const { state } = await foldLog(log)
  const kept = retainer(rig, 20 * 60_000)
  const minutes = async (count: number): Promise<void> => {
    for (let minute = 0; minute < count; minute++) {
      clock.advance(60_000)
      await settle()
    }
  }
  await minutes(14)
  assert.is(log.firstSeq, 0, 'none is that old')
  await minutes(4)
  // It looks each two and a half minutes, and when it looked last three minutes were too old.
  assert.is(log.firstSeq, 31)
  assert.is(stateHash((await foldLog(log)).state), stateHash(state))
  const { waiting } = clock
  await kept.close()
  assert.is(clock.waiting, waiting - 1, 'it wakes nobody any more')
})

test('retention: a log that cannot be compacted is left as it is, and that is told once', async () => {
  const rig = await filled(8)
  const { log, clock, settle, medium } = rig
  // A bit of a record in the middle flips: what comes after it cannot be folded, and the live log goes on.
  const shelf = new MemoryShelf(medium, clock)
  const key = recordKey(infoHash, 11, 10)
  const bytes = present(await shelf.get(key), 'the record').slice()
  bytes[60] = (bytes[60] ?? 0) ^ 1
  medium.write([{ type: 'put', key, value: bytes }], clock.now())
  const failures: Failure[] = []
  const kept = retainer(rig, 60_000, failures)
  clock.advance(120_000)
  await settle()
  clock.advance(120_000)
  await settle()
  assert.equal(
    failures.map(({ code }) => code),
    ['LOG_DAMAGED'],
  )
  assert.is(log.firstSeq, 0)
  await kept.close()
})

test('retention: closing lets a compaction that has begun come to its end', async () => {
  const rig = await filled(5)
  const kept = retainer(rig, 60_000)
  rig.clock.advance(400_000)
  assert.is(rig.log.firstSeq, 0)
  const closing = kept.close()
  await rig.settle()
  await closing
  assert.ok((rig.log.firstSeq ?? 0) > 0)
})

test.run()
