/** Secured connections: a connection whose handshake is hidden, or all of it, over any other (message stream encryption). */
import type { Connection, ConnectionEvents, Failure } from '../ports.js'
import type { EncryptionMethod } from '../wire/encryption.js'
import type { Rc4 } from '../wire/rc4.js'
import { PassingConnection } from './passing.js'

export class SecuredConnection extends PassingConnection {
  readonly #method: EncryptionMethod
  readonly #cipher: Rc4 | undefined
  #closed = false

  constructor(inner: Connection, method: EncryptionMethod, cipher: Rc4 | undefined) {
    super(inner)
    this.#method = method
    this.#cipher = cipher
  }

  override get protection(): EncryptionMethod {
    return this.#method
  }

  get isClosed(): boolean {
    return this.#closed
  }

  override send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    super.send(this.#cipher === undefined ? chunks : [this.#encrypted(this.#cipher, chunks)], flushed)
  }

  override close(): void {
    this.#closed = true
    super.close()
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
