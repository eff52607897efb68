/** The commands' client of a catalogue: where it asks, and what it does with servers that answer anything. */
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { announceAt, CatalogueClient, catalogueAt } from '../../src/cli/catalogue-client.js'
import { TorrewindError } from '../../src/errors.js'

test('catalogue client: the catalogue is beside where peers announce, with a token or without', () => {
  for (const [tracker, catalogue] of [
    ['http://a.example:6969', 'http://a.example:6969/catalogue'],
    ['http://a.example/', 'http://a.example/catalogue'],
    ['http://a.example/announce', 'http://a.example/catalogue'],
    ['http://a.example/announce?token=a.b.c', 'http://a.example/catalogue'],
    ['https://a.example/x-y.z_1.sig/announce', 'https://a.example/catalogue'],
    ['https://a.example/tracker/announce', 'https://a.example/tracker/catalogue'],
    ['https://a.example/tracker/', 'https://a.example/tracker/catalogue'],
    ['http://[::1]:80/announce#x', 'http://[::1]/catalogue'],
  ] as const) {
    assert.is(catalogueAt(tracker), catalogue)
  }
  for (const wrong of ['udp://a.example:1', 'a.example', '', 'file:///etc/passwd']) {
    assert.throws(
      () => catalogueAt(wrong),
      (error: unknown) => error instanceof TorrewindError && error.code === 'OPTION_INVALID',
    )
  }
})

test('catalogue client: a tracker named without a path is announced to at /announce, and others as they stand', () => {
  assert.is(announceAt('http://a.example:6969'), 'http://a.example:6969/announce')
  assert.is(announceAt('http://a.example:6969/?token=a'), 'http://a.example:6969/announce?token=a')
  for (const tracker of ['http://a.example/announce', 'http://a.example/x', 'udp://a.example:1', 'nonsense']) {
    assert.is(announceAt(tracker), tracker)
  }
})

const ENTRY = {
  ...{ infoHash: 'ab'.repeat(20), cid: 'bafy', name: 'a', bytes: 1, files: 1, seeds: 1, leeches: 1, completed: 1 },
  ...{ tags: [], publishedAt: 1 },
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What a search comes to, at a server that answers this. */
const searched = async (status: number, body: string): Promise<string> => {
  const server = createServer((_, response) => {
    response.statusCode = status
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { entries } = await new CatalogueClient(`http://127.0.0.1:${portOf(server)}`).search(new URLSearchParams())
    return entries.map(({ name }) => name).join()
  } catch (error) {
    return error instanceof TorrewindError ? `${error.code} ${error.message.replace(/^\S+ /, '')}` : String(error)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
const page = (...entries: readonly unknown[]): string => JSON.stringify({ entries, total: entries.length, next: null })

test('catalogue client: what is no catalogue is said to be none', async () => {
  const wrong: readonly unknown[] = [
    ...[null, 7, 'x', {}, { ...ENTRY, infoHash: 'x' }, { ...ENTRY, cid: '\u001b[2J' }],
    ...[
      { ...ENTRY, name: 7 },
      { ...ENTRY, bytes: '1' },
      { ...ENTRY, tags: {} },
    ],
  ]
  for (const body of ['', '<html>', 'null', '[]', '{}', '{"entries":{}}', ...wrong.map((entry) => page(entry))]) {
    assert.is(await searched(200, body), 'CATALOGUE_UNREACHABLE what answers is no catalogue', body)
  }
  assert.is(await searched(404, 'no such page'), 'CATALOGUE_UNREACHABLE it answered 404, and is no catalogue')
  assert.is(await searched(500, '{"error":7}'), 'CATALOGUE_UNREACHABLE it answered 500, and is no catalogue')
})

test('catalogue client: names and reasons come without what steers a terminal', async () => {
  assert.is(await searched(200, page({ ...ENTRY, name: 'a\u001b[31m\u202eb\u2028c\u0007' })), 'a[31mbc')
  const error = { code: 'BUSY\u001b', message: 'try\u001b]0;x\u0007 again' }
  assert.is(await searched(503, JSON.stringify({ error })), 'CATALOGUE_REFUSED try]0;x again (BUSY)')
})

test('catalogue client: an answer without end is given up', async () => {
  const answer = await searched(200, `"${'x'.repeat(17 * 1_024 * 1_024)}"`)
  assert.match(answer, /^CATALOGUE_UNREACHABLE it answered more than \d+ bytes$/)
})

test('catalogue client: where nobody listens it says so', async () => {
  const client = new CatalogueClient('http://127.0.0.1:1')
  await client.torrent('ab'.repeat(20)).then(
    () => assert.unreachable('somebody answered'),
    (error) => {
      assert.is(error.code, 'CATALOGUE_UNREACHABLE')
      assert.match(error.message, /127\.0\.0\.1:1\/catalogue: .*(ECONNREFUSED|bad port)/)
    },
  )
})

test('catalogue client: a .torrent is asked for through a proxy, by the name of the server, or not at all', async () => {
  const asked: string[] = []
  const catalogue = createServer((request, response) => response.end(request.url))
  const relay = createServer()
  relay.on('connect', (request, socket: Socket) => {
    asked.push(String(request.url))
    const there = connect({ host: '127.0.0.1', port: portOf(catalogue) })
    there.on('connect', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    socket.pipe(there).pipe(socket)
    for (const side of [socket, there]) side.on('error', () => undefined)
  })
  for (const server of [catalogue, relay]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  const proxy = { protocol: 'http', host: '127.0.0.1', port: portOf(relay), user: '', password: '' } as const
  const tracker = `tracker.invalid:${portOf(catalogue)}`
  const torrent = await new CatalogueClient(`http://${tracker}`).torrent('ab', proxy)
  assert.is(new TextDecoder().decode(torrent), '/catalogue/ab.torrent')
  assert.equal(asked, [tracker])
  const near = new CatalogueClient(`http://127.0.0.1:${portOf(catalogue)}`)
  const failure = await near.torrent('ab', { ...proxy, port: 1 }).catch((error: unknown) => error)
  assert.ok(failure instanceof TorrewindError && failure.code === 'CATALOGUE_UNREACHABLE')
  assert.match(failure.message, 'the proxy: ')
  relay.close()
  catalogue.close()
})

test.run()
