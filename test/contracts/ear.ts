/** An ear: hears one connection, keeps what came, and tells when enough of it is there. */
import type { Connection, ConnectionEvents, Failure } from '../../src/ports.js'
import { signal } from './waiting.js'

export class Ear implements ConnectionEvents {
  /** Every call in order: `opened`, `received N`, `closed CODE`. */
  readonly heard: string[] = []
  receivedBytes = 0
  connection: Connection | undefined
  /** Called as things happen, where a test wants to act from within the callback. */
  onOpened: ((connection: Connection) => void) | undefined
  onReceived: ((chunk: Uint8Array) => void) | undefined
  readonly #chunks: Uint8Array[] = []
  readonly #opened = signal<Connection>()
  readonly #closed = signal<Failure>()
  readonly #waiting: { readonly bytes: number; readonly enough: () => void }[] = []
  readonly #keeps: boolean

  /** Without `keeps`, bytes are counted only. */
  constructor(keeps = true) {
    this.#keeps = keeps
  }

  opened(connection: Connection): void {
    this.heard.push('opened')
    this.connection = connection
    this.#opened.send(connection)
    this.onOpened?.(connection)
  }

  received(chunk: Uint8Array): void {
    this.heard.push(`received ${chunk.length}`)
    this.receivedBytes += chunk.length
    if (this.#keeps) this.#chunks.push(new Uint8Array(chunk))
    this.onReceived?.(chunk)
    for (const { bytes, enough } of this.#waiting) if (this.receivedBytes >= bytes) enough()
  }

  closed(failure: Failure): void {
    this.heard.push(`closed ${failure.code}`)
    this.#closed.send(failure)
  }

  whenOpened(): Promise<Connection> {
    return this.#opened.promise
  }

  whenClosed(): Promise<Failure> {
    return this.#closed.promise
  }

  whenReceived(bytes: number): Promise<void> {
    if (this.receivedBytes >= bytes) return Promise.resolve()
    const enough = signal<void>()
    this.#waiting.push({ bytes, enough: () => enough.send() })
    return enough.promise
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }
}
