/**
 * Stand-ins: what is put in the place of names, addresses, hashes and texts when a capsule is redacted.
 *
 * They are numbered in the order in which their originals were met, so nothing of an original is in its stand-in, and
 * nobody can try originals and compare. The same original has the same stand-in, and different ones have different
 * ones, as what is folded depends on what is equal and what is not. Addresses and names are such as nobody has: IPv4
 * of class E, which was never given out, IPv6 of RFC 3849, names of RFC 2606.
 */
import { TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { type PeerAddress, readAddress, showAddress } from '../values.js'
import { latin1Bytes, latin1Text } from '../wire/bencode.js'
import { isOurWord } from './our-words.js'

/** Numbers are given out for each of these apart. */
type Kind = 'name' | 'folder' | 'client' | 'text' | 'url' | 'host' | 'loopback' | 'private' | 'public' | 'ipv6' | 'port'
type OtherKind = 'peer-id' | 'hash' | 'fingerprint'

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/
/** Of a network that others cannot reach: RFC 1918, 3927, 6598. */
const PRIVATE = /^(?:10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/
const PORTS = 65_535
/** The first port that is given out: those that everybody knows would look as if they meant something. */
const FIRST_PORT = 10_001
/** Machines that were started at other times than the first one have their distance to it kept. */
const STARTED_AT = 1_000_000_000_000

const ipv4 = (first: number, number: number): string =>
  [first + (number >>> 24), (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.')

export class StandIns {
  readonly #numbers = new Map<Kind | OtherKind, Map<string, number>>()
  #known = 0
  #firstStartedAt: number | undefined

  /** A torrent, file or folder of one. */
  name(text: string): string {
    return text === '' ? '' : `name-${this.#number('name', text)}`
  }

  folder(text: string): string {
    return text === '' ? '' : `folder-${this.#number('folder', text)}`
  }

  client(text: string): string {
    return text === '' ? '' : `client-${this.#number('client', text)}`
  }

  /** Words of ours are kept, whatever follows them is not. */
  text(text: string): string {
    if (text === '' || isOurWord(text)) return text
    const [, code, rest] = /^([\w-]+): ?(.*)$/s.exec(text) ?? []
    if (code !== undefined && rest !== undefined && isOurWord(code)) return `${code}: ${this.text(rest)}`
    return `text-${this.#number('text', text)}`
  }

  /** An IP address stays one of its family and reach: a ban of a host on loopback names its port, too. */
  host(host: string): string {
    if (host === '' || host === '::1') return host
    if (host.startsWith('127.')) return ipv4(127, 0x80_0000 + this.#number('loopback', host))
    if (IPV4.test(host))
      return PRIVATE.test(host) ? ipv4(250, this.#number('private', host)) : ipv4(240, this.#number('public', host))
    if (host.includes(':')) return `2001:db8::${this.#number('ipv6', host).toString(16)}`
    return `host-${this.#number('host', host.toLowerCase())}.invalid`
  }

  port(port: number): number {
    return port === 0 ? port : ((FIRST_PORT + this.#number('port', String(port)) - 2) % PORTS) + 1
  }

  address({ host, port }: PeerAddress): PeerAddress {
    return { host: this.host(host), port: this.port(port) }
  }

  /** An address as text, with or without a port. */
  shownAddress(text: string): string {
    // A web seed is banned by its URL.
    if (text.includes('://')) return this.url(text)
    const address = readAddress(text)
    return address === undefined ? this.host(text) : showAddress(this.address(address))
  }

  /** A tracker's URL keeps its scheme, and whether it can be scraped (BEP 48). */
  url(text: string): string {
    let url: URL
    try {
      url = new URL(text)
    } catch {
      return this.text(text)
    }
    const host = this.host(url.hostname.replace(/^\[|\]$/g, ''))
    const shown = host.includes(':') ? `[${host}]` : host
    const port = url.port === '' ? '' : `:${this.port(Number(url.port))}`
    const path = /\/announce[^/]*$/.test(text) ? 'announce' : 'path'
    return `${url.protocol}//${shown}${port}/${this.#number('url', text)}/${path}`
  }

  peerId(id: Uint8Array): Uint8Array {
    return this.#bytes('peer-id', id, '-RD0000-')
  }

  /** An info-hash that is not the torrent's. */
  hash(hash: Uint8Array): Uint8Array {
    return this.#bytes('hash', hash, 'redacted')
  }

  fingerprint(value: number): number {
    return this.#number('fingerprint', String(value))
  }

  /** Only how far machines' starts are apart has a meaning. */
  startedAt(at: number): number {
    if (at === 0) return at
    this.#firstStartedAt ??= at
    return Math.max(1, Math.min(STARTED_AT + (at - this.#firstStartedAt), Number.MAX_SAFE_INTEGER))
  }

  #bytes(kind: OtherKind, bytes: Uint8Array, prefix: string): Uint8Array {
    if (bytes.every((byte) => byte === 0)) return bytes
    const number = String(this.#number(kind, latin1Text(bytes)))
    return latin1Bytes(prefix + number.padStart(Math.max(0, bytes.length - prefix.length), '0')).slice(0, bytes.length)
  }

  /** From 1, in the order in which they are met. */
  #number(kind: Kind | OtherKind, original: string): number {
    const numbers = this.#numbers.get(kind) ?? new Map<string, number>()
    this.#numbers.set(kind, numbers)
    const known = numbers.get(original)
    if (known !== undefined) return known
    if (++this.#known > LIMITS.capsuleNamesMax) {
      const reason = `there are more than ${LIMITS.capsuleNamesMax} names and addresses to be replaced`
      throw new TorrewindError('OPTION_INVALID', `${reason}; --from and --to take a part of the events`)
    }
    const number = numbers.size + 1
    numbers.set(original, number)
    return number
  }
}
