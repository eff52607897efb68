/** A connection that passes on to another one: who changes a part of that one overrides this part. */
import type { Connection } from '../ports.js'
import type { PeerAddress } from '../values.js'

export class PassingConnection implements Connection {
  protected readonly inner: Connection

  constructor(inner: Connection) {
    this.inner = inner
  }

  get remote(): PeerAddress {
    return this.inner.remote
  }
  get transport(): Connection['transport'] {
    return this.inner.transport
  }
  get protection(): Connection['protection'] {
    return this.inner.protection
  }
  get unsentBytes(): number {
    return this.inner.unsentBytes
  }
  send(chunks: readonly Uint8Array[], flushed?: () => void): void {
    this.inner.send(chunks, flushed)
  }
  pause(): void {
    this.inner.pause()
  }
  resume(): void {
    this.inner.resume()
  }
  close(): void {
    this.inner.close()
  }
}
