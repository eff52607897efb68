/** The server of `torrewind serve`: files of a transfer over HTTP, whole or in ranges, while they are fetched. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { systemCode, TorrewindError } from '../../errors.js'
import type { Transfer, TransferFile } from '../../index.js'
import { toHex } from '../../values.js'
import { contentTypeOf } from './content-type.js'
import { indexPage } from './index-page.js'
import { type ByteRange, readRanges } from './ranges.js'

/** A player opens two or three at a time. */
const CONNECTIONS_MAX = 64

export interface StreamServerOptions {
  readonly host: string
  readonly port: number
  readonly transfer: Transfer
}

export interface StreamServer {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** The name or address in a `Host` header, without its port. */
const hostIn = (header: string): string => header.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1')

/**
 * A page of a stranger can have its name lead to this machine (DNS rebinding), and would then be of our origin. An address
 * is nobody's name, and so are `localhost` and the name that the user chose.
 */
export const isMeantForUs = (header: string | undefined, host: string): boolean => {
  const named = hostIn(header ?? '').toLowerCase()
  return named === 'localhost' || named === host.toLowerCase() || isIP(named) !== 0
}

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD'

class StreamingServer {
  readonly #options: StreamServerOptions
  readonly #server: Server

  constructor(options: StreamServerOptions) {
    this.#options = options
    this.#server = createServer({ headersTimeout: 10_000 }, (request, response) => {
      this.#take(request, response).catch(() => response.destroy())
    })
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  listen(): Promise<StreamServer> {
    const { host, port: wanted } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const taken = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes(systemCode(error) ?? '')
        reject(taken ? new TorrewindError('PORT_TAKEN', `${host}, port ${wanted}: ${error.message}`) : error)
      })
      this.#server.listen(wanted, host, () => {
        const { port } = this.#server.address() as AddressInfo // it listens on a port, not on a pipe
        const url = `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}/`
        resolve({ url, port, close: () => this.#close() })
      })
    })
  }

  #close(): Promise<void> {
    return new Promise((done) => {
      this.#server.close(() => done())
      this.#server.closeAllConnections()
    })
  }

  #refuse(
    response: ServerResponse,
    status: number,
    text: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers })
    response.end(`${text}\n`)
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const { host, transfer } = this.#options
    if (!isMeantForUs(request.headers.host, host)) return this.#refuse(response, 403, 'this server has another name')
    if (!isRead(request)) return this.#refuse(response, 405, 'files are read here', { allow: 'GET, HEAD' })
    const [path = ''] = (request.url ?? '').split('?')
    if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
      response.end(request.method === 'HEAD' ? undefined : indexPage(transfer))
      return
    }
    const [, position] = /^\/(\d{1,7})(?:\/|$)/.exec(path) ?? []
    const file = transfer.files.find(({ index }) => index === Number(position ?? -1))
    if (file === undefined) return this.#refuse(response, 404, 'there is no such file')
    await this.#send(request, response, file)
  }

  async #send(request: IncomingMessage, response: ServerResponse, file: TransferFile): Promise<void> {
    const { headers } = request
    const etag = `"${toHex(this.#options.transfer.infoHash)}-${file.index}"`
    response.setHeader('etag', etag)
    response.setHeader('accept-ranges', 'bytes')
    if (headers['if-none-match']?.split(',').some((each) => each.trim() === etag || each.trim() === '*') === true) {
      response.writeHead(304)
      response.end()
      return
    }
    // Another version of the file is not what the rest of it is asked of.
    const isSame = headers['if-range'] === undefined || headers['if-range'] === etag
    const ranges = isSame ? readRanges(headers.range, file.length) : undefined
    if (ranges === 'unsatisfiable')
      return this.#refuse(response, 416, 'the file has no such bytes', { 'content-range': `bytes */${file.length}` })
    if (ranges !== undefined && ranges.length > 1) return this.#sendParts(request, response, file, ranges)
    const [range] = ranges ?? []
    const { start, end } = range ?? { start: 0, end: file.length - 1 }
    response.writeHead(range === undefined ? 200 : 206, {
      'content-type': contentTypeOf(file.path),
      'content-length': end - start + 1,
      ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${file.length}` }),
    })
    if (request.method === 'HEAD' || end < start) response.end()
    else await pipeline(this.#open(file, { start, end }), response)
  }

  /** Several ranges are parts of one body (`multipart/byteranges`). */
  async #sendParts(
    request: IncomingMessage,
    response: ServerResponse,
    file: TransferFile,
    ranges: readonly ByteRange[],
  ): Promise<void> {
    const boundary = `torrewind-${toHex(this.#options.transfer.infoHash)}`
    const head = ({ start, end }: ByteRange): string =>
      `\r\n--${boundary}\r\ncontent-type: ${contentTypeOf(file.path)}\r\n` +
      `content-range: bytes ${start}-${end}/${file.length}\r\n\r\n`
    const last = `\r\n--${boundary}--\r\n`
    const length = ranges.reduce((sum, range) => sum + head(range).length + range.end - range.start + 1, last.length)
    response.writeHead(206, {
      'content-type': `multipart/byteranges; boundary=${boundary}`,
      'content-length': length,
    })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    for (const range of ranges) {
      response.write(head(range))
      await pipeline(this.#open(file, range), response, { end: false })
    }
    response.end(last)
  }

  #open({ index }: TransferFile, range: ByteRange): NodeJS.ReadableStream {
    return this.#options.transfer.stream(index, range)
  }
}

export const startStreaming = (options: StreamServerOptions): Promise<StreamServer> =>
  new StreamingServer(options).listen()
