/** Connections of all transfers of an engine together are bounded: who wants to dial waits, and who comes is let go. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { RawPeer } from './raw-peer.js'
import { codeOf, eventWhen, rigged, within } from './rig.js'

const test = guard(suite('engine: connections'))

const KIB = 1_024
const [one, two] = [1, 2].map((number) => makeContent({ files: 400 * KIB + number, name: `c${number}` }))

test(
  'connections: where there is no room a transfer waits to dial and says so, and lets nobody in',
  rigged(async (rig) => {
    if (one === undefined || two === undefined) throw new Error('two were made')
    const seeds = [await rig.seed(one, { uploadLimit: 200 * KIB }), await rig.seed(two)]
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), { connections: { maxConnections: 1 } })
    const [first, second] = [
      await engine.add(one.torrent, { path: folder, peers: [seeds[0]?.address ?? { host: '', port: 0 }] }),
      await engine.add(two.torrent, { path: folder, peers: [seeds[1]?.address ?? { host: '', port: 0 }] }),
    ]
    await eventWhen(second, 'dial-held')
    const why = await second.explain()
    assert.ok(why.causes.some(({ code }) => code === 'connections-full'))
    const peer = await RawPeer.dial(engine.port)
    peer.greet({ infoHash: two.metainfo.infoHash, fast: true })
    await within(peer.closed(), 'the end of who came')
    await eventWhen(second, 'peer-closed', ({ reason }) => reason === 'engine-full')
    assert.is(second.progress.storedPieces, 0)
    assert.is(await codeOf(() => (engine.connections = { maxConnections: -1 })), 'OPTION_INVALID')
    engine.connections = { maxConnections: 2 }
    await eventWhen(second, 'dial-released')
    await within(Promise.all([first.done, second.done]), 'both')
    await compareContent(one, folder)
    await compareContent(two, folder)
    assert.equal(engine.connections, { maxConnections: 2, maxHalfOpen: 100 })
  }),
)

test.run()
