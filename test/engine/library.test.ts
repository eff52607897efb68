/** The library as a program that embeds it has it: adding, what is refused, and what is told of progress. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AddOptions, Progress } from '../../src/api.js'
import { createEngine } from '../../src/index.js'
import { toHex } from '../../src/values.js'
import { magnetOf } from '../../src/wire/identity.js'
import { compareContent, makeContent, writeContent } from './content.js'
import { example } from './contract-example.js'
import { guard } from './guard.js'
import { at, codeOf, eventsOf, progressWhen, rigged, within } from './rig.js'

const test = guard(suite('engine: library'))

const KIB = 1_024
const content = makeContent({ files: { 'a.bin': 150_000, 'b/c.bin': 250_001, 'b/empty': 0 } })
const { infoHash } = content.metainfo

test(
  'library: the example of the manual compiles, and does what it says',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const path = join(folder, 'movie.torrent')
    await writeFile(path, content.torrent)
    const options = { dataDir: join(folder, 'data'), host: '127.0.0.1' }
    const result = await within(example(options, path, folder, [seed.address]), 'the example')
    assert.is(result.storedBytes, content.bytes.length)
    assert.equal(
      result.seqs,
      Array.from({ length: result.events }, (_, seq) => seq),
    )
    await compareContent(content, folder)
  }),
)

test(
  'library: a torrent is added by path and by bytes, and known ones by CID, magnet and info-hash too',
  rigged(async (rig) => {
    const folder = await rig.folder()
    await writeContent(content, folder)
    const path = join(folder, 'the.torrent')
    await writeFile(path, content.torrent)
    const engine = await rig.engine(join(folder, 'data'))
    const hex = toHex(infoHash)
    const first = await engine.add(path, { path: folder })
    const { cid } = first
    const sources = [path, content.torrent, Buffer.from(content.torrent), cid, `magnet:?xt=urn:btih:${hex}`, hex]
    sources.push(hex.toUpperCase(), magnetOf({ ...content.metainfo, trackers: [] }))
    for (const source of sources) {
      await engine.transfers[0]?.close()
      const transfer = await engine.add(source, { path: folder })
      await within(transfer.done, 'the check')
      assert.equal(transfer.infoHash, infoHash)
      assert.is(transfer.cid, cid)
      assert.is(transfer.name, content.metainfo.name)
      assert.equal(engine.transfers, [transfer])
    }
  }),
)

test(
  'library: bytes are taken as they are now, whatever becomes of the buffer',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const buffer = Buffer.from(content.torrent)
    const adding = engine.add(buffer, { path: folder, peers: [seed.address] })
    buffer.fill(0)
    const transfer = await adding
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
  }),
)

test(
  'library: what cannot be added is refused by a code, and leaves no trace',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const add = (source: string | Uint8Array, more: object = {}) =>
      codeOf(() => engine.add(source, { path: folder, ...more }))
    const other = makeContent({ seed: 9 })
    const hex = toHex(other.metainfo.infoHash)
    assert.is(await add(hex, { fetchMetadata: false }), 'METADATA_UNKNOWN')
    assert.is(await add(`magnet:?xt=urn:btih:${hex}`, { fetchMetadata: false }), 'METADATA_UNKNOWN')
    assert.is(await add('magnet:?dn=nothing'), 'SOURCE_INVALID')
    assert.is(await add(join(folder, 'none.torrent')), 'SOURCE_UNREADABLE')
    assert.is(await add(folder), 'SOURCE_UNREADABLE')
    assert.is(await add(new Uint8Array(0)), 'BENCODE_INVALID')
    assert.is(await add(content.torrent.subarray(0, 99)), 'BENCODE_INVALID')
    assert.is(await add(content.torrent, { select: ['none'] }), 'OPTION_INVALID')
    for (const port of [0, -1, 65_536, 1.5, Number.NaN])
      assert.is(await add(content.torrent, { peers: [{ host: '127.0.0.1', port }] }), 'OPTION_INVALID')
    assert.equal(engine.transfers, [])
    assert.is(
      await add(toHex(infoHash), { fetchMetadata: false }),
      'METADATA_UNKNOWN',
      'nothing is known of what was refused',
    )
  }),
)

test(
  'library: adding twice is TRANSFER_EXISTS, one after the other and at once',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const adds = Array.from({ length: 3 }, () => codeOf(() => engine.add(content.torrent, { path: folder })))
    assert.equal((await Promise.all(adds)).sort(), ['TRANSFER_EXISTS', 'TRANSFER_EXISTS', 'nothing'])
    assert.is(await codeOf(() => engine.add(content.torrent, { path: folder })), 'TRANSFER_EXISTS')
    assert.is(engine.transfers.length, 1)
  }),
)

test(
  'library: options that an engine cannot take are refused by a code',
  rigged(async (rig) => {
    const dataDir = await rig.folder()
    const leases = [0, 9_999, 604_800_001, Number.NaN].map((portMappingLeaseMs) => ({ portMappingLeaseMs }))
    const odd = [
      { port: -1 },
      { port: 65_536 },
      { downloadLimit: 1.5 },
      { uploadLimit: -1 },
      { dataDir: '' },
      ...leases,
    ]
    for (const options of odd)
      assert.is(await codeOf(() => createEngine({ dataDir, host: '127.0.0.1', ...options })), 'OPTION_INVALID')
    const engine = await rig.engine(dataDir)
    for (const options of [undefined, {}, { path: '' }])
      assert.is(await codeOf(() => engine.add(content.torrent, options as AddOptions)), 'OPTION_INVALID')
  }),
)

test(
  'library: an address where nobody can be is refused by addPeer',
  rigged(async (rig) => {
    const { transfer } = await rig.seed(content)
    for (const port of [0, -1, 65_536, 1.5])
      assert.is(await codeOf(() => transfer.addPeer({ host: '127.0.0.1', port })), 'OPTION_INVALID')
    assert.is(await codeOf(() => transfer.addPeer({ host: '', port: 1 })), 'OPTION_INVALID')
  }),
)

test(
  'library: progress$ begins with what is, never goes back, and completes when the transfer is closed',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { uploadLimit: 400 * KIB })
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
    const seen: Progress[] = []
    let completed = false
    transfer.progress$.subscribe({ next: (progress) => seen.push(progress), complete: () => (completed = true) })
    assert.is(seen.length, 1, 'at once')
    await within(transfer.done, 'the download')
    const late: Progress[] = []
    transfer.progress$.subscribe((progress) => late.push(progress)).unsubscribe()
    assert.is(late[0]?.storedBytes, content.bytes.length, 'who comes later is told what is now')
    assert.is(late[0]?.phase, 'seeding')
    await transfer.close()
    assert.ok(completed)
    assert.ok(seen.length > 3, `${seen.length} in a second`)
    for (const [index, { storedBytes }] of seen.entries())
      assert.ok(storedBytes >= (seen[index - 1]?.storedBytes ?? 0), 'stored bytes grow')
    assert.is(seen.at(-1)?.phase, 'closed')
    assert.is(seen.at(-1)?.storedBytes, content.bytes.length)
    assert.is(seen.at(-1)?.totalBytes, content.bytes.length)
  }),
)

test(
  'library: ready comes before done, and both are settled by closing',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.ready, 'the start')
    assert.is(transfer.progress.phase, 'downloading')
    await transfer.close()
    assert.is(await codeOf(() => transfer.done), 'TRANSFER_CLOSED')
    assert.is(await codeOf(() => transfer.ready), 'nothing')
  }),
)

test(
  'library: one engine serves and fetches many transfers over one port',
  rigged(async (rig) => {
    const contents = Array.from({ length: 5 }, (_, seed) =>
      makeContent({ name: `content ${seed}`, seed, files: 99_999 }),
    )
    const [here, there] = [await rig.folder(), await rig.folder()]
    const [serving, fetching] = [await rig.engine(join(here, 'data')), await rig.engine(join(there, 'data'))]
    for (const each of contents) {
      await writeContent(each, here)
      await serving.add(each.torrent, { path: here })
    }
    const transfers = await Promise.all(
      contents.map((each) => fetching.add(each.torrent, { path: there, peers: [at(serving.port)] })),
    )
    await within(Promise.all(transfers.map(({ done }) => done)), 'the downloads')
    for (const each of contents) await compareContent(each, there)
    assert.is(fetching.transfers.length, 5)
  }),
)

test(
  'library: peers that trackers or users name wrongly disturb nothing',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const peers = [at(1), { host: '127.0.0.1', port: engine.port }, { host: 'no such host.invalid', port: 6_881 }]
    const transfer = await engine.add(content.torrent, { path: folder, peers: [...peers, seed.address] })
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    const closed = (await eventsOf(transfer)).flatMap(({ event }) =>
      event.type === 'peer-closed' ? [event.reason] : [],
    )
    assert.ok(closed.includes('self-connection'))
  }),
)

test(
  'library: a file that another program removed under a closed transfer is said, not thrown',
  rigged(async (rig) => {
    const { engine, transfer, folder } = await rig.seed(content)
    await transfer.close()
    await rm(join(folder, 'content'), { recursive: true })
    const again = await engine.add(content.torrent, { path: folder })
    await within(again.ready, 'the start')
    await progressWhen(again, ({ phase }) => phase === 'downloading')
    assert.is(again.progress.storedPieces, 0)
  }),
)

test.run()
