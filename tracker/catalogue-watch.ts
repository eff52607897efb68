/** Those who watch: browsers that are told of changes as they come (server-sent events). */
import type { ServerResponse } from 'node:http'
import { LIMITS } from '../src/limits.js'
import { CatalogueRefusal } from './catalogue-codes.js'

/** How long they wait before they ask again, where the connection was lost. */
const RETRY_MS = 3_000

export class Watchers {
  readonly #responses = new Set<ServerResponse>()
  readonly #watchersMax: number
  #closed = false

  constructor(watchersMax: number) {
    this.#watchersMax = watchersMax
  }

  get count(): number {
    return this.#responses.size
  }

  /** Throws BUSY where there are too many. */
  add(response: ServerResponse): void {
    if (this.#closed) throw new CatalogueRefusal('BUSY', 'this tracker is being stopped')
    if (this.#responses.size >= this.#watchersMax) {
      throw new CatalogueRefusal('BUSY', `${this.#watchersMax} others watch already: ask for the list instead`)
    }
    // A buffering proxy would hold back what is meant to be live.
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    response.write(`retry: ${RETRY_MS}\n\n`)
    this.#responses.add(response)
    response.on('close', () => this.#responses.delete(response))
    response.on('error', () => {}) // It is closed after that.
  }

  /** `data` is written as JSON, which has no line breaks in it. */
  tell(event: string, data: unknown): void {
    if (this.#responses.size > 0) this.#write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  /** Keeps connections from being taken for idle ones, here and on the way. */
  keepAlive(): void {
    this.#write(':\n\n')
  }

  /** Ends those that there are; nobody else can be added any more. */
  close(): void {
    this.#closed = true
    for (const response of this.#responses) response.end()
  }

  #write(text: string): void {
    for (const response of this.#responses) {
      response.write(text)
      // It does not read: it will come again, and ask for the list.
      if (response.writableLength > LIMITS.catalogueWatcherBytesMax) response.destroy()
    }
  }
}
