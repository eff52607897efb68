/** Readables: a stream of Node around bytes that are read on demand. */
import { Readable } from 'node:stream'

/** What is read; structurally what the engine gives. */
export interface Source {
  read(): Promise<Uint8Array | undefined>
  close(): void
}

export const readableOf = (source: Source): Readable =>
  new Readable({
    read() {
      source.read().then(
        (bytes) => this.push(bytes ?? null),
        (error: Error) => this.destroy(error),
      )
    },
    destroy(error, done) {
      source.close()
      done(error)
    },
  })
