/** Securing: the encrypted handshake of who dialed, over a connection that is open, until it is agreed or has failed. */
import { LIMITS } from '../limits.js'
import type { Cancel, Clock, Connection, ConnectionEvents, Failure } from '../ports.js'
import type { InfoHash, Instant } from '../values.js'
import { type Agreed, EncryptionDialer, type EncryptionOptions } from '../wire/encryption.js'
import { Decrypting, SecuredConnection } from './secured.js'

/** The code of a dial that failed for want of encryption. */
export const NOT_ENCRYPTED = 'NOT_ENCRYPTED'

export interface SecuringOptions extends EncryptionOptions {
  readonly clock: Clock
  readonly infoHash: InfoHash
  /** Who hears of the connection once it is secured. */
  readonly events: ConnectionEvents
  /** It cannot be secured, and is closed. */
  failed(failure: Failure): void
}

export class Securing implements ConnectionEvents {
  readonly #options: SecuringOptions
  readonly #connection: Connection
  readonly #machine: EncryptionDialer
  readonly #timeout: Cancel
  /** Whoever hears of it from the agreement on. */
  #hearer: ConnectionEvents | undefined
  #ended = false

  constructor(options: SecuringOptions, connection: Connection) {
    const { clock } = options
    this.#options = options
    this.#connection = connection
    this.#machine = new EncryptionDialer(options, options.infoHash)
    const until = (clock.now() + LIMITS.encryptionTimeoutMs) as Instant // later than now
    this.#timeout = clock.wakeAt(until, () => this.#fail('no answer in time'))
    connection.send([this.#machine.start()])
  }

  opened(): void {
    // It was open already.
  }

  received(chunk: Uint8Array): void {
    if (this.#hearer !== undefined) {
      this.#hearer.received(chunk)
      return
    }
    if (this.#ended) return
    const progress = this.#machine.push(chunk)
    if (progress.type === 'fault') {
      this.#fail(progress.reason)
      return
    }
    if (progress.send.length > 0) this.#connection.send([progress.send])
    if (progress.type === 'agreed') this.#agree(progress)
  }

  closed(failure: Failure): void {
    if (this.#hearer !== undefined) this.#hearer.closed(failure)
    else this.#fail(failure.code)
  }

  /** Gives it up, if it was not agreed yet. */
  close(): void {
    this.#ended = true
    this.#timeout()
    this.#connection.close()
  }

  #agree({ method, incoming, outgoing, rest }: Agreed): void {
    this.#ended = true
    this.#timeout()
    const { events } = this.#options
    const connection = new SecuredConnection(this.#connection, method, outgoing)
    this.#hearer = incoming === undefined ? events : new Decrypting(events, incoming)
    events.opened(connection)
    if (rest.length > 0 && !connection.isClosed) events.received(rest)
  }

  #fail(why: string): void {
    if (this.#ended) return
    this.close()
    this.#options.failed({ code: NOT_ENCRYPTED, message: `the encrypted handshake failed: ${why}` })
  }
}
