/** Choosing: which files are fetched, in which order, and how fast. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Content, compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { allBits, playSeed, rawHost } from './raw-peer.js'
import { at, codeOf, eventWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: choosing'))

const KIB = 1_024
const content = makeContent({ files: { 'a.bin': 150_000, 'b/c.bin': 250_001, 'b/empty': 0 } })
const { pieceCount, pieceLength } = content.metainfo

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** A download of some files, from a seed that says what it was asked for. */
const fetchSome = async (rig: Rig, what: Content, options: object) => {
  const asked: number[] = []
  const host = await rawHost((peer) => {
    playSeed(peer, what)
    peer.listen((message) => {
      if (message.type === 'request' && asked.at(-1) !== message.piece) asked.push(message.piece)
    })
  })
  rig.later(() => host.close())
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'))
  const transfer = await engine.add(what.torrent, { path: folder, peers: [at(host.port)], ...options })
  return { asked, folder, transfer, engine }
}

const files = makeContent({
  files: { 'a.bin': pieceLength * 3, 'b/c.txt': pieceLength * 2, 'b/d.bin': pieceLength * 4 },
})

test(
  'choosing: only the selected files are fetched, and more when more is selected',
  rigged(async (rig) => {
    const { asked, folder, transfer } = await fetchSome(rig, files, { select: ['*.txt'] })
    await within(transfer.done, 'what is wanted')
    assert.equal([...new Set(asked)].sort(), [3, 4])
    assert.is(transfer.progress.wantedBytes, 2 * pieceLength)
    assert.is(await isThere(join(folder, 'content/a.bin')), false)
    transfer.select(['*'])
    await eventWhen(transfer, 'seeding-began', () => transfer.progress.storedPieces === 9)
    await compareContent(files, folder)
    assert.is(await codeOf(() => transfer.select(['none'])), 'OPTION_INVALID')
  }),
)

test(
  'choosing: with less selected a download is done with what it has',
  rigged(async (rig) => {
    const host = await rawHost((peer) => {
      peer.greet({ infoHash: files.metainfo.infoHash })
      peer.say({ type: 'bitfield', bits: allBits(9) })
    })
    rig.later(() => host.close())
    const folder = await rig.folder()
    const [path, bytes] = files.files[0] ?? ['', new Uint8Array(0)]
    await writeContent({ ...files, files: [[path, bytes]] }, folder)
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(files.torrent, { path: folder, peers: [at(host.port)] })
    await eventWhen(transfer, 'interested-sent')
    transfer.select(['a.bin'])
    await within(transfer.done, 'what is wanted')
    await host.peers[0]?.hear('not-interested')
    assert.is(transfer.progress.phase, 'seeding')
  }),
)

test(
  'choosing: sequential asks for the pieces in order',
  rigged(async (rig) => {
    const { asked, transfer, folder } = await fetchSome(rig, content, { sequential: true })
    await within(transfer.done, 'the download')
    const first = asked.filter((piece, index) => asked.indexOf(piece) === index)
    assert.equal(
      first,
      Array.from({ length: pieceCount }, (_, piece) => piece),
    )
    await compareContent(content, folder)
  }),
)

test(
  'choosing: limits are kept, roughly',
  rigged(async (rig) => {
    const large = makeContent({ files: 600 * KIB })
    for (const [up, down] of [
      [400 * KIB, 0],
      [0, 400 * KIB],
    ]) {
      const seed = await rig.seed(large, { uploadLimit: up })
      const folder = await rig.folder()
      const engine = await rig.engine(join(folder, 'data'), { downloadLimit: down })
      const began = performance.now()
      const transfer = await engine.add(large.torrent, { path: folder, peers: [seed.address] })
      await within(transfer.done, 'the download')
      const tookMs = performance.now() - began
      // A quarter of a second may pass as a burst at the start.
      assert.ok(tookMs > 1_000, `600 KiB at 400 KiB/s took ${tookMs} ms`)
      await transfer.close()
    }
  }),
)

test(
  'choosing: limits are changed at run time, of one transfer and of all, and what they were is in the log',
  rigged(async (rig) => {
    const large = makeContent({ files: 600 * KIB })
    const seed = await rig.seed(large)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const limits = { download: 100 * KIB, upload: 0 }
    const add = { path: folder, peers: [seed.address] }
    const transfer = await engine.add(large.torrent, { ...add, limits })
    await eventWhen(transfer, 'block-received')
    assert.equal(transfer.limits, limits)
    engine.limits = { download: 300 * KIB, upload: 7 }
    assert.equal(transfer.state.limits, { download: 300 * KIB, upload: 7 })
    for (const download of [-1, 1.5, Number.NaN])
      assert.is(await codeOf(() => Object.assign(transfer, { limits: { download, upload: 0 } })), 'OPTION_INVALID')
    await transfer.close()
    const again = await engine.add(large.torrent, add)
    assert.equal(again.limits, limits)
    again.limits = { download: 0, upload: 0 }
    engine.limits = { download: 0, upload: 0 }
    await within(again.done, 'the download, which nothing holds back any more')
  }),
)

test.run()
