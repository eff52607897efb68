/** WebSocket on real sockets, and the trackers that are asked over it: what is not one, TLS, and a process that ends. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createSocketServer, type Server as SocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type WebSocket, WebSocketServer } from 'ws'
import { LIMITS } from '../../src/limits.js'
import { nodeWebSockets } from '../../src/node/web-sockets.js'
import { createTracker } from '../../tracker/index.js'
import { signal } from '../contracts/waiting.js'
import { type ServerEnd, WebEar, webSocketsContract } from '../contracts/web-sockets.js'
import { makeCertificate } from './certificate.js'
import { announce, outcomeOf, REQUEST, until } from './tracker-rig.js'

const HOST = '127.0.0.1'

/** Resolves with its port. */
const listening = async (server: SocketServer): Promise<number> => {
  const bound = signal<void>()
  server.listen(0, HOST, () => bound.send())
  await until(bound.promise, 'the server listens')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const freePort = async (): Promise<number> => {
  const server = createSocketServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

webSocketsContract('WebSockets of Node', async (work) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  const ends: ServerEnd[] = []
  const waiting = new Set<() => void>()
  const tell = (): void => {
    for (const hear of waiting) hear()
  }
  sockets.on('connection', (socket: WebSocket) => {
    const received: string[] = []
    ends.push({ received, say: (text) => socket.send(text), end: () => socket.close() })
    socket.on('message', (data) => {
      received.push(String(data))
      tell()
    })
    // The server's own list is brought up to date by a listener of its own.
    socket.on('close', () => setImmediate(tell))
  })
  const port = await listening(server)
  try {
    await work({
      ...{ webSockets: nodeWebSockets(), until, ends, url: `ws://${HOST}:${port}/` },
      nowhere: `ws://${HOST}:${await freePort()}/`,
      get open() {
        return sockets.clients.size
      },
      whenServer: (holds) =>
        new Promise((resolve) => {
          const hear = (): void => {
            if (!holds()) return
            waiting.delete(hear)
            resolve()
          }
          waiting.add(hear)
          hear()
        }),
    })
  } finally {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
    server.close()
  }
})

const failureAt = async (url: string): Promise<string> => {
  const ear = new WebEar()
  nodeWebSockets().open(url, ear)
  const { code, message } = await until(ear.whenClosed, 'it fails')
  return `${code}: ${message}`
}

test('WebSockets of Node: a web server that has none is STATUS, with what it said', async () => {
  const server = createServer((_, response) => response.writeHead(404).end('nothing here'))
  const port = await listening(server)
  assert.is(await failureAt(`ws://${HOST}:${port}/`), 'STATUS: the tracker answered 404 Not Found')
  server.close()
})

test('WebSockets of Node: what does not keep to the protocol is GARBAGE, before and after it is open', async () => {
  const mute = createSocketServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n'))
  const port = await listening(mute)
  assert.match(await failureAt(`ws://${HOST}:${port}/`), /^GARBAGE: /)
  mute.close()
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  server.on('connection', (socket) => sockets.once('connection', () => socket.write(Buffer.from([0xff, 0xff, 0xff]))))
  const other = await listening(server)
  assert.match(await failureAt(`ws://${HOST}:${other}/`), /^GARBAGE: /)
  server.close()
})

test('WebSockets of Node: a message beyond the bound is TOO_LARGE', async () => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.send('x'.repeat(LIMITS.webSocketMessageBytesMax + 1)))
  const port = await listening(server)
  assert.match(await failureAt(`ws://${HOST}:${port}/`), /^TOO_LARGE: /)
  for (const client of sockets.clients) client.terminate()
  server.close()
})

test('WebSocket tracker: ours counts who asks it for as long as that lasts', async () => {
  const tracker = await createTracker({ host: HOST, httpPort: 0, ws: true, intervalSeconds: 77 })
  const url = `ws://${HOST}:${tracker.httpPort}/announce`
  assert.equal(await announce(url), {
    type: 'done',
    value: { intervalSeconds: 77, complete: 0, incomplete: 1, warning: undefined, peers: [] },
  })
  assert.equal((await tracker.stats()).web, { torrents: 1, peers: 1, seeds: 0 })
  await tracker.close()
  assert.match(await outcomeOf(url), /^REFUSED: /)
})

const runChild = async (url: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const program = fileURLToPath(new URL('announce-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program, url], {
    ...{ stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000, env: { ...process.env, ...env } },
  })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const ended = signal<number | null>()
  child.on('close', (code) => ended.send(code))
  assert.is(await until(ended.promise, 'the child ends'), 0)
  return output.trim()
}

test('WebSocket tracker: a process that has its answer ends, and is counted no more', async () => {
  const tracker = await createTracker({ host: HOST, httpPort: 0, ws: true })
  assert.is(await runChild(`ws://${HOST}:${tracker.httpPort}/announce`), 'peers 0')
  while ((await tracker.stats()).peers > 0) await new Promise((resolve) => setImmediate(resolve))
  await tracker.close()
})

test('WebSocket tracker: over TLS it is asked where its certificate is trusted, and not where it is not', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'torrewind-wss-'))
  const certificate = makeCertificate()
  const server = createTlsServer(certificate)
  const heard: string[] = []
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data) => {
      const { info_hash, peer_id } = JSON.parse(String(data))
      heard.push(peer_id)
      socket.send(JSON.stringify({ action: 'announce', info_hash, interval: 120 }))
    })
  })
  const port = await listening(server)
  const trusted = path.join(folder, 'trusted.pem')
  await writeFile(trusted, certificate.cert)
  assert.is(await runChild(`wss://${HOST}:${port}/`, { NODE_EXTRA_CA_CERTS: trusted }), 'peers 0')
  assert.equal(heard, ['\0'.repeat(REQUEST.peerId.length)])
  assert.is(await runChild(`wss://${HOST}:${port}/`), 'DEPTH_ZERO_SELF_SIGNED_CERT')
  server.close()
  await rm(folder, { recursive: true, force: true })
})

test.run()
