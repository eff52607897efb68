/** The debugger's server: whom it lets in, what it answers, and what it does not. */
import { readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { GrowingLogs } from '../../../src/cli/ui/growing-log.js'
import { startUi, type UiServer } from '../../../src/cli/ui/server.js'
import { Sources } from '../../../src/cli/ui/sources.js'
import type { Files } from '../../../src/cli/ui/static-files.js'
import { nodeClock } from '../../../src/node/clock.js'
import { logFolder } from '../../../src/node/machine.js'
import { openLevelLogStore } from '../../../src/store/level-log.js'
import { showAddress } from '../../../src/values.js'
import { parseTorrent } from '../../../src/wire/metainfo.js'
import { capsuleOf, type Simulated, simulated } from '../../replay/simulated.js'
import { inPlace } from '../place.js'
import { type Answer, ask, askAt, listen } from './asking.js'

const test = suite('ui: server')

/** A downloader of a swarm in which everything goes wrong that can. */
let world: Simulated
let capsule: Uint8Array
let node = 0
const files: Files = new Map([
  ['index.html', { type: 'text/html; charset=utf-8', bytes: Buffer.from('<!doctype html>') }],
])

test.before(async () => {
  const small = { peers: 4, contentBytes: 600_000, pieceLength: 32_768, faultSeconds: 20 }
  world = await simulated('everything-at-once', 2, small)
  const stored = world.histories.map((log) => log.filter(({ event }) => event.type === 'piece-stored').length)
  node = stored.indexOf(Math.max(...stored))
  capsule = await capsuleOf(world, node)
})

const faults: unknown[] = []

const withServer = async (sources: Sources, work: (server: UiServer) => Promise<void>): Promise<void> => {
  const server = await startUi({ port: 0, sources, files, failed: (error) => faults.push(error) })
  try {
    await work(server)
  } finally {
    await server.close()
    await sources.close()
  }
}

/** A server that shows the capsule, as `capsule-1`. */
const withCapsule = (work: (server: UiServer) => Promise<void>): Promise<void> =>
  inPlace(async (folder) => {
    const file = path.join(folder, 'history.car')
    await writeFile(file, capsule)
    const sources = new Sources(undefined)
    await sources.openCapsule(file)
    await withServer(sources, work)
  })

const history = () => world.histories[node] ?? []

const good = (answer: Answer): Record<string, unknown> => {
  assert.is(answer.status, 200, answer.text)
  return answer.json()
}

test('ui: only the token lets in, whole and in its place', () =>
  withCapsule(async (server) => {
    const { port, url } = server
    const token = new URL(url).pathname.slice(1, -1)
    assert.ok(token.length >= 43, 'no shorter than 256 bits')
    assert.is((await ask(server, '')).text, '<!doctype html>')
    const wrong = ['/', '/api/sources', `/${token.slice(0, -1)}/`, `/${token}x/`, `/x/${token}/`, `/?token=${token}`]
    wrong.push(`/${token.toUpperCase()}/api/sources`, `//${token}/`, '/../', '/%00/', `/${'a'.repeat(4_000)}/`)
    for (const target of wrong) {
      const { status, text } = await askAt(port, target)
      assert.is(status, 403, target)
      assert.not.match(text, token)
    }
    assert.is((await askAt(port, `/${'a'.repeat(9_000)}`)).status, 414)
  }))

test('ui: what was meant for another host, or sent by the page of another, is refused', () =>
  withCapsule(async (server) => {
    const { port } = server
    const asks = async (headers: Record<string, string>) => (await ask(server, 'api/sources', { headers })).status
    assert.is(await asks({ host: `127.0.0.1:${port}` }), 200)
    assert.is(await asks({ host: `localhost:${port}`, origin: `http://localhost:${port}` }), 200)
    assert.is(await asks({ 'sec-fetch-site': 'same-origin' }), 200)
    for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, '127.0.0.1'])
      assert.is(await asks({ host }), 403, host)
    for (const origin of ['http://evil.example', 'null', `https://127.0.0.1:${port}`, 'http://127.0.0.1:1'])
      assert.is(await asks({ origin }), 403, origin)
    for (const site of ['cross-site', 'same-site']) assert.is(await asks({ 'sec-fetch-site': site }), 403, site)
  }))

test('ui: every answer keeps the page to itself, and no other origin may read it', () =>
  withCapsule(async (server) => {
    for (const what of ['', 'api/sources', 'nothing']) {
      const { headers } = await ask(server, what, { headers: { origin: `http://127.0.0.1:${server.port}` } })
      assert.match(String(headers['content-security-policy']), "default-src 'none'")
      assert.not.match(String(headers['content-security-policy']), 'unsafe')
      assert.is(headers['referrer-policy'], 'no-referrer')
      assert.is(headers['x-content-type-options'], 'nosniff')
      assert.is(headers['cache-control'], 'no-store')
      assert.is(headers['access-control-allow-origin'], undefined)
    }
  }))

test('ui: files are those of the page, and nothing else of the disk', () =>
  withCapsule(async (server) => {
    for (const what of [
      '../package.json',
      '..%2fpackage.json',
      'package.json',
      'index.html/',
      '/etc/passwd',
      'assets/',
    ])
      assert.ok([403, 404].includes((await ask(server, what)).status), what)
    assert.is((await ask(server, '', { method: 'POST' })).status, 405)
    assert.is((await ask(server, 'api/sources', { method: 'DELETE' })).status, 405)
  }))

test('ui: a summary, the state at any event, and the event itself', () =>
  withCapsule(async (server) => {
    assert.equal(
      (good(await ask(server, 'api/sources')).sources as { id: string }[]).map(({ id }) => id),
      ['capsule-1'],
    )
    const summary = good(await ask(server, 'api/capsule-1/summary'))
    assert.is(summary.events, history().length)
    for (const seq of [0, 100, history().length - 1]) {
      const state = good(await ask(server, `api/capsule-1/state?seq=${seq}`))
      assert.is(state.seq, seq)
      assert.is((state.event as { type: string }).type, history()[seq]?.event.type)
      const { geometry, map } = state as { geometry: { pieceCount: number }; map: string }
      assert.is(Buffer.from(map, 'base64').length, Math.ceil(geometry.pieceCount / 2))
      assert.is(good(await ask(server, `api/capsule-1/event?seq=${seq}`)).type, history()[seq]?.event.type)
    }
    const at = history()[100]?.at
    const { seq } = good(await ask(server, `api/capsule-1/seq?at=${at}`)) as { seq: number }
    assert.is(history()[seq]?.at, at)
    assert.is(good(await ask(server, 'api/capsule-1/seq?at=1')).seq, 0)
  }))

test('ui: the map has every piece as it is', () =>
  withCapsule(async (server) => {
    const { map, counts } = good(await ask(server, `api/capsule-1/state?seq=${history().length - 1}`)) as {
      map: string
      counts: { announced: number; stored: number }
    }
    const kinds = [...Buffer.from(map, 'base64')].flatMap((byte) => [byte >> 4, byte & 15])
    assert.ok(counts.announced > 0)
    assert.is(kinds.filter((kind) => kind === 4).length, counts.announced)
  }))

test('ui: events are found forwards and backwards, by type, peer, piece and words, page by page', () =>
  withCapsule(async (server) => {
    const find = async (words: string) =>
      good(await ask(server, `api/capsule-1/events?${words}`)) as {
        rows: { seq: number; type: string; text: string; peer?: number; address?: string }[]
        next?: number
      }
    const log = history()
    // Addresses are known of what was surveyed.
    await listen(server, 'capsule-1', ({ surveyed }) => surveyed === log.length)
    assert.equal(
      (await find('from=10&limit=5')).rows.map(({ seq }) => seq),
      [10, 11, 12, 13, 14],
    )
    assert.equal(
      (await find('from=10&limit=5&direction=back')).rows.map(({ seq }) => seq),
      [10, 9, 8, 7, 6],
    )
    const wanted = log.filter(({ event }) => event.type === 'block-received').map(({ seq }) => Number(seq))
    const found: number[] = []
    for (let next: number | undefined = 0; next !== undefined; ) {
      const page: Awaited<ReturnType<typeof find>> = await find(`from=${next}&limit=7&types=block-received`)
      found.push(...page.rows.map(({ seq }) => seq))
      next = page.next
    }
    assert.equal(found, wanted)
    const backwards = await find(`from=${log.length - 1}&limit=3&types=block-received&direction=back`)
    assert.equal(
      backwards.rows.map(({ seq }) => seq),
      wanted.slice(-3).reverse(),
    )
    const ofPeer = await find('from=0&peers=1&limit=500')
    assert.ok(ofPeer.rows.length > 0 && ofPeer.rows.every(({ peer }) => peer === 1))
    assert.ok(ofPeer.rows.every(({ address }) => address === ofPeer.rows[0]?.address && address?.includes(':')))
    const dialed = log.find(({ event }) => event.type === 'dial-began')?.event
    assert.ok(dialed?.type === 'dial-began')
    const host = dialed?.type === 'dial-began' ? dialed.host : ''
    assert.ok((await find(`from=0&q=${host}`)).rows.length > 0)
    assert.equal((await find('from=0&q=no-such-word')).rows, [])
  }))

test('ui: what a step changed is told with the places of the tree, and the tree opens there', () =>
  withCapsule(async (server) => {
    const stored = history().find(({ event }) => event.type === 'piece-stored')
    const seq = Number(stored?.seq)
    const { differences } = good(await ask(server, `api/capsule-1/diff?seq=${seq}`)) as {
      differences: { path: string }[]
    }
    const paths = differences.map((each) => each.path)
    assert.ok(paths.includes('stored'), paths.join())
    const open = async (keys: readonly unknown[]) =>
      good(await ask(server, `api/capsule-1/tree?seq=${seq}&path=${encodeURIComponent(JSON.stringify(keys))}`)) as {
        nodes: { key: string | number; path: string; size?: number; value?: unknown }[]
      }
    const top = (await open([])).nodes
    assert.ok(['stored', 'nextSeq', 'missing'].every((path) => top.some((node) => node.path === path)))
    assert.is(top.find(({ key }) => key === 'nextSeq')?.value, seq + 1)
    const peers = (await open(['peers'])).nodes
    const [peer] = peers
    assert.match(peer?.path ?? '', /^peers\[\d+\]$/)
    const fields = (await open(['peers', peer?.key])).nodes
    assert.ok(fields.some(({ path }) => path === `${peer?.path}.standing`))
    assert.equal(good(await ask(server, 'api/capsule-1/diff?seq=0')).differences, [])
  }))

test('ui: explanations cite events, of a piece, a block, a peer by address or number, and the transfer', () =>
  withCapsule(async (server) => {
    const dialed = history().find(({ event }) => event.type === 'peer-connected')
    const seq = Number(dialed?.seq)
    const peer = dialed?.event.type === 'peer-connected' ? dialed.event.peer : -1
    const begun = history().find(({ event }) => event.type === 'dial-began' && event.peer === peer)?.event
    const address = begun?.type === 'dial-began' ? showAddress(begun) : ''
    const why = async (words: string) =>
      good(await ask(server, `api/capsule-1/explain?seq=${seq}${words}`)) as {
        subject: string
        causes: { events: number[]; cited: { seq: number; type: string }[] }[]
      }
    assert.is((await why('')).subject, 'transfer')
    assert.is((await why('&piece=1')).subject, 'piece 1')
    assert.is((await why('&piece=1&block=0')).subject, 'block 0 of piece 1')
    assert.equal(await why(`&peerKey=${peer}`), await why(`&peer=${encodeURIComponent(address)}`))
    const { causes } = await why(`&peerKey=${peer}`)
    const cited = causes.flatMap((cause) => cause.cited)
    assert.ok(cited.length > 0)
    for (const row of cited) assert.is(row.type, history()[row.seq]?.event.type)
    const last = good(await ask(server, `api/capsule-1/last-change?seq=${seq}&peerKey=${peer}`))
    assert.is((last.event as { seq: number }).seq, seq)
  }))

test('ui: the machines are told as they are defined', () =>
  withCapsule(async (server) => {
    const charts = good(await ask(server, 'api/capsule-1/machines')) as unknown as {
      id: string
      states: { id: string; initial: boolean }[]
      steps: { from: string; to: string; events: string[] }[]
    }[]
    assert.equal(
      charts.map(({ id }) => id),
      ['transfer', 'peer', 'piece'],
    )
    const piece = charts.find(({ id }) => id === 'piece')
    assert.equal(
      piece?.states.filter(({ initial }) => initial).map(({ id }) => id),
      ['fetching'],
    )
    assert.ok(
      piece?.steps.some(({ from, to, events }) => from === 'hashing' && to === 'writing' && events.length === 1),
    )
    assert.ok(piece?.steps.some(({ from, to }) => from === '' && to === 'dropped'))
  }))

test('ui: bad input is refused with a code, and is no fault of ours', () =>
  withCapsule(async (server) => {
    const { length } = history()
    const bad: Readonly<Record<string, readonly string[]>> = {
      state: ['', '?seq=', '?seq=-1', '?seq=x', `?seq=${length}`, '?seq=1e3', '?seq=99999999999999999999', '?seq=1.5'],
      events: ['', '?from=0&limit=0', '?from=0&limit=501', '?from=0&types=nope', '?from=0&peers=x', '?from=0&piece=-2'],
      tree: [
        '?seq=1&path={',
        '?seq=1&path={}',
        '?seq=1&path=[null]',
        '?seq=1&path=["nope"]',
        '?seq=1&path=["__proto__"]',
      ],
      explain: ['?seq=1&piece=99999', '?seq=1&piece=0&block=9999', '?seq=1&peer=nobody', '?seq=1&peerKey=4000000'],
      diff: [`?seq=${length}`, '?from=1'],
      event: ['?seq=999999999'],
      'last-change': ['', `?seq=${length}`],
    }
    for (const [what, wrong] of Object.entries(bad))
      for (const words of wrong) {
        const answer = await ask(server, `api/capsule-1/${what}${encodeURI(words)}`)
        assert.is(answer.status, 400, `${what}${words}: ${answer.text}`)
        assert.is(answer.json().code, 'OPTION_INVALID')
      }
    assert.is((await ask(server, `api/capsule-1/events?from=0&q=${'x'.repeat(201)}`)).status, 400)
    for (const what of [
      'api',
      'api/capsule-1',
      'api/capsule-1/nothing',
      'api/capsule-1/toString',
      'api/capsule-1/state/x',
    ])
      assert.is((await ask(server, what)).status, 404, what)
    assert.is((await ask(server, 'api/capsule-9/summary')).json().code, 'TRANSFER_UNKNOWN')
    assert.equal(faults, [])
  }))

test('ui: no answer grows with the log', async () => {
  const long = await simulated('flash-crowd', 1, { peers: 3, contentBytes: 8_000_000, pieceLength: 16_384 })
  capsule = await capsuleOf(long, 1)
  await withCapsule(async (server) => {
    const events = long.histories[1]?.length ?? 0
    assert.ok(events > 3_000, `${events} events`)
    await listen(server, 'capsule-1', ({ surveyed }) => surveyed === events)
    const { samples, surveyed } = good(await ask(server, 'api/capsule-1/survey')) as {
      samples: { seq: number; stored: number }[]
      surveyed: number
    }
    assert.is(surveyed, events)
    assert.ok(samples.length <= 1_025 && samples.length > 256, `${samples.length} samples`)
    assert.is(samples.at(-1)?.seq, events - 1)
    const { counts } = good(await ask(server, `api/capsule-1/state?seq=${events - 1}`)) as {
      counts: { stored: number }
    }
    assert.is(samples.at(-1)?.stored, counts.stored)
    const { rows } = good(await ask(server, 'api/capsule-1/events?from=0')) as { rows: unknown[] }
    assert.is(rows.length, 500)
  })
  capsule = await capsuleOf(world, node)
})

const uploads = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('torrewind-capsule-'))

const TYPE = { 'content-type': 'application/octet-stream' }

test('ui: a capsule that is dropped is opened, and its file is gone afterwards', async () => {
  const before = await uploads()
  await withServer(new Sources(undefined), async (server) => {
    assert.equal(good(await ask(server, 'api/sources')), { sources: [], first: null })
    const dropped = await ask(server, 'api/capsules', { method: 'POST', headers: TYPE, body: capsule })
    assert.is(dropped.status, 201, dropped.text)
    assert.is(dropped.json().events, history().length)
    assert.is(good(await ask(server, `api/${dropped.json().id}/state?seq=5`)).seq, 5)
    for (let more = 0; more < 5; more++)
      assert.is((await ask(server, 'api/capsules', { method: 'POST', headers: TYPE, body: capsule })).status, 201)
    const { sources } = good(await ask(server, 'api/sources')) as { sources: unknown[] }
    assert.is(sources.length, 4, 'the oldest are let go')
    assert.is((await ask(server, `api/${dropped.json().id}/state?seq=5`)).status, 404)
  })
  assert.equal(await uploads(), before)
})

test('ui: what is dropped and no capsule is refused with its code, and nothing is left of it', async () => {
  const before = await uploads()
  await withServer(new Sources(undefined), async (server) => {
    const post = (body: Uint8Array, headers: Record<string, string> = TYPE) =>
      ask(server, 'api/capsules', { method: 'POST', headers, body })
    for (const body of [new Uint8Array(0), Buffer.from('no capsule at all'), capsule.subarray(0, 60)]) {
      const { status, text } = await post(body)
      assert.is(status, 422, text)
      assert.match(text, /CAPSULE_(INVALID|DAMAGED)/)
    }
    assert.is((await post(capsule, { 'content-type': 'text/plain' })).status, 400)
    assert.is((await post(capsule, { ...TYPE, origin: 'http://evil.example' })).status, 403)
    const head = { ...TYPE, 'content-length': String(2 ** 31) }
    assert.is((await ask(server, 'api/capsules', { method: 'POST', headers: head })).status, 400)
    assert.equal(faults, [])
  })
  assert.equal(await uploads(), before)
})

test('ui: a log that another writes is followed, with no event left out', () =>
  inPlace(async (folder) => {
    const store = await openLevelLogStore(logFolder(folder), nodeClock())
    const { infoHash } = parseTorrent(world.torrent)
    const log = await store.open({ infoHash, torrent: world.torrent })
    const half = history().length >> 1
    const append = async (from: number, to: number): Promise<void> => {
      for (const { at, event } of history().slice(from, to)) log.append(at, event)
      await new Promise<void>((resolve) => {
        log.onCommitted = (seq) => {
          if (seq >= to) resolve()
        }
        log.flush()
      })
    }
    await append(0, half)
    const sources = new Sources(await GrowingLogs.open(folder))
    const stop = new AbortController()
    const following = sources.follow(stop.signal)
    await withServer(sources, async (server) => {
      const { sources: listed } = good(await ask(server, 'api/sources')) as { sources: { id: string }[] }
      const id = listed[0]?.id ?? ''
      let more: Promise<void> | undefined
      await listen(server, id, ({ events, surveyed }) => {
        if (events === half) more ??= append(half, history().length)
        return events === history().length && surveyed === events
      })
      await more
      const last = history().length - 1
      assert.is(good(await ask(server, `api/${id}/state?seq=${last}`)).seq, last)
      const { rows } = good(await ask(server, `api/${id}/events?from=${half - 2}&limit=4`)) as {
        rows: { seq: number }[]
      }
      assert.equal(
        rows.map(({ seq }) => seq),
        [half - 2, half - 1, half, half + 1],
      )
      stop.abort()
      await following
    })
    await store.close()
    const left = await readdir(folder)
    assert.equal(left, ['log'], 'no snapshot is left behind')
  }))

test.run()
