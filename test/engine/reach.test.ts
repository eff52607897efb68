/** How engines find each other and learn of themselves: over the local network, and from what trackers count and see. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Transfer } from '../../src/api.js'
import { TorrentEngine } from '../../src/engine.js'
import type { EventType } from '../../src/events/vocabulary.js'
import { nodeClock } from '../../src/node/clock.js'
import { nodePorts } from '../../src/node/ports.js'
import type { Router } from '../../src/ports.js'
import { openLevelLogStore } from '../../src/store/level-log.js'
import { encodeAnnounceAnswer } from '../../src/wire/tracker.js'
import { createTracker, type Tracker } from '../../tracker/index.js'
import { compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: reach'))
const content = makeContent({ files: { a: 150_000, 'b/c': 250_001 } })

const typesOf = async (transfer: Transfer): Promise<EventType[]> => {
  const types: EventType[] = []
  for await (const { event } of transfer.events({ to: transfer.state.nextSeq - 1 })) types.push(event.type)
  return types
}

const openTracker = async (rig: Rig): Promise<Tracker> => {
  const tracker = await createTracker({ httpPort: 0, udpPort: 0 })
  rig.later(() => tracker.close())
  return tracker
}

test(
  'two engines find each other over the local network, which here is loopback alone',
  rigged(async (rig) => {
    const seed = await rig.seed(content, { lsd: true })
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), { lsd: true })
    const transfer = await engine.add(content.torrent, { path: folder })
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    const types = await typesOf(transfer)
    for (const type of ['lsd-joined', 'lsd-announced'] as const) assert.ok(types.includes(type), type)
    const found = [transfer, seed.transfer].map(({ state }) =>
      [...state.candidates.values()].map(({ source }) => source),
    )
    assert.ok(found.flat().includes('lsd'), 'one of the two heard of the other there')
  }),
)

test(
  'of a private torrent nothing is said on the local network',
  rigged(async (rig) => {
    const isPrivate = makeContent({ files: { a: 50_000 }, private: true })
    const { transfer, folder } = await rig.seed(isPrivate, { lsd: true })
    const other = await rig.engine(join(folder, 'other'), { lsd: true })
    const open = await other.add(content.torrent, { path: folder })
    // It joined together with the other, which has announced something by now.
    await within(untilEvent(open, 'lsd-announced'), 'an announce')
    await within(untilEvent(transfer, 'lsd-joined'), 'joining')
    assert.not.ok((await typesOf(transfer)).includes('lsd-announced'))
  }),
)

const untilEvent = async (transfer: Transfer, type: EventType): Promise<void> => {
  for await (const { event } of transfer.events()) if (event.type === type) return
}

test(
  'on loopback an engine neither joins the local network nor asks a router, unless it is told to',
  rigged(async (rig) => {
    const { transfer } = await rig.seed(content)
    const types = await typesOf(transfer)
    assert.not.ok(
      types.some((type) => /^(lsd|port)-/.test(type)),
      types.join(),
    )
  }),
)

for (const protocol of ['http', 'udp'] as const)
  test(
    `trackers are asked for their counts over ${protocol.toUpperCase()}, and again no sooner than they may be`,
    rigged(async (rig) => {
      const tracker = await openTracker(rig)
      const url = `${protocol}://127.0.0.1:${protocol === 'http' ? tracker.httpPort : tracker.udpPort}/announce`
      const folder = await rig.folder()
      await writeContent(content, folder)
      const engine = await rig.engine(join(folder, 'data'))
      const transfer = await engine.add(content.torrent, { path: folder, trackers: [url, 'http://127.0.0.1:1/none'] })
      await within(transfer.done, 'the check')
      await within(untilEvent(transfer, 'announce-answered'), 'the announce')
      const counts = await within(transfer.scrape(), 'the counts')
      assert.equal(counts, [
        { tracker: url, seeds: 1, leechers: 0, downloads: 0 },
        { tracker: 'http://127.0.0.1:1/none', seeds: undefined, leechers: undefined, downloads: undefined },
      ])
      assert.equal([transfer.progress.swarmSeeds, transfer.progress.swarmLeechers], [1, 0])
      assert.equal(await within(transfer.scrape(), 'the same again'), counts)
      const scrapes = (await typesOf(transfer)).filter((type) => type.startsWith('scrape'))
      assert.equal(scrapes.sort(), ['scrape-answered', 'scrape-began', 'scrape-began', 'scrape-failed'])
    }),
  )

/** A router that gives another port than it is asked for. */
const router: Router = {
  protocol: 'upnp',
  map: (_, done) => {
    const answered = setImmediate(done, {
      type: 'done',
      value: { externalPort: 7_007, externalHost: '203.0.113.5', lifetimeMs: 3_600_000 },
    })
    return () => clearImmediate(answered)
  },
  unmap: (_, done) => {
    const answered = setImmediate(done, { type: 'done', value: undefined })
    return () => clearImmediate(answered)
  },
}

test(
  'every transfer logs what the router did, those that come later too, and trackers are told the port that it gave',
  rigged(async (rig) => {
    const ports: (string | null)[] = []
    const tracker = createServer((request, response) => {
      ports.push(new URL(request.url ?? '', 'http://x').searchParams.get('port'))
      response.end(encodeAnnounceAnswer({ intervalSeconds: 1_800, peers: [] }, { compact: true, noPeerId: true }))
    })
    rig.later(() => tracker.close())
    await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve))
    const folder = await rig.folder()
    const logs = await openLevelLogStore(join(folder, 'log'), nodeClock())
    const engine = await TorrentEngine.open({
      ports: { ...nodePorts(logs, '127.0.0.1'), routers: [router] },
      version: '0.0.0',
      readTorrentFile: () => Promise.reject(new Error('there is none')),
      port: 0,
      host: '127.0.0.1',
      downloadLimit: 0,
      uploadLimit: 0,
      reach: { lsd: false, portMappingLeaseMs: 3_600_000 },
    })
    rig.later(() => engine.close())
    const address = tracker.address()
    const trackers = [`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/announce`]
    for (const seed of [2, 3]) {
      const { torrent } = makeContent({ files: { a: 50_000 }, seed, name: `content ${seed}` })
      const transfer = await engine.add(torrent, { path: folder, trackers })
      await within(untilEvent(transfer, 'port-mapped'), 'the mapping')
      await within(untilEvent(transfer, 'announce-answered'), 'the announce')
      assert.equal([...transfer.state.ownAddresses], ['203.0.113.5:7007'])
    }
    assert.is(ports.at(-1), '7007')
    await engine.close()
  }),
)

test(
  'a UDP tracker that is silent does not keep the next tier from being asked',
  rigged(async (rig) => {
    const silent = createSocket('udp4')
    rig.later(() => silent.close())
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve))
    const tracker = await openTracker(rig)
    const trackers = [
      `udp://127.0.0.1:${silent.address().port}/announce`,
      `http://127.0.0.1:${tracker.httpPort}/announce`,
    ]
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(content.torrent, { path: folder, trackers, peers: [] })
    await within(untilEvent(transfer, 'announce-answered'), 'an answer long before BEP 15 gives up')
    const types = (await typesOf(transfer)).filter((type) => type.startsWith('announce'))
    assert.equal(types, ['announce-began', 'announce-overdue', 'announce-began', 'announce-answered'])
    transfer.addPeer(seed.address)
    await within(transfer.done, 'the download')
  }),
)

test(
  'counts that are waited for when the engine closes are no more',
  rigged(async (rig) => {
    const folder = await rig.folder()
    await writeContent(content, folder)
    const engine = await rig.engine(join(folder, 'data'))
    // Nobody answers at the discard port of loopback.
    const transfer = await engine.add(content.torrent, { path: folder, trackers: ['udp://127.0.0.1:9/announce'] })
    const counts = codeOf(() => transfer.scrape())
    await engine.close()
    assert.is(await within(counts, 'the counts'), 'TRANSFER_CLOSED')
    assert.is(await codeOf(() => transfer.scrape()), 'TRANSFER_CLOSED')
  }),
)

test(
  'where a tracker sees us is learned, and nobody is dialed there',
  rigged(async (rig) => {
    const tracker = await openTracker(rig)
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const own = { host: '127.0.0.1', port: engine.port }
    const trackers = [`http://127.0.0.1:${tracker.httpPort}/announce`]
    const transfer = await engine.add(content.torrent, { path: folder, trackers })
    await within(untilEvent(transfer, 'external-address-seen'), 'the address')
    assert.equal([...transfer.state.ownAddresses], [`127.0.0.1:${engine.port}`])
    transfer.addPeer(own)
    assert.not.ok((await typesOf(transfer)).includes('dial-began'))
  }),
)

test.run()
