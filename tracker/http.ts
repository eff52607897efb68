/**
 * The HTTP front: sockets and bounds around `httpReply`.
 *
 * Strategy: a reply is made in one go from a request's target, so nothing of a request but its head is ever kept. Every
 * phase of a connection has a time of its own (head, whole request, rest between two requests, reading of an error), and
 * Node looks after them; a request with a body is answered at once, and the body thrown away. What has more to it than
 * that (bodies, answers without end) goes to `routes`, who take what is theirs.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { systemCode } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { latin1Bytes } from '../src/wire/bencode.js'
import { hostToBytes } from '../src/wire/compact.js'
import { hasBody, skipBody } from './http-body.js'
import type { HttpReply } from './http-reply.js'
import { listenError } from './listen-error.js'
import { type Soon, soon } from './store.js'

export interface HttpFrontBounds {
  /** Of a request's head, and of all of it where no body is taken. */
  readonly requestTimeoutMs: number
  /** Of a request with its body. */
  readonly bodyTimeoutMs: number
  readonly keepAliveMs: number
  readonly lingerMs: number
  /** What is on its way when it is closed is answered within this, or cut off. */
  readonly drainMs: number
  readonly connectionsMax: number
}

export const HTTP_FRONT_BOUNDS: HttpFrontBounds = {
  requestTimeoutMs: LIMITS.trackerRequestTimeoutMs,
  bodyTimeoutMs: LIMITS.catalogueBodyTimeoutMs,
  keepAliveMs: LIMITS.trackerKeepAliveMs,
  lingerMs: LIMITS.trackerLingerMs,
  drainMs: LIMITS.trackerDrainMs,
  connectionsMax: LIMITS.trackerConnectionsMax,
}

export interface HttpFrontOptions {
  /** Every address of the machine, where it is left out. */
  readonly host?: string | undefined
  /** 0 takes any free one. */
  readonly port: number
  readonly bounds?: HttpFrontBounds | undefined
  /** `target` is that of the request line; `host` has 4 or 16 bytes. */
  reply(target: string, host: Uint8Array): Soon<HttpReply>
  /** Whether it takes a request that is more than a target; then it answers it by itself. */
  readonly routes?: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  /** Takes requests that ask for WebSocket, with what came after their heads; without it, they are as others. */
  readonly upgrade?: ((request: IncomingMessage, stream: Duplex, head: Buffer) => void) | undefined
}

export interface HttpFront {
  readonly port: number
  /** Connections that there are, and how many were not taken because there are as many as may be. */
  readonly connections: { readonly open: number; readonly refused: number }
  /** Takes no more connections, answers what is on its way, and resolves when every socket is closed. */
  close(): Promise<void>
}

const refused = (status: number, body: string): HttpReply => ({
  status,
  contentType: 'text/plain',
  body: latin1Bytes(`${body}\n`),
})

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

/** Undefined for a socket that was reset before it was looked at. Addresses of one link come with a zone. */
export const hostOf = ({ remoteAddress }: Socket): Uint8Array | undefined =>
  remoteAddress === undefined ? undefined : hostToBytes(remoteAddress.replace(/%.*$/, ''))

/** What stands in a status line for bytes that were no request. */
const statusOf = (error: Error): string => {
  switch (systemCode(error)) {
    case 'HPE_HEADER_OVERFLOW':
      return '431 Request Header Fields Too Large'
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout'
    default:
      return '400 Bad Request'
  }
}

const listen = (server: Server, host: string | undefined, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(listenError(error, host, port))
    server.once('error', failed)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', failed)
      resolve()
    })
  })

/** Bytes that are no request get one line in answer, and the time to read it: a reset would overtake it. */
const refuseBytes = (error: Error, socket: Duplex, lingerMs: number): void => {
  if (!socket.writable) return
  socket.end(`HTTP/1.1 ${statusOf(error)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

/** The connection is not kept for another request. */
const endsConnection = (response: ServerResponse): void => {
  if (!response.headersSent) response.setHeader('connection', 'close')
}

/** Some clients would like another protocol (`h2c`), and ask on the way: Node has let go of the socket by then. */
const answerOnce = (request: IncomingMessage, handle: RequestListener): void => {
  const { socket } = request
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  socket.on('error', () => {})
  response.on('finish', () => socket.end())
  handle(request, response)
}

export const startHttpFront = async ({
  host,
  port,
  reply,
  routes = () => false,
  upgrade,
  bounds = HTTP_FRONT_BOUNDS,
}: HttpFrontOptions): Promise<HttpFront> => {
  let closing: Promise<void> | undefined
  const sockets = new Set<Socket>()
  let refusedConnections = 0
  /** Answered by `routes`, and not yet to the end. */
  const routed = new Set<ServerResponse>()

  const replyTo = (request: IncomingMessage): Soon<HttpReply> | undefined => {
    if (request.method !== 'GET') return refused(405, 'Only GET is understood here.')
    if (hasBody(request)) return refused(413, 'No request here has a body.')
    const from = hostOf(request.socket)
    return from && reply(request.url ?? '', from)
  }

  const send = (request: IncomingMessage, response: ServerResponse, { status, contentType, body }: HttpReply): void => {
    // As text it leaves in one write with the head, as bytes in two.
    const text = latin1(body)
    const headers = ['content-type', contentType, 'content-length', `${text.length}`]
    if (status === 405) headers.push('allow', 'GET')
    if (closing !== undefined) headers.push('connection', 'close')
    // As a list they are written as they are, and not looked up by name first.
    response.writeHead(status, headers)
    if (hasBody(request)) skipBody(request, bounds.lingerMs)
    response.end(text, 'latin1')
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (routes(request, response)) {
      if (closing !== undefined) endsConnection(response)
      if (response.writableFinished) return
      routed.add(response)
      response.once('close', () => routed.delete(response))
      return
    }
    const reply = replyTo(request)
    if (reply === undefined) request.socket.destroy()
    // A store that failed has its reply, too: what is thrown or rejected here is a fault of ours, and ends the process.
    else void soon(reply, (answer) => send(request, response, answer))
  }

  const server = createServer(
    {
      maxHeaderSize: LIMITS.trackerRequestHeadBytesMax,
      headersTimeout: bounds.requestTimeoutMs,
      requestTimeout: Math.max(bounds.requestTimeoutMs, bounds.bodyTimeoutMs),
      keepAliveTimeout: bounds.keepAliveMs,
      // How often Node looks for requests that take too long.
      connectionsCheckingInterval: Math.ceil(bounds.requestTimeoutMs / 4),
      noDelay: true,
    },
    handle,
  )
  server.maxConnections = bounds.connectionsMax
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('drop', () => refusedConnections++)
  // A client that reads no answers lets its socket come to a stop, which no other bound would notice.
  server.timeout = bounds.requestTimeoutMs + bounds.keepAliveMs
  server.on('checkContinue', handle)
  if (upgrade !== undefined) {
    server.on('upgrade', (request, stream, head) => {
      if (request.headers.upgrade?.toLowerCase() === 'websocket') upgrade(request, stream, head)
      else answerOnce(request, handle)
    })
  }
  server.on('clientError', (error, socket) => refuseBytes(error, socket, bounds.lingerMs))
  await listen(server, host, port)
  // A connection could not be taken, for want of descriptors or memory: those that are there go on.
  server.on('error', () => {})

  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const response of routed) endsConnection(response)
      // Node lets go of connections that rest between two requests, and would wait for those that have not begun one.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
      const timer = setTimeout(() => server.closeAllConnections(), bounds.drainMs)
      server.close(() => {
        clearTimeout(timer)
        resolve()
      })
    })

  return {
    // A server that listens on a port has an address of this form.
    port: (server.address() as AddressInfo).port,
    get connections() {
      return { open: sockets.size, refused: refusedConnections }
    },
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
