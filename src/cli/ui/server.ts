/** The page's server: on this machine alone, for whoever has the token. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf, systemCode, TorrewindError } from '../../errors.js'
import { ANSWERS } from './answers.js'
import { receiveCapsule } from './capsule-upload.js'
import { HEADERS, isOurs, isToken, makeToken } from './guard.js'
import { Parameters } from './parameters.js'
import type { Source, Sources } from './sources.js'
import type { Files } from './static-files.js'

export const HOST = '127.0.0.1'
/** Windows of one user; each follows one history. */
const CONNECTIONS_MAX = 64
const FOLLOWERS_MAX = 24
const TARGET_CHARACTERS_MAX = 4_096
/** News of one history are told no more often. */
const NEWS_EVERY_MS = 200

/** What is answered with a status and a code, as JSON. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

const refusalOf = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error
  if (!(error instanceof TorrewindError)) return new Refusal(500, 'INTERNAL_FAULT', messageOf(error))
  const status = error.code === 'OPTION_INVALID' ? 400 : error.code === 'TRANSFER_UNKNOWN' ? 404 : 422
  return new Refusal(status, error.code, error.message)
}

export interface UiServer {
  /** With the token: to be opened in a browser. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export interface UiOptions {
  readonly port: number
  readonly sources: Sources
  /** The page's own files, by their names. */
  readonly files: Files
  /** Told of what is a fault of ours, and not of the request. */
  readonly failed: (error: unknown) => void
}

class Ui {
  readonly #token = makeToken()
  readonly #options: UiOptions
  readonly #server: Server
  readonly #followers = new Set<ServerResponse>()

  constructor(options: UiOptions) {
    this.#options = options
    this.#server = createServer({ requestTimeout: 120_000, headersTimeout: 10_000 }, (request, response) => {
      void this.#take(request, response)
    })
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  listen(): Promise<UiServer> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const taken = ['EADDRINUSE', 'EACCES'].includes(systemCode(error) ?? '')
        reject(taken ? new TorrewindError('PORT_TAKEN', `port ${this.#options.port}: ${error.message}`) : error)
      })
      this.#server.listen(this.#options.port, HOST, () => {
        const { port } = this.#server.address() as AddressInfo // it listens on a port, not on a pipe
        resolve({ url: `http://${HOST}:${port}/${this.#token}/`, port, close: () => this.#close() })
      })
    })
  }

  #close(): Promise<void> {
    return new Promise((done) => {
      this.#server.close(() => done())
      this.#server.closeAllConnections()
    })
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    try {
      await this.#answer(request, response)
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof TorrewindError)) this.#options.failed(error)
      const { status, code, message } = refusalOf(error)
      // A body that nobody wants is not read to its end.
      if (request.method === 'POST') response.setHeader('connection', 'close')
      if (!response.headersSent) this.#send(response, status, { code, message })
      else response.destroy()
    }
  }

  #send(response: ServerResponse, status: number, value: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(value))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { port } = this.#server.address() as AddressInfo // as above
    if (!isOurs(request, port)) throw new Refusal(403, 'FORBIDDEN', 'this page is for its own origin only')
    const target = request.url ?? '/'
    if (target.length > TARGET_CHARACTERS_MAX) throw new Refusal(414, 'TOO_LONG', 'the address is too long')
    const url = URL.canParse(target, `http://${HOST}`) ? new URL(target, `http://${HOST}`) : undefined
    const [token = '', ...parts] = url?.pathname.slice(1).split('/') ?? []
    if (url === undefined || !isToken(this.#token, token))
      throw new Refusal(403, 'FORBIDDEN', 'the token is missing or wrong: open the address that `torrewind ui` printed')
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (parts[0] === 'api' && parts[1] === 'capsules' && parts.length === 2) {
      if (request.method !== 'POST') throw new Refusal(405, 'METHOD', 'capsules are sent by POST')
      return this.#send(response, 201, await this.#takeCapsule(request))
    }
    if (!isRead) throw new Refusal(405, 'METHOD', 'there is nothing to be changed here')
    if (parts[0] === 'api') return this.#api(parts.slice(1), new Parameters(url.searchParams), response)
    this.#file(parts, response)
  }

  #file(parts: readonly string[], response: ServerResponse): void {
    const name = parts.join('/')
    const file = this.#options.files.get(name === '' ? 'index.html' : name)
    if (file === undefined || parts.length === 0) throw new Refusal(404, 'NOT_FOUND', 'there is no such page')
    response.writeHead(200, { 'content-type': file.type })
    response.end(file.bytes)
  }

  async #takeCapsule(request: IncomingMessage) {
    const { file, remove } = await receiveCapsule(request)
    const source = await this.#options.sources.openCapsule(file, remove)
    return { id: source.id, name: source.metainfo.name, events: source.history.events }
  }

  async #api(parts: readonly string[], parameters: Parameters, response: ServerResponse): Promise<void> {
    const { sources } = this.#options
    const [id = '', what = ''] = parts
    if (id === 'sources' && parts.length === 1)
      return this.#send(response, 200, { sources: await sources.list(), first: sources.first ?? null })
    const answer = Object.hasOwn(ANSWERS, what) ? ANSWERS[what] : undefined
    if (parts.length !== 2 || (answer === undefined && what !== 'live'))
      throw new Refusal(404, 'NOT_FOUND', 'there is no such question')
    const source = await sources.open(id)
    if (answer === undefined) return this.#follow(source, response)
    try {
      this.#send(response, 200, await answer(source, parameters))
    } catch (error) {
      throw source.faultOf(error)
    }
  }

  /** Tells of news until the page is closed. */
  #follow(source: Source, response: ServerResponse): void {
    if (this.#followers.size >= FOLLOWERS_MAX) throw new Refusal(503, 'BUSY', 'too many windows are open')
    this.#followers.add(response)
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    let timer: NodeJS.Timeout | undefined
    // Whoever does not read is told the newest when it does.
    let reads = true
    let missed = false
    const tell = (): void => {
      timer = undefined
      missed = !reads
      if (missed) return
      reads = false
      const { surveyed } = source.survey.seen
      response.write(`data: ${JSON.stringify({ events: source.history.events, surveyed })}\n\n`, (error) => {
        if (error) return
        reads = true
        if (missed) tell()
      })
    }
    const end = source.listen(() => {
      timer ??= setTimeout(tell, NEWS_EVERY_MS)
    })
    response.on('close', () => {
      clearTimeout(timer)
      end()
      this.#followers.delete(response)
    })
    tell()
  }
}

export const startUi = (options: UiOptions): Promise<UiServer> => new Ui(options).listen()
