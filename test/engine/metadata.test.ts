/** Magnets in engines on real ports: the torrent comes from peers, is kept, is served on, and may be anything at all. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferEvent } from '../../src/events/vocabulary.js'
import { showAddress, toHex } from '../../src/values.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, eventsOf, rigged, within } from './rig.js'

const test = guard(suite('engine: metadata'))

/** Its metadata have several pieces of 16 KiB. */
const files = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`folder/file-${index}.bin`, 40 + index]))
const content = makeContent({ files, pieceLength: 16_384 })
const { infoHash } = content.metainfo
const hex = toHex(infoHash)

const typesOf = (events: readonly TransferEvent[]): readonly string[] => [...new Set(events.map(({ type }) => type))]

test(
  'metadata: a magnet with a peer is all that a download needs, and what came is served on and needs no peer again',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const data = { dataDir: `${folder}/data`, host: '127.0.0.1' }
    const engine = await rig.engine(data.dataDir)
    const magnet = `magnet:?xt=urn:btih:${hex.toUpperCase()}&dn=what%20it%20is%0a&x.pe=${showAddress(seed.address)}`
    const transfer = await engine.add(magnet, { path: folder, record: 'inputs' })
    assert.is(transfer.name, 'what it is')
    assert.is(await codeOf(() => transfer.metainfo), 'METADATA_UNKNOWN')
    const metainfo = await within(transfer.metadata, 'the metadata')
    assert.equal(metainfo.infoBytes, content.metainfo.infoBytes)
    await within(transfer.done, 'the download')
    assert.is(transfer.name, content.metainfo.name)
    assert.equal(transfer.metainfo.files, content.metainfo.files)
    await compareContent(content, folder)
    const events = await eventsOf(transfer)
    assert.equal(
      typesOf(events.map(({ event }) => event)).filter((type) => type.startsWith('metadata-')),
      [
        'metadata-sought',
        'metadata-offered',
        'metadata-attempt-began',
        'metadata-requested',
        'metadata-received',
        'metadata-filled',
        'metadata-completed',
      ],
    )
    // Handed on to somebody who knows neither the seed nor more than a CID.
    const third = await rig.folder()
    await seed.engine.close()
    const last = await (await rig.engine(`${third}/data`)).add(transfer.cid, {
      path: third,
      peers: [{ host: '127.0.0.1', port: engine.port }],
    })
    assert.is(last.name, hex)
    await within(last.done, 'the download from the first')
    await compareContent(content, third)
    await engine.close()
    const again = await (await rig.engine(data.dataDir)).add(`magnet:?xt=urn:btih:${hex}`, { path: folder })
    assert.is(again.name, content.metainfo.name)
    assert.equal((await again.metadata).infoBytes, content.metainfo.infoBytes)
    await within(again.done, 'nothing left to be done')
  }),
)

test(
  'metadata: a hybrid that was named by its hash of v2 is found by those who know that of v1, in later sessions too',
  rigged(async (rig) => {
    const hybrid = makeContent({ files: { a: 100_000, b: 20 }, format: 'hybrid', seed: 3 })
    const v2 = toHex(hybrid.metainfo.infoHashV2 ?? new Uint8Array())
    const seed = await rig.seed(hybrid)
    const folder = await rig.folder()
    const engine = await rig.engine(`${folder}/data`)
    const magnet = `magnet:?xt=urn:btmh:1220${v2}`
    const transfer = await engine.add(magnet, { path: folder, peers: [seed.address] })
    await within(transfer.done, 'the download')
    await compareContent(hybrid, folder)
    const facts = await eventsOf(transfer)
    const told = facts.find(({ event }) => event.type === 'other-hash-known')?.event
    assert.equal(told?.type === 'other-hash-known' && told.otherHash, new Uint8Array(hybrid.metainfo.infoHash))
    await seed.engine.close()
    // Whoever has a .torrent of the same names v1's hash.
    const fetches = async (port: number): Promise<void> => {
      const other = await rig.folder()
      const peers = [{ host: '127.0.0.1', port }]
      const fetched = await (await rig.engine(`${other}/data`)).add(hybrid.torrent, { path: other, peers })
      await within(fetched.done, 'the download from the first')
      await compareContent(hybrid, other)
    }
    await fetches(engine.port)
    await engine.close()
    const again = await rig.engine(`${folder}/data`)
    const known = await again.add(hybrid.torrent, { path: folder })
    assert.is(toHex(known.infoHash), v2.slice(0, 40))
    await within(known.done, 'nothing left to be done')
    await fetches(again.port)
  }),
)

for (const format of ['v2', 'hybrid'] as const)
  test(
    `metadata: a magnet of a ${format} gets hashes of pieces from whoever was there before its metadata`,
    rigged(async (rig) => {
      const trees = makeContent({ files: { a: 300_000, b: 20 }, format, seed: 4 })
      const { infoHash: first, infoHashV2 = new Uint8Array() } = trees.metainfo
      const seed = await rig.seed(trees)
      const folder = await rig.folder()
      const v1 = format === 'hybrid' ? `xt=urn:btih:${toHex(first)}&` : ''
      const magnet = `magnet:?${v1}xt=urn:btmh:1220${toHex(infoHashV2)}`
      const transfer = await (await rig.engine(`${folder}/data`)).add(magnet, { path: folder, peers: [seed.address] })
      await within(transfer.done, 'the download')
      await compareContent(trees, folder)
      const types = typesOf((await eventsOf(transfer)).map(({ event }) => event))
      assert.ok(types.includes('peer-agreed-on-v2'))
      assert.ok(types.includes('hashes-received'))
    }),
  )

test.run()
