/** The catalogue over HTTP: lists and searches, .torrents, publishing and taking back, what is live, and the page. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { toHex } from '../src/values.js'
import { readCid } from '../src/wire/identity.js'
import type { Listed } from './catalogue.js'
import { CATALOGUE_CODES, type CatalogueCode, CatalogueRefusal } from './catalogue-codes.js'
import type { CatalogueDesk } from './catalogue-desk.js'
import { readCatalogueQuery } from './catalogue-query.js'
import { showListed, showPage, showWhole } from './catalogue-show.js'
import type { Watchers } from './catalogue-watch.js'
import { BodyBudget, checkBody, hasBody, readBody, skipBody } from './http-body.js'
import type { Soon } from './store.js'
import { TimeShare } from './time-share.js'

export const TORRENT_TYPE = 'application/x-bittorrent'

export interface CatalogueRoutesParts {
  readonly desk: CatalogueDesk
  readonly watchers: Watchers
  /** The web page, and the rules of what it may load. */
  page(): Promise<{ readonly body: Uint8Array; readonly policy: string }>
  /** What `GET /catalogue/stats` and watchers are told. */
  stats(): Soon<Readonly<Record<string, unknown>>>
  /** Whether this address may ask now, by the rate that it is allowed. */
  takes(request: IncomingMessage): boolean
  /** Whose pages may use the catalogue from a browser, as `Access-Control-Allow-Origin` has it; nobody's but ours. */
  readonly corsOrigin?: string | undefined
  /** Publishing is open because nobody outside reaches this tracker: so no page of a name that was bent to it may. */
  readonly loopbackOnly: boolean
}

const ROOT = '/catalogue'
const METHODS = 'GET, HEAD, POST, PUT, DELETE, OPTIONS'
const LOOPBACK_NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/** The target of a request, taken apart; undefined where it is none of the catalogue's. */
const routeOf = (target: string): { readonly path: string; readonly parameters: URLSearchParams } | undefined => {
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  if (path !== '/' && path !== ROOT && !path.startsWith(`${ROOT}/`)) return undefined
  return { path, parameters: new URLSearchParams(question < 0 ? '' : target.slice(question)) }
}

const bearerOf = ({ headers }: IncomingMessage): string | undefined =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]

/** For a header: ASCII for old programs, and UTF-8 for others (RFC 6266). */
const attachment = (name: string): string => {
  const ascii = name.replace(/[^\w .()-]/g, '_')
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${ascii}.torrent"; filename*=UTF-8''${encoded}.torrent`
}

const refusalOf = (error: unknown): CatalogueRefusal => {
  if (error instanceof CatalogueRefusal) return error
  if (error instanceof TorrewindError) return new CatalogueRefusal('STORE_FAILED', 'the catalogue cannot be used now')
  throw error
}

const notFound = (): CatalogueRefusal => new CatalogueRefusal('NOT_FOUND', 'there is no such entry')

const noParameters = (parameters: URLSearchParams, ...names: readonly string[]): void => {
  for (const name of parameters.keys()) {
    if (!names.includes(name))
      throw new CatalogueRefusal('QUERY_INVALID', 'the query has a field that is not known here')
  }
}

export class CatalogueRoutes {
  readonly #parts: CatalogueRoutesParts
  /** How often requests were refused, by code. */
  readonly refusals = new Map<CatalogueCode, number>()
  readonly #budget = new BodyBudget(LIMITS.catalogueBodiesBytesMax)
  readonly #searches = new TimeShare('searched', LIMITS.catalogueSearchShare, LIMITS.catalogueSearchBurstMs)

  constructor(parts: CatalogueRoutesParts) {
    this.#parts = parts
  }

  /** Whether the request is one of the catalogue; then it is answered. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const route = routeOf(request.url ?? '')
    if (route === undefined) return false
    this.#answer(request, response, route.path, route.parameters).catch((error: unknown) => {
      // Undefined: the client is gone.
      if (error !== undefined) this.#refuse(request, response, refusalOf(error))
    })
    return true
  }

  async #answer(request: IncomingMessage, response: ServerResponse, path: string, parameters: URLSearchParams) {
    const { corsOrigin } = this.#parts
    if (corsOrigin !== undefined) {
      response.setHeader('access-control-allow-origin', corsOrigin)
      response.setHeader('vary', 'Origin')
    }
    if (!this.#parts.takes(request)) throw new CatalogueRefusal('TOO_OFTEN', 'you ask too often: wait a minute')
    const takesBody = request.method === 'POST' || request.method === 'PUT'
    if (!takesBody && hasBody(request)) {
      throw new CatalogueRefusal('BODY_TOO_LARGE', 'only a request that publishes has a body')
    }
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#show(request, response, path, parameters)
      case 'POST':
        if (path !== ROOT) break
        return this.#publish(request, response, parameters, undefined)
      case 'PUT':
        return this.#publish(request, response, parameters, this.#newNameIn(path))
      case 'DELETE':
        return this.#remove(request, response, path, parameters)
      case 'OPTIONS':
        if (corsOrigin === undefined) break
        return this.#preflight(response)
    }
    throw new CatalogueRefusal('METHOD_INVALID', 'this cannot be done here')
  }

  async #show(request: IncomingMessage, response: ServerResponse, path: string, parameters: URLSearchParams) {
    const { desk, watchers } = this.#parts
    if (path === '/') return this.#showPage(response)
    if (path === ROOT) {
      const query = readCatalogueQuery(parameters)
      return this.#send(
        response,
        200,
        this.#searches.spend(() => showPage(desk.catalogue.page(query))),
      )
    }
    noParameters(parameters)
    if (path === `${ROOT}/stats`) return this.#send(response, 200, await this.#parts.stats())
    if (path === `${ROOT}/live`) {
      if (request.method === 'HEAD') throw new CatalogueRefusal('METHOD_INVALID', 'this has no end, and so no length')
      return watchers.add(response)
    }
    if (path.endsWith('.torrent')) return this.#showTorrent(response, this.#listedAt(path.slice(0, -8)))
    return this.#send(response, 200, showWhole(this.#listedAt(path)))
  }

  async #showPage(response: ServerResponse): Promise<void> {
    const { body, policy } = await this.#parts.page()
    response.setHeader('content-security-policy', policy)
    response.setHeader('referrer-policy', 'no-referrer')
    this.#sendBytes(response, 200, 'text/html; charset=utf-8', body)
  }

  async #showTorrent(response: ServerResponse, { entry }: Listed): Promise<void> {
    const torrent = await this.#parts.desk.torrent(entry.infoHash)
    if (torrent === undefined) throw notFound()
    response.setHeader('content-disposition', attachment(entry.name))
    this.#sendBytes(response, 200, TORRENT_TYPE, torrent)
  }

  async #publish(
    request: IncomingMessage,
    response: ServerResponse,
    parameters: URLSearchParams,
    infoHash: string | undefined,
  ): Promise<void> {
    const { desk } = this.#parts
    const { torrentBytesMax } = desk.bounds
    this.#checkHost(request)
    noParameters(parameters, 'tag')
    const bearer = bearerOf(request)
    // Whoever may not publish need not send anything.
    await desk.admit(bearer, infoHash)
    checkBody(request, TORRENT_TYPE, torrentBytesMax)
    if (request.headers.expect !== undefined) response.writeContinue()
    const torrent = await readBody(request, torrentBytesMax, this.#budget)
    const { listed, created, key } = await desk.publish({ torrent, tags: parameters.getAll('tag'), infoHash, bearer })
    response.setHeader('location', `${ROOT}/${listed.entry.infoHash}`)
    this.#send(response, created ? 201 : 200, { ...showListed(listed), created, key: key ?? null })
  }

  async #remove(request: IncomingMessage, response: ServerResponse, path: string, parameters: URLSearchParams) {
    this.#checkHost(request)
    noParameters(parameters)
    const { infoHash } = this.#listedAt(path).entry
    await this.#parts.desk.remove(infoHash, bearerOf(request))
    this.#send(response, 200, { removed: infoHash })
  }

  #preflight(response: ServerResponse): void {
    response.setHeader('access-control-allow-methods', METHODS)
    response.setHeader('access-control-allow-headers', 'authorization, content-type')
    response.setHeader('access-control-max-age', '86400')
    this.#sendBytes(response, 204, undefined, new Uint8Array(0))
  }

  #checkHost({ headers }: IncomingMessage): void {
    if (this.#parts.loopbackOnly && !LOOPBACK_NAME.test(headers.host ?? '')) {
      throw new CatalogueRefusal('PUBLISHING_CLOSED', 'this tracker takes entries by its own address only')
    }
  }

  /** The info-hash in a path, which need not be there yet. */
  #newNameIn(path: string): string {
    const text = path.slice(ROOT.length + 1)
    const hash = readCid(text)?.infoHash
    const name = hash === undefined ? text.toLowerCase() : toHex(hash)
    if (/^[0-9a-f]{40}$/.test(name)) return name
    throw new CatalogueRefusal('METHOD_INVALID', 'an entry is put at its info-hash or CID')
  }

  #listedAt(path: string): Listed {
    const listed = this.#parts.desk.catalogue.find(path.slice(ROOT.length + 1))
    if (listed === undefined) throw notFound()
    return listed
  }

  #refuse(request: IncomingMessage, response: ServerResponse, { code, message }: CatalogueRefusal): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
    if (response.headersSent) {
      response.destroy()
      return
    }
    const status: number = CATALOGUE_CODES[code]
    if (code === 'METHOD_INVALID') response.setHeader('allow', METHODS)
    if (status === 401) response.setHeader('www-authenticate', challengeOf(code))
    if (status === 503 || status === 429) response.setHeader('retry-after', '10')
    // What is left of a body is not worth waiting for.
    if (!request.complete) {
      response.setHeader('connection', 'close')
      skipBody(request, LIMITS.trackerLingerMs)
    }
    this.#send(response, status, { error: { code, message } })
  }

  #send(response: ServerResponse, status: number, value: unknown): void {
    this.#sendBytes(response, status, 'application/json', Buffer.from(`${JSON.stringify(value)}\n`))
  }

  #sendBytes(response: ServerResponse, status: number, contentType: string | undefined, body: Uint8Array): void {
    response.statusCode = status
    if (contentType !== undefined) {
      response.setHeader('content-type', contentType)
      response.setHeader('content-length', body.length)
    }
    response.setHeader('cache-control', 'no-cache')
    response.setHeader('x-content-type-options', 'nosniff')
    response.end(body)
  }
}

const challengeOf = (code: CatalogueCode): string =>
  code === 'TOKEN_INVALID' ? 'Bearer error="invalid_token"' : 'Bearer'
