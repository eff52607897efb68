/** The DHT and peer exchange with libtorrent, on loopback: peers are found by these alone, whoever keeps what. */
import * as assert from 'uvu/assert'
import type { SearchPurpose, SearchResult } from '../../src/dht/search.js'
import { DhtService } from '../../src/dht/service.js'
import { SharedUdp } from '../../src/discovery/udp-shared.js'
import { createEngine, type Engine, type EngineOptions } from '../../src/index.js'
import { nodeClock } from '../../src/node/clock.js'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import { entropy } from '../../src/node/machine.js'
import { toHex } from '../../src/values.js'
import { encode, latin1Text } from '../../src/wire/bencode.js'
import { immutableTarget, mutableTarget, publicKeyOf, signItem } from '../../src/wire/storeditem.js'
import type { Child } from './child.js'
import { makeSample, type Sample, SHAPES } from './corpus.js'
import { compareFetched } from './exchange.js'
import { interopSuite } from './harness.js'
import { numberOf, waitForJson } from './json.js'
import { libtorrent } from './libtorrent.js'
import { PYTHON, peerScript } from './python.js'
import type { Rig } from './rig.js'

const test = interopSuite('interop: the DHT')
const HOST = '127.0.0.1'
const BOUND_MS = 30_000

const start = async (
  rig: Rig,
  name: string,
  ...args: readonly string[]
): Promise<{ child: Child; address: string }> => {
  const child = rig.start({
    name: `libtorrent ${name}`,
    command: PYTHON,
    args: [peerScript('libtorrent_dht.py'), ...args],
  })
  return { child, address: `${HOST}:${numberOf(await waitForJson(child, 'listening', BOUND_MS), 'port')}` }
}
const at = (address: string) => ({ host: HOST, port: Number(address.split(':')[1]) })

/** An engine of ours in this process, for the time of the work. */
const withEngine = async <Result>(
  rig: Rig,
  options: EngineOptions,
  work: (engine: Engine) => Promise<Result>,
): Promise<Result> => {
  const engine = await createEngine({ host: HOST, dataDir: await rig.folder('data'), ...options })
  try {
    return await work(engine)
  } finally {
    await engine.close()
  }
}

interface OurNode {
  readonly address: string
  search(purpose: SearchPurpose): Promise<SearchResult>
}

/** A node of ours without torrents. */
const withNode = async <Result>(
  bootstrap: readonly string[],
  work: (node: OurNode) => Promise<Result>,
): Promise<Result> => {
  const socket = new SharedUdp({ datagrams: nodeDatagrams(), port: 0, host: HOST })
  let joined: () => void = () => undefined
  const untilJoined = new Promise<void>((resolve) => {
    joined = resolve
  })
  let service: DhtService | undefined
  const port = await new Promise<number>((resolve) => {
    service = new DhtService({
      clock: nodeClock(),
      socket,
      entropy,
      families: ['ipv4'],
      bootstrap: bootstrap.map(at),
      bootstrapIsOurs: true,
      resolve: undefined,
      memory: undefined,
      tell: (news) => {
        if (news.type === 'dht-began') resolve(news.port)
        if (news.type === 'dht-joined') joined()
      },
    })
  })
  try {
    return await work({
      address: `${HOST}:${port}`,
      search: async (purpose) => {
        await untilJoined
        return new Promise((resolve) => service?.search(purpose, { ended: resolve }))
      },
    })
  } finally {
    await service?.close()
    socket.close()
  }
}

const sampleOf = async (rig: Rig): Promise<Sample> => makeSample(await rig.folder('content'), SHAPES.small)

test(
  'libtorrent finds our seed, and we find that of libtorrent, by a node of libtorrent',
  [libtorrent],
  async (rig) => {
    const [sample, router] = await Promise.all([sampleOf(rig), start(rig, 'router')])
    const dht = { dht: true, dhtBootstrap: [at(router.address)] }
    await withEngine(rig, dht, async (engine) => {
      const seeding = await engine.add(sample.torrent, { path: sample.dir })
      await seeding.done
      const dir = await rig.folder('libtorrent')
      const get = await start(rig, 'get', '--node', router.address, '--get', sample.torrent, dir)
      await waitForJson(get.child, 'done', BOUND_MS)
      await compareFetched(sample, { dir })
    })
    await start(rig, 'seed', '--node', router.address, '--seed', sample.torrent, sample.dir)
    await withEngine(rig, dht, async (engine) => {
      const dir = await rig.folder('ours')
      const transfer = await engine.add(sample.torrent, { path: dir })
      await transfer.done
      await compareFetched(sample, { dir })
      const sources = [...transfer.state.candidates.values()].map(({ source }) => source)
      assert.ok(sources.includes('dht'))
    })
  },
)

test('two peers of libtorrent find each other by a node of ours', [libtorrent], async (rig) => {
  const sample = await sampleOf(rig)
  await withNode([], async ({ address }) => {
    const dir = await rig.folder('libtorrent')
    await start(rig, 'seed', '--node', address, '--seed', sample.torrent, sample.dir)
    const get = await start(rig, 'get', '--node', address, '--get', sample.torrent, dir)
    await waitForJson(get.child, 'done', BOUND_MS)
    await compareFetched(sample, { dir })
  })
})

test(
  'items are put by the one and got by the other, immutable and mutable ones (BEP 44)',
  [libtorrent],
  async (rig) => {
    const router = await start(rig, 'router')
    await withNode([router.address], async (node) => {
      const ours = encode('ours')
      const seed = entropy(32)
      const mutable = signItem(seed, encode('ours, the third'), 3)
      const put = await node.search({ type: 'put', target: immutableTarget(ours), item: { value: ours } })
      assert.ok(put.stored > 0, put.refusal ?? 'nobody took it')
      const place = mutableTarget(publicKeyOf(seed))
      assert.ok((await node.search({ type: 'put', target: place, item: mutable })).stored > 0)
      const found = await start(rig, 'find', '--node', router.address, '--find', toHex(immutableTarget(ours)))
      assert.is((await waitForJson(found.child, 'item', BOUND_MS)).value, 'ours')
      const theirs = await start(rig, 'put', '--node', router.address, '--node', node.address, '--put', 'theirs')
      await waitForJson(theirs.child, 'put', BOUND_MS)
      const value = encode('theirs')
      const got = await node.search({ type: 'get', target: immutableTarget(value) })
      assert.is(latin1Text(got.item?.value ?? new Uint8Array()), '6:theirs')
      const again = await node.search({ type: 'get', target: place })
      assert.is(again.item?.signed?.seq, 3, 'libtorrent gives back what it verified')
    })
  },
)

test(
  'libtorrent tells us of a peer, and we tell libtorrent of one (BEP 11)',
  [libtorrent],
  async (rig) => {
    const sample = await sampleOf(rig)
    const options = { pex: true, downloadLimit: 20_000 }
    const seed = await start(rig, 'seed', '--no-dht', '--seed', sample.torrent, sample.dir)
    await withEngine(rig, options, async (middle) => {
      const between = await middle.add(sample.torrent, { path: await rig.folder('middle'), peers: [at(seed.address)] })
      const dir = await rig.folder('libtorrent')
      const get = await start(rig, 'get', '--no-dht', '--get', sample.torrent, dir, '--peer', `${HOST}:${middle.port}`)
      await waitForJson(get.child, 'done', BOUND_MS) // most of it from the seed that we told it of
      assert.not.ok(between.progress.phase === 'seeding', 'we were slow, and it was not')
      await withEngine(rig, options, async (last) => {
        const told = await last.add(sample.torrent, { path: await rig.folder('last'), peers: [at(get.address)] })
        const isFound = (): boolean => [...told.state.candidates.values()].some(({ source }) => source === 'pex')
        for await (const { event } of told.events())
          if (event.type === 'candidates-found' && event.source === 'pex') break
        assert.ok(isFound())
      })
    })
  },
  90_000,
)

test.run()
