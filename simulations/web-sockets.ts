/** Simulated WebSockets: the port of each process, to servers of the world that take texts and say some. */
import { LIMITS } from '../src/limits.js'
import type { Failure, WebSocketConnection, WebSocketEvents, WebSockets } from '../src/ports.js'
import { labelOf, type World } from './world.js'

/** A socket as its server has it. */
export interface ServerSocket {
  /** Reaches the other side so long after it would otherwise. */
  say(text: string, afterUs?: number): void
  end(failure: Failure): void
}

export interface SocketServer {
  /** How long a message takes, one way. */
  readonly wayUs: number
  /** Whether it lets new ones in, or answers at all. */
  readonly takes: 'well' | 'refusing' | 'silent'
  /** From this host. */
  enter(socket: ServerSocket, host: string): void
  take(socket: ServerSocket, text: string): void
  leave(socket: ServerSocket): void
}

const US_PER_MS = 1_000

const REFUSED: Failure = { code: 'REFUSED', message: 'nobody listens there' }
const UNKNOWN: Failure = { code: 'ENOTFOUND', message: 'no such host' }
const SILENT: Failure = { code: 'TIMEOUT', message: 'it is not open in time' }

/** One socket, as both ends have it. */
class Socket implements WebSocketConnection, ServerSocket {
  readonly #owner: ProcessWebSockets
  readonly #server: SocketServer | undefined
  #events: WebSocketEvents | undefined
  #state: 'opening' | 'open' | 'ended' = 'opening'

  constructor(owner: ProcessWebSockets, server: SocketServer | undefined, events: WebSocketEvents) {
    this.#owner = owner
    this.#server = server
    this.#events = events
  }

  begin(): void {
    if (this.#server?.takes === 'silent')
      this.#owner.later(LIMITS.trackerTimeoutMs * US_PER_MS, () => this.#close(SILENT))
    else this.#owner.later(2 * this.#wayUs, () => this.#open())
  }

  send(text: string): void {
    const server = this.#server
    if (this.#state === 'open') this.#owner.later(this.#wayUs, () => server?.take(this, text))
  }

  close(): void {
    this.#events = undefined
    if (this.#state === 'open') this.#owner.later(this.#wayUs, () => this.#server?.leave(this))
    this.#state = 'ended'
    this.#owner.sockets.delete(this)
  }

  /** The process is gone; where the machine lost its power, nobody tells the tracker. */
  vanish(how: 'process' | 'power'): void {
    if (how === 'process') this.close()
    else this.#events = undefined
  }

  /** What the tracker says, so long after. */
  say(text: string, afterUs = 0): void {
    this.#owner.later(this.#wayUs + afterUs, () => {
      if (this.#state === 'open') this.#events?.received(text)
    })
  }

  /** The tracker ends it. */
  end(failure: Failure): void {
    this.#owner.later(this.#wayUs, () => this.#close(failure))
  }

  get #wayUs(): number {
    return this.#server?.wayUs ?? 0
  }

  #open(): void {
    if (this.#events === undefined) return
    if (this.#server === undefined) this.#close(UNKNOWN)
    else if (this.#server.takes === 'refusing') this.#close(REFUSED)
    else {
      this.#state = 'open'
      this.#server.enter(this, this.#owner.host)
      this.#events.opened()
    }
  }

  #close(failure: Failure): void {
    const events = this.#events
    this.#events = undefined
    this.#state = 'ended'
    this.#owner.sockets.delete(this)
    events?.closed(failure)
  }
}

export class ProcessWebSockets implements WebSockets {
  readonly sockets = new Set<Socket>()
  readonly #world: World
  readonly #label: number
  readonly #servers: ReadonlyMap<string, SocketServer>

  constructor(
    world: World,
    node: number,
    readonly host: string,
    servers: ReadonlyMap<string, SocketServer>,
  ) {
    this.#world = world
    this.#label = labelOf('announce', node)
    this.#servers = servers
  }

  open(url: string, events: WebSocketEvents, delayMs = 0): WebSocketConnection {
    const socket = new Socket(this, this.#servers.get(url), events)
    this.sockets.add(socket)
    if (delayMs === 0) socket.begin()
    else this.later(delayMs * US_PER_MS, () => socket.begin())
    return socket
  }

  stop(how: 'process' | 'power'): void {
    for (const socket of [...this.sockets]) socket.vanish(how)
    this.sockets.clear()
  }

  /** What is on its way to the tracker arrives, whatever becomes of the process. */
  later(us: number, act: () => void): void {
    this.#world.schedule(this.#world.now + us, this.#label, act)
  }
}
