/** Pause really moves no payload, in either direction, whenever it comes; and resume goes on. */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { playSeed, RawPeer, rawHost } from './raw-peer.js'
import { at, eventsOf, progressWhen, rigged, within } from './rig.js'

const test = guard(suite('engine: pause'))

const MIB = 1_024 * 1_024
const content = makeContent({ files: 2 * MIB })
const { infoHash, pieceCount, pieceLength } = content.metainfo

/** Somebody dials, greets, wants everything, and gets nothing: so often that what was under way has long come. */
const knockInVain = async (port: number): Promise<void> => {
  for (let knock = 0; knock < 5; knock++) {
    const peer = await RawPeer.dial(port)
    peer.greet({ infoHash, fast: true })
    peer.say({ type: 'have-none' }, { type: 'interested' }, { type: 'request', piece: 0, offset: 0, length: 16_384 })
    await peer.closed()
    assert.is(peer.payloadBytes, 0)
  }
}

test(
  'pause: no payload comes in once it has resolved, and resume fetches the rest',
  rigged(async (rig) => {
    let served = 0
    const hosts = await rawHost((peer) =>
      playSeed(peer, content, {
        answer: ({ piece, offset, length }) => {
          served += length
          const start = piece * pieceLength + offset
          return [{ type: 'piece', piece, offset, block: content.bytes.subarray(start, start + length) }]
        },
      }),
    )
    rig.later(() => hosts.close())
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), { downloadLimit: 2 * MIB })
    const transfer = await engine.add(content.torrent, { path: folder, peers: [at(hosts.port)] })
    await progressWhen(transfer, ({ storedBytes }) => storedBytes > content.bytes.length / 4)
    await transfer.pause()
    const { downloadedBytes, storedBytes, phase } = transfer.progress
    assert.is(phase, 'paused')
    assert.ok(storedBytes < content.bytes.length, 'it was paused in the middle')
    await hosts.peers[0]?.closed()
    const servedBefore = served
    await knockInVain(engine.port)
    transfer.addPeer(at(hosts.port))
    await knockInVain(engine.port)
    assert.is(transfer.progress.downloadedBytes, downloadedBytes)
    assert.is(served, servedBefore)
    assert.is(hosts.peers.length, 1, 'nobody was dialed')
    assert.is(transfer.progress.downloadRate, 0)
    await transfer.resume()
    await within(transfer.done, 'the rest')
    await compareContent(content, folder)
    const again = transfer.progress.downloadedBytes - content.bytes.length
    assert.ok(again <= 500 * 16_384, `fetched ${again} bytes again`)
  }),
)

test(
  'pause: no payload goes out once it has resolved, and resume serves again',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: 4 * MIB })
    const peer = await RawPeer.join(seed.engine.port, { infoHash, fast: true })
    peer.say({ type: 'have-none' }, { type: 'interested' })
    await peer.hear('unchoke')
    for (let piece = 0; piece < pieceCount; piece++) peer.say({ type: 'request', piece, offset: 0, length: 16_384 })
    await peer.hear('piece', () => peer.payloadBytes > 200_000)
    await seed.transfer.pause()
    const { uploadedBytes } = seed.transfer.progress
    await peer.closed()
    assert.ok(peer.payloadBytes < pieceCount * 16_384, 'it was paused in the middle')
    await knockInVain(seed.engine.port)
    assert.is(seed.transfer.progress.uploadedBytes, uploadedBytes)
    await seed.transfer.resume()
    const next = await RawPeer.join(seed.engine.port, { infoHash, fast: true })
    next.say({ type: 'have-none' }, { type: 'interested' })
    await next.hear('unchoke')
    next.say({ type: 'request', piece: 1, offset: 0, length: 16_384 })
    await next.hear('piece')
    next.close()
  }),
)

test(
  'pause: the other engine gets nothing either, and the two find each other again',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: 2 * MIB })
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
    await progressWhen(transfer, ({ storedBytes }) => storedBytes > content.bytes.length / 4)
    await seed.transfer.pause()
    const paused = await progressWhen(transfer, ({ peers }) => peers === 0)
    await knockInVain(seed.engine.port)
    assert.is(transfer.progress.downloadedBytes, paused.downloadedBytes)
    assert.ok(paused.storedBytes < content.bytes.length, 'it was paused in the middle')
    await seed.transfer.resume()
    await within(transfer.done, 'the rest')
    await compareContent(content, folder)
  }),
)

test(
  'pause: a check stops, and goes on with what was not hashed yet',
  rigged(async (rig) => {
    const folder = await rig.folder()
    await writeContent(content, folder)
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder })
    await progressWhen(transfer, ({ rehashedPieces }) => rehashedPieces >= 0)
    await transfer.pause()
    const { phase, rehashedPieces, checkingPieces } = transfer.progress
    assert.is(phase, 'paused')
    assert.is(rehashedPieces + checkingPieces, pieceCount)
    assert.ok(checkingPieces > 0, 'it was paused in the middle')
    await knockInVain(engine.port)
    assert.is(transfer.progress.rehashedPieces, rehashedPieces)
    await transfer.resume()
    await within(transfer.done, 'the rest of the check')
    assert.is(transfer.progress.rehashedPieces, pieceCount)
  }),
)

test(
  'pause: a recheck under way stops too, and what it found right is not fetched again',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    await seed.transfer.recheck()
    await seed.transfer.pause()
    assert.is(seed.transfer.progress.phase, 'paused')
    assert.ok(seed.transfer.progress.checkingPieces > 0, 'it was paused in the middle')
    await seed.transfer.resume()
    await progressWhen(seed.transfer, ({ phase }) => phase === 'seeding')
    assert.is(seed.transfer.progress.storedPieces, pieceCount)
    assert.is(seed.transfer.progress.downloadedBytes, 0)
  }),
)

test(
  'pause: a transfer that is still being added pauses once its files were looked at',
  rigged(async (rig) => {
    const many = makeContent({ files: Object.fromEntries(Array.from({ length: 200 }, (_, file) => [`${file}`, 999])) })
    const seed = await rig.seed(many)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const adding = engine.add(many.torrent, { path: folder, peers: [seed.address] })
    while (engine.transfers.length === 0) await setImmediate()
    await engine.transfers[0]?.pause()
    const transfer = await adding
    assert.is(transfer.progress.phase, 'paused')
    assert.is(transfer.progress.peers, 0)
    assert.is(transfer.progress.downloadedBytes, 0)
    await transfer.resume()
    await within(transfer.done, 'the download')
    await compareContent(many, folder)
  }),
)

test(
  'pause: twice is once, and so is resume',
  rigged(async (rig) => {
    const { transfer } = await rig.seed(content)
    await transfer.resume()
    await Promise.all([transfer.pause(), transfer.pause()])
    await transfer.pause()
    await Promise.all([transfer.resume(), transfer.resume()])
    await transfer.pause()
    await transfer.resume()
    const types = (await eventsOf(transfer)).map(({ event }) => event.type)
    assert.is(types.filter((type) => type === 'paused').length, 2)
    assert.is(types.filter((type) => type === 'resumed').length, 2)
    assert.is(transfer.progress.phase, 'seeding')
  }),
)

test(
  'pause: a transfer that was paused comes back paused, until it is resumed or added as running',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const dataDir = join(folder, 'data')
    const add = { path: folder, peers: [seed.address] }
    const first = await rig.engine(dataDir)
    const paused = await first.add(content.torrent, { path: folder })
    await paused.pause()
    await first.close()
    // Twice, as what is remembered must be remembered of the session that remembered it, too.
    for (const session of [2, 3]) {
      const engine = await rig.engine(dataDir)
      const transfer = await engine.add(content.torrent, add)
      assert.is(transfer.progress.phase, 'paused', `session ${session}`)
      assert.is((await transfer.explain()).causes[0]?.code, 'paused')
      await engine.close()
    }
    const fourth = await rig.engine(dataDir)
    const transfer = await fourth.add(content.torrent, add)
    await transfer.resume()
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    await transfer.pause()
    await fourth.close()
    const fifth = await rig.engine(dataDir)
    const running = await fifth.add(content.torrent, { path: folder, paused: false })
    await within(running.done, 'what was done')
    assert.is(running.progress.rehashedPieces, 0)
    await running.close()
    assert.is((await fifth.add(content.torrent, { path: folder })).progress.phase === 'paused', false)
    const other = await rig.engine(join(folder, 'other'))
    const waiting = await other.add(content.torrent, { path: folder, paused: true })
    assert.is(waiting.progress.phase, 'paused')
  }),
)

test.run()
