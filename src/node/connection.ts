/**
 * A connection: one TCP socket behind the `Connection` port, dialed or accepted, until its one end.
 *
 * Strategy: every event of the socket passes `#closed`, which is set before anyone hears of the end, so that nothing is
 * called back afterwards; the listeners, that for errors among them, stay on the socket for ever, so that an error that
 * comes late finds someone and never ends the process.
 */
import type { Socket } from 'node:net'
import type { Connection, ConnectionEvents, Failure } from '../ports.js'
import type { PeerAddress } from '../values.js'
import { failureOf } from './failure.js'

const NO_BYTES = new Uint8Array(0)
const ENDED: Failure = { code: 'EOF', message: 'the other side ended the connection' }
/** Should not be seen: sockets close after an error, an end, or because we closed them. */
const VANISHED: Failure = { code: 'ECONNABORTED', message: 'the connection was closed' }

/** Plain text of an address: an IPv4 address mapped into IPv6 as IPv4, and no zone (`fe80::1%eth0`). */
export const plainHost = (host: string): string => {
  const zone = host.indexOf('%')
  const address = zone === -1 ? host : host.slice(0, zone)
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address
}

export class SocketConnection implements Connection {
  readonly #socket: Socket
  #remote: PeerAddress
  #events: ConnectionEvents | undefined
  #closed = false

  /** `remote` is where was dialed, or undefined for a socket that is open already. */
  constructor(socket: Socket, remote?: PeerAddress) {
    this.#socket = socket
    this.#remote = remote ?? this.#peer({ host: '', port: 0 })
    socket.on('error', (error) => this.end(failureOf(error)))
    socket.on('end', () => this.end(ENDED))
    socket.on('close', () => this.end(VANISHED))
  }

  get remote(): PeerAddress {
    return this.#remote
  }

  get unsentBytes(): number {
    return this.#closed ? 0 : this.#socket.writableLength
  }

  /** Who hears of this connection from now on. */
  hear(events: ConnectionEvents): void {
    if (!this.#closed) this.#events = events
  }

  opened(): void {
    if (this.#closed) return
    // A name may have been dialed: from here on it is the address that answered.
    this.#remote = this.#peer(this.#remote)
    this.#events?.opened(this)
  }

  received(chunk: Uint8Array): void {
    if (!this.#closed) this.#events?.received(chunk)
  }

  /** Ends because of the other side or the system, and says so once. */
  end(failure: Failure): void {
    if (this.#closed) return
    const events = this.#events
    this.close()
    events?.closed(failure)
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    if (this.#closed) return
    const socket = this.#socket
    const last = chunks.length - 1
    // Corked, so that all chunks leave in one system call (writev).
    if (last > 0) socket.cork()
    for (let at = 0; at < last; at++) socket.write(chunks[at] ?? NO_BYTES)
    if (flushed !== undefined) {
      socket.write(chunks[last] ?? NO_BYTES, (error) => {
        if (!this.#closed && (error === null || error === undefined)) flushed()
      })
    } else if (last >= 0) {
      socket.write(chunks[last] ?? NO_BYTES)
    }
    if (last > 0) socket.uncork()
  }

  pause(): void {
    if (!this.#closed) this.#socket.pause()
  }

  resume(): void {
    if (!this.#closed) this.#socket.resume()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#events = undefined
    this.#socket.destroy()
  }

  #peer(otherwise: PeerAddress): PeerAddress {
    const { remoteAddress, remotePort } = this.#socket
    if (remoteAddress === undefined || remotePort === undefined) return otherwise
    return { host: plainHost(remoteAddress), port: remotePort }
  }
}
