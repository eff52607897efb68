/** The engine with WebTorrent in a browser, whom our tracker introduces to each other: files go both ways over WebRTC. */
import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { createEngine, createTorrent, type Engine, type Transfer } from '../../src/index.js'
import { type BrowserPage, chromium } from './chromium.js'
import { interopSuite } from './harness.js'
import { LOOPBACK } from './place.js'
import { type Rig, until } from './rig.js'
import { torrewindTrackerOverWebSocket } from './torrewind.js'
import { webtorrent } from './webtorrent.js'
import { openPage, SHA256, serveWebTorrent } from './webtorrent-page.js'

const test = interopSuite('interop: WebRTC')

const BOUND_MS = 20_000
const NAME = 'over a data channel.bin'

const digestOf = (bytes: Uint8Array): string => [...createHash('sha256').update(bytes).digest()].join()

const withEngine = async (rig: Rig, work: (engine: Engine) => Promise<void>): Promise<void> => {
  const engine = await createEngine({ dataDir: await rig.folder('data'), host: LOOPBACK.host, webrtc: true })
  try {
    await work(engine)
  } finally {
    await engine.close()
  }
}

const withPage = async (rig: Rig, work: (page: BrowserPage) => Promise<void>): Promise<void> => {
  const server = await serveWebTorrent()
  try {
    await work(await openPage(rig, server.url))
  } finally {
    server.close()
  }
}

/** What carries the first connection that is not TCP, which was introduced. */
const transportOf = async (transfer: Transfer): Promise<string | undefined> => {
  const introductions = new Set<number>()
  for await (const { event } of transfer.events()) {
    if (event.type === 'offer-received' || event.type === 'offer-answered') introductions.add(event.introduction)
    if (event.type === 'introduction-opened') assert.ok(introductions.has(event.introduction))
    if (event.type === 'transport-known') return `${event.transport} ${event.protection}`
  }
  return undefined
}

test(
  'a page of a browser downloads from Torrewind, byte for byte',
  [torrewindTrackerOverWebSocket, chromium, webtorrent],
  async (rig) => {
    const announce = await torrewindTrackerOverWebSocket.track(rig, [])
    const folder = await rig.folder('content')
    const bytes = randomBytes(1_500_000)
    await writeFile(path.join(folder, NAME), bytes)
    const { torrent } = await createTorrent({ path: path.join(folder, NAME), trackers: [announce] })
    await withEngine(rig, async (engine) => {
      const transfer = await engine.add(torrent, { path: folder })
      await transfer.done
      await withPage(rig, async (page) => {
        await page.evaluate(`(() => {
          client.add(Uint8Array.from(${JSON.stringify([...torrent])}), (torrent) => {
            torrent.on('done', async () => (window.fetched = await (${SHA256})(await torrent.files[0].blob())))
          })
          return true
        })()`)
        const fetched = await until(
          'the page has it',
          async () => ((await page.evaluate('window.fetched ?? null')) as string | null) ?? undefined,
          BOUND_MS,
        )
        assert.is(fetched, digestOf(bytes))
        assert.equal(await page.evaluate('warnings'), [])
        assert.is(transfer.progress.uploadedBytes >= bytes.length, true)
        await transfer.pause()
        await until(
          'the page has no peer',
          async () => ((await page.evaluate('client.torrents[0].wires.length')) === 0 ? true : undefined),
          BOUND_MS,
        )
      })
      assert.is(await transportOf(transfer), 'webrtc dtls')
    })
  },
)

test(
  'Torrewind downloads from a page of a browser, byte for byte',
  [torrewindTrackerOverWebSocket, chromium, webtorrent],
  async (rig) => {
    const announce = await torrewindTrackerOverWebSocket.track(rig, [])
    await withPage(rig, async (page) => {
      const seeding = await page.evaluate(`new Promise(async (resolve) => {
        const bytes = new Uint8Array(1_500_000)
        for (let at = 0; at < bytes.length; at += 60_000) crypto.getRandomValues(bytes.subarray(at, at + 60_000))
        const file = new File([bytes], ${JSON.stringify(NAME)})
        const digest = await (${SHA256})(file)
        client.seed(file, { announce: [${JSON.stringify(announce)}] }, (torrent) =>
          resolve({ magnet: torrent.magnetURI, digest }))
      })`)
      const { magnet, digest } = seeding as { magnet: string; digest: string } // as the expression says
      await withEngine(rig, async (engine) => {
        const folder = await rig.folder('fetched')
        const transfer = await engine.add(magnet, { path: folder })
        await until('it is here', async () => (transfer.progress.phase === 'seeding' ? true : undefined), BOUND_MS)
        assert.is(digestOf(await readFile(path.join(folder, NAME))), digest)
        assert.is(await transportOf(transfer), 'webrtc dtls')
        assert.equal(await page.evaluate('warnings'), [])
      })
    })
  },
)

test.run()
