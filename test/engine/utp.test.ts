/** uTP between engines: alone, beside TCP, encrypted, and over IPv6. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EngineOptions, Transfer } from '../../src/index.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { rawHost } from './raw-peer.js'
import { at, codeOf, eventsOf, eventWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: utp'))

const content = makeContent({ files: { a: 1_500_000, b: 2_500_001 } })
type Options = Omit<EngineOptions, 'dataDir'>

const leeching = async (rig: Rig, options: Options, peer: { readonly host: string; readonly port: number }) => {
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'), options)
  const transfer = await engine.add(content.torrent, { path: folder, peers: [peer] })
  return { folder, transfer }
}

const transportsOf = async (transfer: Transfer): Promise<readonly string[]> => {
  const known = (await eventsOf(transfer)).flatMap(({ event }) =>
    event.type === 'transport-known' ? [`${event.transport} ${event.protection}`] : [],
  )
  return [...new Set(known)]
}

const CASES: readonly (readonly [string, Options, Options, readonly string[]])[] = [
  ['both have nothing else', { utp: true, tcp: false }, { utp: true, tcp: false }, ['utp none']],
  ['who is dialed has nothing else', { utp: true }, { utp: true, tcp: false }, ['utp none']],
  ['both have both and are near: it is TCP', { utp: true }, { utp: true }, []],
  [
    'it is encrypted',
    { utp: true, tcp: false, encryption: 'require' },
    { utp: true, tcp: false, encryption: 'prefer' },
    ['utp rc4'],
  ],
]

for (const [name, ours, theirs, expected] of CASES)
  test(
    `utp: a download completes where ${name}`,
    rigged(async (rig) => {
      const seed = await rig.seed(content, theirs)
      const { folder, transfer } = await leeching(rig, ours, at(seed.engine.port))
      await within(transfer.done, 'the download')
      await compareContent(content, folder)
      assert.equal(await transportsOf(transfer), expected)
      assert.equal(await transportsOf(seed.transfer), expected)
    }),
  )

for (const [name, options] of [
  ['TCP', { utp: false }],
  ['uTP', { utp: true, tcp: false }],
  ['uTP, encrypted', { utp: true, tcp: false, encryption: 'require' }],
] as const)
  test(
    `utp: everything goes over IPv6, by ${name}`,
    rigged(async (rig) => {
      const seed = await rig.seed(content, { ...options, host: '::1' })
      const { folder, transfer } = await leeching(
        rig,
        { ...options, host: '::1' },
        { host: '::1', port: seed.engine.port },
      )
      await within(transfer.done, 'the download')
      await compareContent(content, folder)
    }),
  )

test(
  'utp: a port that refuses over TCP is given up soon, and TCP says why',
  rigged(async (rig) => {
    const host = await rawHost(() => undefined)
    host.close()
    const { transfer } = await leeching(rig, { utp: true }, at(host.port))
    const failed = await eventWhen(transfer, 'dial-failed')
    assert.is(failed.event.reason, 'ECONNREFUSED')
  }),
)

test(
  'utp: an engine with neither transport is refused',
  rigged(async (rig) => {
    const folder = await rig.folder()
    assert.is(await codeOf(() => rig.engine(join(folder, 'data'), { tcp: false, utp: false })), 'OPTION_INVALID')
  }),
)

test.run()
