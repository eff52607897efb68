/** Closing is safe at any moment, any number of times: nothing is thrown late, and the log is whole. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Observable } from 'rxjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Transfer } from '../../src/api.js'
import type { EventType } from '../../src/events/vocabulary.js'
import { type Engine, TorrewindError } from '../../src/index.js'
import { LIMITS } from '../../src/limits.js'
import { foldLog, stateHash } from '../../src/replay/index.js'
import { compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { RawPeer } from './raw-peer.js'
import { codeOf, progressWhen, type Rig, rigged, verdictOf, within, withLog } from './rig.js'

const test = guard(suite('engine: closing'))

const MIB = 1_024 * 1_024
const content = makeContent({ files: { a: 150_000, 'b/c': 250_001 } })
const { infoHash } = content.metainfo

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

/** The log opens, is whole, and folds to the state that the transfer had, from its start and from its checkpoint. */
const assertLogWhole = async (dataDir: string, transfer: Transfer): Promise<void> => {
  const verdict = await verdictOf(dataDir, infoHash)
  assert.ok(verdict.ok, JSON.stringify(verdict))
  assert.is(verdict.events, transfer.state.nextSeq)
  await withLog(dataDir, content, async (log) => {
    const live = stateHash(transfer.state)
    assert.is(stateHash((await foldLog(log)).state), live)
    assert.is(stateHash((await foldLog(log, { fromStart: true })).state), live)
  })
}

/** Adds a download and closes at the moment; then the same folder is taken up again, and completes. */
const closeAt = async (
  rig: Rig,
  moment: (transfer: Transfer, engine: Engine) => Promise<unknown>,
  prepare: (folder: string) => Promise<unknown> = async () => undefined,
): Promise<void> => {
  const seed = await rig.seed(content)
  const folder = await rig.folder()
  const dataDir = join(folder, 'data')
  await prepare(folder)
  const engine = await rig.engine(dataDir)
  const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
  await moment(transfer, engine)
  await within(engine.close(), 'the end')
  assert.is(transfer.progress.phase, 'closed')
  await assertLogWhole(dataDir, transfer)
  const next = await rig.engine(dataDir)
  const again = await next.add(content.torrent, { path: folder, peers: [seed.address] })
  await within(again.done, 'the rest')
  await compareContent(content, folder)
}

test('closing: after any number of turns of the loop the log is whole, and the rest is fetched', async () => {
  for (const count of [0, 1, 2, 5, 12, 40]) await rigged((rig) => closeAt(rig, () => turns(count)))()
})

const MOMENTS: readonly EventType[] = [
  'dial-began',
  'peer-connected',
  'handshake-received',
  'unchoke-received',
  'block-received',
  'piece-filled',
  'piece-verified',
  'piece-stored',
  'pieces-announced',
  'seeding-began',
]

for (const type of MOMENTS)
  test(
    `closing: at the moment of ${type} the log is whole, and the rest is fetched`,
    rigged((rig) =>
      closeAt(rig, async (transfer, engine) => {
        await new Promise<void>((resolve) => {
          transfer.committed$.subscribe({
            next: (events) => {
              if (!events.some(({ event }) => event.type === type)) return
              void engine.close() // from within the callback
              resolve()
            },
            complete: resolve, // it was over before somebody listened
          })
          void transfer.done.then(resolve, resolve)
        })
      }),
    ),
  )

test('closing: while files are checked the log is whole, and only the rest is hashed', async () => {
  for (const count of [0, 2, 5, 10])
    await rigged((rig) =>
      closeAt(
        rig,
        () => turns(count),
        (folder) => writeContent(content, folder),
      ),
    )()
})

test(
  'closing: a check under way is not waited for',
  rigged(async (rig) => {
    const large = makeContent({ files: 24 * MIB })
    const folder = await rig.folder()
    await writeContent(large, folder)
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(large.torrent, { path: folder })
    const began = performance.now()
    await engine.close()
    assert.ok(performance.now() - began < LIMITS.farewellMs / 2, 'it waited for a farewell that nobody says')
    assert.ok(transfer.progress.checkingPieces > 0, 'it was closed in the middle')
  }),
)

test(
  'closing: twice and at once, of the engine and the transfer, is once',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const { engine, transfer } = seed
    await Promise.all([engine.close(), transfer.close(), engine.close(), transfer.close()])
    await Promise.all([engine.close(), transfer.close()])
    assert.equal(engine.transfers, [])
    const verdict = await verdictOf(join(seed.folder, 'data'), infoHash)
    assert.ok(verdict.ok)
  }),
)

test('closing: an engine that is closed while a transfer is added either has it or says ENGINE_CLOSED', async () => {
  const endings = new Set<string>()
  for (const count of [0, 1, 4, 16, 64, 200])
    await rigged(async (rig) => {
      const folder = await rig.folder()
      await writeContent(content, folder)
      const dataDir = join(folder, 'data')
      const engine = await rig.engine(dataDir)
      const adding = engine.add(content.torrent, { path: folder }).then(
        () => 'added',
        (error: unknown) => (error instanceof TorrewindError ? error.code : String(error)),
      )
      await turns(count)
      await within(engine.close(), 'the end')
      endings.add(await adding)
      const verdict = await verdictOf(dataDir, infoHash).catch(() => undefined)
      assert.ok(verdict === undefined || verdict.ok)
    })()
  for (const ending of endings) assert.ok(['added', 'ENGINE_CLOSED'].includes(ending), ending)
})

test('closing: an engine that is closed while a magnet or a CID is looked up says ENGINE_CLOSED', async () => {
  for (const count of [0, 1, 2, 3, 5])
    await rigged(async (rig) => {
      const seed = await rig.seed(content)
      await seed.transfer.close()
      const adding = seed.engine.add(seed.transfer.cid, { path: seed.folder }).then(
        () => 'added',
        (error: unknown) => (error instanceof TorrewindError ? error.code : String(error)),
      )
      await turns(count)
      await within(seed.engine.close(), 'the end')
      assert.ok(['added', 'ENGINE_CLOSED'].includes(await adding), await adding)
    })()
})

test('closing: a transfer that is closed while it is added ends in good order', async () => {
  const many = makeContent({ files: Object.fromEntries(Array.from({ length: 200 }, (_, file) => [`${file}`, 999])) })
  for (const count of [0, 1, 5, 20])
    await rigged(async (rig) => {
      const folder = await rig.folder()
      const engine = await rig.engine(join(folder, 'data'))
      const adding = engine.add(many.torrent, { path: folder })
      while (engine.transfers.length === 0) await setImmediate()
      await turns(count)
      const [early] = engine.transfers
      await early?.close()
      const transfer = await within(adding, 'the adding')
      assert.is(transfer.progress.phase, 'closed')
      const code = await transfer.done.catch((error: unknown) => error instanceof TorrewindError && error.code)
      assert.is(code, 'TRANSFER_CLOSED')
      const again = await engine.add(many.torrent, { path: folder })
      await within(again.ready, 'the start')
    })()
})

test(
  'closing: what is asked of a closed transfer or engine is refused by a code',
  rigged(async (rig) => {
    const { engine, transfer } = await rig.seed(content)
    await transfer.close()
    const acts = [
      () => transfer.pause(),
      () => transfer.resume(),
      () => transfer.recheck(),
      () => transfer.select(['*']),
      () => transfer.addPeer({ host: '127.0.0.1', port: 1 }),
    ]
    for (const act of acts) assert.is(await codeOf(act), 'TRANSFER_CLOSED')
    await engine.close()
    assert.is(await codeOf(() => engine.add(content.torrent, { path: '/nowhere' })), 'ENGINE_CLOSED')
    assert.is(await codeOf(() => transfer.close()), 'nothing')
  }),
)

test(
  'closing: a stranger that has said nothing yet is hung up on',
  rigged(async (rig) => {
    const { engine } = await rig.seed(content)
    const silent = await RawPeer.dial(engine.port)
    const half = await RawPeer.dial(engine.port)
    half.write('\x13BitTorrent pro')
    const other = await RawPeer.join(engine.port, { infoHash })
    await engine.close()
    for (const peer of [silent, half, other]) await peer.closed()
  }),
)

test('closing: peers that arrive meanwhile are hung up on, all of them', async () => {
  for (let round = 0; round < 3; round++)
    await rigged(async (rig) => {
      const { engine } = await rig.seed(content)
      const peers: RawPeer[] = []
      let ended = false
      const closing = turns(3)
        .then(() => engine.close())
        .then(() => {
          ended = true
        })
      while (!ended) {
        const peer = await RawPeer.dial(engine.port).catch(() => undefined)
        if (peer === undefined) break // nobody listens any more
        peers.push(peer)
        peer.greet({ infoHash })
      }
      await closing
      for (const peer of peers) await peer.closed()
    })()
})

test(
  'closing: a tracker that never answers is given a moment, not more',
  rigged(async (rig) => {
    let asked = 0
    const server = createServer((request, response) => {
      asked++
      if (request.url?.includes('event=stopped') !== true) response.end('d8:intervali1800e5:peers0:e')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    rig.later(() => {
      server.closeAllConnections()
      server.close()
    })
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0
    const { engine, transfer } = await rig.seed(makeContent({ trackers: [`http://127.0.0.1:${port}/announce`] }))
    await within(
      (async () => {
        for await (const { event } of transfer.events()) if (event.type === 'announce-answered') return
      })(),
      'an answer',
    )
    const began = performance.now()
    await engine.close()
    const tookMs = performance.now() - began
    assert.is(asked, 2)
    assert.ok(tookMs < LIMITS.farewellMs + 2_000, `${tookMs} ms`)
  }),
)

test(
  'closing: progress$ and committed$ complete, and a reader of events comes to an end',
  rigged(async (rig) => {
    const { engine, transfer } = await rig.seed(content)
    const ended = (stream: Observable<unknown>): Promise<void> =>
      new Promise((resolve, reject) => stream.subscribe({ complete: resolve, error: reject }))
    const completed = Promise.all([ended(transfer.progress$), ended(transfer.committed$)])
    const reading = (async () => {
      let last = -1
      for await (const { seq } of transfer.events()) last = seq
      return last
    })()
    await progressWhen(transfer, ({ phase }) => phase === 'seeding')
    await transfer.close()
    await within(completed, 'the end of the streams')
    assert.is(await within(reading, 'the end of the events'), transfer.state.nextSeq - 1)
    await engine.close()
  }),
)

test.run()
