/** Hashes of files' trees between peers (BEP 52): layers that the .torrent lacks, blocks that are wrong, and who lies. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { blockOf, playSeed, RawPeer, rawHost } from './raw-peer.js'
import { at, eventsOf, eventWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: hashes'))

const BLOCK = 16_384
const FILES = { long: 70 * BLOCK + 5, middle: 9 * BLOCK, tiny: 7 } as const

for (const format of ['v2', 'hybrid'] as const) {
  const whole = makeContent({ pieceLength: 2 * BLOCK, files: FILES, format })
  const bare = makeContent({ pieceLength: 2 * BLOCK, files: FILES, format, withoutLayers: true })

  test(
    `hashes: layers that a ${format} lacks come from peers with proofs, and a restart has them`,
    rigged(async (rig) => {
      const seed = await rig.seed(whole)
      const folder = await rig.folder()
      const engine = await rig.engine(join(folder, 'data'))
      const transfer = await engine.add(bare.torrent, { path: folder, peers: [seed.address] })
      await within(transfer.done, 'the download')
      await compareContent(whole, folder)
      const types = (await eventsOf(transfer)).map(({ event }) => event.type)
      assert.ok(types.includes('layers-missing'))
      if (format === 'v2') assert.ok(types.indexOf('hashes-received') < types.indexOf('piece-stored'))
      await engine.close()
      const again = await rig.engine(join(folder, 'data'))
      const resumed = await again.add(bare.torrent, { path: folder })
      await within(resumed.done, 'the resumed one')
      if (format === 'v2') {
        assert.is((await eventsOf(resumed)).filter(({ event }) => event.type === 'layers-missing').length, 1)
        // It can tell them to others now, though its .torrent has none.
        const other = await rig.folder()
        const third = await rig.engine(join(other, 'data'))
        const last = await third.add(bare.torrent, { path: other, peers: [at(again.port)] })
        await within(last.done, 'the third')
        await compareContent(whole, other)
      }
    }),
  )
}

const content = makeContent({ pieceLength: 8 * BLOCK, files: 64 * BLOCK + 5, format: 'v2' })

/** Gives wrong blocks, wherever it is asked, and tells no hashes. */
const poisoner = async (rig: Rig) => {
  const host = await rawHost((peer) =>
    playSeed(peer, content, {
      fast: true,
      answer: (request) => {
        const right = blockOf(content, request)
        if (right.type !== 'piece') return [right]
        const block = right.block.slice()
        block[0] = 1 + (block[0] ?? 0)
        return [{ ...right, block }]
      },
    }),
  )
  rig.later(() => host.close())
  return host
}

test(
  'hashes: which blocks of a wrong piece are wrong shows by their hashes; their giver is banned, the others stay',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: 400_000 })
    const bad = await poisoner(rig)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address, at(bad.port)] })
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    assert.equal([...transfer.state.banned], [`127.0.0.1:${bad.port}`])
  }),
)

test(
  'hashes: a range that is in no tree is refused, and hashes that nobody asked for end the connection',
  rigged(async (rig) => {
    const { engine, transfer } = await rig.seed(content)
    const { infoHash, files } = content.metainfo
    const root = files[0]?.piecesRoot ?? new Uint8Array(32)
    const peer = await RawPeer.join(engine.port, { infoHash, fast: true })
    const range = { baseLayer: 3, index: 0, length: 4, proofLayers: 1 }
    peer.say({ type: 'hash-request', piecesRoot: root, ...range })
    peer.say({ type: 'hash-request', piecesRoot: new Uint8Array(32), ...range })
    peer.say({ type: 'hash-request', piecesRoot: root, ...range, index: 0xffff_fffc })
    peer.say({ type: 'hash-request', piecesRoot: root, ...range, proofLayers: 0xffff_ffff })
    peer.say({ type: 'hashes', piecesRoot: root, ...range, hashes: new Uint8Array(128) })
    await peer.closed()
    const types = (await eventsOf(transfer)).map(({ event }) => event.type)
    assert.is(types.filter((type) => type === 'hashes-served').length, 1)
    assert.is(types.filter((type) => type === 'hashes-denied').length, 3)
    const { event } = await eventWhen(transfer, 'peer-closed')
    assert.match(event.detail, /hashes-unasked/)
  }),
)

test.run()
