/** Poison: who gives wrong blocks is found out and banned, the honest are not, and the content is right. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { blockOf, playSeed, type RawHost, rawHost } from './raw-peer.js'
import { at, eventsOf, eventWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: poison'))

const BLOCK = 16_384
const content = makeContent({ pieceLength: 4 * BLOCK, files: 40 * BLOCK + 5 })
const { pieceCount } = content.metainfo

/** A seed whose block is wrong wherever this says so. */
const poisoner = async (rig: Rig, isWrong: (piece: number, block: number) => boolean): Promise<RawHost> => {
  const host = await rawHost((peer) =>
    playSeed(peer, content, {
      fast: true,
      answer: (request) => {
        const right = blockOf(content, request)
        if (right.type !== 'piece' || !isWrong(request.piece, request.offset / BLOCK)) return [right]
        const block = right.block.slice()
        block[0] = 1 + (block[0] ?? 0)
        return [{ ...right, block }]
      },
    }),
  )
  rig.later(() => host.close())
  return host
}

const download = async (rig: Rig, ports: readonly number[]) => {
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'))
  const transfer = await engine.add(content.torrent, { path: folder, peers: ports.map(at) })
  return { folder, transfer }
}

test(
  'poison: who gives a whole wrong piece is banned at once, and not dialed again',
  rigged(async (rig) => {
    const bad = await poisoner(rig, () => true)
    const { transfer, folder } = await download(rig, [bad.port])
    const { event } = await eventWhen(transfer, 'address-banned')
    assert.is(event.address, `127.0.0.1:${bad.port}`)
    await bad.peers[0]?.closed()
    const seed = await rig.seed(content)
    transfer.addPeer(at(bad.port))
    transfer.addPeer(seed.address)
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    assert.equal([...transfer.state.banned], [`127.0.0.1:${bad.port}`])
    assert.is(bad.peers.length, 1)
  }),
)

const SHARES: readonly (readonly [string, (piece: number, block: number) => boolean])[] = [
  ['every block', () => true],
  ['one block of every piece', (piece, block) => block === piece % 4],
  ['one block of one piece', (piece, block) => piece === 3 && block === 2],
]

for (const [share, isWrong] of SHARES)
  test(
    `poison: ${share} of one peer among three spoils nothing, and bans nobody else`,
    rigged(async (rig) => {
      const bad = await poisoner(rig, isWrong)
      const good = [await poisoner(rig, () => false), await poisoner(rig, () => false)]
      const { transfer, folder } = await download(rig, [...good.map(({ port }) => port), bad.port])
      await within(transfer.done, 'the download')
      await compareContent(content, folder)
      for (const address of transfer.state.banned) assert.is(address, `127.0.0.1:${bad.port}`)
      const rejected = (await eventsOf(transfer)).flatMap(({ event }) =>
        event.type === 'piece-rejected' ? [event.piece] : [],
      )
      if (rejected.length > 0) assert.is(transfer.state.banned.size, 1, `pieces ${rejected} were spoiled by somebody`)
    }),
  )

test(
  'poison: of two peers that share a piece, the one that spoiled it is convicted',
  rigged(async (rig) => {
    const bad = await poisoner(rig, (_piece, block) => block % 2 === 1)
    const { transfer, folder } = await download(rig, [bad.port])
    await eventWhen(transfer, 'block-received')
    const seed = await rig.seed(content)
    transfer.addPeer(seed.address)
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    assert.equal([...transfer.state.banned], [`127.0.0.1:${bad.port}`])
    assert.ok(transfer.state.waste.rejected > 0)
    assert.is(transfer.progress.storedPieces, pieceCount)
  }),
)

test(
  'poison: only poisoners leave a download unfinished, all of them banned, and it says so in its progress',
  rigged(async (rig) => {
    const hosts = await Promise.all(Array.from({ length: 3 }, () => poisoner(rig, () => true)))
    const { transfer } = await download(
      rig,
      hosts.map(({ port }) => port),
    )
    await eventWhen(transfer, 'address-banned', () => transfer.state.banned.size === 3)
    assert.is(transfer.progress.storedPieces, 0)
    assert.is(transfer.progress.phase, 'downloading')
    assert.ok(transfer.progress.wastedBytes > 0)
    assert.is(transfer.state.peers.size, 0)
  }),
)

test.run()
