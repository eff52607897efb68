/** The server of `torrewind serve`, asked by real clients of HTTP while the torrent is fetched. */
import { get, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type StreamServer, startStreaming } from '../../../src/cli/serve/server.js'
import type { Transfer } from '../../../src/index.js'
import { compareContent, makeContent } from '../../engine/content.js'
import { guard } from '../../engine/guard.js'
import { type Rig, rigged, within } from '../../engine/rig.js'
import { makeSample, startSeed, stop } from '../rig.js'
import { Cli, lastLine } from '../run-cli.js'

const test = guard(suite('serve'))

const KIB = 1_024
const content = makeContent({
  name: 'show',
  pieceLength: 32 * KIB,
  files: { 'film.mp4': 900_001, '<b>.txt': 70, none: 0 },
})
const film = content.files[0]?.[1] ?? new Uint8Array(0)

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const ask = (
  server: Pick<StreamServer, 'port'>,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: server.port, path: target, method, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        )
      },
    )
    asked.on('error', reject).end()
  })

const serving = async (
  rig: Rig,
  uploadLimit = 0,
): Promise<{ server: StreamServer; transfer: Transfer; folder: string }> => {
  const seed = await rig.seed(content, { uploadLimit })
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'))
  const transfer = await engine.add(content.torrent, { path: folder, peers: [seed.address] })
  const server = await startStreaming({ host: '127.0.0.1', port: 0, transfer })
  rig.later(() => server.close())
  return { server, transfer, folder }
}

const bytesOf = (start: number, end: number): Buffer => Buffer.from(film.subarray(start, end + 1))

test(
  'serve: a file comes whole, byte by byte, while it is fetched',
  rigged(async (rig) => {
    const { server } = await serving(rig)
    const whole = await within(ask(server, '/0/film.mp4'), 'the file')
    assert.is(whole.status, 200)
    assert.is(whole.headers['content-type'], 'video/mp4')
    assert.is(whole.headers['content-length'], String(film.length))
    assert.is(whole.headers['accept-ranges'], 'bytes')
    assert.is(Buffer.compare(whole.body, film), 0)
    const empty = await ask(server, '/2/none')
    assert.is(empty.status, 200)
    assert.is(empty.body.length, 0)
  }),
)

test(
  'serve: ranges, several in one request and many requests at once, are the bytes that were asked for',
  rigged(async (rig) => {
    const { server } = await serving(rig)
    const ends: readonly (readonly [number, number])[] = [
      [0, 0],
      [899_000, 900_000],
      [400_000, 532_000],
      [32_767, 32_768],
    ]
    const answers = await within(
      Promise.all(ends.map(([start, end]) => ask(server, '/0', { range: `bytes=${start}-${end}` }))),
      'the ranges',
    )
    answers.forEach((answer, at) => {
      const [start, end] = ends[at] ?? [0, 0]
      assert.is(answer.status, 206)
      assert.is(answer.headers['content-range'], `bytes ${start}-${end}/900001`)
      assert.is(Buffer.compare(answer.body, bytesOf(start, end)), 0)
    })
    const parts = await ask(server, '/0', { range: 'bytes=5-9,-3' })
    assert.is(parts.status, 206)
    const [, boundary = ''] = /^multipart\/byteranges; boundary=(.+)$/.exec(parts.headers['content-type'] ?? '') ?? []
    assert.is(parts.headers['content-length'], String(parts.body.length))
    const bodies = parts.body.toString('latin1').split(`--${boundary}`)
    assert.is(bodies.length, 4)
    assert.is(bodies[1]?.split('\r\n\r\n')[1], `${bytesOf(5, 9).toString('latin1')}\r\n`)
    assert.is(bodies[2]?.split('\r\n\r\n')[1], `${bytesOf(899_998, 900_000).toString('latin1')}\r\n`)
  }),
)

test(
  'serve: what a client knows is not sent again, another version is sent whole, and what is not there is 416',
  rigged(async (rig) => {
    const { server } = await serving(rig)
    const head = await ask(server, '/0/x', {}, 'HEAD')
    assert.is(head.status, 200)
    assert.is(head.headers['content-length'], '900001')
    assert.is(head.body.length, 0)
    const etag = String(head.headers.etag)
    assert.is((await ask(server, '/0', { 'if-none-match': etag })).status, 304)
    assert.is((await ask(server, '/0', { range: 'bytes=0-9', 'if-range': etag })).status, 206)
    assert.is((await ask(server, '/0', { range: 'bytes=0-9', 'if-range': '"other"' }, 'HEAD')).status, 200)
    const beyond = await ask(server, '/0', { range: 'bytes=900001-' })
    assert.is(beyond.status, 416)
    assert.is(beyond.headers['content-range'], 'bytes */900001')
  }),
)

test(
  'serve: strangers’ names, other methods and other paths are refused; names are shown as text',
  rigged(async (rig) => {
    const { server } = await serving(rig)
    assert.is((await ask(server, '/', { host: 'evil.example' })).status, 403)
    assert.is((await ask(server, '/0', {}, 'POST')).status, 405)
    for (const path of ['/9', '/film.mp4', '/../0', '/-1', '/00000000000000000000'])
      assert.is((await ask(server, path)).status, 404)
    const page = (await ask(server, '/')).body.toString()
    assert.match(page, 'href="/0/film.mp4"')
    assert.match(page, '&lt;b&gt;.txt')
    assert.not.match(page, '<b>')
  }),
)

test(
  'serve: a client that leaves in the middle is let go of, and a seek gets what it asks for first',
  rigged(async (rig) => {
    const { server, transfer, folder } = await serving(rig, 300 * KIB)
    await within(
      new Promise<void>((resolve, reject) => {
        const asked = get({ host: '127.0.0.1', port: server.port, path: '/0', agent: false }, (response) => {
          response.once('data', () => {
            asked.destroy()
            resolve()
          })
        })
        asked.on('error', reject)
      }),
      'the first bytes',
    )
    const seek = await within(ask(server, '/0', { range: 'bytes=800000-831999' }), 'the seek')
    assert.is(Buffer.compare(seek.body, bytesOf(800_000, 831_999)), 0)
    assert.ok(transfer.progress.storedBytes < 800_000, 'the seek did not wait for all before it')
    await within(transfer.done, 'the rest')
    assert.is(transfer.state.deadlines.size, 0)
    await compareContent(content, folder)
  }),
)

test(
  'serve: the command says where it listens, serves, and stops as Ctrl-C asks',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const sample = await makeSample(folder)
    const seed = await startSeed(folder, sample)
    const flags = ['-d', join(folder, 'out'), '--data', join(folder, 'data'), '--peer', seed.address, '--json']
    const cli = new Cli(['serve', sample.torrent, ...flags])
    const { url } = await cli.line('listening')
    const answer = await within(ask({ port: Number(new URL(String(url)).port) }, '/0/a.bin'), 'the file')
    assert.ok(answer.body.equals(sample.files['a.bin'] ?? new Uint8Array()))
    await stop(cli)
    assert.is(lastLine(await cli.ended).type, 'stopped')
    await stop(seed.cli)
  }),
)

test.run()
