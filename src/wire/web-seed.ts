/** Web seeds: URLs of files on web servers (BEP 19), and what servers say of the ranges that they send (RFC 9110). */
import type { PeerAddress } from '../values.js'

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/** Undefined for what is no URL of HTTP or HTTPS: of other protocols a client passes over what it does not speak. */
export const webSeedUrl = (text: string): URL | undefined => {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol in PORTS ? url : undefined
}

/** Where the server is, as its URL says. */
export const addressOfUrl = (text: string): PeerAddress => {
  const url = webSeedUrl(text)
  if (url === undefined) return { host: text, port: 0 }
  const port = url.port === '' ? (PORTS[url.protocol] ?? 0) : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port }
}

/** `path` is that below the folder of downloads: of a torrent of many files it begins with the torrent's name. */
export const urlOfFile = (base: string, path: readonly string[], multiFile: boolean): string => {
  const encoded = path.map((part) => encodeURIComponent(part.toWellFormed())).join('/')
  if (base.endsWith('/')) return `${base}${encoded}`
  return multiFile ? `${base}/${encoded}` : base
}

export interface ContentRange {
  readonly first: number
  readonly last: number
  /** Of the whole file; undefined where the server does not say. */
  readonly total: number | undefined
}

/** `bytes 0-499/1234`; undefined for anything else. */
export const readContentRange = (text: string): ContentRange | undefined => {
  const match = /^bytes\s+(\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(text.trim())
  if (match === null) return undefined
  const [first, last] = [Number(match[1]), Number(match[2])]
  const total = match[3] === '*' ? undefined : Number(match[3])
  return last < first || (total !== undefined && last >= total) ? undefined : { first, last, total }
}

/** `Retry-After`: seconds, or a date; undefined for anything else, and for a time that is over. */
export const readRetryAfterMs = (text: string, now: number): number | undefined => {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1_000
  // Dates of HTTP only: three letters come first, and the zone is always this one.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text.trim())) return undefined
  const at = httpDate(text.trim())
  return at === undefined || at <= now ? undefined : at - now
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_MS = 86_400_000

/** Milliseconds since 1970, without a clock's help: days are counted from March on, so that leap days come last. */
const httpDate = (text: string): number | undefined => {
  const [, day, month, year, hours, minutes, seconds] =
    /(\d{2}) (\w{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2})/.exec(text) ?? []
  const place = MONTHS.indexOf(month ?? '')
  if (place < 0) return undefined
  const years = Number(year) - (place < 2 ? 1 : 0)
  const months = (place + 10) % 12
  const days =
    365 * years +
    Math.floor(years / 4) -
    Math.floor(years / 100) +
    Math.floor(years / 400) +
    Math.floor((153 * months + 2) / 5) +
    Number(day) -
    1 -
    719_468
  return days * DAY_MS + Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000
}
