/** Simulated web servers that have the content, and the `HttpRanges` port of each process. */
import type { Failure, HttpRanges, RangeEnd, RangeEvents, RangeReading, RangeRequest } from '../src/ports.js'
import { urlOfFile } from '../src/wire/web-seed.js'
import type { Content } from './content.js'
import type { Delivery } from './queue.js'
import type { Chance } from './random.js'
import { labelOf, US_PER_SECOND, type World } from './world.js'

/** How a web server behaves just now. */
export const WEB_MOODS = ['well', 'wrong', 'lacking', 'busy', 'failing', 'page', 'whole', 'short', 'silent'] as const
export type WebMood = (typeof WEB_MOODS)[number]

const CHUNK_BYTES = 65_536
const ANSWER_US = 100_000
const SILENCE_US = 20 * US_PER_SECOND
const RETRY_AFTER_MS = 10_000

const FAILURES: Partial<Record<WebMood, Failure>> = {
  lacking: { code: 'NOT_FOUND', message: 'the server answered 404' },
  busy: { code: 'BUSY', message: 'the server answered 503' },
  failing: { code: 'STATUS', message: 'the server answered 500' },
  page: { code: 'WEB_PAGE', message: 'the server answered with a web page' },
  whole: { code: 'NO_RANGES', message: 'the server sends whole files only' },
}

export class WebServer {
  mood: WebMood = 'well'
  /** It sent wrong bytes to somebody. */
  spoiled = false
  requests = 0
  readonly #chance: Chance
  /** Where each file is, by its URL. */
  readonly #files = new Map<string, { readonly content: Content; readonly offset: number }>()

  /** `rate` is in bytes a second, of each answer; 0 for as fast as may be. */
  constructor(
    readonly world: World,
    readonly url: string,
    contents: readonly Content[],
    readonly rate: number,
  ) {
    this.#chance = world.chance(`web ${url}`)
    for (const content of contents) {
      const { files, multiFile } = content.metainfo
      for (const { path, offset } of files) this.#files.set(urlOfFile(url, path, multiFile), { content, offset })
    }
  }

  /** From a whole answer's beginning; in an ill mood a bit of it is not what it was. */
  bytes(url: string, offset: number, length: number): Uint8Array | undefined {
    const file = this.#files.get(url)
    if (file === undefined) return undefined
    const start = file.offset + offset
    const bytes = file.content.bytes.subarray(start, start + length)
    if (this.mood !== 'wrong' || bytes.length === 0) return bytes
    this.spoiled = true
    const spoiled = bytes.slice()
    const at = this.#chance.below(spoiled.length)
    spoiled[at] = (spoiled[at] ?? 0) ^ 1
    return spoiled
  }
}

const ended = (failure: Failure): RangeEnd => ({
  type: 'failed',
  failure,
  retryAfterMs: failure.code === 'BUSY' ? RETRY_AFTER_MS : undefined,
})

class Answer implements RangeReading {
  readonly #owner: ProcessHttpRanges
  readonly #asked: RangeRequest
  readonly #events: RangeEvents
  readonly #server: WebServer
  #sent = 0
  #paused = false
  #closed = false
  #next: Delivery | undefined

  constructor(owner: ProcessHttpRanges, server: WebServer, asked: RangeRequest, events: RangeEvents) {
    this.#owner = owner
    this.#server = server
    this.#asked = asked
    this.#events = events
    const { mood } = server
    server.requests++
    const failure = FAILURES[mood]
    if (failure !== undefined) this.#later(ANSWER_US, () => this.#end(ended(failure)))
    else if (mood === 'silent')
      this.#later(SILENCE_US, () => this.#end(ended({ code: 'TIMEOUT', message: 'nothing came for 20 s' })))
    else this.#later(ANSWER_US, () => this.#step(mood === 'short'))
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#next === undefined && !this.#closed) this.#later(0, () => this.#step(false))
  }

  close(): void {
    this.#closed = true
    if (this.#next !== undefined) this.#next.act = undefined
  }

  #step(isShort: boolean): void {
    if (this.#paused) return
    const { url, offset, length } = this.#asked
    const left = length - this.#sent
    const isCut = isShort && this.#sent * 2 >= length
    const bytes = this.#server.bytes(url, offset + this.#sent, Math.min(left, CHUNK_BYTES))
    if (left === 0) this.#end({ type: 'done' })
    else if (isCut) this.#end(ended({ code: 'TOO_SHORT', message: `${left} bytes of the range did not come` }))
    else if (bytes === undefined) this.#end(ended({ code: 'NOT_FOUND', message: 'the server answered 404' }))
    else this.#send(bytes, isShort)
  }

  #send(bytes: Uint8Array, isShort: boolean): void {
    const { rate } = this.#server
    this.#sent += bytes.length
    this.#later(rate === 0 ? 0 : Math.round((bytes.length * US_PER_SECOND) / rate), () => {
      this.#events.received(bytes)
      if (!this.#closed) this.#step(isShort)
    })
  }

  #later(us: number, act: () => void): void {
    this.#next = this.#owner.later(us, () => {
      this.#next = undefined
      if (!this.#closed) act()
    })
  }

  #end(end: RangeEnd): void {
    this.#closed = true
    this.#events.ended(end)
  }
}

export class ProcessHttpRanges implements HttpRanges {
  readonly #world: World
  readonly #label: number
  readonly #servers: ReadonlyMap<string, WebServer>
  readonly #underWay = new Set<Delivery>()

  constructor(world: World, node: number, servers: ReadonlyMap<string, WebServer>) {
    this.#world = world
    this.#label = labelOf('web', node)
    this.#servers = servers
  }

  get(request: RangeRequest, events: RangeEvents): RangeReading {
    const server = [...this.#servers.values()].find(({ url }) => request.url.startsWith(url))
    if (server !== undefined) return new Answer(this, server, request, events)
    const delivery = this.later(ANSWER_US, () => events.ended(ended({ code: 'ENOTFOUND', message: 'no such host' })))
    return {
      pause: () => undefined,
      resume: () => undefined,
      close: () => {
        delivery.act = undefined
      },
    }
  }

  /** The process is gone. */
  stop(): void {
    for (const delivery of this.#underWay) delivery.act = undefined
    this.#underWay.clear()
  }

  later(us: number, act: () => void): Delivery {
    const delivery = this.#world.schedule(this.#world.now + us, this.#label, () => {
      this.#underWay.delete(delivery)
      act()
    })
    this.#underWay.add(delivery)
    return delivery
  }
}
