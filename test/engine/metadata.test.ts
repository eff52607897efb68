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

test.run()
