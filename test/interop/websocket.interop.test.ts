/** The tracker over WebSocket with those that it is for: browsers, their client, and engines that come to be counted. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { nodeClock } from '../../src/node/clock.js'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import { nodeDiscovery } from '../../src/node/discovery.js'
import { fromHex, infoHash } from '../../src/values.js'
import { bittorrentTrackerOverWebSocket } from './bittorrent-tracker.js'
import { chromium } from './chromium.js'
import { START_BOUND_MS, type Tracker } from './client.js'
import { interopSuite } from './harness.js'
import { type JsonLine, textOf, waitForJson } from './json.js'
import { NPM_PEERS } from './npm-peers.js'
import { LOOPBACK } from './place.js'
import { peerScript } from './python.js'
import { type Rig, until } from './rig.js'
import {
  create,
  startTorrewind,
  torrewind,
  torrewindTracker,
  torrewindTrackerOverUdp,
  torrewindTrackerOverWebSocket,
} from './torrewind.js'
import { webtorrent } from './webtorrent.js'
import { openPage, SHA256, serveWebTorrent } from './webtorrent-page.js'

const test = interopSuite('interop: WebSocket')

interface Stats {
  readonly peers: number
  readonly seeds: number
}

/** Of our tracker, given its announce URL over WebSocket. */
const statsOf = async (announce: string): Promise<Stats> =>
  (await fetch(new URL('/stats', announce.replace(/^ws/, 'http')))).json() as Promise<Stats>

const counted = (announce: string, peers: number): Promise<true> =>
  until(`${peers} peers`, async () => ((await statsOf(announce)).peers === peers ? true : undefined), START_BOUND_MS)

const exchange = async (rig: Rig, announce: string, url: string): Promise<void> => {
  const [seeder, leecher] = await Promise.all([openPage(rig, url), openPage(rig, url)])
  const seeding = await seeder.evaluate(`new Promise(async (resolve, reject) => {
    const bytes = new Uint8Array(1_500_000)
    for (let at = 0; at < bytes.length; at += 60_000) crypto.getRandomValues(bytes.subarray(at, at + 60_000))
    const file = new File([bytes], 'from one page to another.bin')
    const digest = await (${SHA256})(file)
    client.seed(file, { announce: [${JSON.stringify(announce)}] }, (torrent) => {
      torrent.on('warning', (warning) => warnings.push(String(warning)))
      resolve({ magnet: torrent.magnetURI, digest })
    })
    setTimeout(() => reject(new Error('not seeding: ' + warnings)), 14_000)
  })`)
  const { magnet, digest } = seeding as { magnet: string; digest: string } // as the expression says
  assert.ok(magnet.includes(encodeURIComponent(announce)))
  await counted(announce, 1)
  await leecher.evaluate(`(() => {
    client.add(${JSON.stringify(magnet)}, (torrent) => {
      torrent.on('warning', (warning) => warnings.push(String(warning)))
      torrent.on('done', async () => (window.fetched = await (${SHA256})(await torrent.files[0].blob())))
    })
    return true
  })()`)
  const fetched = await until(
    'the other page has it',
    async () => ((await leecher.evaluate('window.fetched ?? null')) as string | null) ?? undefined,
    30_000,
  )
  assert.is(fetched, digest)
  assert.equal(await leecher.evaluate('client.torrents[0].wires.map(({ type }) => type)'), ['webrtc'])
  await until(
    'both count as seeds',
    async () => {
      const { peers, seeds } = await statsOf(announce)
      return peers === 2 && seeds === 2 ? true : undefined
    },
    START_BOUND_MS,
  )
  for (const page of [seeder, leecher]) assert.equal(await page.evaluate('warnings'), [])
  await leecher.evaluate('new Promise((resolve) => client.destroy(() => resolve(true)))')
  await counted(announce, 1)
}

test(
  'two pages of a browser meet through our tracker, and one has the file of the other, byte for byte',
  [torrewindTrackerOverWebSocket, chromium, webtorrent],
  async (rig) => {
    const announce = await torrewindTrackerOverWebSocket.track(rig, [])
    const server = await serveWebTorrent()
    try {
      await exchange(rig, announce, server.url)
    } finally {
      server.close()
    }
  },
)

const runClient = async (rig: Rig, tracker: Tracker): Promise<readonly JsonLine[]> => {
  const announce = await tracker.track(rig, [])
  const child = rig.start({
    name: 'the client of bittorrent-tracker',
    command: process.execPath,
    args: [peerScript('bittorrent_tracker_client.mjs'), announce, 'ab'.repeat(20), 'cd'.repeat(20)],
    cwd: NPM_PEERS,
  })
  const lines: JsonLine[] = []
  for (const type of ['started', 'completed', 'scraped', 'stopped'])
    lines.push(await waitForJson(child, type, START_BOUND_MS))
  await child.ended
  assert.equal(
    child.lines.filter(({ text }) => /"(warning|error)"/.test(text)),
    [],
  )
  return lines
}

for (const tracker of [torrewindTracker, torrewindTrackerOverUdp, torrewindTrackerOverWebSocket]) {
  test(
    `the client of bittorrent-tracker announces to ${tracker.name}, and scrapes it`,
    [tracker, webtorrent],
    async (rig) => {
      const counts = (await runClient(rig, tracker)).map(({ complete, incomplete }) => [complete, incomplete])
      assert.equal(counts, [
        [0, 1],
        [1, 0],
        [1, 0],
        [0, 0],
      ])
    },
  )
}

/** Seeds with Torrewind by this tracker until `met`; resolves with what the log says of announces. */
const seedAt = async (
  rig: Rig,
  announce: string,
  met: (infoHash: string) => Promise<unknown>,
): Promise<readonly JsonLine[]> => {
  const folder = await rig.folder('content')
  await writeFile(path.join(folder, 'some bytes'), randomBytes(50_000))
  const { torrent, infoHash } = await create(rig, path.join(folder, 'some bytes'), '--tracker', announce)
  const data = await rig.folder('seed-data')
  const child = startTorrewind(rig, LOOPBACK, 'seed', torrent, '--path', folder, '--data', data, '--port', '0')
  await waitForJson(child, 'seeding', START_BOUND_MS)
  await met(infoHash)
  await child.stop()
  const types = ['announce-began', 'announce-answered', 'announce-failed'].flatMap((type) => ['--type', type])
  const log = startTorrewind(rig, LOOPBACK, 'log', 'show', '--data', data, ...types)
  await log.ended
  return log.lines.flatMap(({ from, text }) => (from === 'stdout' ? [JSON.parse(text) as JsonLine] : []))
}

test(
  'Torrewind announces to our tracker over WebSocket, is counted while it runs, and says when it stops',
  [torrewind, torrewindTrackerOverWebSocket],
  async (rig) => {
    const announce = await torrewindTrackerOverWebSocket.track(rig, [])
    const events = await seedAt(rig, announce, () => counted(announce, 1))
    assert.is((await statsOf(announce)).peers, 0)
    assert.equal(
      events.map(({ type }) => type),
      ['announce-began', 'announce-answered', 'announce-began'],
    )
  },
)

test(
  'Torrewind announces to bittorrent-tracker over WebSocket, and says when it stops',
  [torrewind, bittorrentTrackerOverWebSocket],
  async (rig) => {
    const announce = await bittorrentTrackerOverWebSocket.track(rig, [])
    const discovery = nodeDiscovery(nodeClock(), nodeDatagrams())
    let scraped = infoHash(new Uint8Array(20))
    const scrape = (): Promise<number> =>
      new Promise((resolve, reject) => {
        discovery.scrape(announce, scraped, (answer) => {
          if (answer.type === 'done') resolve(answer.value.complete)
          else reject(new Error(answer.failure.message))
        })
      })
    const seeds = (wanted: number): Promise<true> =>
      until(`${wanted} seeds`, async () => ((await scrape()) === wanted ? true : undefined), START_BOUND_MS)
    const events = await seedAt(rig, announce, (hash) => {
      scraped = infoHash(fromHex(hash))
      return seeds(1)
    })
    await seeds(0)
    assert.equal(
      events.map(({ type }) => type),
      ['announce-began', 'announce-answered', 'announce-began'],
    )
    assert.is(textOf(events[1] ?? { type: '' }, 'tracker'), announce)
  },
)

test.run()
