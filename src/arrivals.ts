/** Arrivals: connections that others opened to us, until their handshake names the transfer they are for (BEP 3). */
import { LIMITS } from './limits.js'
import type { Cancel, Clock, Connection, ConnectionEvents } from './ports.js'
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
  /** Ends each connection that has not said yet which transfer it is for. */
  readonly #waiting = new Set<() => void>()
  #closed = false

  constructor(clock: Clock, find: (hash: InfoHash) => Host | undefined) {
    this.#clock = clock
    this.#find = find
  }

  /** Hangs up on everybody who waits, or comes later. */
  close(): void {
    this.#closed = true
    for (const leave of [...this.#waiting]) leave()
  }

  take(connection: Connection): ConnectionEvents {
    let handed: ConnectionEvents | undefined
    let gone = false
    const decoder = new HandshakeDecoder()
    const chunks: Uint8Array[] = []
    const timeout: Cancel = this.#clock.wakeAt((this.#clock.now() + LIMITS.handshakeTimeoutMs) as Instant, () =>
      leave(),
    )
    const settle = (): void => {
      timeout()
      this.#waiting.delete(leave)
    }
    const leave = (): void => {
      if (gone || handed !== undefined) return
      gone = true
      settle()
      connection.close()
    }
    this.#waiting.add(leave)
    if (this.#closed || this.#waiting.size > LIMITS.arrivalsMax) leave()
    return {
      opened: () => undefined,
      received: (chunk) => {
        if (gone) return
        if (handed !== undefined) {
          handed.received(chunk)
          return
        }
        // At most 67 bytes are kept: one more and the handshake is whole.
        chunks.push(chunk.slice())
        const progress = decoder.push(chunk)
        const hash = decoder.infoHash
        if (progress.type === 'fault') leave()
        else if (hash !== undefined) {
          const host = this.#find(hash)
          if (host === undefined) {
            leave()
            return
          }
          settle()
          // Set at once: what the host does now may end the connection.
          const inner = host.takeConnection(connection, joined(chunks))
          handed = inner
        }
      },
      closed: (failure) => {
        if (handed !== undefined) handed.closed(failure)
        else if (!gone) {
          gone = true
          settle()
        }
      },
    }
  }
}
