/** Ranges over HTTP: what was asked for arrives, and whatever else a server answers is called what it is. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AskingRules } from '../../src/node/asked-server.js'
import { nodeHttpRanges } from '../../src/node/http-ranges.js'
import type { RangeEnd, RangeReading, RangeRequest } from '../../src/ports.js'
import { httpRangesContract, type RangeFault } from '../contracts/http-ranges.js'
import { signal } from '../contracts/waiting.js'
import { until, withServer } from './tracker-rig.js'

const FILE = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 7) % 251))
const RULES: AskingRules = { local: 'limited', isBlocked: () => false }
const BOUNDS = { silenceMs: 300, redirectsMax: 3 }

interface Outcome {
  readonly end: RangeEnd
  readonly bytes: Buffer
}

const read = async (
  url: string,
  request: Partial<RangeRequest> = {},
  rules = RULES,
  act: (reading: RangeReading) => void = () => undefined,
): Promise<Outcome> => {
  const chunks: Buffer[] = []
  const ended = signal<RangeEnd>()
  const reading = nodeHttpRanges(rules, BOUNDS).get(
    { url, offset: 100, length: 150_000, fileLength: FILE.length, trusted: false, ...request },
    { received: (chunk) => chunks.push(Buffer.from(chunk)), ended: (end) => ended.send(end) },
  )
  act(reading)
  return { end: await until(ended.promise, 'the end'), bytes: Buffer.concat(chunks) }
}

const serve = (listener: RequestListener, check: (url: string) => Promise<void>): Promise<void> =>
  withServer(createServer(listener), 'http', ({ url }) => check(url.replace(/\/announce$/, '/file')))

const good: RequestListener = (request, response) => {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  if (first === undefined) response.end(FILE)
  else sendRange(response, Number(first), Number(last))
}

const sendRange = (
  response: ServerResponse,
  first: number,
  last: number,
  total: number | string = FILE.length,
): void => {
  response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${total}`, 'content-length': last - first + 1 })
  response.end(FILE.subarray(first, last + 1))
}

const codeOf = ({ end }: Outcome): string => (end.type === 'done' ? 'done' : end.failure.code)

test('ranges: the bytes of a range arrive, and those of a whole file', () =>
  serve(good, async (url) => {
    const part = await read(url)
    assert.is(codeOf(part), 'done')
    assert.ok(part.bytes.equals(FILE.subarray(100, 150_100)))
    const whole = await read(url, { offset: 0, length: FILE.length })
    assert.is(codeOf(whole), 'done')
    assert.ok(whole.bytes.equals(FILE))
  }))

test('ranges: who does not read is waited for, and not taken for silent', () =>
  serve(good, async (url) => {
    const outcome = await read(url, {}, RULES, (reading) => {
      reading.pause()
      setTimeout(() => reading.resume(), 700)
    })
    assert.is(codeOf(outcome), 'done')
    assert.is(outcome.bytes.length, 150_000)
  }))

const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    response.writeHead(code, headers).end('sorry')
  }

const ANSWERS: readonly [name: string, code: string, listener: RequestListener, bytes?: number][] = [
  ['a file that is not there', 'NOT_FOUND', status(404)],
  ['a file that is gone', 'NOT_FOUND', status(410)],
  ['a forbidden file', 'FORBIDDEN', status(403)],
  ['a busy server', 'BUSY', status(503, { 'retry-after': '17' })],
  ['too many requests', 'BUSY', status(429)],
  ['a range that is refused', 'RANGE_REFUSED', status(416)],
  ['a broken server', 'STATUS', status(500)],
  ['no content', 'STATUS', status(204)],
  ['all of the file in place of a range', 'NO_RANGES', (_, response) => response.end(FILE)],
  [
    'a web page',
    'WEB_PAGE',
    (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>for sale</html>'),
  ],
  ['another range', 'WRONG_RANGE', (_, response) => sendRange(response, 0, 149_999)],
  ['a range of another file', 'WRONG_RANGE', (_, response) => sendRange(response, 100, 150_099, 400_000)],
  ['an unnamed range', 'WRONG_RANGE', (_, response) => response.writeHead(206).end(FILE.subarray(100, 150_100))],
  [
    'parts of several ranges',
    'WRONG_RANGE',
    (_, response) => response.writeHead(206, { 'content-type': 'multipart/byteranges; boundary=x' }).end('--x'),
  ],
  [
    'a packed answer',
    'ENCODED',
    (_, response) => {
      const body = gzipSync(FILE.subarray(100, 150_100))
      response
        .writeHead(206, { 'content-range': `bytes 100-150099/${FILE.length}`, 'content-encoding': 'gzip' })
        .end(body)
    },
  ],
  [
    'an endless body',
    'TOO_LONG',
    (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 100-150099/${FILE.length}` })
      const more = (): void => {
        while (!response.destroyed && response.write(FILE));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
    150_000,
  ],
  [
    'a body that ends early',
    'TOO_SHORT',
    (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 100-150099/${FILE.length}` })
      response.end(FILE.subarray(100, 1_100))
    },
    1_000,
  ],
  [
    'a connection that breaks',
    'ECONNRESET',
    (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 100-150099/${FILE.length}`, 'content-length': 150_000 })
      response.write(FILE.subarray(100, 1_100), () => response.destroy())
    },
    1_000,
  ],
  ['silence', 'TIMEOUT', () => undefined],
  [
    'silence within the body',
    'TIMEOUT',
    (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 100-150099/${FILE.length}`, 'content-length': 150_000 })
      response.write(FILE.subarray(100, 1_100))
    },
    1_000,
  ],
  ['redirects in a circle', 'REDIRECTS', status(302, { location: '/file' })],
  ['a redirect to another protocol', 'REDIRECTS', status(302, { location: 'ftp://127.0.0.1/file' })],
  [
    'a redirect to where strangers may not send us',
    'LOCAL_ADDRESS',
    status(307, { location: 'http://169.254.169.254/x' }),
  ],
  ['a redirect to a query of our own machine', 'LOCAL_ADDRESS', status(301, { location: '/file?delete=1' })],
]

for (const [name, code, listener, bytes = 0] of ANSWERS)
  test(`ranges: ${name} is ${code}`, () =>
    serve(listener, async (url) => {
      const outcome = await read(url)
      assert.is(codeOf(outcome), code)
      assert.is(outcome.bytes.length, bytes)
    }))

/** A server that does one thing wrong. */
const FAULTS: Readonly<Record<RangeFault, RequestListener>> = {
  lacking: status(404),
  busy: status(503, { 'retry-after': '17' }),
  failing: status(500),
  page: (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>for sale</html>'),
  whole: (_, response) => response.end(FILE),
  short: (_, response) => {
    response.writeHead(206, { 'content-range': `bytes 100-150099/${FILE.length}` })
    response.end(FILE.subarray(100, 1_100))
  },
  silent: () => undefined,
}

httpRangesContract('ranges', async (work) => {
  let fault: RangeFault | undefined
  await serve(
    (request, response) => (fault === undefined ? good : FAULTS[fault])(request, response),
    (url) =>
      work({
        ranges: nodeHttpRanges(RULES, BOUNDS),
        until,
        ...{ url, file: FILE, nowhere: 'http://127.0.0.1:1/file' },
        misbehave: (one = undefined) => {
          fault = one
        },
      }),
  )
})

test('ranges: a redirect is followed', () =>
  serve(
    (request, response) => {
      if (request.url === '/file') response.writeHead(302, { location: '/elsewhere' }).end()
      else good(request, response)
    },
    async (url) => assert.is(codeOf(await read(url)), 'done'),
  ))

test('ranges: a server says when to ask again', () =>
  serve(status(503, { 'retry-after': '17' }), async (url) => {
    const { end } = await read(url)
    assert.is(end.type === 'failed' && end.retryAfterMs, 17_000)
  }))

test('ranges: what is no HTTP, and where nobody listens', async () => {
  assert.is(codeOf(await read('ftp://127.0.0.1/file')), 'UNSUPPORTED')
  assert.is(codeOf(await read('http://127.0.0.1:1/file')), 'REFUSED')
})

test('ranges: strangers do not have us ask our own network more than it bears', () =>
  serve(good, async (url) => {
    const { port } = new URL(url)
    assert.is(codeOf(await read(`${url}?x=1`)), 'LOCAL_ADDRESS')
    assert.is(codeOf(await read(`${url}?x=1`, { trusted: true })), 'done')
    assert.is(codeOf(await read(url, {}, { ...RULES, local: 'refused' })), 'LOCAL_ADDRESS')
    // Names are looked at where the connection is made.
    assert.is(codeOf(await read(`http://localhost:${port}/file?x=1`)), 'LOCAL_ADDRESS')
    for (const spelling of ['0x7f.1', '2130706433', '127.1', '[::ffff:127.0.0.1]', '0177.0.0.1'])
      assert.is(codeOf(await read(`http://${spelling}:${port}/file?x=1`)), 'LOCAL_ADDRESS', spelling)
    assert.is(
      codeOf(await read(url, { trusted: true }, { ...RULES, isBlocked: (host) => host === '127.0.0.1' })),
      'BLOCKED',
    )
  }))

test.run()
