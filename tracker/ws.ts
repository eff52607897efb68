/**
 * The WebSocket front: sockets and bounds around `WebReplies`, on the port of the HTTP front.
 *
 * Strategy: what a socket says is taken in order, and nothing more is read of it while it waits for an answer (a token is
 * verified, a store is asked), or where its address asks too often: so the other end has to wait, and not our memory.
 * What is for a socket that does not read is lost beyond a bound. One timer looks after all of them.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { LIMITS } from '../src/limits.js'
import { latin1Text } from '../src/wire/bencode.js'
import { readToken } from './access.js'
import type { TrackerCore } from './core.js'
import { hostOf } from './http.js'
import type { WebAsker, WebReplies } from './web-reply.js'
import type { WebLink, WebPeer } from './web-swarm.js'
import type { WebSwarms } from './web-swarms.js'

export interface WebFrontBounds {
  readonly socketsMax: number
  readonly socketsPerAddressMax: number
  readonly unsentBytesMax: number
  readonly pingMs: number
  readonly silenceMs: number
  readonly idleMs: number
  readonly lookMs: number
  readonly lingerMs: number
}

export const WEB_FRONT_BOUNDS: WebFrontBounds = {
  socketsMax: LIMITS.trackerWebSocketsMax,
  socketsPerAddressMax: LIMITS.trackerWebSocketsPerAddressMax,
  unsentBytesMax: LIMITS.trackerWebUnsentBytesMax,
  pingMs: LIMITS.trackerWebPingMs,
  silenceMs: LIMITS.trackerWebSilenceMs,
  idleMs: LIMITS.trackerWebIdleMs,
  lookMs: LIMITS.trackerWebLookMs,
  lingerMs: LIMITS.trackerLingerMs,
}

export interface WebFrontOptions {
  readonly core: TrackerCore
  readonly swarms: WebSwarms
  readonly replies: WebReplies
  now(): number
  readonly bounds?: WebFrontBounds | undefined
}

/** Codes of the protocol for closing (RFC 6455, 7.4.1). */
const NORMAL = 1_000
const GOING_AWAY = 1_001

/** Networks of IPv6 count as one address: 64 bits are one customer. */
const addressOf = (from: Uint8Array): string => latin1Text(from.subarray(0, 8))

class Socket implements WebLink {
  readonly peers = new Set<WebPeer>()
  readonly #front: WebFront
  readonly #socket: WebSocket
  readonly #asker: WebAsker
  /** What was read before reading stopped. */
  readonly #waiting: string[] = []
  #isBusy = false
  /** It asks too often: nothing of it is read until it is next looked at. */
  #isHeld = false
  #isClosed = false
  #heardMs: number
  #askedMs: number
  #pingedMs = 0

  constructor(front: WebFront, socket: WebSocket, from: Uint8Array, token: string | undefined) {
    this.#front = front
    this.#socket = socket
    this.#asker = { link: this, from, token }
    this.#heardMs = front.options.now()
    this.#askedMs = this.#heardMs
    socket.on('message', (data: RawData) => {
      // Sockets are of the type that has messages as buffers.
      this.#waiting.push((data as Buffer).toString())
      this.#work()
    })
    socket.on('ping', () => this.#isTaken())
    socket.on('pong', () => this.#isTaken())
    // What is wrong with a socket closes it, which is told next.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      front.closed(this, from)
    })
  }

  send(message: string): void {
    if (this.#socket.bufferedAmount < this.#front.bounds.unsentBytesMax) this.#socket.send(message, () => {})
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  look(nowMs: number): void {
    const { pingMs, silenceMs, idleMs } = this.#front.bounds
    if (this.#isHeld) {
      this.#isHeld = false
      this.#work()
      this.#read()
    }
    if (nowMs - this.#heardMs >= silenceMs) this.#socket.terminate()
    else if (this.peers.size === 0 && !this.#isBusy && nowMs - this.#askedMs >= idleMs)
      this.close(NORMAL, 'in no swarm')
    else if (nowMs - Math.max(this.#heardMs, this.#pingedMs) >= pingMs) {
      this.#pingedMs = nowMs
      this.#socket.ping()
    }
  }

  /** Each frame counts, or a flood of those that ask nothing would be free. */
  #isTaken(): boolean {
    this.#heardMs = this.#front.options.now()
    if (this.#isHeld) return false
    if (this.#front.options.core.takes('ws', this.#asker.from)) return true
    this.#isHeld = true
    this.#socket.pause()
    return false
  }

  #work(): void {
    const { replies, swarms, now } = this.#front.options
    for (let text = this.#next(); text !== undefined; text = this.#next()) {
      if (!this.#isTaken()) {
        replies.refuse(text, this.#asker)
        continue
      }
      this.#askedMs = this.#heardMs
      const done = replies.take(text, this.#asker, this.#heardMs)
      if (!(done instanceof Promise)) continue
      this.#isBusy = true
      this.#socket.pause()
      // A store that failed has its reply, too: what is rejected here is a fault of ours, and ends the process.
      void done.then(() => {
        this.#isBusy = false
        // It may have entered swarms after it was gone.
        if (this.#isClosed) return swarms.leave(this, now())
        this.#work()
        this.#read()
      })
    }
  }

  #next(): string | undefined {
    return this.#isBusy || this.#isHeld || this.#isClosed ? undefined : this.#waiting.shift()
  }

  #read(): void {
    if (!this.#isBusy && !this.#isHeld) this.#socket.resume()
  }
}

export class WebFront {
  readonly options: WebFrontOptions
  readonly bounds: WebFrontBounds
  readonly #server: WebSocketServer
  readonly #sockets = new Set<Socket>()
  readonly #perAddress = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  #closing: Promise<void> | undefined
  #emptied = (): void => {}

  constructor(options: WebFrontOptions) {
    this.options = options
    this.bounds = options.bounds ?? WEB_FRONT_BOUNDS
    this.#server = new WebSocketServer({
      ...{ noServer: true, clientTracking: false, perMessageDeflate: false },
      ...{ maxPayload: LIMITS.trackerWebMessageBytesMax, closeTimeout: this.bounds.lingerMs },
      ...{ maxFragments: LIMITS.trackerWebPartsMax, maxBufferedChunks: LIMITS.trackerWebPartsMax },
    })
    this.#timer = setInterval(() => this.#look(), this.bounds.lookMs)
  }

  get sockets(): number {
    return this.#sockets.size
  }

  /** Takes a request that asks for WebSocket, with what came after its head. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { core } = this.options
    const from = hostOf(request.socket)
    const target = request.url ?? ''
    const token = core.access && readToken(target)
    const path = target.replace(/\?.*$/s, '').replace(`/${token}/`, '/')
    if (from === undefined) stream.destroy()
    else if (path !== '/' && path !== '/announce') this.#refuse(stream, '404 Not Found')
    else if (!core.takes('ws', from)) this.#refuse(stream, '429 Too Many Requests')
    else if (!this.#hasRoom(from)) this.#refuse(stream, '503 Service Unavailable')
    else this.#server.handleUpgrade(request, stream, head, (socket) => this.#opened(socket, from, token))
  }

  closed(socket: Socket, from: Uint8Array): void {
    this.#sockets.delete(socket)
    const address = addressOf(from)
    const left = (this.#perAddress.get(address) ?? 0) - 1
    if (left > 0) this.#perAddress.set(address, left)
    else this.#perAddress.delete(address)
    this.options.swarms.leave(socket, this.options.now())
    if (this.#sockets.size === 0) this.#emptied()
  }

  /** Takes no more sockets, tells those that are there, and resolves when they are closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer)
    for (const socket of this.#sockets) socket.close(GOING_AWAY, 'the tracker stops')
    if (this.#sockets.size > 0) await new Promise<void>((resolve) => (this.#emptied = resolve))
  }

  /** Who asks as often as it likes is behind a proxy, or in a test: then addresses say nothing. */
  #hasRoom(from: Uint8Array): boolean {
    const { socketsMax, socketsPerAddressMax } = this.bounds
    if (this.#closing !== undefined || this.#sockets.size >= socketsMax) return false
    return this.options.core.rates === undefined || (this.#perAddress.get(addressOf(from)) ?? 0) < socketsPerAddressMax
  }

  #opened(socket: WebSocket, from: Uint8Array, token: string | undefined): void {
    this.#sockets.add(new Socket(this, socket, from, token))
    const address = addressOf(from)
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
  }

  #refuse(stream: Duplex, status: string): void {
    stream.on('error', () => {})
    stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    const timer = setTimeout(() => stream.destroy(), this.bounds.lingerMs)
    stream.once('close', () => clearTimeout(timer))
  }

  #look(): void {
    const nowMs = this.options.now()
    for (const socket of this.#sockets) socket.look(nowMs)
    this.options.swarms.expire(nowMs)
  }
}
