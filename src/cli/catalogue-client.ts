/** The catalogue of a tracker, asked over HTTP: searching, fetching, publishing, taking back. */
import { messageOf, TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { type HttpAnswer, httpGet } from '../node/http-get.js'
import type { Answer } from '../ports.js'
import { toHex } from '../values.js'
import type { Metainfo } from '../wire/metainfo.js'
import type { ProxyServer } from '../wire/proxy.js'

/** What is used here of an entry; servers may say more. */
export interface FoundEntry {
  readonly infoHash: string
  readonly cid: string
  readonly name: string
  readonly bytes: number
  readonly files: number
  readonly seeds: number
  readonly leeches: number
  readonly completed: number
  readonly tags: readonly string[]
  readonly publishedAt: number
}

export interface FoundPage {
  readonly entries: readonly FoundEntry[]
  readonly total: number
  readonly next: string | undefined
}

export interface PublishedEntry {
  readonly entry: FoundEntry
  readonly created: boolean
  readonly key: string | undefined
}

const TORRENT_TYPE = 'application/x-bittorrent'
const JSON_BYTES_MAX = 16 * 1_024 * 1_024
/** A .torrent of the largest size over a slow line. */
const TIMEOUT_MS = 120_000
const JWT = /^[\w-]+(?:\.[\w-]*){2}$/

const httpUrl = (tracker: string): URL => {
  const url = URL.canParse(tracker) ? new URL(tracker) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new TorrewindError('OPTION_INVALID', `--tracker ${tracker}: a catalogue is asked over http or https`)
}

export const isHttp = (tracker: string): boolean => /^https?:\/\//i.test(tracker)

/** Where peers announce: as it stands, but that of a tracker named without a path is at `/announce`. */
export const announceAt = (tracker: string): string => {
  if (!isHttp(tracker) || !URL.canParse(tracker)) return tracker
  const url = new URL(tracker)
  if (url.pathname !== '/') return tracker
  url.pathname = '/announce'
  return url.href
}

/** Where the catalogue of a tracker is, by its address or by the URL that peers announce at, with its token or without. */
export const catalogueAt = (tracker: string): string => {
  const { origin, pathname } = httpUrl(tracker)
  const parts = pathname.split('/').filter((part) => part !== '')
  if (parts.at(-1) === 'announce') parts.pop()
  if (JWT.test(parts.at(-1) ?? '')) parts.pop()
  return [origin, ...parts, 'catalogue'].join('/')
}

const noCatalogue = (url: string, why: string, cause?: unknown): TorrewindError =>
  new TorrewindError('CATALOGUE_UNREACHABLE', `${url}: ${why}`, { cause })

const reasonOf = (error: unknown): string => {
  // What `fetch` throws has the reason within.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return messageOf(cause) || 'it cannot be reached'
}

const readBody = async (response: Response, bytesMax: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Streams of the web can be iterated in Node, which their types leave out.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new Error(`it answered more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

interface Asked {
  readonly method?: 'GET' | 'PUT' | 'DELETE'
  readonly body?: Uint8Array
  readonly bytesMax?: number
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const asRecord = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {})
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** What a server says is shown on terminals, so what could steer one is left out. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')

const readEntry = (value: unknown): FoundEntry | undefined => {
  const { infoHash, cid, name, bytes, files, seeds, leeches, completed, tags, publishedAt } = asRecord(value)
  if (typeof infoHash !== 'string' || !/^[0-9a-f]{40}$/.test(infoHash)) return undefined
  if (typeof cid !== 'string' || !/^[a-z0-9]{1,100}$/.test(cid) || typeof name !== 'string') return undefined
  if (!isCount(bytes) || !isCount(files) || !isCount(seeds) || !isCount(leeches)) return undefined
  if (!isCount(completed) || !isCount(publishedAt) || !Array.isArray(tags)) return undefined
  const words = tags.filter((tag): tag is string => typeof tag === 'string').map(plain)
  return { infoHash, cid, name: plain(name), bytes, files, seeds, leeches, completed, tags: words, publishedAt }
}

export class CatalogueClient {
  readonly url: string
  readonly #token: string | undefined

  /** Throws OPTION_INVALID for what is no URL of HTTP. */
  constructor(tracker: string, token?: string) {
    this.url = catalogueAt(tracker)
    this.#token = token
  }

  async search(query: URLSearchParams): Promise<FoundPage> {
    const { entries, total, next } = asRecord(await this.#json(`?${query}`))
    const read = Array.isArray(entries) ? entries.map(readEntry) : [undefined]
    const found = read.filter((entry) => entry !== undefined)
    if (found.length < read.length || !isCount(total)) throw noCatalogue(this.url, 'what answers is no catalogue')
    return { entries: found, total, next: typeof next === 'string' ? next : undefined }
  }

  /** The .torrent, not looked at yet, through a proxy if there is one; undefined where there is none. */
  async torrent(id: string, proxy?: ProxyServer): Promise<Uint8Array | undefined> {
    const bodyBytesMax = LIMITS.torrentBytesMax
    const bounds = { timeoutMs: TIMEOUT_MS, redirectsMax: LIMITS.trackerRedirectsMax, bodyBytesMax, proxy }
    const url = new URL(`${this.url}/${id}.torrent`)
    const answer = await new Promise<Answer<HttpAnswer>>((resolve) => httpGet(url, bounds, resolve))
    if (answer.type === 'failed') throw noCatalogue(this.url, answer.failure.message)
    const { status, body } = answer.value
    if (body === undefined) throw noCatalogue(this.url, `it answered more than ${bodyBytesMax} bytes`)
    if (status === 404) return undefined
    if (status !== 200) throw this.#refusal(status, body)
    return body
  }

  async publish(torrent: Uint8Array, { infoHash }: Metainfo, tags: readonly string[]): Promise<PublishedEntry> {
    const query = tags.map((tag, at) => `${at === 0 ? '?' : '&'}tag=${encodeURIComponent(tag)}`).join('')
    const path = `/${toHex(infoHash)}${query}`
    const answer = asRecord(await this.#json(path, { method: 'PUT', body: torrent }))
    const entry = readEntry(answer)
    if (entry === undefined) throw noCatalogue(this.url, 'what answers is no catalogue')
    const key = typeof answer.key === 'string' ? plain(answer.key) : undefined
    return { entry, created: answer.created === true, key }
  }

  async remove(infoHash: string): Promise<void> {
    await this.#json(`/${infoHash}`, { method: 'DELETE' })
  }

  async #json(path: string, asked: Asked = {}): Promise<unknown> {
    const { status, body } = await this.#ask(path, asked)
    if (status < 200 || status > 299) throw this.#refusal(status, body)
    try {
      return JSON.parse(new TextDecoder().decode(body))
    } catch (error) {
      throw noCatalogue(this.url, 'what answers is no catalogue', error)
    }
  }

  async #ask(path: string, { method = 'GET', body, bytesMax = JSON_BYTES_MAX }: Asked) {
    const headers = {
      ...(body === undefined ? {} : { 'content-type': TORRENT_TYPE }),
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
    }
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const response = await fetch(`${this.url}${path}`, { method, headers, signal, ...(body && { body }) })
      return { status: response.status, body: await readBody(response, bytesMax) }
    } catch (error) {
      throw noCatalogue(this.url, reasonOf(error), error)
    }
  }

  /** The server's own words, where it is a catalogue. */
  #refusal(status: number, body: Uint8Array): TorrewindError {
    let said: Record<string, unknown> = {}
    try {
      said = asRecord(asRecord(JSON.parse(new TextDecoder().decode(body))).error)
    } catch {
      // It is no JSON.
    }
    const { code, message } = said
    if (typeof code !== 'string' || typeof message !== 'string') {
      return noCatalogue(this.url, `it answered ${status}, and is no catalogue`)
    }
    return new TorrewindError('CATALOGUE_REFUSED', `${this.url}: ${plain(message)} (${plain(code)})`)
  }
}
