/** Trackers over HTTP: what a good one says arrives, and whatever a bad one does ends as a failure within bounds. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createRawServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { nodeDiscovery } from '../../src/node/discovery.js'
import { TRACKER_BOUNDS } from '../../src/node/http-tracker.js'
import type { Answer } from '../../src/ports.js'
import { infoHash, peerId } from '../../src/values.js'
import { encode } from '../../src/wire/bencode.js'
import {
  type AnnounceAnswer,
  type AnnounceRequest,
  encodeAnnounceAnswer,
  encodeFailure,
  readAnnounceQuery,
} from '../../src/wire/tracker.js'
import { signal, waitAtMost } from '../contracts/waiting.js'
import { makeCertificate } from './certificate.js'

const until = waitAtMost(20_000)
const MIB = 1_048_576

const REQUEST: AnnounceRequest = {
  infoHash: infoHash(Uint8Array.from({ length: 20 }, (_, at) => at * 13)),
  peerId: peerId(Uint8Array.from({ length: 20 }, (_, at) => 255 - at)),
  port: 6_881,
  uploadedBytes: 1,
  downloadedBytes: 2,
  leftBytes: 3,
  event: 'started',
}
const ANSWER: AnnounceAnswer = { intervalSeconds: 1_234, complete: 5, peers: [{ host: '10.0.0.7', port: 7_007 }] }
const ANSWER_BYTES = encodeAnnounceAnswer(ANSWER, { compact: true, noPeerId: true })
const HTML = '<!DOCTYPE html><html><body>This domain is for sale</body></html>'

interface Tracker {
  readonly url: string
  /** Connections that are open. */
  readonly sockets: Set<Socket>
  /** Bytes written to connections that were closed since. */
  readonly writtenBytes: number
  whenAllClosed(): Promise<void>
}

const withServer = async (
  server: Server,
  scheme: string,
  check: (tracker: Tracker) => Promise<void>,
): Promise<void> => {
  const sockets = new Set<Socket>()
  let writtenBytes = 0
  const closed: (() => void)[] = []
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      writtenBytes += socket.bytesWritten
      sockets.delete(socket)
      if (sockets.size === 0) for (const tell of closed.splice(0)) tell()
    })
  })
  const listening = signal<void>()
  server.listen(0, '127.0.0.1', () => listening.send())
  await until(listening.promise, 'the tracker listens')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await check({
      url: `${scheme}://127.0.0.1:${port}/announce`,
      sockets,
      get writtenBytes() {
        return writtenBytes
      },
      whenAllClosed: () =>
        sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => closed.push(() => resolve())),
    })
  } finally {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
}

const withTracker = (listener: RequestListener, check: (tracker: Tracker) => Promise<void>): Promise<void> =>
  withServer(createServer(listener), 'http', check)

const announce = (
  url: string,
  timeoutMs: number = LIMITS.trackerTimeoutMs,
  request = REQUEST,
): Promise<Answer<AnnounceAnswer>> => {
  const answered = signal<Answer<AnnounceAnswer>>()
  let calls = 0
  nodeDiscovery({ ...TRACKER_BOUNDS, timeoutMs }).announce(url, request, (answer) => {
    calls++
    assert.is(calls, 1, 'done is called once')
    answered.send(answer)
  })
  assert.is(calls, 0, 'done is not called from within the call')
  return until(answered.promise, 'the announce is answered')
}

/** `CODE: message`, or `done`. */
const outcomeOf = async (url: string, timeoutMs?: number): Promise<string> => {
  const answer = await announce(url, timeoutMs)
  return answer.type === 'done' ? 'done' : `${answer.failure.code}: ${answer.failure.message}`
}

test('discovery: a tracker hears the request, and its answer arrives', async () => {
  const queries: string[] = []
  const listener: RequestListener = (request, response) => {
    queries.push(request.url ?? '')
    response.end(ANSWER_BYTES)
  }
  await withTracker(listener, async ({ url, whenAllClosed }) => {
    const answer = await announce(`${url}?passkey=abc`)
    if (answer.type === 'failed') throw new Error(answer.failure.message)
    assert.is(answer.value.intervalSeconds, 1_234)
    assert.is(answer.value.complete, 5)
    assert.equal(
      answer.value.peers.map(({ host, port }) => ({ host, port })),
      ANSWER.peers,
    )
    assert.ok(queries[0]?.startsWith('/announce?passkey=abc&info_hash='))
    const read = readAnnounceQuery(queries[0]?.slice('/announce'.length) ?? '')
    if (read.type === 'fault') throw new Error(read.reason)
    assert.equal(read.infoHash, REQUEST.infoHash)
    assert.equal(read.peerId, REQUEST.peerId)
    assert.is(read.event, 'started')
    await until(whenAllClosed(), 'the connection is not kept')
  })
})

test('discovery: a packed answer is unpacked', async () => {
  const listener: RequestListener = (request, response) => {
    assert.is(request.headers['accept-encoding'], 'gzip')
    response.setHeader('content-encoding', 'gzip')
    response.end(gzipSync(ANSWER_BYTES))
  }
  await withTracker(listener, async ({ url }) => assert.is(await outcomeOf(url), 'done'))
})

test('discovery: an answer may come in any number of parts', async () => {
  const listener: RequestListener = (_, response) => {
    const writeNext = (at: number): void => {
      if (at === ANSWER_BYTES.length) response.end()
      else response.write(ANSWER_BYTES.subarray(at, at + 1), () => writeNext(at + 1))
    }
    writeNext(0)
  }
  await withTracker(listener, async ({ url }) => assert.is(await outcomeOf(url), 'done'))
})

test('discovery: a tracker that is down is REFUSED', async () => {
  let downUrl = ''
  await withTracker(
    () => {},
    async ({ url }) => {
      downUrl = url
    },
  )
  assert.match(await outcomeOf(downUrl), /^REFUSED: /)
})

test('discovery: a tracker that says nothing is a TIMEOUT, and its connection is closed', async () => {
  await withTracker(
    () => {},
    async ({ url, whenAllClosed }) => {
      assert.is(await outcomeOf(url, 100), 'TIMEOUT: no answer within 100 ms')
      await until(whenAllClosed(), 'the connection is closed')
    },
  )
})

test('discovery: a tracker that drips an answer for ever is a TIMEOUT too', async () => {
  const drip = (response: ServerResponse): void => {
    const timer = setInterval(() => response.write('0'), 10)
    response.on('close', () => clearInterval(timer))
  }
  await withTracker(
    (_, response) => drip(response.writeHead(200)),
    async ({ url, whenAllClosed }) => {
      assert.is(await outcomeOf(url, 200), 'TIMEOUT: no answer within 200 ms')
      await until(whenAllClosed(), 'the connection is closed')
    },
  )
})

test('discovery: redirects are followed, relative ones too, within one timeout', async () => {
  const asked: string[] = []
  const listener: RequestListener = (request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    asked.push(path)
    if (path === '/announce') response.writeHead(301, { location: `/second?${request.url?.split('?')[1]}` }).end(HTML)
    else if (path === '/second') response.writeHead(307, { location: `third?${request.url?.split('?')[1]}` }).end()
    else response.end(readAnnounceQuery(request.url?.split('?')[1] ?? '').type === 'announce' ? ANSWER_BYTES : HTML)
  }
  await withTracker(listener, async ({ url, whenAllClosed }) => {
    assert.is(await outcomeOf(url), 'done')
    assert.equal(asked, ['/announce', '/second', '/third'])
    await until(whenAllClosed(), 'all connections are closed')
  })
})

test('discovery: redirects in a loop are REDIRECTS after as many as allowed', async () => {
  let asked = 0
  const listener: RequestListener = (_, response) => {
    asked++
    response.writeHead(302, { location: '/announce' }).end('x'.repeat(100_000))
  }
  await withTracker(listener, async ({ url, whenAllClosed }) => {
    assert.is(await outcomeOf(url), `REDIRECTS: more than ${LIMITS.trackerRedirectsMax} redirects`)
    assert.is(asked, LIMITS.trackerRedirectsMax + 1)
    await until(whenAllClosed(), 'all connections are closed')
  })
})

test('discovery: a redirect to what is not HTTP leads nowhere', async () => {
  for (const location of ['file:///etc/passwd', 'udp://127.0.0.1:1', 'http://', 'ftp://a/']) {
    const listener: RequestListener = (_, response) => response.writeHead(302, { location }).end()
    await withTracker(listener, async ({ url }) => {
      assert.is(await outcomeOf(url), 'REDIRECTS: redirected to what is no HTTP address')
    })
  }
})

test('discovery: a web page is GARBAGE and is called what it is, whatever it says of itself', async () => {
  for (const contentType of ['text/html; charset=utf-8', 'text/plain']) {
    const listener: RequestListener = (_, response) =>
      response.writeHead(200, { 'content-type': contentType }).end(HTML)
    await withTracker(listener, async ({ url }) => {
      assert.is(await outcomeOf(url), 'GARBAGE: the tracker answered with a web page')
    })
  }
})

test('discovery: what is no answer of a tracker is GARBAGE', async () => {
  for (const body of ['', 'i5e', 'le', 'de', 'd5:peersi1ee', 'd8:intervali60e5:peers', '\0\0\0']) {
    const listener: RequestListener = (_, response) => response.end(body)
    await withTracker(listener, async ({ url }) => assert.match(await outcomeOf(url), /^GARBAGE: /, body))
  }
})

test('discovery: a body that is not packed as it says is GARBAGE', async () => {
  const bodies: [string, Uint8Array][] = [
    ['gzip', ANSWER_BYTES],
    ['gzip', gzipSync(ANSWER_BYTES).subarray(0, -10)],
    ['br', ANSWER_BYTES],
  ]
  for (const [encoding, body] of bodies) {
    const listener: RequestListener = (_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(body)
    await withTracker(listener, async ({ url }) => assert.match(await outcomeOf(url), /^GARBAGE: /))
  }
})

test('discovery: a server of another protocol is GARBAGE', async () => {
  const server = createRawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))
  await withServer(server, 'http', async ({ url }) => assert.match(await outcomeOf(url), /^GARBAGE: /))
})

test('discovery: headers without end are TOO_LARGE', async () => {
  const server = createRawServer((socket) => {
    const more = (): void => {
      while (socket.write(`x-more: ${'x'.repeat(1_000)}\r\n`));
      socket.once('drain', more)
    }
    socket.write('HTTP/1.1 200 OK\r\n', more)
  })
  await withServer(server, 'http', async ({ url }) => assert.match(await outcomeOf(url), /^TOO_LARGE: /))
})

test('discovery: a failure that the tracker explains is told in its words, whatever the status', async () => {
  for (const status of [200, 400, 403, 500]) {
    const listener: RequestListener = (_, response) =>
      response.writeHead(status, { 'content-type': 'text/html' }).end(encodeFailure('not on the whitelist', 30))
    await withTracker(listener, async ({ url }) => {
      assert.is(await outcomeOf(url), 'FAILURE: not on the whitelist (ask again in 30 min)')
    })
  }
})

test('discovery: a status that is no success is STATUS, even with an answer or with far too long a page', async () => {
  const bodies = [HTML, '', ANSWER_BYTES, 'x'.repeat(LIMITS.trackerAnswerBytesMax + 1)]
  for (const body of bodies) {
    const listener: RequestListener = (_, response) => response.writeHead(404).end(body)
    await withTracker(listener, async ({ url }) => {
      assert.is(await outcomeOf(url), 'STATUS: the tracker answered 404 Not Found')
    })
  }
})

test('discovery: of 100 MiB no more is read than the bound, whether announced or not', async () => {
  for (const length of [undefined, 100 * MIB]) {
    const listener: RequestListener = (_, response) => {
      response.writeHead(200, length === undefined ? {} : { 'content-length': length })
      const chunk = Buffer.alloc(MIB, '1')
      let sent = 0
      const pump = (): void => {
        while (sent < 100) {
          sent++
          if (!response.write(chunk)) {
            response.once('drain', pump)
            return
          }
        }
        response.end()
      }
      pump()
    }
    await withTracker(listener, async (tracker) => {
      const buffersBefore = process.memoryUsage().arrayBuffers
      assert.match(await outcomeOf(tracker.url), /^TOO_LARGE: the tracker answered more than 2097152 bytes$/)
      assert.ok(process.memoryUsage().arrayBuffers - buffersBefore < 16 * MIB)
      await until(tracker.whenAllClosed(), 'the connection is closed')
      // What the system's own buffers took is written, too, though nobody reads it.
      assert.ok(tracker.writtenBytes < 40 * MIB, `${tracker.writtenBytes} bytes were taken`)
    })
  }
})

test('discovery: 100 MiB that were packed small are TOO_LARGE', async () => {
  const bomb = gzipSync(Buffer.alloc(100 * MIB))
  assert.ok(bomb.length < LIMITS.trackerAnswerBytesMax)
  const listener: RequestListener = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
  await withTracker(listener, async ({ url }) => assert.match(await outcomeOf(url), /^TOO_LARGE: /))
})

test('discovery: the longest answer that is allowed is read', async () => {
  const padding = LIMITS.trackerAnswerBytesMax - encode({ interval: 60, x: new Uint8Array(2_000_000) }).length
  const body = encode({ interval: 60, x: new Uint8Array(2_000_000 + padding) })
  assert.is(body.length, LIMITS.trackerAnswerBytesMax)
  const listener: RequestListener = (_, response) => response.end(body)
  await withTracker(listener, async ({ url }) => assert.is(await outcomeOf(url), 'done'))
})

test('discovery: a connection that breaks within the answer is a failure', async () => {
  const listener: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': 1_000 })
    response.write(ANSWER_BYTES, () => response.socket?.destroy())
  }
  await withTracker(listener, async ({ url }) => assert.match(await outcomeOf(url), /^ECONNRESET: /))
})

test('discovery: who cancels hears nothing, and the connection is closed', async () => {
  const arrived = signal<ServerResponse>()
  const listener: RequestListener = (request, response) => {
    if (request.url?.startsWith('/silent') === true) arrived.send(response)
    else response.end(ANSWER_BYTES)
  }
  await withTracker(listener, async ({ url, whenAllClosed }) => {
    const calls: unknown[] = []
    const discovery = nodeDiscovery()
    const done = (answer: unknown) => calls.push(answer)
    discovery.announce(url, REQUEST, done)()
    discovery.announce('udp://127.0.0.1:1', REQUEST, done)()
    const cancel = discovery.announce(url.replace('announce', 'silent'), REQUEST, done)
    const response = await until(arrived.promise, 'the tracker is asked')
    response.write(ANSWER_BYTES)
    cancel()
    cancel()
    await until(whenAllClosed(), 'all connections are closed')
    assert.is(await outcomeOf(url), 'done')
    assert.equal(calls, [])
  })
})

test('discovery: other protocols are UNSUPPORTED so far', async () => {
  for (const url of ['udp://127.0.0.1:6969/announce', 'wss://127.0.0.1/', 'ws://127.0.0.1/', 'file:///x', 'x', '']) {
    assert.match(await outcomeOf(url), /^UNSUPPORTED: /, url)
  }
})

const announceInChild = (url: string, trusted: string): Promise<string> => {
  const program = fileURLToPath(new URL('announce-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program, url], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: trusted },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  })
  const printed = signal<string>()
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.on('close', () => printed.send(output.trim()))
  return until(printed.promise, 'the child announces')
}

test('discovery: a tracker over HTTPS is asked where its certificate is trusted, and only there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'torrewind-certificate-'))
  const certificate = makeCertificate()
  const server = createSecureServer(certificate, (_, response) => response.end(ANSWER_BYTES))
  try {
    await withServer(server, 'https', async ({ url }) => {
      assert.match(await outcomeOf(url), /^DEPTH_ZERO_SELF_SIGNED_CERT: /)
      const trusted = join(folder, 'trusted.pem')
      writeFileSync(trusted, certificate.cert)
      assert.is(await announceInChild(url, trusted), 'peers 1')
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
