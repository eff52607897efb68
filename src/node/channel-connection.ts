/**
 * A connection over a data channel (WebRTC): a stream of bytes in messages, of which only so much is handed over at a time.
 *
 * A data channel cannot be told to wait: what comes while nobody reads is kept, up to a bound past which it is closed.
 */
import type { RTCDataChannel, RTCPeerConnection } from 'werift'
import { LIMITS } from '../limits.js'
import type { Connection, ConnectionEvents } from '../ports.js'
import type { PeerAddress } from '../values.js'
import { canonicalHost } from '../wire/compact.js'

/** How long the other side may take to hear that it is over: it would notice by itself only after half a minute. */
const CLOSE_MS = 1_000

/** Whoever is met through a relay, or was never named. */
const UNKNOWN: PeerAddress = { host: '0.0.0.0', port: 0 }

const remoteOf = (connection: RTCPeerConnection): PeerAddress => {
  const candidate = connection.iceTransports[0]?.connection.nominated?.remoteCandidate
  const host = canonicalHost(candidate?.host ?? '')
  return host === undefined || candidate === undefined ? UNKNOWN : { host, port: candidate.port }
}

interface Unsent {
  readonly bytes: Buffer
  readonly flushed: (() => void) | undefined
}

export class ChannelConnection implements Connection {
  readonly transport = 'webrtc'
  readonly protection = 'dtls'
  readonly remote: PeerAddress
  readonly #connection: RTCPeerConnection
  readonly #channel: RTCDataChannel
  #hearer: ConnectionEvents | undefined
  readonly #unsent: Unsent[] = []
  #unsentBytes = 0
  /** Called back once the channel is rid of what it has. */
  #flushing: (() => void)[] = []
  #unread: Uint8Array[] = []
  #unreadBytes = 0
  #paused = true
  #closed = false

  constructor(connection: RTCPeerConnection, channel: RTCDataChannel) {
    this.#connection = connection
    this.#channel = channel
    this.remote = remoteOf(connection)
    channel.bufferedAmountLowThreshold = LIMITS.webRtcUnsentBytes / 2
    channel.bufferedAmountLow.subscribe(() => this.#pump())
    channel.onMessage.subscribe((message) => this.#received(message))
    channel.stateChanged.subscribe((state) => {
      if (state === 'closing' || state === 'closed') this.#end('EOF', 'ended by the other side')
    })
    connection.connectionStateChange.subscribe((state) => {
      if (state === 'failed' || state === 'disconnected' || state === 'closed')
        this.#end('ECONNRESET', `the connection is ${state}`)
    })
  }

  get unsentBytes(): number {
    return this.#unsentBytes + this.#channel.bufferedAmount
  }

  /** From here on; what came meanwhile comes first. */
  hear(hearer: ConnectionEvents): void {
    if (this.#closed) return
    this.#hearer = hearer
    this.resume()
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    if (this.#closed) return
    const messages = messagesOf(chunks)
    messages.forEach((bytes, at) => {
      this.#unsent.push({ bytes, flushed: at === messages.length - 1 ? flushed : undefined })
      this.#unsentBytes += bytes.length
    })
    if (messages.length === 0 && flushed !== undefined) this.#unsent.push({ bytes: Buffer.alloc(0), flushed })
    queueMicrotask(() => this.#pump())
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    queueMicrotask(() => this.#deliver())
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#hearer = undefined
    this.#unread = []
    // What was said last still goes out, as far as the channel takes it.
    for (const { bytes } of this.#unsent) {
      if (this.#channel.bufferedAmount > LIMITS.webRtcUnsentBytes) break
      this.#hand(bytes)
    }
    this.#unsent.length = 0
    this.#part()
  }

  /** The channel is closed in both directions, which the other side has to hear and to answer, before what carries it. */
  #part(): void {
    this.#channel.close()
    setTimeout(() => this.#connection.close().catch(() => undefined), CLOSE_MS)
  }

  #received(message: string | Uint8Array): void {
    if (this.#closed) return
    const bytes = typeof message === 'string' ? Buffer.from(message) : message
    this.#unread.push(bytes)
    this.#unreadBytes += bytes.length
    this.#deliver()
    if (this.#unreadBytes > LIMITS.webRtcUnreadBytesMax) this.#end('ENOBUFS', 'it sends more than it was asked for')
  }

  #deliver(): void {
    while (!this.#paused && this.#hearer !== undefined) {
      const bytes = this.#unread.shift()
      if (bytes === undefined) return
      this.#unreadBytes -= bytes.length
      this.#hearer.received(bytes)
    }
  }

  #pump(): void {
    if (this.#closed) return
    while (this.#channel.bufferedAmount < LIMITS.webRtcUnsentBytes) {
      const next = this.#unsent.shift()
      if (next === undefined) break
      this.#unsentBytes -= next.bytes.length
      this.#hand(next.bytes)
      if (next.flushed !== undefined) this.#flushing.push(next.flushed)
    }
    this.#tellFlushed()
  }

  /** The channel has a copy of its own, so that nobody has to keep the bytes as they are. */
  #tellFlushed(): void {
    const flushing = this.#flushing
    this.#flushing = []
    for (const flushed of flushing) if (!this.#closed) flushed()
  }

  #hand(bytes: Buffer): void {
    if (bytes.length === 0 || this.#channel.readyState !== 'open') return
    try {
      this.#channel.send(bytes)
    } catch (error) {
      this.#end('EPIPE', error instanceof Error ? error.message : String(error))
    }
  }

  #end(code: string, message: string): void {
    const hearer = this.#hearer
    this.close()
    hearer?.closed({ code, message })
  }
}

/** Cut to what every browser takes, and small ones put together: each message costs packets of its own. */
const messagesOf = (chunks: readonly Uint8Array[]): readonly Buffer[] => {
  const messages: Buffer[] = []
  const all = Buffer.concat(chunks)
  for (let at = 0; at < all.length; at += LIMITS.webRtcMessageBytes)
    messages.push(all.subarray(at, at + LIMITS.webRtcMessageBytes))
  return messages
}
