/**
 * An endpoint: one side of a simulated TCP connection, as its process has it. What it sends is a stream (`stream.ts`).
 *
 * Strategy: what arrives is read where the sender has it. Where the receiver is paused it is copied into a receive buffer
 * instead, which the window of the stream bounds.
 */
import { assert } from '../src/assert.js'
import type { ConnectionEvents, Failure } from '../src/ports.js'
import type { PeerAddress } from '../src/values.js'
import type { Host, Side } from './host.js'
import { Line } from './line.js'
import { type End, Stream } from './stream.js'
import type { Ways } from './ways.js'

const ENDED: Failure = { code: 'EOF', message: 'the other side ended the connection' }
const RESET: Failure = { code: 'ECONNRESET', message: 'the connection was reset' }

export class Endpoint implements Side, End {
  /** What it sends. */
  readonly stream: Stream
  #peer: Endpoint | undefined
  #events: ConnectionEvents | undefined
  #closed = false
  vanished = false
  #paused = false
  #held: Line<Uint8Array> | undefined
  #ending: Failure | undefined
  #draining = false

  constructor(
    readonly network: Ways,
    readonly host: Host,
    readonly remote: PeerAddress,
    readonly number: number,
    toNode: number,
  ) {
    this.stream = new Stream(this, toNode)
    host.endpoints.add(this)
  }

  get peer(): Endpoint {
    assert(this.#peer !== undefined, 'endpoints come in pairs')
    return this.#peer
  }

  get closed(): boolean {
    return this.#closed
  }

  get unsentBytes(): number {
    return this.#closed ? 0 : this.stream.unflushed
  }

  static join(left: Endpoint, right: Endpoint): void {
    left.#peer = right
    right.#peer = left
  }

  hear(events: ConnectionEvents): void {
    if (!this.#closed) this.#events = events
  }

  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    if (!this.#closed) this.stream.send(chunks, flushed)
  }

  pause(): void {
    if (!this.#closed) this.#paused = true
  }

  resume(): void {
    if (this.#closed || !this.#paused) return
    this.#paused = false
    this.#drainSoon()
  }

  close(): void {
    if (this.#closed) return
    this.#shut()
    this.stream.finish()
  }

  /** Ends because of the other side or the network, and says so. */
  #end(failure: Failure): void {
    if (this.#closed) return
    const events = this.#events
    this.#shut()
    this.stream.stop()
    events?.closed(failure)
  }

  /** The machine lost its power: nobody hears of it. */
  vanish(): void {
    this.#shut()
    this.vanished = true
    this.stream.stop()
  }

  /** Breaks the connection: both sides hear of it when the news reached them. */
  reset(): void {
    this.network.later(this.host.node, () => this.takeReset())
    this.network.after(this.host, this.peer.host, () => this.peer.takeReset())
  }

  #shut(): void {
    this.#closed = true
    this.#events = undefined
    this.#held = undefined
    this.host.endpoints.delete(this)
    this.peer.stream.readAll()
  }

  take(bytes: Uint8Array): void {
    if (this.#paused || this.#holds) {
      this.#held ??= new Line()
      this.#held.add(bytes.slice())
    } else {
      this.peer.stream.read(bytes.length)
      this.#events?.received(bytes)
    }
  }

  takeEnd(): void {
    if (this.#holds || this.#paused) this.#ending = ENDED
    else this.#end(ENDED)
  }

  takeReset(): void {
    this.#end(RESET)
  }

  /** Something waits to be read. */
  get #holds(): boolean {
    return this.#held !== undefined && this.#held.length > 0
  }

  #drainSoon(): void {
    if (this.#draining || (!this.#holds && this.#ending === undefined)) return
    this.#draining = true
    this.network.later(this.host.node, () => {
      this.#draining = false
      this.#drain()
    })
  }

  #drain(): void {
    while (!this.#paused && !this.#closed) {
      const chunk = this.#held?.shift()
      if (chunk === undefined) break
      this.peer.stream.read(chunk.length)
      this.#events?.received(chunk)
    }
    if (this.#ending !== undefined && !this.#paused && !this.#holds) this.#end(this.#ending)
  }
}
