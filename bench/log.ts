/**
 * Measures the event log: `node --import tsx bench/log.ts [EVENTS]`, by default a million.
 *
 * The events are those of a download with one seed in blocks of 16 KiB and pieces of 1 MiB, in the order and with the
 * sizes that a transfer has, flushed at each stored piece as the engine does.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { RecordWriter, readRecord } from '../src/events/codec.js'
import type { TransferEvent } from '../src/events/vocabulary.js'
import { LIMITS } from '../src/limits.js'
import { nodeClock } from '../src/node/clock.js'
import { copyLog } from '../src/node/log-snapshot.js'
import type { LogReader, TransferEntry, TransferLog } from '../src/ports.js'
import { openLevelLogStore } from '../src/store/level-log.js'
import { openLogSnapshot } from '../src/store/read-only.js'
import { verifyLog } from '../src/store/verify-log.js'
import { BLOCK_BYTES, infoHash, instant, peerKey, pieceIndex } from '../src/values.js'

const EVENTS = Number(process.argv[2] ?? 1_000_000)
const BLOCKS_PER_PIECE = 64
const entry: TransferEntry = { infoHash: infoHash(new Uint8Array(20).fill(0x5a)), torrent: new Uint8Array(20_000) }
const clock = nodeClock()

const say = (what: string, figure: string): void => console.log(`${what.padEnd(52)} ${figure}`)
const perSecond = (count: number, ms: number): string => `${Math.round((count / ms) * 1_000).toLocaleString('en')}/s`
const show = (ms: number): string => `${ms.toFixed(1)} ms`

const timed = async <Value>(job: () => Promise<Value>): Promise<[value: Value, ms: number]> => {
  const begun = performance.now()
  const value = await job()
  return [value, performance.now() - begun]
}

/** The events of one download, again and again with other pieces. */
function* download(): Generator<TransferEvent, never, undefined> {
  const peer = peerKey(3)
  for (let number = 0; ; number++) {
    const piece = pieceIndex(number % 100_000)
    for (let block = 0; block < BLOCKS_PER_PIECE; block++) {
      const offset = block * BLOCK_BYTES
      if (block % 4 === 0) {
        yield { type: 'blocks-requested', peer, ranges: [{ piece, offset, length: 4 * BLOCK_BYTES }] }
      }
      yield { type: 'block-received', peer, piece, offset, length: BLOCK_BYTES }
    }
    yield { type: 'piece-filled', piece }
    yield { type: 'piece-verified', piece }
    yield { type: 'piece-stored', piece }
    yield { type: 'pieces-announced', pieces: [piece] }
  }
}

/** Appends as the engine does, waiting where too many events are pending. */
const fill = async (log: TransferLog, count: number): Promise<number> => {
  let commits = 0
  let more: (() => void) | undefined
  log.onFailed = (failure) => {
    throw new Error(failure.message)
  }
  log.onCommitted = () => {
    commits++
    more?.()
  }
  const events = download()
  for (let appended = 0; appended < count; appended++) {
    const { value } = events.next()
    log.append(instant(1_700_000_000_000 + Math.floor(appended / 50)), value)
    if (value.type === 'piece-stored') {
      log.flush()
      await setImmediate()
    }
    if (log.pendingEvents >= LIMITS.logPendingEventsPause) {
      await new Promise<void>((resolve) => {
        more = resolve
      })
    }
  }
  log.flush()
  while (log.pendingEvents > 0) {
    await new Promise<void>((resolve) => {
      more = resolve
    })
  }
  return commits
}

const scan = async (reader: LogReader): Promise<number> => {
  let events = 0
  for await (const record of reader.read(0)) events += record.length
  return events
}

const folderBytes = async (folder: string): Promise<number> => {
  let bytes = 0
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size
  return bytes
}

/** The codec alone, in memory. */
const measureCodec = (): void => {
  const writer = new RecordWriter()
  const events = download()
  const records: Uint8Array[] = []
  const batch: TransferEvent[] = []
  for (let at = 0; at < 256_000; at++) batch.push(events.next().value)
  let begun = performance.now()
  batch.forEach((event, at) => {
    writer.add(instant(1_700_000_000_000 + at), event)
    if (writer.count === LIMITS.logRecordEventsMax) records.push(writer.finish(at, new Uint8Array(32)).bytes)
  })
  say('codec: events packed', perSecond(batch.length, performance.now() - begun))
  for (let round = 0; round < 4; round++) {
    begun = performance.now()
    let read = 0
    for (const record of records) read += readRecord(record).events.length
    say(`codec: events unpacked, round ${round + 1}`, perSecond(read, performance.now() - begun))
  }
}

const measureStore = async (sync: boolean, count: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'torrewind-bench-'))
  const place = join(folder, 'log')
  const label = sync ? 'sync' : 'no sync'
  try {
    const store = await openLevelLogStore(place, clock, { sync })
    const log = await store.open(entry)
    const cpu = process.cpuUsage()
    const rss = process.memoryUsage.rss()
    const [commits, ms] = await timed(() => fill(log, count))
    const { user, system } = process.cpuUsage(cpu)
    say(`${label}: events appended and committed`, `${perSecond(count, ms)}, in ${commits} commits`)
    say(`${label}: CPU for each event`, `${((user + system) / count).toFixed(2)} us`)
    say(`${label}: resident memory grew by`, `${((process.memoryUsage.rss() - rss) / 1_048_576).toFixed(1)} MiB`)
    if (sync) return store.close()
    await store.close()
    const bare = await openLevelLogStore(place, clock)
    const [unchecked, bareMs] = await timed(() => bare.open(entry))
    say('log opened without a checkpoint', show(bareMs))
    const [, checkpointMs] = await timed(() => unchecked.saveCheckpoint(unchecked.nextSeq, new Uint8Array(200_000)))
    say('checkpoint of 200 kB saved', show(checkpointMs))
    await bare.close()
    say('bytes an event, on disk', ((await folderBytes(place)) / count).toFixed(2))

    const [again, storeMs] = await timed(() => openLevelLogStore(place, clock))
    const [reopened, openMs] = await timed(() => again.open(entry))
    const [, loadMs] = await timed(() => reopened.loadCheckpoint())
    say('store opened, log opened, checkpoint loaded', `${show(storeMs)}, ${show(openMs)}, ${show(loadMs)}`)
    for (let round = 0; round < 3; round++) {
      const [events, scanMs] = await timed(() => scan(reopened))
      say(`scanned, round ${round + 1}`, `${perSecond(events, scanMs)} of ${events}`)
    }
    for (let round = 0; round < 3; round++) {
      const [snapshot, snapshotMs] = await timed(async () => openLogSnapshot(await copyLog(place)))
      const [verdict, verifyMs] = await timed(() => verifyLog(snapshot, entry.infoHash))
      const [, closeMs] = await timed(() => snapshot.close())
      say('snapshot of the open store opened, closed', `${show(snapshotMs)}, ${show(closeMs)}`)
      say('  verified', `${verdict.events} events, ${verdict.ok ? 'ok' : 'DAMAGED'}, ${show(verifyMs)}`)
    }
    await again.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

measureCodec()
await measureStore(false, EVENTS)
await measureStore(true, Math.min(EVENTS, 100_000))
say('resident memory at the end', `${Math.round(process.memoryUsage.rss() / 1_048_576)} MiB`)
