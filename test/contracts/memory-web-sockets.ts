/** WebSockets within one process: each message, opening and end takes one turn of the queue, in order. */
import type { Clock, WebSocketConnection, WebSocketEvents, WebSockets } from '../../src/ports.js'
import { instant } from '../../src/values.js'

/** The other side of a connection. */
export interface MemoryEnd {
  readonly url: string
  say(text: string): void
  end(): void
}

export interface MemoryServer {
  opened(end: MemoryEnd): void
  received(end: MemoryEnd, text: string): void
  closed(end: MemoryEnd): void
}

type State = 'opening' | 'open' | 'closed'

export class MemoryWebSockets implements WebSockets {
  readonly #server: MemoryServer
  /** Whether anybody answers there. */
  readonly #listens: (url: string) => boolean
  /** URLs that were asked for, in order. */
  readonly asked: string[] = []
  readonly #clock: Clock

  constructor(clock: Clock, server: MemoryServer, listens: (url: string) => boolean = () => true) {
    this.#clock = clock
    this.#server = server
    this.#listens = listens
  }

  open(url: string, events: WebSocketEvents, delayMs = 0): WebSocketConnection {
    let state: State = 'opening'
    let isHeard = true
    const end: MemoryEnd = {
      url,
      say: (text) => {
        queueMicrotask(() => {
          if (isHeard && state === 'open') events.received(text)
        })
      },
      end: () => {
        queueMicrotask(() => {
          if (state !== 'open') return
          state = 'closed'
          this.#server.closed(end)
          if (isHeard) events.closed({ code: 'EOF', message: 'ended by the other side' })
        })
      },
    }
    const begin = (): void => {
      if (state === 'closed') return
      this.asked.push(url)
      if (!this.#listens(url)) {
        state = 'closed'
        events.closed({ code: 'REFUSED', message: 'nobody listens' })
        return
      }
      state = 'open'
      this.#server.opened(end)
      events.opened()
    }
    let cancel = (): void => {}
    if (delayMs === 0) queueMicrotask(begin)
    else cancel = this.#clock.wakeAt(instant(this.#clock.now() + delayMs), begin)
    return {
      send: (text) => {
        if (state !== 'open' || !isHeard) return
        queueMicrotask(() => {
          if (state === 'open') this.#server.received(end, text)
        })
      },
      close: () => {
        isHeard = false
        cancel()
        if (state === 'opening') state = 'closed'
        else end.end()
      },
    }
  }
}
