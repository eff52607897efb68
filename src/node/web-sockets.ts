/**
 * WebSocket of this machine: one socket a connection, over TLS where the URL says so.
 *
 * Node has a client of its own only from version 22 on, so it is that of the package `ws`, which is loaded by the first
 * connection. An idle one does not keep the process alive: it is there to be counted, and who waits for an answer has a timer.
 */
import type { IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { systemCode } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { Failure, WebSocketConnection, WebSocketEvents, WebSockets } from '../ports.js'
import type { Asking } from '../wire/networks.js'
import { type AskingRules, lookupOf, NO_RULES, refusalOfUrl } from './asked-server.js'
import { requestFailure } from './http-get.js'

const require = createRequire(import.meta.url)
const loadWebSocket = (): typeof import('ws').WebSocket => (require('ws') as typeof import('ws')).WebSocket

/** How long the other side may take to agree that it is over. */
const CLOSE_MS = 1_000

const failureOf = (error: Error): Failure => {
  const failure = requestFailure(error)
  const code = systemCode(error)
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return { ...failure, code: 'TOO_LARGE' }
  // What `ws` names, or says without a code: the other side does not speak the protocol.
  return code === undefined || code.startsWith('WS_') ? { ...failure, code: 'GARBAGE' } : failure
}

const refuse = (failure: Failure, events: WebSocketEvents): WebSocketConnection => {
  const waiting = setImmediate(() => events.closed(failure))
  return { send: () => undefined, close: () => clearImmediate(waiting) }
}

const open = (url: string, events: WebSocketEvents, rules: AskingRules, trusted: boolean): WebSocketConnection => {
  const asking: Asking = { what: 'tracker', trusted, redirectedFromGlobal: false }
  const refused = refusalOfUrl(new URL(url), asking, rules)
  if (refused !== undefined) return refuse(failureOf(refused), events)
  const timeoutMs = LIMITS.trackerTimeoutMs
  const WebSocket = loadWebSocket()
  const socket = new WebSocket(url, {
    ...{ perMessageDeflate: false, maxPayload: LIMITS.webSocketMessageBytesMax, closeTimeout: CLOSE_MS },
    lookup: lookupOf(new URL(url), asking, rules),
    headers: { 'user-agent': 'torrewind' },
  })
  /** The first reason counts: what comes of it are others. */
  let failure: Failure | undefined
  let isEnded = false
  const timer = setTimeout(() => {
    failure ??= { code: 'TIMEOUT', message: `not open within ${timeoutMs} ms` }
    socket.terminate()
  }, timeoutMs)
  socket.on('upgrade', ({ socket: stream }: IncomingMessage) => stream.unref())
  socket.on('unexpected-response', (request, { statusCode, statusMessage = '' }: IncomingMessage) => {
    failure ??= { code: 'STATUS', message: `the tracker answered ${statusCode} ${statusMessage}`.trimEnd() }
    request.destroy()
    socket.terminate()
  })
  socket.on('open', () => {
    clearTimeout(timer)
    if (!isEnded) events.opened()
  })
  // It stays on, so that an error that comes late finds someone.
  socket.on('error', (error) => {
    failure ??= failureOf(error)
  })
  socket.on('message', (data) => {
    // Sockets are of the type that has messages as buffers.
    if (!isEnded) events.received((data as Buffer).toString())
  })
  socket.on('close', (code) => {
    clearTimeout(timer)
    if (isEnded) return
    isEnded = true
    events.closed(failure ?? { code: 'EOF', message: `the tracker ended the connection (${code})` })
  })
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text, () => {})
    },
    close: () => {
      isEnded = true
      clearTimeout(timer)
      socket.close()
    },
  }
}

/** Redirects are not followed. */
export const nodeWebSockets = (rules: AskingRules = NO_RULES, trusted = true): WebSockets => ({
  open: (url, events, delayMs = 0) => {
    if (delayMs === 0) return open(url, events, rules, trusted)
    let connection: WebSocketConnection | undefined
    const timer = setTimeout(() => {
      connection = open(url, events, rules, trusted)
    }, delayMs).unref()
    return {
      send: (text) => connection?.send(text),
      close: () => {
        clearTimeout(timer)
        connection?.close()
      },
    }
  },
})
