/** Encryption of connections between engines, and with peers that know nothing of it. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EngineOptions } from '../../src/index.js'
import { LIMITS } from '../../src/limits.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { playSeed, RawPeer, rawHost } from './raw-peer.js'
import { at, codeOf, eventsOf, eventWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: encryption'))

const content = makeContent({ files: { a: 150_000, b: 250_001 } })
type Encryption = NonNullable<EngineOptions['encryption']>

const leeching = async (rig: Rig, encryption: Encryption, port: number) => {
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'), { encryption })
  const transfer = await engine.add(content.torrent, { path: folder, peers: [at(port)] })
  return { folder, transfer }
}

const MEETINGS: readonly (readonly [Encryption, Encryption, string])[] = [
  ['off', 'off', 'none'],
  ['prefer', 'prefer', 'handshake'],
  ['prefer', 'off', 'none'],
  ['off', 'prefer', 'none'],
  ['require', 'require', 'rc4'],
  ['require', 'prefer', 'rc4'],
  ['prefer', 'require', 'rc4'],
]

for (const [ours, theirs, protection] of MEETINGS)
  test(
    `encryption: who dials with ${ours} and who listens with ${theirs} exchange with ${protection} of it encrypted`,
    rigged(async (rig) => {
      const seed = await rig.seed(content, { encryption: theirs })
      const { folder, transfer } = await leeching(rig, ours, seed.engine.port)
      await within(transfer.done, 'the download')
      await compareContent(content, folder)
      for (const side of [transfer, seed.transfer]) {
        const known = (await eventsOf(side)).flatMap(({ event }) =>
          event.type === 'transport-known' ? [event.protection] : [],
        )
        // They may have met twice, as each dials the other.
        assert.equal([...new Set(known)], protection === 'none' ? [] : [protection])
      }
    }),
  )

for (const [ours, theirs] of [
  ['require', 'off'],
  ['off', 'require'],
] as const)
  test(
    `encryption: who dials with ${ours} and who listens with ${theirs} do not meet, and it is said why`,
    rigged(async (rig) => {
      const seed = await rig.seed(content, { encryption: theirs })
      const { transfer } = await leeching(rig, ours, seed.engine.port)
      if (ours === 'require') {
        const failed = await eventWhen(transfer, 'dial-failed')
        assert.is(failed.event.reason, 'NOT_ENCRYPTED')
        const { causes } = await transfer.explain()
        assert.ok(causes.some(({ code }) => code === 'encryption-refused'))
      } else {
        const closed = await eventWhen(transfer, 'peer-closed')
        assert.is(closed.event.by, 'them')
        const { causes } = await transfer.explain()
        assert.not.ok(causes.some(({ code }) => code === 'encryption-refused'))
      }
    }),
  )

test(
  'encryption: a peer that does not know of it hangs up, and is dialed again without',
  rigged(async (rig) => {
    const host = await rawHost((peer) => {
      if (host.peers.length === 1) peer.close()
      else playSeed(peer, content)
    })
    rig.later(() => host.close())
    const { transfer } = await leeching(rig, 'prefer', host.port)
    await within(transfer.done, 'the download')
    assert.is(host.peers.length, 2)
    const events = await eventsOf(transfer)
    assert.is(events.filter(({ event }) => event.type === 'dial-began').length, 1, 'it is one attempt')
  }),
)

test(
  'encryption: somebody who stalls in it is given up in time, and holds up nobody else',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { encryption: 'require' })
    const stalled = await RawPeer.dial(seed.engine.port)
    stalled.write(new Uint8Array(96).fill(9))
    const { transfer } = await leeching(rig, 'require', seed.engine.port)
    await within(transfer.done, 'the download')
    stalled.write(new Uint8Array(LIMITS.encryptionPaddingBytesMax + 21))
    await stalled.closed()
  }),
)

test(
  'encryption: a server that never answers makes a dial fail by its bound',
  rigged(async (rig) => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1')
    rig.later(() => server.close())
    await within(new Promise((resolve) => server.once('listening', resolve)), 'a port')
    const bound = server.address()
    const { transfer } = await leeching(rig, 'require', typeof bound === 'object' ? (bound?.port ?? 0) : 0)
    const failed = await eventWhen(transfer, 'dial-failed')
    assert.is(failed.event.reason, 'NOT_ENCRYPTED')
    const [began] = (await eventsOf(transfer)).filter(({ event }) => event.type === 'dial-began')
    assert.ok(failed.at - (began?.at ?? 0) >= LIMITS.encryptionTimeoutMs)
  }),
)

test(
  'encryption: a word that is none of the three is refused',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const wrong = { encryption: 'always' } as unknown as EngineOptions // as a program without types may
    assert.is(await codeOf(() => rig.engine(join(folder, 'data'), wrong)), 'OPTION_INVALID')
  }),
)

test.run()
