/** Trackers over HTTP: what a good one says arrives, and what is no answer of a tracker is called what it is. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createRawServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { encodeFailure, readAnnounceQuery } from '../../src/wire/tracker.js'
import { signal } from '../contracts/waiting.js'
import { makeCertificate } from './certificate.js'
import {
  ANSWER,
  ANSWER_BYTES,
  announce,
  HTML,
  outcomeOf,
  REQUEST,
  until,
  withServer,
  withTracker,
} from './tracker-rig.js'

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

test('discovery: other protocols are UNSUPPORTED so far', async () => {
  for (const url of ['udp://127.0.0.1/announce', 'udp://:1/', 'wss:', 'wt://127.0.0.1/', 'file:///x', 'x', '']) {
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
