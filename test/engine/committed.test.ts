/** Committed events as an observable: from any number on, over restarts, at the pace of who subscribes. */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { firstValueFrom } from 'rxjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type CommittedOptions,
  type InspectionEvent,
  type LoggedEvent,
  TorrewindError,
  type Transfer,
} from '../../src/index.js'
import { makeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, eventsOf, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: committed'))

const KIB = 1_024
const content = makeContent({ pieceLength: 16 * KIB, files: 6_000 * KIB })

const download = async (rig: Rig) => {
  const seed = await rig.seed(content)
  const folder = await rig.folder()
  const dataDir = join(folder, 'data')
  const engine = await rig.engine(dataDir)
  const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
  return { seed, folder, dataDir, engine, transfer }
}

interface Heard {
  readonly batches: (readonly LoggedEvent[])[]
  /** `complete`, or the code of the error. */
  readonly end: Promise<unknown>
}

const hear = (transfer: Transfer, options: CommittedOptions = {}): Heard => {
  const batches: (readonly LoggedEvent[])[] = []
  const end = new Promise((resolve) => {
    transfer.committed(options).subscribe({
      next: (batch) => batches.push(batch),
      complete: () => resolve('complete'),
      error: (error) => resolve(error instanceof TorrewindError ? error.code : error),
    })
  })
  return { batches, end }
}

const seqsOf = ({ batches }: Heard): readonly number[] => batches.flat().map(({ seq }) => seq)
const numbers = (from: number, end: number): readonly number[] =>
  Array.from({ length: end - from }, (_, at) => from + at)

test(
  'committed: a subscriber that is not ready holds one batch back, however much happens, and then misses none',
  rigged(async (rig) => {
    const { transfer } = await download(rig)
    let [open, asked] = [(): void => undefined, 0]
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const slow = hear(transfer, { ready: () => (asked++ === 0 ? undefined : gate) })
    const fast = hear(transfer, { from: 0 })
    await within(transfer.done, 'the download')
    assert.ok(transfer.state.nextSeq > 1_000, `${transfer.state.nextSeq} events`)
    assert.is(slow.batches.length, 1, 'what was ready for was handed out')
    assert.is(asked, 2, 'and it was asked for the next')
    open()
    const events = await eventsOf(transfer)
    while (seqsOf(slow).length < events.length) await setImmediate()
    await transfer.close()
    for (const heard of [slow, fast]) {
      assert.is(await within(heard.end, 'the end'), 'complete')
      assert.equal(seqsOf(heard), numbers(0, transfer.state.nextSeq))
      assert.equal(heard.batches.flat().slice(0, events.length), events)
      assert.ok(heard.batches.every(({ length }) => length > 0 && length <= 256))
    }
  }),
)

test(
  'committed: a subscriber goes on after a restart with the number after its last, and has every event once',
  rigged(async (rig) => {
    const { transfer, engine, dataDir, folder } = await download(rig)
    const seqs: number[] = []
    const half = new Promise<void>((resolve) => {
      const subscription = transfer.committed({ from: 0 }).subscribe((batch) => {
        seqs.push(...batch.map(({ seq }) => seq))
        if (seqs.length < 200) return
        subscription.unsubscribe()
        resolve()
      })
    })
    await within(half, 'two hundred events')
    const had = seqs.length
    await within(transfer.done, 'the download')
    assert.is(seqs.length, had, 'who went away hears nothing more')
    await engine.close()
    const again = await (await rig.engine(dataDir)).add(content.torrent, { path: folder })
    const rest = hear(again, { from: (seqs.at(-1) ?? 0) + 1 })
    await within(again.ready, 'the start')
    await again.close()
    assert.is(await within(rest.end, 'the end'), 'complete')
    assert.equal([...seqs, ...seqsOf(rest)], numbers(0, again.state.nextSeq))
  }),
)

test(
  'committed: many transfers of one engine drop nothing at any of their subscribers',
  rigged(async (rig) => {
    const contents = [1, 2, 3, 4].map((name) =>
      makeContent({ pieceLength: 16 * KIB, files: { [`${name}`]: 900 * KIB } }),
    )
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfers: Transfer[] = []
    const heard: Heard[] = []
    for (const [at, each] of contents.entries()) {
      const { address } = await rig.seed(each)
      const transfer = await engine.add(each.torrent, { path: join(folder, `${at}`), peers: [address] })
      transfers.push(transfer)
      heard.push(hear(transfer), hear(transfer, { from: transfer.state.nextSeq, ready: () => setImmediate() }))
    }
    const from = heard.map((_, at) => (at % 2 === 0 ? 0 : undefined))
    await within(Promise.all(transfers.map(({ done }) => done)), 'the downloads')
    await engine.close()
    for (const [at, each] of heard.entries()) {
      // Who reads the last events as all is closed is told that it did not come to the end.
      const end = await within(each.end, 'the end')
      assert.ok(end === 'complete' || end === 'TRANSFER_CLOSED', String(end))
      const seqs = seqsOf(each)
      const first = from[at] ?? seqs[0] ?? 0
      assert.equal(seqs, numbers(first, first + seqs.length))
      if (end === 'complete') assert.is(seqs.at(-1), (transfers[Math.floor(at / 2)]?.state.nextSeq ?? 0) - 1)
    }
  }),
)

test(
  'committed: inspectors of XState are told of every machine, from the beginning and from the middle',
  rigged(async (rig) => {
    const { transfer } = await download(rig)
    const told: InspectionEvent[] = []
    const inspector = { next: (event: InspectionEvent) => void told.push(event), error: () => undefined }
    transfer.inspection({ from: 0 }).subscribe(inspector)
    await within(transfer.done, 'the download')
    const middle = Math.floor(transfer.state.nextSeq / 2)
    const later = await within(firstValueFrom(transfer.inspection({ from: middle })), 'the first of the later ones')
    assert.is(later.type, '@xstate.actor')
    assert.is(later.actorRef.getSnapshot().value, 'downloading')
    const last = () => told.findLast(({ actorRef }) => actorRef.sessionId === 'transfer')
    while (last()?.actorRef.getSnapshot().value !== 'seeding') await setImmediate()
    const stored = told.filter((each) => each.type === '@xstate.snapshot' && each.snapshot.value === 'stored')
    assert.is(stored.length, content.metainfo.pieceCount)
    assert.ok(stored.every((each) => each.type === '@xstate.snapshot' && each.snapshot.status === 'done'))
  }),
)

test(
  'committed: what is no number is refused, and a subscriber that fails to be ready is told why',
  rigged(async (rig) => {
    const { transfer } = await rig.seed(content)
    for (const from of [-1, 0.5, Number.NaN])
      assert.is(await codeOf(() => transfer.committed({ from })), 'OPTION_INVALID')
    const failure = new Error('not ready')
    const { end } = hear(transfer, { ready: () => Promise.reject(failure) })
    assert.is(await within(end, 'the end'), failure)
  }),
)

test.run()
