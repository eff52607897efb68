/** Web seeds: what we make with `create --web-seed` is fetched from a plain web server, by us and by libtorrent. */
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { makeSample, type Sample, SHAPES } from './corpus.js'
import { compareFetched } from './exchange.js'
import { interopSuite } from './harness.js'
import { libtorrent } from './libtorrent.js'
import { create, torrewind } from './torrewind.js'

const test = interopSuite('interop: web seeds')

/** A server of static files that knows ranges, as all of them do. */
const serveFiles = async (
  root: string,
  use: (url: string, requests: readonly string[]) => Promise<void>,
): Promise<void> => {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const file = path.join(root, decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname))
    const found = statSync(file, { throwIfNoEntry: false })
    requests.push(request.url ?? '')
    if (found?.isFile() !== true) return response.writeHead(404).end()
    const [, first = '0', last = String(found.size - 1)] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const [start, end] = [Number(first), Number(last)]
    const headers = { 'accept-ranges': 'bytes', 'content-length': end - start + 1 }
    if (request.headers.range === undefined) response.writeHead(200, headers)
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${found.size}` })
    return createReadStream(file, { start, end }).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

for (const shape of [SHAPES.uneven, SHAPES.oneByte])
  test(`a torrent of ours is fetched from a web server alone: ${shape.name}`, [torrewind, libtorrent], async (rig) => {
    const made = await makeSample(await rig.folder('content'), shape)
    await serveFiles(made.dir, async (url, requests) => {
      const { torrent } = await create(rig, made.root, '--web-seed', url)
      const sample: Sample = { ...made, torrent }
      await compareFetched(sample, await torrewind.get({ rig, sample }))
      const ours = requests.length
      assert.ok(ours > 0)
      await compareFetched(sample, await libtorrent.get({ rig, sample }))
      assert.ok(requests.length > ours)
    })
  })

test.run()
