/** Proxies: what is said to one until it has opened a way to somebody, over SOCKS5 (RFC 1928, 1929) or HTTP (CONNECT). */
import { boundedText, type PeerAddress, showAddress } from '../values.js'
import { hostToBytes } from './compact.js'

export interface ProxyServer extends PeerAddress {
  readonly protocol: 'socks5' | 'http'
  readonly user: string
  readonly password: string
}

export type ProxyProgress =
  | { readonly type: 'more'; readonly send: Uint8Array }
  /** The way is open; `rest` is what came over it already. */
  | { readonly type: 'open'; readonly rest: Uint8Array }
  | { readonly type: 'refused'; readonly reason: string }

const NO_BYTES = new Uint8Array(0)
const MORE: ProxyProgress = { type: 'more', send: NO_BYTES }
const PORTS = { 'socks5:': 1_080, 'socks5h:': 1_080, 'http:': 8_080 } as const
/** What a proxy says before the way is open. */
const ANSWER_BYTES_MAX = 16_384

const isProtocol = (text: string): text is keyof typeof PORTS => text in PORTS

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** `socks5://[USER:PASSWORD@]HOST[:PORT]`, or the same with `http`; undefined for anything else. */
export const readProxy = (text: string): ProxyServer | undefined => {
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname, port, username, password, pathname, search } = new URL(text)
  if (!isProtocol(protocol) || hostname === '' || !['', '/'].includes(pathname) || search !== '') return undefined
  const [user, secret] = [decoded(username), decoded(password)]
  if (user === undefined || secret === undefined || bytesOf(user).length > 255 || bytesOf(secret).length > 255)
    return undefined
  return {
    protocol: protocol === 'http:' ? 'http' : 'socks5',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (/:80\/?$/.test(text) ? 80 : PORTS[protocol]) : Number(port),
    user,
    password: secret,
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const counted = (bytes: Uint8Array): readonly number[] => [bytes.length, ...bytes]

/** Of RFC 1928. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'it failed',
  2: 'it is not allowed',
  3: 'the network cannot be reached',
  4: 'the host cannot be reached',
  5: 'nobody listens there',
  6: 'it took too long',
  7: 'it does not do that',
  8: 'it has no addresses of that kind',
}

/** Speaks with one proxy, for one way. */
export class ProxyDialogue {
  readonly #proxy: ProxyServer
  readonly #to: PeerAddress
  #step: 'method' | 'user' | 'way' | 'http'
  #bytes: Uint8Array = NO_BYTES

  constructor(proxy: ProxyServer, to: PeerAddress) {
    this.#proxy = proxy
    this.#to = to
    this.#step = proxy.protocol === 'http' ? 'http' : 'method'
  }

  /** What is said first. */
  start(): Uint8Array {
    const { user, password, protocol } = this.#proxy
    if (protocol === 'socks5') return user === '' ? Uint8Array.of(5, 1, 0) : Uint8Array.of(5, 2, 0, 2)
    const to = showAddress(this.#to)
    const credentials = btoa(String.fromCharCode(...bytesOf(`${user}:${password}`)))
    const authorization = user === '' ? '' : `Proxy-Authorization: Basic ${credentials}\r\n`
    return bytesOf(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${authorization}\r\n`)
  }

  push(chunk: Uint8Array): ProxyProgress {
    const bytes = new Uint8Array(this.#bytes.length + chunk.length)
    bytes.set(this.#bytes)
    bytes.set(chunk, this.#bytes.length)
    this.#bytes = bytes
    if (this.#step === 'http') return this.#readHttp()
    if (this.#step === 'way') return this.#readWay()
    const answer = this.#take(2)
    if (answer === undefined) return MORE
    const [version, word] = answer
    if (this.#step === 'user') return word === 0 ? this.#askWay() : refused('the user or the password is wrong')
    if (version !== 5) return refused('it is no proxy of SOCKS5')
    if (word === 0) return this.#askWay()
    if (word !== 2 || this.#proxy.user === '') return refused('it wants a user that we do not have')
    this.#step = 'user'
    const { user, password } = this.#proxy
    return { type: 'more', send: Uint8Array.of(1, ...counted(bytesOf(user)), ...counted(bytesOf(password))) }
  }

  /** Names are left to the proxy to look up. */
  #askWay(): ProxyProgress {
    this.#step = 'way'
    const { host, port } = this.#to
    const address = hostToBytes(host)
    const where = address === undefined ? [3, ...counted(bytesOf(host))] : [address.length === 4 ? 1 : 4, ...address]
    return { type: 'more', send: Uint8Array.of(5, 1, 0, ...where, port >> 8, port & 255) }
  }

  #readWay(): ProxyProgress {
    const [version, answer = 0, , kind, length = 0] = this.#bytes
    if (this.#bytes.length < 2) return MORE
    if (version !== 5) return refused('it is no proxy of SOCKS5')
    if (answer !== 0) return refused(REFUSALS[answer] ?? `it says ${answer}`)
    if (this.#bytes.length < 5) return MORE
    const addressBytes = kind === 1 ? 4 : kind === 4 ? 16 : 1 + length
    if (this.#take(4 + addressBytes + 2) === undefined) return MORE
    return { type: 'open', rest: this.#bytes }
  }

  #readHttp(): ProxyProgress {
    const text = String.fromCharCode(...this.#bytes.subarray(0, ANSWER_BYTES_MAX))
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return this.#bytes.length >= ANSWER_BYTES_MAX ? refused('its answer has no end') : MORE
    const [, status = '', reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?([^\r\n]*)/.exec(text) ?? []
    if (!status.startsWith('2')) return refused(status === '' ? 'it is no proxy of HTTP' : `${status} ${reason}`)
    this.#take(end + 4)
    return { type: 'open', rest: this.#bytes }
  }

  #take(length: number): Uint8Array | undefined {
    if (this.#bytes.length < length) return undefined
    const taken = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.slice(length)
    return taken
  }
}

const refused = (reason: string): ProxyProgress => ({
  type: 'refused',
  reason: boundedText(`the proxy refused: ${reason}`, 200),
})
