/** Secured connections: a connection whose handshake is hidden, or all of it, over any other (message stream encryption). */
import type { Connection, ConnectionEvents, Failure } from '../ports.js'
import type { PeerAddress } from '../values.js'
import type { EncryptionMethod } from '../wire/encryption.js'
import type { Rc4 } from '../wire/rc4.js'

export class SecuredConnection implements Connection {
  readonly protection: EncryptionMethod
  readonly #inner: Connection
  readonly #cipher: Rc4 | undefined
  #closed = false

  constructor(inner: Connection, protection: EncryptionMethod, cipher: Rc4 | undefined) {
    this.#inner = inner
    this.protection = protection
    this.#cipher = cipher
  }

  get remote(): PeerAddress {
    return this.#inner.remote
  }

  get transport(): Connection['transport'] {
    return this.#inner.transport
  }

  get unsentBytes(): number {
    return this.#inner.unsentBytes
  }

  get isClosed(): boolean {
    return this.#closed
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    this.#inner.send(this.#cipher === undefined ? chunks : [this.#encrypted(this.#cipher, chunks)], flushed)
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  close(): void {
    this.#closed = true
    this.#inner.close()
  }

  /** In memory of its own: blocks are lent to us, and read by others at the same time. */
  #encrypted(cipher: Rc4, chunks: readonly Uint8Array[]): Uint8Array {
    const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
    let at = 0
    for (const chunk of chunks) {
      cipher.apply(chunk, bytes, at)
      at += chunk.length
    }
    return bytes
  }
}

/** Who hears of a connection hears it decrypted: into one buffer, since what is received is a view for the time of a call. */
export class Decrypting implements ConnectionEvents {
  static #shared = new Uint8Array(0)
  readonly #inner: ConnectionEvents
  readonly #cipher: Rc4

  constructor(inner: ConnectionEvents, cipher: Rc4) {
    this.#inner = inner
    this.#cipher = cipher
  }

  opened(connection: Connection): void {
    this.#inner.opened(connection)
  }

  received(chunk: Uint8Array): void {
    const { length } = chunk
    if (Decrypting.#shared.length < length) Decrypting.#shared = new Uint8Array(Math.max(65_536, length))
    const plain = new Uint8Array(Decrypting.#shared.buffer, 0, length)
    this.#cipher.apply(chunk, plain)
    this.#inner.received(plain)
  }

  closed(failure: Failure): void {
    this.#inner.closed(failure)
  }
}
