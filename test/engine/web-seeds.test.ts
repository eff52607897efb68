/** Web seeds of a real engine: servers on loopback that are right, wrong, and right only now and then. */
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Content, makeContent } from './content.js'
import { codeOf, eventWhen, type Rig, rigged, within } from './rig.js'

const test = suite('engine: web seeds')
const KIB = 1_024
const CONTENT = makeContent({
  name: 'möwe & co',
  files: { 'a #1?.bin': 700 * KIB + 13, empty: 0, 'ü b/100%.txt': 5_000, 'ü b/z.bin': 900 * KIB },
})

/** Files by the URL that asks for them. */
const answering =
  (content: Content, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): RequestListener =>
  (request, response) => {
    const path = decodeURIComponent(request.url?.slice(1) ?? '')
    const bytes = content.files.find(([name]) => name === path)?.[1]
    if (bytes === undefined) {
      response.writeHead(404).end()
      return
    }
    const [, first = '0', last = String(bytes.length - 1)] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
    const part = change(bytes.slice(Number(first), Number(last) + 1))
    const range = { 'content-range': `bytes ${first}-${last}/${bytes.length}` }
    response.writeHead(request.headers.range === undefined ? 200 : 206, range).end(part)
  }

const serve = async (rig: Rig, listener: RequestListener): Promise<string> => {
  const server: Server = createServer(listener)
  rig.later(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const isWhole = async (content: Content, folder: string): Promise<void> => {
  for (const [path, bytes] of content.files) assert.ok((await readFile(join(folder, path))).equals(bytes), path)
}

test(
  'web seeds: a folder is fetched from a plain server, whatever its files are called',
  rigged(async (rig) => {
    const url = await serve(rig, answering(CONTENT))
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(CONTENT.torrent, { path: folder, webSeeds: [url] })
    await within(transfer.done, 'the download')
    await isWhole(CONTENT, folder)
    assert.is(transfer.progress.wastedBytes, 0)
    assert.is(transfer.progress.downloadedBytes, CONTENT.bytes.length)
    assert.equal(transfer.webSeeds, [url])
  }),
)

test(
  'web seeds: one that sends wrong bytes is banned by its URL, and the others go on',
  rigged(async (rig) => {
    const wrong = await serve(
      rig,
      answering(CONTENT, (bytes) => bytes.fill(7, bytes.length >> 1)),
    )
    const failing = await serve(rig, (_, response) => response.writeHead(500).end())
    const page = await serve(rig, (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    )
    const good = await serve(rig, answering(CONTENT))
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(CONTENT.torrent, { path: folder, webSeeds: [wrong, failing, page] })
    const banned = await eventWhen(transfer, 'address-banned')
    assert.is(banned.event.address, wrong)
    assert.is((await eventWhen(transfer, 'web-seed-failed', ({ url }) => url === failing)).event.reason, 'STATUS')
    assert.is((await eventWhen(transfer, 'web-seed-failed', ({ url }) => url === page)).event.reason, 'WEB_PAGE')
    transfer.addWebSeed(good)
    await within(transfer.done, 'the download')
    await isWhole(CONTENT, folder)
    transfer.removeWebSeed(wrong)
    assert.equal(transfer.webSeeds, [failing, page, good])
  }),
)

test(
  'web seeds: one that lacks a file is asked for the others, and a peer brings it',
  rigged(async (rig) => {
    const lacking = answering(CONTENT)
    const url = await serve(rig, (request, response) => {
      if (request.url?.includes('a%20') === true) response.writeHead(404).end()
      else lacking(request, response)
    })
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(CONTENT.torrent, { path: folder, webSeeds: [url] })
    await eventWhen(transfer, 'web-seed-lacks')
    const { address } = await rig.seed(CONTENT)
    transfer.addPeer(address)
    await within(transfer.done, 'the download')
    await isWhole(CONTENT, folder)
  }),
)

test(
  'web seeds: what whoever made the torrent names is asked on loopback without a query, and not with one',
  rigged(async (rig) => {
    const asked: string[] = []
    const url = await serve(rig, (request, response) => {
      asked.push(request.url ?? '')
      answering(CONTENT)(request, response)
    })
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const torrent = makeContent({ files: 100, webSeeds: [`${url}x?delete=1`] }).torrent
    const transfer = await engine.add(torrent, { path: folder })
    const { event } = await eventWhen(transfer, 'web-seed-failed')
    assert.is(event.reason, 'LOCAL_ADDRESS')
    assert.equal(asked, [])
  }),
)

test(
  'web seeds: what is no URL of HTTP is refused before anything is written',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    for (const url of ['ftp://x.example/', 'nonsense', 7 as unknown as string])
      assert.is(await codeOf(() => engine.add(CONTENT.torrent, { path: folder, webSeeds: [url] })), 'OPTION_INVALID')
    const transfer = await engine.add(CONTENT.torrent, { path: folder })
    assert.is(await codeOf(() => transfer.addWebSeed('file:///etc/passwd')), 'OPTION_INVALID')
  }),
)

test.run()
