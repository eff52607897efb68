/** The catalogue over real sockets: what it answers, to whom, and to bad input of every kind. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { infoHash as asInfoHash, fromHex, toHex } from '../../src/values.js'
import { parseTorrent } from '../../src/wire/metainfo.js'
import { type Asking, ask, codeOf, publish, TORRENT, withTracker } from './catalogue-client.js'
import { filesOf, torrentOf } from './catalogue-world.js'
import { askAnnounce, failureOf, RawClient, request } from './http-client.js'
import { setOf, tokenMaker, unsigned } from './token-maker.js'

const test = suite('catalogue http')
const maker = await tokenMaker('one')
const hashOf = (torrent: Uint8Array): string => toHex(parseTorrent(torrent).infoHash)
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
const HOLIDAY = torrentOf('holiday', filesOf('a.jpg', 'b/c.jpg'), { announce: 'http://tracker.example/announce' })
const OTHER = torrentOf('other')

test('catalogue http: what is published is listed, searched, shown and fetched byte for byte', () =>
  withTracker({}, async (base) => {
    const { status, json, headers } = await publish(base, HOLIDAY, '?tag=Pictures&tag=summer')
    const infoHash = hashOf(HOLIDAY)
    assert.is(status, 201)
    assert.is(headers.get('location'), `/catalogue/${infoHash}`)
    assert.is(json.created, true)
    assert.match(json.key, /^[0-9a-f]{32}$/)
    assert.equal(json.tags, ['pictures', 'summer'])
    assert.is(json.publisher, undefined)

    const list = await ask(`${base}/catalogue`)
    assert.is(list.json.total, 1)
    assert.is(list.json.next, null)
    const [{ name, files, bytes, cid, torrentBytes }] = list.json.entries
    assert.equal([name, files, bytes, torrentBytes], ['holiday', 2, 2, HOLIDAY.length])
    for (const found of ['q=holi', 'q=c.jpg', 'tag=summer', 'q=HOLIDAY&tag=pictures&order=seeds&limit=1']) {
      assert.is((await ask(`${base}/catalogue?${found}`)).json.entries.length, 1, found)
    }
    assert.is((await ask(`${base}/catalogue?q=winter`)).json.total, 0)

    for (const id of [infoHash, infoHash.toUpperCase(), cid]) {
      const entry = await ask(`${base}/catalogue/${id}`)
      assert.equal(entry.json.paths, [
        { path: 'holiday/a.jpg', bytes: 1 },
        { path: 'holiday/b/c.jpg', bytes: 1 },
      ])
      assert.equal(entry.json.health, { at: [], seeds: [], leeches: [], completed: [] })
      const torrent = await ask(`${base}/catalogue/${id}.torrent`)
      assert.is(torrent.headers.get('content-type'), 'application/x-bittorrent')
      assert.equal(torrent.bytes, HOLIDAY)
    }
    const head = await ask(`${base}/catalogue/${infoHash}.torrent`, { method: 'HEAD' })
    assert.is(head.headers.get('content-length'), `${HOLIDAY.length}`)
    assert.is(head.bytes.length, 0)
  }))

test('catalogue http: only who published it changes and removes an entry, by the key that was given once', () =>
  withTracker({}, async (base) => {
    const { json } = await publish(base, HOLIDAY, '?tag=one')
    const url = `${base}/catalogue/${json.infoHash}`
    const again = await publish(base, HOLIDAY, '?tag=one')
    assert.equal([again.status, again.json.created, again.json.key], [200, false, null])
    assert.is((await publish(base, HOLIDAY, '?tag=two')).json.error.code, 'PUBLISHED_ALREADY')
    assert.is((await publish(base, HOLIDAY, '?tag=two', bearer('wrong'))).status, 409)
    assert.equal((await ask(url)).json.tags, ['one'])
    const changed = await publish(base, HOLIDAY, '?tag=two', bearer(json.key))
    assert.equal([changed.status, changed.json.tags], [200, ['two']])
    assert.is((await ask(`${base}/catalogue?tag=one`)).json.total, 0)

    assert.is(await codeOf(url, { method: 'DELETE' }), '403 NOT_PUBLISHER')
    assert.is(await codeOf(url, { method: 'DELETE', headers: bearer('wrong') }), '403 NOT_PUBLISHER')
    const removed = await ask(url, { method: 'DELETE', headers: bearer(json.key) })
    assert.equal(removed.json, { removed: json.infoHash })
    assert.is(await codeOf(url), '404 NOT_FOUND')
    assert.is(await codeOf(`${url}.torrent`), '404 NOT_FOUND')
    assert.is(await codeOf(url, { method: 'DELETE', headers: bearer(json.key) }), '404 NOT_FOUND')
  }))

test('catalogue http: a .torrent is put where it belongs, and nowhere else', () =>
  withTracker({}, async (base) => {
    const put = (id: string) => ({
      url: `${base}/catalogue/${id}`,
      asking: { method: 'PUT', body: HOLIDAY, headers: TORRENT },
    })
    const wrong = put('ab'.repeat(20))
    assert.is(await codeOf(wrong.url, wrong.asking), '422 INFO_HASH_DIFFERS')
    for (const id of ['x', '', `${hashOf(HOLIDAY)}.torrent`, `${hashOf(HOLIDAY)}/`]) {
      const nowhere = put(id)
      assert.is(await codeOf(nowhere.url, nowhere.asking), '405 METHOD_INVALID', id)
    }
    const right = put(hashOf(HOLIDAY))
    assert.is((await ask(right.url, right.asking)).status, 201)
    assert.is((await ask(`${base}/catalogue`)).json.total, 1)
  }))

test('catalogue http: what is no torrent, or a hostile one, is refused by a code and leaves nothing', () =>
  withTracker({}, async (base) => {
    const text = (value: string): Uint8Array => new TextEncoder().encode(value)
    for (const [what, body, code] of [
      ['text', text('hello'), '422 BENCODE_INVALID'],
      ['a page', text('<html>'), '422 BENCODE_INVALID'],
      ['half of one', HOLIDAY.slice(0, -5), '422 BENCODE_INVALID'],
      ['one and more', new Uint8Array([...HOLIDAY, 0x65]), '422 BENCODE_INVALID'],
      ['lists in lists', text('l'.repeat(1_000_000)), '422 BENCODE_INVALID'],
      ['a dictionary', text('de'), '422 TORRENT_INVALID'],
      ['a path that leaves', torrentOf('x', filesOf('../../etc/passwd')), '422 PATH_UNSAFE'],
      ['a name with a NUL', torrentOf('x\u0000y'), '422 PATH_UNSAFE'],
      ['2^60 bytes', torrentOf('x', { length: 2n ** 60n }), '422 TORRENT_INVALID'],
      ['v2 without a file tree', torrentOf('x', { 'meta version': 2, pieces: undefined }), '422 TORRENT_INVALID'],
      ['a version to come', torrentOf('x', { 'meta version': 3 }), '422 TORRENT_UNSUPPORTED'],
    ] as const) {
      assert.is(await codeOf(`${base}/catalogue`, { method: 'POST', body, headers: TORRENT }), code, what)
    }
    assert.is((await ask(`${base}/catalogue`)).json.total, 0)
  }))

test('catalogue http: names of any script and of HTML come back as they are', () =>
  withTracker({}, async (base) => {
    const names = [
      '<script>alert(1)<∕script>',
      '"quoted" & \'so\'',
      'ünïcödé 漢字 \u{1f600} مجلد',
      '__proto__',
      'a;b=c\u00a0d',
    ]
    for (const name of names) {
      const torrent = torrentOf(name)
      assert.is((await publish(base, torrent)).json.name, name)
      const fetched = await ask(`${base}/catalogue/${hashOf(torrent)}.torrent`)
      const disposition = fetched.headers.get('content-disposition') ?? ''
      const [, encoded = ''] = /filename\*=UTF-8''(\S+)$/.exec(disposition) ?? []
      assert.is(decodeURIComponent(encoded), `${name}.torrent`)
      assert.match(disposition, /^attachment; filename="[\w .()-]*\.torrent"; /)
    }
    const all = await ask(`${base}/catalogue`)
    assert.equal(all.json.entries.map((entry: { name: string }) => entry.name).sort(), [...names].sort())
  }))

test('catalogue http: wrong queries, methods and types are refused by their codes', () =>
  withTracker({}, async (base) => {
    const cases: readonly (readonly [string, Asking, string])[] = [
      ['?limit=0', {}, '400 QUERY_INVALID'],
      ['?what=1', {}, '400 QUERY_INVALID'],
      ['?cursor=x', {}, '400 CURSOR_INVALID'],
      ['?tag=a%20b', {}, '400 TAG_INVALID'],
      ['?q=%ff%fe', {}, '400 QUERY_INVALID'],
      ['/', {}, '404 NOT_FOUND'],
      ['/nothing', {}, '404 NOT_FOUND'],
      [`/${'ab'.repeat(20)}`, {}, '404 NOT_FOUND'],
      ['/..%2f..%2fetc%2fpasswd.torrent', {}, '404 NOT_FOUND'],
      ['/__proto__', {}, '404 NOT_FOUND'],
      ['/stats?x=1', {}, '400 QUERY_INVALID'],
      ['', { method: 'DELETE' }, '404 NOT_FOUND'],
      ['', { method: 'PATCH' }, '405 METHOD_INVALID'],
      ['', { method: 'OPTIONS' }, '405 METHOD_INVALID'],
      ['/x', { method: 'POST', body: HOLIDAY, headers: TORRENT }, '405 METHOD_INVALID'],
      ['', { method: 'POST', headers: TORRENT }, '400 BODY_MISSING'],
      ['', { method: 'POST', body: HOLIDAY }, '415 BODY_TYPE_INVALID'],
      ['', { method: 'POST', body: HOLIDAY, headers: { 'content-type': 'text/plain' } }, '415 BODY_TYPE_INVALID'],
      ['?tags=x', { method: 'POST', body: HOLIDAY, headers: TORRENT }, '400 QUERY_INVALID'],
      ['?tag=%3Cb%3E', { method: 'POST', body: HOLIDAY, headers: TORRENT }, '400 TAG_INVALID'],
    ]
    for (const [target, asking, code] of cases) {
      assert.is(await codeOf(`${base}/catalogue${target}`, asking), code, `${asking.method ?? 'GET'} ${target}`)
    }
    assert.is((await ask(`${base}/catalogue`)).json.total, 0)
    await askAnnounce(base, request(1))
  }))

test('catalogue http: bounds of entries, of one .torrent and of all hold, and nothing makes room', async () => {
  await withTracker({ catalogue: { entriesMax: 1 } }, async (base) => {
    assert.is((await publish(base, HOLIDAY)).status, 201)
    assert.is((await publish(base, OTHER)).json.error.code, 'CATALOGUE_FULL')
    assert.is((await publish(base, HOLIDAY)).status, 200)
  })
  await withTracker({ catalogue: { storedBytesMax: HOLIDAY.length + 10 } }, async (base) => {
    assert.is((await publish(base, HOLIDAY)).status, 201)
    assert.is((await publish(base, OTHER)).status, 507)
    assert.is((await ask(`${base}/catalogue`)).json.total, 1)
  })
  await withTracker({ catalogue: { torrentBytesMax: HOLIDAY.length - 1 } }, async (base) => {
    assert.is((await publish(base, HOLIDAY)).json.error.code, 'BODY_TOO_LARGE')
    assert.is((await publish(base, OTHER)).status, 201)
    const { entriesMax, torrentBytesMax, storedBytesMax, entries, torrentBytes } = (
      await ask(`${base}/catalogue/stats`)
    ).json
    assert.equal([entriesMax, torrentBytesMax], [LIMITS.catalogueEntriesMax, HOLIDAY.length - 1])
    assert.equal([storedBytesMax, entries, torrentBytes], [LIMITS.catalogueStoredBytesMax, 1, OTHER.length])
  })
})

const openRaw = async (base: string, text: string): Promise<RawClient> => {
  const client = await RawClient.open(Number(new URL(base).port))
  client.send(text)
  return client
}
const HEAD = 'POST /catalogue HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-bittorrent\r\n'

test('catalogue http: a body past the bound is refused by its head, or while it comes, and cut off', () =>
  withTracker({}, async (base) => {
    const said = await openRaw(base, `${HEAD}Content-Length: 1000000000\r\n\r\n`)
    await said.until('answered', ({ text }) => /^HTTP\/1\.1 413 .*BODY_TOO_LARGE/s.test(text))
    const chunked = await openRaw(base, `${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    const flood = setInterval(() => {
      if (chunked.socket.writableLength === 0) chunked.send(chunk)
    }, 1)
    try {
      await chunked.until('answered', ({ text }) => /^HTTP\/1\.1 413 .*BODY_TOO_LARGE/s.test(text))
      await Promise.all([said, chunked].map((client) => client.until('closed', ({ closed }) => closed)))
    } finally {
      clearInterval(flood)
    }
    assert.is((await publish(base, HOLIDAY)).status, 201)
  }))

test('catalogue http: one that asks before it sends is told to go on, or why not', () =>
  withTracker({}, async (base) => {
    const head = `${HEAD}Content-Length: ${HOLIDAY.length}\r\nExpect: 100-continue\r\n`
    const client = await openRaw(base, `${head}\r\n`)
    await client.until('told to go on', ({ text }) => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
    client.send(Buffer.from(HOLIDAY).toString('latin1'))
    await client.until('answered', ({ text }) => text.includes('HTTP/1.1 201 Created'))
    client.socket.destroy()
    const large = await openRaw(base, `${HEAD}Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n`)
    await large.until('refused', ({ text }) => text.startsWith('HTTP/1.1 413 '))
    large.socket.destroy()
  }))

test('catalogue http: clients that go away in mid-body, and bodies without end, leave nothing and hold nobody up', () =>
  withTracker({}, async (base) => {
    const slow = await Promise.all(
      Array.from({ length: 20 }, () => openRaw(base, `${HEAD}Content-Length: ${HOLIDAY.length}\r\n\r\nd8:`)),
    )
    assert.is((await publish(base, OTHER)).status, 201)
    for (const { socket } of slow) socket.destroy()
    assert.is((await publish(base, HOLIDAY)).status, 201)
    assert.is((await ask(`${base}/catalogue`)).json.total, 2)
  }))

test('catalogue http: requests that have no place for a body are refused with one', () =>
  withTracker({}, async (base) => {
    const client = await openRaw(base, 'GET /catalogue HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n')
    await client.until('answered', ({ text }) => text.startsWith('HTTP/1.1 413 '))
    client.socket.destroy()
  }))

test('catalogue http: beyond loopback nobody may publish, unless it is open or has tokens', async () => {
  const everywhere = { host: '0.0.0.0' }
  await withTracker(everywhere, async (base, { publishing }) => {
    assert.is(publishing.type, 'closed')
    const { status, json } = await publish(base, HOLIDAY)
    assert.equal([status, json.error.code], [403, 'PUBLISHING_CLOSED'])
    assert.match(json.error.message, /neither with tokens nor as open/)
    assert.is(await codeOf(`${base}/catalogue/${'ab'.repeat(20)}`, { method: 'DELETE' }), '404 NOT_FOUND')
    assert.is((await ask(`${base}/catalogue`)).json.total, 0)
  })
  await withTracker({ ...everywhere, open: true }, async (base, { publishing }) => {
    assert.is(publishing.type, 'open')
    assert.is((await publish(base, HOLIDAY)).status, 201)
  })
  await withTracker({ open: false }, async (base, { publishing }) => {
    assert.is(publishing.type, 'closed')
    assert.is((await publish(base, HOLIDAY)).status, 403)
  })
})

test('catalogue http: on loopback a name that was bent to it may not publish', () =>
  withTracker({}, async (base) => {
    const post = (host: string) =>
      openRaw(
        base,
        `${HEAD.replace('localhost', host)}Content-Length: ${HOLIDAY.length}\r\n\r\n${Buffer.from(HOLIDAY).toString('latin1')}`,
      )
    const evil = await post('evil.example')
    await evil.until('refused', ({ text }) => /^HTTP\/1\.1 403 .*PUBLISHING_CLOSED/s.test(text))
    const good = await post('localhost:1234')
    await good.until('taken', ({ text }) => text.startsWith('HTTP/1.1 201 '))
    for (const { socket } of [evil, good]) socket.destroy()
  }))

test('catalogue http: other origins may use it only where that is set', async () => {
  await withTracker({}, async (base) => {
    assert.is((await ask(`${base}/catalogue`)).headers.get('access-control-allow-origin'), null)
  })
  await withTracker({ corsOrigin: 'https://example.org' }, async (base) => {
    const { headers } = await ask(`${base}/catalogue`)
    assert.is(headers.get('access-control-allow-origin'), 'https://example.org')
    assert.is(headers.get('vary'), 'Origin')
    const preflight = await ask(`${base}/catalogue`, { method: 'OPTIONS' })
    assert.is(preflight.status, 204)
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', 'content-type')
    assert.is(
      (await ask(`${base}/catalogue/nothing`)).headers.get('access-control-allow-origin'),
      'https://example.org',
    )
  })
})

test('catalogue http: an address that asks too often is told so, and when to come again', () =>
  withTracker({ rate: 1 }, async (base) => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(`${base}/catalogue`)))
    const refused = answers.find(({ status }) => status === 429)
    assert.is(refused?.json.error.code, 'TOO_OFTEN')
    assert.is(refused?.headers.get('retry-after'), '10')
    assert.is(answers[0]?.status, 200)
  }))

test('catalogue http: an allow-list holds for publishing too', () =>
  withTracker({ allow: [hashOf(HOLIDAY)] }, async (base) => {
    assert.is((await publish(base, OTHER)).json.error.code, 'NOT_ALLOWED')
    assert.is((await publish(base, HOLIDAY)).status, 201)
  }))

const PRIVATE = { tokens: { keys: setOf(maker) } }
const announceOf = (torrent: Uint8Array) => request(1, { infoHash: asInfoHash(fromHex(hashOf(torrent))) })
const QUERY = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=1&uploaded=0&downloaded=0&left=0`

test('catalogue http: a private tracker takes announces with a token, in the query and in the path', () =>
  withTracker(PRIVATE, async (base) => {
    const token = await maker.make({ scope: 'announce' })
    const wrong = await maker.make({ scope: 'publish' })
    assert.match(await failureOf(`${base}/announce?${QUERY}`), /a token is missing/)
    assert.match(await failureOf(`${base}/announce?${QUERY}&token=x`), /no JWT/)
    assert.match(await failureOf(`${base}/announce?${QUERY}&token=${wrong}`), /lacks the scope "announce"/)
    assert.match(
      await failureOf(`${base}/announce?${QUERY}&token=${unsigned({ scope: 'announce' })}`),
      /cannot|can verify/,
    )
    const old = await maker.make({ scope: 'announce', exp: 1_000 })
    assert.match(await failureOf(`${base}/announce?${QUERY}&token=${old}`), /has expired/)
    assert.match(await failureOf(`${base}/${wrong}/announce?${QUERY}`), /lacks the scope/)
    assert.match(await failureOf(`${base}/scrape?info_hash=${'a'.repeat(20)}`), /a token is missing/)
    for (const target of [`/announce?${QUERY}&token=${token}`, `/${token}/announce?${QUERY}`]) {
      assert.match(Buffer.from((await ask(base + target)).bytes).toString('latin1'), /8:intervali/)
    }
    const scrape = await ask(`${base}/${token}/scrape?info_hash=${'a'.repeat(20)}`)
    assert.match(Buffer.from(scrape.bytes).toString('latin1'), /^d5:filesd20:a{20}d8:completei1e/)
  }))

test('catalogue http: a private tracker takes entries with a token for it, and knows by its subject whose they are', () =>
  withTracker(PRIVATE, async (base, { publishing }) => {
    assert.is(publishing.type, 'tokens')
    const ada = await maker.make({ scope: 'publish', sub: 'ada' })
    const eve = await maker.make({ scope: 'publish announce', sub: 'eve' })
    const stranger = await (await tokenMaker('one')).make({ scope: 'publish', sub: 'ada' })
    const cases: readonly (readonly [string, Record<string, string>, number, string])[] = [
      ['none', {}, 401, 'TOKEN_MISSING'],
      ['another way', { authorization: `Basic ${ada}` }, 401, 'TOKEN_MISSING'],
      ['no JWT', bearer('x'), 401, 'TOKEN_INVALID'],
      ['another key', bearer(stranger), 401, 'TOKEN_INVALID'],
      ['no signature', bearer(unsigned({ scope: 'publish', sub: 'ada' })), 401, 'TOKEN_INVALID'],
      ['expired', bearer(await maker.make({ scope: 'publish', exp: 1_000 })), 401, 'TOKEN_INVALID'],
      ['not yet', bearer(await maker.make({ scope: 'publish', nbf: 9_999_999_999 })), 401, 'TOKEN_INVALID'],
      ['another scope', bearer(await maker.make({ scope: 'announce' })), 403, 'SCOPE_MISSING'],
      [
        'another torrent',
        bearer(await maker.make({ scope: 'publish', info_hashes: ['ab'.repeat(20)] })),
        403,
        'NOT_ALLOWED',
      ],
    ]
    for (const [what, headers, status, code] of cases) {
      const answer = await publish(base, HOLIDAY, '', headers)
      assert.equal([answer.status, answer.json.error.code], [status, code], what)
      if (status === 401) assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/, what)
    }
    const made = await publish(base, HOLIDAY, '?tag=a', bearer(ada))
    assert.equal([made.status, made.json.key], [201, null])
    const url = `${base}/catalogue/${made.json.infoHash}`
    assert.is((await publish(base, HOLIDAY, '?tag=b', bearer(eve))).status, 409)
    assert.is(await codeOf(url, { method: 'DELETE', headers: bearer(eve) }), '403 NOT_PUBLISHER')
    assert.is(await codeOf(url, { method: 'DELETE' }), '401 TOKEN_MISSING')
    assert.is((await ask(`${base}/catalogue`)).json.total, 1)
    assert.is((await publish(base, HOLIDAY, '?tag=b', bearer(ada))).status, 200)
    assert.is((await ask(url, { method: 'DELETE', headers: bearer(ada) })).status, 200)
  }))

test('catalogue http: open and tokens exclude each other, and bounds that cannot be are wrong options', async () => {
  const wrong = [
    { ...PRIVATE, open: true },
    { tokens: { keys: 'x' } },
    { catalogue: { entriesMax: -1 } },
    { catalogue: { torrentBytesMax: LIMITS.torrentBytesMax + 1 } },
    { catalogue: { watchersMax: 1.5 } },
  ]
  for (const options of wrong) {
    await withTracker(options, async () => {}).then(
      () => assert.unreachable(JSON.stringify(options)),
      (error) => assert.is(error.code, 'OPTION_INVALID'),
    )
  }
})

test('catalogue http: on disk, entries and .torrents are there after a restart, and their keys hold', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'torrewind-catalogue-'))
  try {
    const store = `level:${path.join(folder, 'db')}`
    let key = ''
    await withTracker({ store }, async (base) => {
      key = (await publish(base, HOLIDAY, '?tag=kept')).json.key
    })
    await withTracker({ store }, async (base) => {
      const url = `${base}/catalogue/${hashOf(HOLIDAY)}`
      assert.is((await ask(`${base}/catalogue?q=holiday&tag=kept`)).json.total, 1)
      assert.equal((await ask(`${url}.torrent`)).bytes, HOLIDAY)
      assert.is((await ask(url, { method: 'DELETE', headers: bearer(key) })).status, 200)
    })
    await withTracker({ store }, async (base) => assert.is((await ask(`${base}/catalogue`)).json.total, 0))
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
})

test('catalogue http: the page is one document that may load and run nothing but itself', () =>
  withTracker({}, async (base) => {
    await publish(base, torrentOf('<script>alert(1)<∕script>'))
    const { status, headers, bytes } = await ask(`${base}/`)
    const page = new TextDecoder().decode(bytes)
    assert.is(status, 200)
    assert.is(headers.get('content-type'), 'text/html; charset=utf-8')
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, "default-src 'none'")
    assert.match(policy, "frame-ancestors 'none'")
    assert.not.match(policy, 'unsafe-inline')
    assert.is(headers.get('x-content-type-options'), 'nosniff')
    assert.not.match(page, 'alert(1)')
    assert.not.match(page, /(?:src|href)="(?:https?:)?\/\//)
    assert.not.match(page, /@import|url\(/)
  }))

test('catalogue http: those who watch are told of what is published, how swarms change, and what is removed', () =>
  withTracker({}, async (base) => {
    const watching = new AbortController()
    const response = await fetch(`${base}/catalogue/live`, { signal: watching.signal })
    assert.is(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    assert.ok(reader)
    let text = ''
    const until = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(text)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`it ended without ${pattern}: ${text}`)
        text += value
      }
    }
    await until(/^retry: 3000\n\n/)
    const { json } = await publish(base, HOLIDAY)
    await until(new RegExp(`event: published\ndata: {"infoHash":"${json.infoHash}",.*}\n\n`))
    await askAnnounce(base, { ...announceOf(HOLIDAY), leftBytes: 0 })
    await until(new RegExp(`event: swarms\ndata: \\[\\["${json.infoHash}",1,0,0\\]\\]\n\n`))
    await until(/event: stats\ndata: {"torrents":1,"peers":1,"seeds":1,.*}\n\n/)
    const entry = await ask(`${base}/catalogue/${json.infoHash}`)
    assert.equal([entry.json.seeds, entry.json.health.seeds.length], [1, 1])
    await ask(`${base}/catalogue/${json.infoHash}`, { method: 'DELETE', headers: bearer(json.key) })
    await until(new RegExp(`event: removed\ndata: {"infoHash":"${json.infoHash}"}\n\n`))
    assert.not.match(text, json.key)
    watching.abort()
  }))

test('catalogue http: no more may watch than there is room for, and closing lets them go', () =>
  withTracker({ catalogue: { watchersMax: 1 } }, async (base) => {
    const first = await openRaw(base, 'GET /catalogue/live HTTP/1.1\r\nHost: x\r\n\r\n')
    await first.until('watching', ({ text }) => text.includes('retry: 3000'))
    assert.is(await codeOf(`${base}/catalogue/live`), '503 BUSY')
  }))

test.run()
