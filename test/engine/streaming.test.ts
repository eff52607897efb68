/** Streaming: files are read while they are fetched. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, eventsOf, progressWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: streaming'))

const KIB = 1_024
const PIECE = 32 * KIB
const content = makeContent({ pieceLength: PIECE, files: { a: 3 * PIECE + 77, b: 20 * PIECE, c: 5 * PIECE } })
const bytesOf = (at: number): Uint8Array => content.files[at]?.[1] ?? new Uint8Array(0)

const download = async (rig: Rig, options: object = {}, uploadLimit = 0) => {
  const seed = await rig.seed(content, { uploadLimit })
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'))
  const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address], ...options })
  return { seed, folder, engine, transfer }
}

const collect = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test(
  'streaming: a file is read to its end while it is fetched, and a part of it byte by byte',
  rigged(async (rig) => {
    const { transfer } = await download(rig)
    const [whole, part, none] = await within(
      Promise.all([
        collect(transfer.stream('b')),
        collect(transfer.stream(1, { start: 5, end: 100_000 })),
        collect(transfer.stream('a', { start: 3 * PIECE + 77 })),
      ]),
      'the streams',
    )
    assert.is(Buffer.compare(whole ?? Buffer.of(), bytesOf(1)), 0)
    assert.is(Buffer.compare(part ?? Buffer.of(), bytesOf(1).subarray(5, 100_001)), 0)
    assert.is(none?.length, 0)
    assert.is(transfer.state.deadlines.size, 0)
  }),
)

test(
  'streaming: what is read comes first, though it is in the middle of what is fetched in order',
  rigged(async (rig) => {
    const { transfer, folder } = await download(rig, { sequential: true }, 400 * KIB)
    await progressWhen(transfer, ({ storedPieces }) => storedPieces > 0)
    const bytes = await within(collect(transfer.stream('c', { end: 2 * PIECE })), 'the stream')
    assert.is(Buffer.compare(bytes, bytesOf(2).subarray(0, 2 * PIECE + 1)), 0)
    await within(transfer.done, 'the rest')
    const order = (await eventsOf(transfer)).flatMap(({ event }) =>
      event.type === 'piece-stored' ? [event.piece] : [],
    )
    const [first, last] = [23, 25] // `c` begins in piece 23
    const before = order.findLastIndex((piece) => piece >= first && piece <= last)
    assert.ok(before < 20, `${before} pieces were stored before: ${order.join()}`)
    await compareContent(content, folder)
  }),
)

test(
  'streaming: a file that is not selected is fetched as far as it is read, and the transfer is done again',
  rigged(async (rig) => {
    const { transfer } = await download(rig, { select: ['a'] })
    await within(transfer.done, 'what is wanted')
    const bytes = await within(collect(transfer.stream('c', { end: PIECE })), 'the stream')
    assert.is(Buffer.compare(bytes, bytesOf(2).subarray(0, PIECE + 1)), 0)
    await progressWhen(transfer, ({ phase }) => phase === 'seeding')
    assert.ok(transfer.progress.storedPieces < 28, 'the rest of the file stays where it is')
    assert.is(transfer.state.wanted.count, 4)
  }),
)

test(
  'streaming: a reader waits over a pause, is let go of at any time, and hears when the transfer is closed',
  rigged(async (rig) => {
    const { transfer } = await download(rig, {}, 500 * KIB)
    const reader = transfer.stream('b')[Symbol.asyncIterator]()
    assert.ok((await within(reader.next(), 'the first bytes')).value !== undefined)
    await transfer.pause()
    const left = transfer.stream('c')
    left.destroy()
    const rest = (async () => {
      let length = 0
      for (;;) {
        const { done, value } = await reader.next()
        if (done === true) return length
        length += (value as Uint8Array).length
      }
    })()
    await transfer.resume()
    assert.ok((await within(rest, 'the rest')) > 10 * PIECE)
    const late = collect(transfer.stream('c'))
    const code = codeOf(() => late)
    await transfer.close()
    const ended = await within(code, 'the end')
    assert.ok(ended === 'TRANSFER_CLOSED' || ended === 'nothing', String(ended))
    assert.is(await codeOf(() => transfer.stream('c')), 'TRANSFER_CLOSED')
  }),
)

test(
  'streaming: wrong files and ranges are refused, and so are too many streams',
  rigged(async (rig) => {
    const { transfer } = await download(rig)
    for (const act of [
      () => transfer.stream('*'),
      () => transfer.stream('nothing'),
      () => transfer.stream(7),
      () => transfer.stream('a', { start: -1 }),
      () => transfer.stream('a', { start: 3 * PIECE + 78 }),
      () => transfer.stream('a', { start: 10, end: 5 }),
      () => transfer.setDeadlines([{ piece: 99, withinMs: 1 }]),
    ])
      assert.is(await codeOf(act), 'OPTION_INVALID')
    const streams = Array.from({ length: 64 }, () => transfer.stream('b'))
    assert.is(await codeOf(() => transfer.stream('b')), 'STREAMS_EXCEEDED')
    for (const stream of streams) stream.destroy()
    transfer.setDeadlines([{ piece: 2, withinMs: 50 }])
    transfer.setDeadlines([])
    await within(transfer.done, 'the download')
    const types = new Set((await eventsOf(transfer)).map(({ event }) => event.type))
    assert.ok(types.has('deadlines-set'))
  }),
)

test.run()
