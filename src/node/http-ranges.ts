/**
 * Ranges of files over HTTP or HTTPS, for web seeds.
 *
 * Strategy: `node:http` with connections that are kept, as one server is asked many times; those of servers that the user
 * named apart from those that strangers named, since a kept connection is not looked up again. What is no answer to what
 * was asked is refused by its head, before its body is read, and a body is cut off where it goes past the range. A
 * timer runs while nothing comes, and only then; who reads slowly on our side is not the server's fault.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { LIMITS } from '../limits.js'
import type { Failure, HttpRanges, RangeEnd, RangeEvents, RangeReading, RangeRequest } from '../ports.js'
import { type Asking, kindOfHost } from '../wire/networks.js'
import { readContentRange, readRetryAfterMs, webSeedUrl } from '../wire/web-seed.js'
import { type AskingRules, lookupOf, NO_RULES, refusalOfUrl } from './asked-server.js'
import { requestFailure } from './http-get.js'

const require = createRequire(import.meta.url)
type Http = typeof import('node:http')
const loadHttp = (protocol: string): Http => require(protocol === 'https:' ? 'node:https' : 'node:http') as Http // of the same shape

export interface RangeBounds {
  readonly silenceMs: number
  readonly redirectsMax: number
}

const BOUNDS: RangeBounds = { silenceMs: LIMITS.webSeedSilenceMs, redirectsMax: LIMITS.webSeedRedirectsMax }
const IDLE_SOCKETS = 4
const SECOND_MS = 1_000

interface Shared {
  readonly rules: AskingRules
  readonly bounds: RangeBounds
  agentOf(protocol: string, trusted: boolean): Agent
}

const statusFailure = (status: number, text: string): Failure => {
  const message = `the server answered ${status} ${text}`.trimEnd()
  if (status === 404 || status === 410) return { code: 'NOT_FOUND', message }
  if (status === 401 || status === 403 || status === 407 || status === 451) return { code: 'FORBIDDEN', message }
  if (status === 429 || status === 503) return { code: 'BUSY', message }
  if (status === 416) return { code: 'RANGE_REFUSED', message }
  return { code: 'STATUS', message }
}

class Reading implements RangeReading {
  readonly #shared: Shared
  readonly #asked: RangeRequest
  readonly #events: RangeEvents
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined
  #timer: NodeJS.Timeout | undefined
  #left: number
  #redirects = 0
  #fromGlobal = false
  #paused = false
  #ended = false

  constructor(shared: Shared, asked: RangeRequest, events: RangeEvents) {
    this.#shared = shared
    this.#asked = asked
    this.#events = events
    this.#left = asked.length
    const url = webSeedUrl(asked.url)
    if (url === undefined) this.#failLater('UNSUPPORTED', 'it is no address of HTTP or HTTPS')
    else this.#ask(url)
  }

  pause(): void {
    this.#paused = true
    clearTimeout(this.#timer)
    this.#response?.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#ended) return
    this.#watch()
    this.#response?.resume()
  }

  close(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#request?.destroy()
  }

  #ask(url: URL): void {
    const { rules } = this.#shared
    const { trusted, offset, length, fileLength } = this.#asked
    const asking: Asking = { what: 'web-seed', trusted, redirectedFromGlobal: this.#fromGlobal }
    const refused = refusalOfUrl(url, asking, rules)
    if (refused !== undefined) {
      this.#failLater(refused.code, refused.message)
      return
    }
    const request = loadHttp(url.protocol).get(url, {
      agent: this.#shared.agentOf(url.protocol, trusted && this.#redirects === 0),
      lookup: lookupOf(url, asking, rules),
      headers: {
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'torrewind',
        ...(length === fileLength ? {} : { range: `bytes=${offset}-${offset + length - 1}` }),
      },
    })
    this.#request = request
    this.#watch()
    // Stays on: an error that comes late must find somebody.
    request.on('error', (error) => {
      if (this.#request === request) this.#fail(requestFailure(error))
    })
    request.on('response', (response) => {
      if (this.#request !== request || this.#ended) return
      const { statusCode = 0, headers } = response
      response.on('error', (error) => {
        if (this.#request === request) this.#fail(requestFailure(error))
      })
      if (headers.location !== undefined && [301, 302, 303, 307, 308].includes(statusCode)) {
        if (kindOfHost(response.socket.remoteAddress ?? '') === 'global') this.#fromGlobal = true
        this.#redirect(url, headers.location, request)
      } else this.#read(response)
    })
  }

  #redirect(from: URL, location: string, before: ClientRequest): void {
    this.#redirects++
    const url = URL.canParse(location, from.href) ? webSeedUrl(new URL(location, from.href).href) : undefined
    if (this.#redirects > this.#shared.bounds.redirectsMax)
      this.#fail({ code: 'REDIRECTS', message: `more than ${this.#shared.bounds.redirectsMax} redirects` })
    else if (url === undefined) this.#fail({ code: 'REDIRECTS', message: 'redirected to what is no HTTP address' })
    else {
      this.#ask(url)
      before.destroy()
    }
  }

  /** What is wrong with the head of an answer; undefined where nothing is. */
  #wrongIn({ statusCode = 0, statusMessage = '', headers }: IncomingMessage): Failure | undefined {
    const { offset, length, fileLength } = this.#asked
    if (statusCode !== 200 && statusCode !== 206) return statusFailure(statusCode, statusMessage)
    const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity'
    if (encoding !== 'identity') return { code: 'ENCODED', message: `the answer is packed as ${encoding.slice(0, 40)}` }
    const size = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
    if (statusCode === 206) {
      const range = readContentRange(headers['content-range'] ?? '')
      const fits = range?.first === offset && range.last === offset + length - 1
      const sameFile = range?.total === undefined || range.total === fileLength
      if (!fits || !sameFile || (size !== undefined && size !== length))
        return { code: 'WRONG_RANGE', message: `the server sent ${headers['content-range'] ?? 'an unnamed range'}` }
      return undefined
    }
    if (size !== fileLength && /html/i.test(headers['content-type'] ?? ''))
      return { code: 'WEB_PAGE', message: 'the server answered with a web page' }
    if (length !== fileLength) return { code: 'NO_RANGES', message: 'the server sends whole files only' }
    return size === undefined || size === fileLength
      ? undefined
      : { code: 'WRONG_RANGE', message: `the file has ${fileLength} bytes, and the server sent ${size}` }
  }

  #read(response: IncomingMessage): void {
    const wrong = this.#wrongIn(response)
    if (wrong !== undefined) {
      this.#fail(wrong, readRetryAfterMs(response.headers['retry-after'] ?? '', Date.now()))
      return
    }
    this.#response = response
    response.on('data', (chunk: Buffer) => {
      if (this.#ended) return
      this.#watch()
      const taken = Math.min(chunk.length, this.#left)
      this.#left -= taken
      if (taken > 0) this.#events.received(new Uint8Array(chunk.buffer, chunk.byteOffset, taken))
      if (taken < chunk.length) this.#fail({ code: 'TOO_LONG', message: 'the server goes on after the range' })
    })
    response.on('end', () => {
      if (this.#left === 0) this.#end({ type: 'done' })
      else this.#fail({ code: 'TOO_SHORT', message: `${this.#left} bytes of the range did not come` })
    })
    if (this.#paused) response.pause()
  }

  #watch(): void {
    const { silenceMs } = this.#shared.bounds
    clearTimeout(this.#timer)
    if (this.#paused) return
    this.#timer = setTimeout(() => {
      this.#fail({ code: 'TIMEOUT', message: `nothing came for ${silenceMs / SECOND_MS} s` })
    }, silenceMs)
  }

  #failLater(code: string, message: string): void {
    setImmediate(() => this.#fail({ code, message }))
  }

  #fail(failure: Failure, retryAfterMs?: number): void {
    if (this.#ended) return
    this.#request?.destroy()
    this.#end({ type: 'failed', failure, retryAfterMs })
  }

  #end(end: RangeEnd): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    this.#events.ended(end)
  }
}

/** `bounds` are for tests; everyone else takes those in limits. */
export const nodeHttpRanges = (rules: AskingRules = NO_RULES, bounds: RangeBounds = BOUNDS): HttpRanges => {
  const agents = new Map<string, Agent>()
  const shared: Shared = {
    rules,
    bounds,
    agentOf(protocol, trusted) {
      const name = `${protocol} ${trusted}`
      const known = agents.get(name)
      if (known !== undefined) return known
      const { Agent: Made } = loadHttp(protocol)
      const agent = new Made({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS, timeout: 2 * bounds.silenceMs })
      agents.set(name, agent)
      return agent
    },
  }
  return { get: (request, events) => new Reading(shared, request, events) }
}
