/** Torrents of v2 and hybrids (BEP 52): shared between engines, resumed, and served to peers of either version. */
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeTorrent } from '../../src/wire/createinfo.js'
import { wireHashesOf } from '../../src/wire/identity.js'
import { parseTorrent } from '../../src/wire/metainfo.js'
import { signal } from '../contracts/waiting.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { playSeed, RawPeer, rawHost } from './raw-peer.js'
import { at, codeOf, rigged, within } from './rig.js'

const test = guard(suite('engine: v2'))

const BLOCK = 16_384
const FILES = {
  'a/empty': 0,
  'a/tiny': 1,
  b: BLOCK,
  'c/long': 9 * BLOCK + 77,
  'c/piece': 4 * BLOCK,
  d: 2 * BLOCK - 1,
  e: 0,
} as const
const DATA_BYTES = Object.values(FILES).reduce((sum, length) => sum + length, 0)

for (const format of ['v2', 'hybrid'] as const) {
  const content = makeContent({ pieceLength: 4 * BLOCK, files: FILES, format })

  test(
    `v2: a ${format} of many files comes over whole, no padding is fetched, and a restart checks nothing`,
    rigged(async (rig) => {
      const seed = await rig.seed(content)
      const folder = await rig.folder()
      const engine = await rig.engine(join(folder, 'data'))
      const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
      await within(transfer.done, 'the download')
      await compareContent(content, folder)
      assert.equal(transfer.state.version, format)
      assert.is(transfer.progress.downloadedBytes, DATA_BYTES)
      assert.equal([transfer.progress.totalBytes, transfer.progress.storedBytes], [DATA_BYTES, DATA_BYTES])
      await engine.close()
      const again = await rig.engine(join(folder, 'data'))
      const resumed = await again.add(content.torrent, { path: folder })
      await within(resumed.done, 'the resumed one')
      assert.is(resumed.progress.rehashedPieces, 0)
    }),
  )

  test(
    `v2: a ${format} is checked by its hashes: what was cut off on disk is fetched again, and nothing else`,
    rigged(async (rig) => {
      const seed = await rig.seed(content)
      const folder = await rig.folder()
      const first = await rig.engine(join(folder, 'data'))
      const transfer = await first.add(content.torrent, { path: folder, peers: [seed.address] })
      await within(transfer.done, 'the download')
      await first.close()
      await truncate(join(folder, 'content', 'c', 'long'), 5 * BLOCK)
      const engine = await rig.engine(join(folder, 'data'))
      const again = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
      await within(again.done, 'the second download')
      await compareContent(content, folder)
      assert.is(again.progress.downloadedBytes, 5 * BLOCK + 77)
    }),
  )
}

test(
  'v2: a hybrid is found by both of its hashes, and padding is served as zeros to whoever asks for it',
  rigged(async (rig) => {
    const content = makeContent({ pieceLength: 4 * BLOCK, files: FILES, format: 'hybrid' })
    const { engine } = await rig.seed(content)
    for (const infoHash of wireHashesOf(content.metainfo)) {
      const peer = await RawPeer.join(engine.port, { infoHash, fast: true })
      peer.say({ type: 'interested' })
      await peer.hear('unchoke')
      for (const [offset, held] of [
        [0, content.bytes.subarray(0, 1)],
        [3 * BLOCK, new Uint8Array()],
      ] as const) {
        const block = signal<Uint8Array>()
        const stop = peer.listen((message) => {
          if (message.type === 'piece' && message.offset === offset) block.send(message.block.slice())
        })
        peer.say({ type: 'request', piece: 0, offset, length: BLOCK })
        const expected = new Uint8Array(BLOCK)
        expected.set(held)
        assert.equal(await within(block.promise, 'a block'), expected)
        stop()
      }
      peer.close()
    }
  }),
)

test(
  'v2: a hybrid whose hashes are of different bytes fails, and says so',
  rigged(async (rig) => {
    const options = { pieceLength: 2 * BLOCK, files: 5 * BLOCK }
    const right = makeContent({ ...options, format: 'v2' })
    const [file] = right.metainfo.files
    const torrent = encodeTorrent({
      name: 'content',
      files: [
        {
          path: ['content'],
          length: 5 * BLOCK,
          piecesRoot: file?.piecesRoot,
          pieceLayer: right.metainfo.pieceLayers.get(0),
        },
      ],
      multiFile: false,
      pieceLength: 2 * BLOCK,
      pieceHashes: new Uint8Array(60).fill(7),
      version: 'hybrid',
    })
    const lying = { ...right, torrent, metainfo: parseTorrent(torrent) }
    const host = await rawHost((peer) => playSeed(peer, lying, { fast: true }))
    rig.later(() => host.close())
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(torrent, { path: folder, peers: [at(host.port)] })
    assert.is(await codeOf(() => within(transfer.done, 'the end')), 'TORRENT_CONTRADICTORY')
    assert.is(transfer.state.banned.size, 0)
  }),
)

test.run()
