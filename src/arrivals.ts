/**
 * Arrivals: connections that others opened to us, until their handshake names the transfer they are for (BEP 3), be it
 * encrypted or not: whatever does not begin as that handshake does is taken for an encrypted one.
 */
import { LIMITS } from './limits.js'
import type { Cancel, Clock, Connection, ConnectionEvents, Failure } from './ports.js'
import { type Encryption, methodsOf } from './transports/dialing.js'
import { Decrypting, SecuredConnection } from './transports/secured.js'
import { equalBytes, type InfoHash, type Instant, joinedBytes } from './values.js'
import { type Agreed, EncryptionAcceptor, encryptedName } from './wire/encryption.js'
import { HandshakeDecoder } from './wire/handshake.js'
import type { Rc4 } from './wire/rc4.js'

export interface Host {
  takeConnection(connection: Connection, firstBytes: Uint8Array): ConnectionEvents
}

export interface ArrivalsOptions {
  readonly clock: Clock
  readonly encryption: Encryption
  entropy(length: number): Uint8Array
  find(hash: InfoHash): Host | undefined
  /** Of all transfers: an encrypted handshake names one of them in a way that has to be tried. */
  hashes(): Iterable<InfoHash>
}

export class Arrivals {
  readonly #options: ArrivalsOptions
  /** Connections that have not said yet which transfer they are for. */
  readonly #waiting = new Set<Arrival>()
  #names = new WeakMap<InfoHash, Uint8Array>()
  #closed = false

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  /** Hangs up on everybody who waits, or comes later. */
  close(): void {
    this.#closed = true
    for (const arrival of [...this.#waiting]) arrival.leave()
  }

  take(connection: Connection): ConnectionEvents {
    const { host } = connection.remote
    const arrival = new Arrival(connection, {
      ...this.#options,
      findNamed: (name) => this.#findNamed(name),
      settled: () => this.#waiting.delete(arrival),
    })
    this.#waiting.add(arrival)
    arrival.expectWithin(this.#options.clock, LIMITS.handshakeTimeoutMs)
    const isFull = this.#waiting.size > LIMITS.arrivalsMax || this.#of(host) > LIMITS.arrivalsPerHostMax
    if (this.#closed || isFull) arrival.leave()
    return arrival
  }

  /** Whoever sends a byte a second keeps a place for as long as a handshake may take; the others are for others. */
  #of(host: string): number {
    let count = 0
    for (const arrival of this.#waiting) if (arrival.host === host) count++
    return count
  }

  #findNamed(name: Uint8Array): InfoHash | undefined {
    for (const hash of this.#options.hashes()) {
      const known = this.#names.get(hash) ?? encryptedName(hash)
      this.#names.set(hash, known)
      if (equalBytes(known, name)) return hash
    }
    return undefined
  }
}

interface ArrivalOptions extends Pick<ArrivalsOptions, 'encryption' | 'entropy' | 'find'> {
  findNamed(name: Uint8Array): InfoHash | undefined
  settled(): void
}

/** What is needed until the handshake is there, and given up with it. */
interface Expected extends ArrivalOptions {
  connection: Connection
  decoder: HandshakeDecoder
  /** What was read of the handshake of BEP 3: at most 67 bytes; one more and it is whole. */
  chunks: Uint8Array[]
  /** The encrypted handshake, while it is under way. */
  acceptor: EncryptionAcceptor | undefined
  /** What was agreed under it. */
  secured: { readonly infoHash: InfoHash; readonly cipher: Rc4 | undefined } | undefined
}

class Arrival implements ConnectionEvents {
  #expected: Expected | undefined
  #timeout: Cancel | undefined
  /** Whoever it was handed to. */
  #inner: ConnectionEvents | undefined

  readonly host: string

  constructor(connection: Connection, options: ArrivalOptions) {
    this.host = connection.remote.host
    const decoder = new HandshakeDecoder()
    this.#expected = { ...options, connection, decoder, chunks: [], acceptor: undefined, secured: undefined }
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
    if (this.#inner !== undefined) {
      this.#inner.received(chunk)
      return
    }
    const expected = this.#expected
    if (expected === undefined) return
    if (expected.acceptor !== undefined) this.#expectAgreement(expected, expected.acceptor, chunk)
    else if (expected.secured?.cipher !== undefined) {
      const plain = new Uint8Array(chunk.length)
      expected.secured.cipher.apply(chunk, plain)
      this.#expect(expected, plain)
    } else this.#expect(expected, chunk)
  }

  closed(failure: Failure): void {
    if (this.#inner !== undefined) this.#inner.closed(failure)
    else this.#settle()
  }

  #expect(expected: Expected, chunk: Uint8Array): void {
    const { chunks, decoder, encryption, secured } = expected
    chunks.push(chunk.slice())
    const progress = decoder.push(chunk)
    if (progress.type === 'fault') {
      if (encryption === 'off' || secured !== undefined) {
        this.leave()
        return
      }
      expected.acceptor = new EncryptionAcceptor(
        { entropy: (length) => expected.entropy(length), methods: methodsOf(encryption) },
        (name) => expected.findNamed(name),
      )
      this.#expectAgreement(expected, expected.acceptor, joinedBytes(...chunks))
      return
    }
    const hash = decoder.infoHash
    if (hash === undefined) return
    this.#handOver(expected, hash)
  }

  #expectAgreement(expected: Expected, acceptor: EncryptionAcceptor, chunk: Uint8Array): void {
    const progress = acceptor.push(chunk)
    if (progress.type === 'fault') {
      this.leave()
      return
    }
    if (progress.send.length > 0) expected.connection.send([progress.send])
    if (progress.type === 'agreed') this.#agree(expected, progress)
  }

  /** From here on it is the handshake of BEP 3, as from anybody. */
  #agree(expected: Expected, { method, infoHash, incoming, outgoing, rest }: Agreed): void {
    expected.connection = new SecuredConnection(expected.connection, method, outgoing)
    expected.secured = { infoHash, cipher: incoming }
    expected.acceptor = undefined
    expected.decoder = new HandshakeDecoder()
    expected.chunks = []
    if (rest.length > 0) this.#expect(expected, rest)
  }

  #handOver({ chunks, connection, encryption, find, secured }: Expected, hash: InfoHash): void {
    const host = find(hash)
    const isOther = secured !== undefined && !equalBytes(secured.infoHash, hash)
    if (host === undefined || isOther || (encryption === 'require' && secured === undefined)) {
      this.leave()
      return
    }
    this.#settle()
    const events = host.takeConnection(connection, joinedBytes(...chunks))
    this.#inner = secured?.cipher === undefined ? events : new Decrypting(events, secured.cipher)
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
