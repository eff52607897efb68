/** The events of a transfer, as a listener gets them: gap-free history, then live, at the listener's own pace. */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type LoggedEvent, TorrewindError } from '../../src/index.js'
import { evolve, initialState, stateHash } from '../../src/replay/index.js'
import { makeContent } from './content.js'
import { guard } from './guard.js'
import { eventsOf, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: events'))

const KIB = 1_024
const content = makeContent({ pieceLength: 16 * KIB, files: 3_000 * KIB })

const numbers = (from: number, end: number): readonly number[] =>
  Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index)

const startDownload = async (rig: Rig, uploadLimit = 0) => {
  const seed = await rig.seed(content, { uploadLimit })
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'))
  const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
  return { seed, engine, transfer, folder }
}

test(
  'events: a slow reader that came first, and one that comes in the middle, miss nothing',
  rigged(async (rig) => {
    const { transfer } = await startDownload(rig)
    const read = async (from: number, slow: boolean): Promise<readonly LoggedEvent[]> => {
      const events: LoggedEvent[] = []
      for await (const logged of transfer.events({ from })) {
        events.push(logged)
        if (slow && events.length % 64 === 0) for (let turn = 0; turn < 20; turn++) await setImmediate()
      }
      return events
    }
    const first = read(0, true)
    const live: LoggedEvent[] = []
    transfer.committed$.subscribe((events) => live.push(...events))
    await within(transfer.ready, 'the start')
    const middle = transfer.state.nextSeq - 1
    const second = read(middle, true)
    await within(transfer.done, 'the download')
    const third = read(0, false)
    await transfer.close()
    const end = transfer.state.nextSeq
    const [all, later, history] = await within(Promise.all([first, second, third]), 'the readers')
    assert.ok(end > 500, `${end} events`)
    assert.equal(
      all.map(({ seq }) => seq),
      numbers(0, end),
    )
    assert.equal(history, all)
    assert.equal(later, all.slice(middle))
    const from = live[0]?.seq ?? 0
    assert.equal(live, all.slice(from))
    const state = initialState()
    for (const logged of all) evolve(state, logged)
    assert.is(stateHash(state), stateHash(transfer.state))
  }),
)

test(
  'events: a part of the history is read as it was asked for, and a reader may go away',
  rigged(async (rig) => {
    const { transfer } = await startDownload(rig)
    await within(transfer.done, 'the download')
    const seqs: number[] = []
    for await (const { seq } of transfer.events({ from: 100, to: 357 })) seqs.push(seq)
    assert.equal(seqs, numbers(100, 358))
    for await (const { seq } of transfer.events({ from: 3 })) {
      assert.is(seq, 3)
      break
    }
    for await (const logged of transfer.events({ from: 5, to: 4 })) assert.unreachable(JSON.stringify(logged))
  }),
)

test(
  'events: what is asked for from a number that is yet to come is waited for',
  rigged(async (rig) => {
    const { transfer } = await startDownload(rig)
    const target = transfer.state.nextSeq + 200
    const reading = (async () => {
      for await (const { seq } of transfer.events({ from: target })) return seq
      return -1
    })()
    assert.is(await within(reading, 'the event'), target)
  }),
)

test(
  'events: numbers that are none are refused',
  rigged(async (rig) => {
    const { transfer } = await rig.seed(content)
    for (const from of [-1, 0.5, Number.NaN])
      try {
        for await (const logged of transfer.events({ from })) assert.unreachable(JSON.stringify(logged))
        assert.unreachable()
      } catch (error) {
        assert.is(error instanceof TorrewindError && error.code, 'OPTION_INVALID')
      }
  }),
)

test(
  'events: stateAt is the state just after the event, now and in the middle of everything',
  rigged(async (rig) => {
    const { transfer } = await startDownload(rig, 3_000 * KIB)
    const newest = transfer.state.nextSeq - 1
    assert.is((await transfer.stateAt(newest)).nextSeq, newest + 1)
    await within(transfer.done, 'the download')
    const events = await eventsOf(transfer)
    const state = initialState()
    const last = events.length - 1
    for (const logged of events) {
      evolve(state, logged)
      if (![0, 1, 7, 300, last].includes(logged.seq)) continue
      assert.is(stateHash(await transfer.stateAt(logged.seq)), stateHash(state), `at ${logged.seq}`)
    }
    for (const seq of [-1, 0.5, transfer.state.nextSeq + 1_000_000])
      try {
        await transfer.stateAt(seq)
        assert.unreachable()
      } catch (error) {
        assert.is(error instanceof TorrewindError && error.code, 'OPTION_INVALID')
      }
  }),
)

test(
  'events: a reader that is behind when all is closed or removed is told so by a code',
  rigged(async (rig) => {
    for (const end of ['close', 'remove'] as const) {
      const { transfer, engine } = await startDownload(rig)
      await within(transfer.done, 'the download')
      const reader = transfer.events()[Symbol.asyncIterator]()
      await reader.next()
      await (end === 'remove' ? transfer.remove() : engine.close())
      const rest = async (): Promise<string> => {
        for (;;) if ((await reader.next()).done === true) return 'the end'
      }
      const ending = await rest().catch((error: unknown) =>
        error instanceof TorrewindError ? error.code : String(error),
      )
      assert.is(ending, 'TRANSFER_CLOSED', end)
    }
  }),
)

test.run()
