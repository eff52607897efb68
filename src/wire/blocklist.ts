/**
 * Blocklists: ranges of IP addresses with which nothing is to be had to do, as other programs write them: PeerGuardian's
 * text (`name:1.2.3.4-1.2.3.9`), eMule's DAT (`001.002.003.004 - 001.002.003.009 , 000 , name`), networks
 * (`1.2.3.0/24`, `2001:db8::/32`), and single addresses and ranges.
 *
 * Strategy: lines are read one by one and kept as numbers; the ranges are sorted and merged once, into two typed arrays
 * for each family, and looked up by bisection. A list of a million lines takes 8 MiB. Lines that are none are counted, and
 * the first of them kept to be shown: lists of this kind are old and edited by hand.
 */
import { LIMITS } from '../limits.js'
import { boundedText } from '../values.js'
import { hostToBytes } from './compact.js'

/** A line that says nothing that we know. */
export interface BlocklistError {
  /** From 1. */
  readonly line: number
  readonly text: string
}

export interface BlocklistReport {
  /** Ranges of addresses, joined where they touch. */
  readonly ranges: number
  readonly lines: number
  /** Lines that were not understood, and ranges beyond the bound in limits. */
  readonly errors: number
  readonly firstErrors: readonly BlocklistError[]
}

interface Range4 {
  readonly first: number
  readonly last: number
}
interface Range6 {
  readonly first: bigint
  readonly last: bigint
}

const IPV4_MAX = 0xffff_ffff
const IPV6_BITS = 128
/** DAT: what is above this is not blocked. */
const DAT_BLOCKED_MAX = 127
/** A position fits beside 32 bits of an address in the 53 of a number. */
const PLACES = 2 ** 21
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
const P2P = /^.*:\s*(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\s*-\s*(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/

/** As lists write it: with leading zeros, and decimal all the same. */
const ipv4Number = (text: string): number | undefined => {
  const match = IPV4.exec(text)
  if (match === null) return undefined
  let value = 0
  for (let part = 1; part <= 4; part++) {
    const number = Number(match[part])
    if (number > 255) return undefined
    value = value * 256 + number
  }
  return value
}

const numberOf = (bytes: Uint8Array): bigint => {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

const ipv6Number = (text: string): bigint | undefined => {
  const bytes = text.includes(':') ? hostToBytes(text) : undefined
  return bytes?.length === 16 ? numberOf(bytes) : undefined
}

class Ranges4 {
  #first = new Uint32Array(1_024)
  #last = new Uint32Array(1_024)
  length = 0

  add({ first, last }: Range4): void {
    if (this.length === this.#first.length) {
      const [before, after] = [this.#first, this.#last]
      this.#first = new Uint32Array(2 * before.length)
      this.#last = new Uint32Array(2 * after.length)
      this.#first.set(before)
      this.#last.set(after)
    }
    this.#first[this.length] = first
    this.#last[this.length] = last
    this.length++
  }

  /** In order, and none that touches another. */
  merge(): void {
    const order = new Float64Array(this.length)
    for (let at = 0; at < order.length; at++) order[at] = (this.#first[at] ?? 0) * PLACES + at
    order.sort()
    const first = new Uint32Array(order.length)
    const last = new Uint32Array(order.length)
    let count = 0
    for (const key of order) {
      const at = key % PLACES
      const [from, to] = [this.#first[at] ?? 0, this.#last[at] ?? 0]
      const before = last[count - 1] ?? 0
      if (count > 0 && from <= before + 1) last[count - 1] = Math.max(before, to)
      else {
        first[count] = from
        last[count++] = to
      }
    }
    this.#first = first.slice(0, count)
    this.#last = last.slice(0, count)
    this.length = count
  }

  has(value: number): boolean {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#first[middle] ?? 0) <= value) low = middle + 1
      else high = middle
    }
    return low > 0 && (this.#last[low - 1] ?? 0) >= value
  }
}

class Ranges6 {
  #ranges: Range6[] = []

  get length(): number {
    return this.#ranges.length
  }

  add(range: Range6): void {
    this.#ranges.push(range)
  }

  merge(): void {
    const merged: Range6[] = []
    this.#ranges.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
    for (const range of this.#ranges) {
      const before = merged.at(-1)
      if (before === undefined || range.first > before.last + 1n) merged.push(range)
      else if (range.last > before.last) merged[merged.length - 1] = { first: before.first, last: range.last }
    }
    this.#ranges = merged
  }

  has(value: bigint): boolean {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ranges[middle]?.first ?? 0n) <= value) low = middle + 1
      else high = middle
    }
    return low > 0 && (this.#ranges[low - 1]?.last ?? 0n) >= value
  }
}

/** What lines say, until `finish`. */
export class BlocklistReader {
  readonly #ipv4 = new Ranges4()
  readonly #ipv6 = new Ranges6()
  readonly #firstErrors: BlocklistError[] = []
  #lines = 0
  #errors = 0

  line(text: string): void {
    this.#lines++
    if (text.length > LIMITS.blocklistLineCharactersMax) this.#wrong(text)
    else if (!this.#read(text.trim())) this.#wrong(text)
  }

  finish(): Blocklist {
    this.#ipv4.merge()
    this.#ipv6.merge()
    const ranges = this.#ipv4.length + this.#ipv6.length
    const report = { ranges, lines: this.#lines, errors: this.#errors, firstErrors: this.#firstErrors }
    return new Blocklist(this.#ipv4, this.#ipv6, report)
  }

  #wrong(text: string): void {
    this.#errors++
    if (this.#firstErrors.length < LIMITS.blocklistErrorsTold)
      this.#firstErrors.push({ line: this.#lines, text: boundedText(text.trim(), LIMITS.blocklistErrorCharactersMax) })
  }

  /** False where it is nothing that we know. Words for people and what is not blocked are known. */
  #read(line: string): boolean {
    if (line === '' || line.startsWith('#') || line.startsWith('//') || line.startsWith(';')) return true
    const p2p = line.includes(':') ? P2P.exec(line) : null
    if (p2p !== null) return this.#range(p2p[1] ?? '', p2p[2] ?? '')
    const [span = '', access] = line.split(',', 2)
    if (access !== undefined) {
      if (!/^\s*\d{1,3}\s*$/.test(access)) return false
      if (Number(access) > DAT_BLOCKED_MAX) return true
    }
    const [first = '', last, more] = span.split('-').map((part) => part.trim())
    if (more !== undefined) return false
    return last === undefined ? this.#network(first) : this.#range(first, last)
  }

  #range(first: string, last: string): boolean {
    const [from4, to4] = [ipv4Number(first), ipv4Number(last)]
    if (from4 !== undefined && to4 !== undefined) return this.#add4(from4, to4)
    const [from6, to6] = [ipv6Number(first), ipv6Number(last)]
    return from6 !== undefined && to6 !== undefined && this.#add6(from6, to6)
  }

  /** `ADDRESS/BITS`, or an address alone. */
  #network(text: string): boolean {
    const [address = '', bits, more] = text.split('/')
    if (more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false
    const ipv4 = ipv4Number(address)
    if (ipv4 !== undefined) {
      const size = bits === undefined ? 1 : 2 ** (32 - Number(bits))
      if (size < 1) return false
      const first = Math.floor(ipv4 / size) * size
      return this.#add4(first, first + size - 1)
    }
    const ipv6 = ipv6Number(address)
    const free = IPV6_BITS - Number(bits ?? IPV6_BITS)
    if (ipv6 === undefined || free < 0) return false
    const first = (ipv6 >> BigInt(free)) << BigInt(free)
    return this.#add6(first, first + (1n << BigInt(free)) - 1n)
  }

  #add4(first: number, last: number): boolean {
    if (last < first || last > IPV4_MAX || this.#full) return false
    this.#ipv4.add({ first, last })
    return true
  }

  #add6(first: bigint, last: bigint): boolean {
    if (last < first || this.#full) return false
    this.#ipv6.add({ first, last })
    return true
  }

  get #full(): boolean {
    return this.#ipv4.length >= LIMITS.blocklistRangesMax || this.#ipv6.length >= LIMITS.blocklistRanges6Max
  }
}

export class Blocklist {
  readonly #ipv4: Ranges4
  readonly #ipv6: Ranges6

  constructor(
    ipv4: Ranges4,
    ipv6: Ranges6,
    readonly report: BlocklistReport,
  ) {
    this.#ipv4 = ipv4
    this.#ipv6 = ipv6
  }

  /** IPv4 within IPv6 is the IPv4 address; a name is in no range. */
  has(host: string): boolean {
    const bytes = hostToBytes(host)
    if (bytes === undefined) return false
    if (bytes.length === 16) return this.#ipv6.length > 0 && this.#ipv6.has(numberOf(bytes))
    return this.#ipv4.has(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0))
  }
}

/** What lines in memory say. */
export const blocklistOf = (lines: Iterable<string>): Blocklist => {
  const reader = new BlocklistReader()
  for (const line of lines) reader.line(line)
  return reader.finish()
}

/** The addresses with which nothing is had to do now; what holds it sees each change. */
export class AddressFilter {
  #blocklist: Blocklist | undefined

  set(blocklist: Blocklist | undefined): void {
    this.#blocklist = blocklist
  }

  get blocklist(): Blocklist | undefined {
    return this.#blocklist
  }

  refuses(host: string): boolean {
    return this.#blocklist?.has(host) === true
  }
}
