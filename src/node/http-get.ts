/**
 * One GET over HTTP or HTTPS, bounded in time, in redirects and in bytes.
 *
 * Strategy: node:http and not `fetch`, which costs 11 MiB of memory and 30 ms more before its first request; every
 * request has a connection of its own, because a tracker is asked twice an hour. One timer runs over names, connections,
 * redirects and body alike. The body is cut off while it is read, and unpacked within the same bound. The modules for it
 * are loaded by the first request that needs them: many transfers have no tracker, and they take 20 ms.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { createRequire } from 'node:module'
import { isIP, type Socket } from 'node:net'
import { systemCode } from '../errors.js'
import type { Answer, Cancel, Failure } from '../ports.js'
import { type Asking, kindOfHost } from '../wire/networks.js'
import type { ProxyServer } from '../wire/proxy.js'
import { type AskingRules, lookupOf, refusalOfUrl } from './asked-server.js'
import { failed, failureOf } from './failure.js'
import { openTunnel } from './tunnel.js'

const require = createRequire(import.meta.url)
const loadGet = (protocol: string): typeof import('node:http').get =>
  (require(protocol === 'https:' ? 'node:https' : 'node:http') as typeof import('node:http')).get
const loadTls = (): typeof import('node:tls') => require('node:tls') as typeof import('node:tls')
const loadGunzip = (): typeof import('node:zlib').gunzip => (require('node:zlib') as typeof import('node:zlib')).gunzip

export interface HttpBounds {
  readonly timeoutMs: number
  readonly redirectsMax: number
  readonly bodyBytesMax: number
  /** Whose word it is on that the server is asked, and what that may be; anything, where it is left out. */
  readonly asking?: Asking | undefined
  readonly rules?: AskingRules | undefined
  /** That it goes through, if through any. */
  readonly proxy?: ProxyServer | undefined
}

export interface HttpAnswer {
  readonly status: number
  /** What the server calls the status. */
  readonly statusText: string
  /** As the server says; empty where it says nothing. */
  readonly contentType: string
  /** Undefined where it went past the bound. */
  readonly body: Uint8Array | undefined
}

/** Names of failures that a caller tells apart; others keep the system's or Node's own. */
const codeOf = (error: unknown): string => {
  const code = systemCode(error) ?? 'UNKNOWN'
  if (code === 'ECONNREFUSED') return 'REFUSED'
  if (code === 'ETIMEDOUT') return 'TIMEOUT'
  if (code === 'HPE_HEADER_OVERFLOW') return 'TOO_LARGE'
  // Node's HTTP parser and zlib: what came is not what it claims to be.
  if (code.startsWith('HPE_') || code.startsWith('Z_')) return 'GARBAGE'
  return code
}

/** In the words of `Discovery`. */
export const requestFailure = (error: unknown): Failure => {
  const { message } = failureOf(error)
  const code = codeOf(error)
  // Where a name has several addresses, Node joins their errors and leaves the message empty.
  return { code, message: message === '' ? code : message }
}

/** Undefined for what is no URL of ours. */
export const httpUrl = (text: string, base?: string): URL | undefined => {
  if (!URL.canParse(text, base)) return undefined
  const url = new URL(text, base)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}

class Get {
  readonly #bounds: HttpBounds
  readonly #done: (answer: Answer<HttpAnswer>) => void
  readonly #timer: NodeJS.Timeout
  #request: ClientRequest | undefined
  /** To the proxy, where there is one. */
  #way: Socket | undefined
  #redirects = 0
  #fromGlobal = false
  #ended = false

  constructor(bounds: HttpBounds, done: (answer: Answer<HttpAnswer>) => void) {
    this.#bounds = bounds
    this.#done = done
    this.#timer = setTimeout(() => {
      this.#end(failed('TIMEOUT', `no answer within ${bounds.timeoutMs} ms`))
    }, bounds.timeoutMs)
  }

  ask(url: URL): void {
    const { rules, asking: given } = this.#bounds
    const asking = given && { ...given, redirectedFromGlobal: this.#fromGlobal }
    const refused = rules && asking && refusalOfUrl(url, asking, rules)
    if (refused !== undefined) {
      setImmediate(() => this.#end({ type: 'failed', failure: requestFailure(refused) }))
      return
    }
    if (this.#bounds.proxy !== undefined) {
      this.#tunnel(this.#bounds.proxy, url)
      return
    }
    const looked = rules && asking ? { lookup: lookupOf(url, asking, rules) } : {}
    this.#send(url, { ...looked, agent: false })
  }

  /** Names are looked up by the proxy. */
  #tunnel(proxy: ProxyServer, url: URL): void {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
    this.#way = openTunnel(proxy, { host, port }, (result) => {
      if ('error' in result) {
        this.#end({ type: 'failed', failure: requestFailure(result.error) })
        return
      }
      const { socket } = result
      if (this.#ended) return
      const createConnection = (): Socket =>
        url.protocol === 'https:' ? loadTls().connect({ socket, servername: isIP(host) === 0 ? host : '' }) : socket
      this.#send(url, { createConnection })
    })
  }

  #send(url: URL, way: RequestOptions): void {
    const options = {
      ...way,
      headers: { accept: '*/*', 'accept-encoding': 'gzip', 'user-agent': 'torrewind' },
    }
    const request = loadGet(url.protocol)(url, options)
    this.#request = request
    // Stays on, so that an error that comes late finds someone; that of a request which was redirected means nothing.
    const failedWith = (error: unknown): void => {
      if (this.#request === request) this.#end({ type: 'failed', failure: requestFailure(error) })
    }
    request.on('error', failedWith)
    request.on('response', (response) => {
      response.on('error', failedWith)
      const location = response.headers.location
      const { statusCode = 0 } = response
      if (kindOfHost(response.socket.remoteAddress ?? '') === 'global') this.#fromGlobal = true
      if (location !== undefined && [301, 302, 303, 307, 308].includes(statusCode)) this.#redirect(url, location)
      else this.#read(response)
    })
  }

  stop(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    this.#request?.destroy()
    this.#way?.destroy()
  }

  #end(answer: Answer<HttpAnswer>): void {
    if (this.#ended) return
    this.stop()
    this.#done(answer)
  }

  #redirect(from: URL, location: string): void {
    if (this.#ended) return
    const url = httpUrl(location, from.href)
    this.#redirects++
    if (this.#redirects > this.#bounds.redirectsMax) {
      this.#end(failed('REDIRECTS', `more than ${this.#bounds.redirectsMax} redirects`))
    } else if (url === undefined) {
      this.#end(failed('REDIRECTS', 'redirected to what is no HTTP address'))
    } else {
      const before = this.#request
      this.ask(url)
      before?.destroy()
    }
  }

  #read(response: IncomingMessage): void {
    const { bodyBytesMax } = this.#bounds
    const chunks: Uint8Array[] = []
    let bytes = 0
    if (Number(response.headers['content-length']) > bodyBytesMax) {
      this.#answer(response, undefined)
      return
    }
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > bodyBytesMax) this.#answer(response, undefined)
      else chunks.push(chunk)
    })
    response.on('end', () => {
      if (!this.#ended) this.#unpack(response, Buffer.concat(chunks))
    })
  }

  #unpack(response: IncomingMessage, body: Uint8Array): void {
    const encoding = response.headers['content-encoding']?.toLowerCase() ?? ''
    if (encoding === '' || encoding === 'identity') {
      this.#answer(response, body)
    } else if (encoding === 'gzip' || encoding === 'x-gzip') {
      loadGunzip()(body, { maxOutputLength: this.#bounds.bodyBytesMax }, (error, unpacked) => {
        if (error === null) this.#answer(response, unpacked)
        else if (systemCode(error) === 'ERR_BUFFER_TOO_LARGE') this.#answer(response, undefined)
        else this.#end({ type: 'failed', failure: requestFailure(error) })
      })
    } else {
      this.#end(failed('GARBAGE', 'the answer is packed in a way that was not asked for'))
    }
  }

  #answer(response: IncomingMessage, body: Uint8Array | undefined): void {
    const { statusCode: status = 0, statusMessage: statusText = '', headers } = response
    this.#end({ type: 'done', value: { status, statusText, contentType: headers['content-type'] ?? '', body } })
  }
}

/** `done` is called once, later, unless cancelled. */
export const httpGet = (url: URL, bounds: HttpBounds, done: (answer: Answer<HttpAnswer>) => void): Cancel => {
  const request = new Get(bounds, done)
  request.ask(url)
  return () => request.stop()
}
