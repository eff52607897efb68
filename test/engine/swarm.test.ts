/** Several engines at once: they find one connection each, trade what they have, and all become whole. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Transfer } from '../../src/api.js'
import { foldLog, stateHash } from '../../src/replay/index.js'
import { toHex } from '../../src/values.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { RawPeer } from './raw-peer.js'
import { at, eventsOf, eventWhen, progressWhen, rigged, verdictOf, within, withLog } from './rig.js'

const test = guard(suite('engine: swarms'))

const KIB = 1_024
const MIB = 1_024 * KIB

const peerIds = ({ state }: Transfer): readonly string[] =>
  [...state.peers.values()].flatMap(({ id }) => (id === undefined ? [] : [toHex(id)]))

test(
  'swarm: five engines and one slow seed all become whole, and trade among themselves',
  rigged(async (rig) => {
    const content = makeContent({ files: { a: 700 * KIB, 'b/c': 500 * KIB + 1, 'b/d': 0 } })
    const seed = await rig.seed(content, { uploadLimit: 1_500 * KIB })
    const places = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const folder = await rig.folder()
        const dataDir = join(folder, 'data')
        return { folder, dataDir, engine: await rig.engine(dataDir) }
      }),
    )
    const peers = [seed.address, ...places.map(({ engine }) => at(engine.port))]
    const transfers = await Promise.all(
      places.map(({ engine, folder }) => engine.add(content.torrent, { path: folder, peers })),
    )
    for (const transfer of transfers) {
      await within(transfer.done, 'a download')
      const ids = peerIds(transfer)
      assert.is(new Set(ids).size, ids.length, 'one connection for each peer')
    }
    const sent = transfers.map(({ progress }) => progress.uploadedBytes)
    const fromSeed = seed.transfer.progress.uploadedBytes
    assert.ok(fromSeed < 3 * content.bytes.length, `the seed sent ${fromSeed} bytes, the others ${sent}`)
    assert.ok(sent.filter((bytes) => bytes > 0).length >= 3, `sent ${sent}`)
    for (const [index, { folder, dataDir, engine }] of places.entries()) {
      await compareContent(content, folder)
      await engine.close()
      assert.ok((await verdictOf(dataDir, content.metainfo.infoHash)).ok)
      const transfer = transfers[index]
      await withLog(dataDir, content, async (log) => {
        const { state } = await foldLog(log, { fromStart: true })
        assert.is(stateHash(state), transfer && stateHash(transfer.state))
      })
    }
  }),
)

test('swarm: two engines that dial each other at once keep one connection, and it is the same one', async () => {
  for (let round = 0; round < 2; round++)
    await rigged(async (rig) => {
      const content = makeContent({ files: 300 * KIB })
      const seed = await rig.seed(content, { uploadLimit: 600 * KIB })
      const folder = await rig.folder()
      const engine = await rig.engine(join(folder, 'data'))
      const transfer = await engine.add(content.torrent, { path: folder })
      transfer.addPeer(seed.address)
      seed.transfer.addPeer(at(engine.port))
      await eventWhen(transfer, 'peer-closed', ({ reason }) => reason === 'duplicate-connection' || reason === 'EOF')
      await progressWhen(transfer, ({ downloadedBytes }) => downloadedBytes > 0)
      assert.is(peerIds(transfer).length, 1)
      assert.is(peerIds(seed.transfer).length, 1)
      await within(transfer.done, 'the download')
    })()
})

test(
  'swarm: a peer that asks for much, reads nothing and loses interest is choked, and what was on its way is borne',
  rigged(async (rig) => {
    const content = makeContent({ pieceLength: 256 * KIB, files: 4 * MIB })
    const { infoHash } = content.metainfo
    const { transfer, engine } = await rig.seed(content)
    const peer = await RawPeer.join(engine.port, { infoHash, fast: true })
    const key = transfer.state.nextPeer - 1
    peer.say({ type: 'have-none' }, { type: 'interested' })
    await peer.hear('unchoke')
    peer.stopReading()
    for (let index = 0; index < 300; index++)
      peer.say({ type: 'request', piece: index % 16, offset: index * 64, length: 128 * KIB })
    await eventWhen(transfer, 'request-received', ({ piece, offset }) => piece === 299 % 16 && offset === 299 * 64)
    peer.say({ type: 'not-interested' })
    const choked = await eventWhen(transfer, 'choke-sent', (event) => event.peer === key)
    const waiting = transfer.progress.uploadedBytes
    assert.ok(waiting < 300 * 128 * KIB, 'some of it still waited')
    peer.goOnReading()
    await peer.hear('choke')
    await eventWhen(transfer, 'block-served', (event) => event.peer === key, choked.seq)
    // Each request was answered once: with the block, or with a rejection.
    await peer.hear('reject-request', () => peer.count('piece') + peer.count('reject-request') >= 300)
    assert.is(peer.count('piece') + peer.count('reject-request'), 300)
    peer.say({ type: 'interested' })
    await peer.hear('unchoke', () => peer.count('unchoke') === 2)
    const events = await eventsOf(transfer)
    assert.is(events.filter(({ event }) => event.type === 'choke-sent').length, 1)
  }),
)

test.run()
