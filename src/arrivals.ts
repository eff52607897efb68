/** Arrivals: connections that others opened to us, until their handshake names the transfer they are for (BEP 3). */
import { LIMITS } from './limits.js'
import type { Cancel, Clock, Connection, ConnectionEvents, Failure } from './ports.js'
import type { InfoHash, Instant } from './values.js'
import { HandshakeDecoder } from './wire/handshake.js'

export interface Host {
  takeConnection(connection: Connection, firstBytes: Uint8Array): ConnectionEvents
}

const joined = (chunks: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

export class Arrivals {
  readonly #clock: Clock
  readonly #find: (hash: InfoHash) => Host | undefined
  /** Connections that have not said yet which transfer they are for. */
  readonly #waiting = new Set<Arrival>()
  #closed = false

  constructor(clock: Clock, find: (hash: InfoHash) => Host | undefined) {
    this.#clock = clock
    this.#find = find
  }

  /** Hangs up on everybody who waits, or comes later. */
  close(): void {
    this.#closed = true
    for (const arrival of [...this.#waiting]) arrival.leave()
  }

  take(connection: Connection): ConnectionEvents {
    const arrival = new Arrival(connection, this.#find, () => this.#waiting.delete(arrival))
    this.#waiting.add(arrival)
    arrival.expectWithin(this.#clock, LIMITS.handshakeTimeoutMs)
    if (this.#closed || this.#waiting.size > LIMITS.arrivalsMax) arrival.leave()
    return arrival
  }
}

/** What is needed until the handshake is there, and given up with it. */
interface Expected {
  readonly connection: Connection
  readonly decoder: HandshakeDecoder
  readonly chunks: Uint8Array[]
  readonly find: (hash: InfoHash) => Host | undefined
  readonly settled: () => void
}

class Arrival implements ConnectionEvents {
  #expected: Expected | undefined
  #timeout: Cancel | undefined
  /** Whoever it was handed to. */
  #inner: ConnectionEvents | undefined

  constructor(connection: Connection, find: (hash: InfoHash) => Host | undefined, settled: () => void) {
    this.#expected = { connection, decoder: new HandshakeDecoder(), chunks: [], find, settled }
  }

  expectWithin(clock: Clock, ms: number): void {
    this.#timeout = clock.wakeAt((clock.now() + ms) as Instant, () => this.leave())
  }

  /** Hangs up, if it was not handed over yet. */
  leave(): void {
    this.#settle()?.connection.close()
  }

  opened(): void {
    // Others opened it.
  }

  received(chunk: Uint8Array): void {
    if (this.#inner !== undefined) this.#inner.received(chunk)
    else if (this.#expected !== undefined) this.#expect(this.#expected, chunk)
  }

  closed(failure: Failure): void {
    if (this.#inner !== undefined) this.#inner.closed(failure)
    else this.#settle()
  }

  #expect({ connection, decoder, chunks, find }: Expected, chunk: Uint8Array): void {
    // At most 67 bytes are kept: one more and the handshake is whole.
    chunks.push(chunk.slice())
    const progress = decoder.push(chunk)
    const hash = decoder.infoHash
    if (progress.type !== 'fault' && hash === undefined) return
    const host = progress.type === 'fault' || hash === undefined ? undefined : find(hash)
    if (host === undefined) {
      this.leave()
      return
    }
    this.#settle()
    this.#inner = host.takeConnection(connection, joined(chunks))
  }

  /** What it waited with; nothing, where it does not wait any more. */
  #settle(): Expected | undefined {
    const expected = this.#expected
    this.#expected = undefined
    this.#timeout?.()
    this.#timeout = undefined
    expected?.settled()
    return expected
  }
}
