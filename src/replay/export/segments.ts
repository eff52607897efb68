/** Segments: TCP connections as they may have been, made for the messages of a history, in IPv4 or IPv6 packets. */
import type { PeerAddress } from '../../values.js'
import { writeUint16, writeUint32 } from '../../wire/integers.js'

/** What a segment has beside its data. */
export const FLAG = { fin: 0x01, syn: 0x02, push: 0x08, ack: 0x10 } as const

const PROTOCOL_TCP = 6
const HOPS = 64
const TCP_BYTES = 20
const WINDOW = 0xffff

/** Where we are is not logged: addresses for documentation stand for us (RFC 5737, RFC 3849). */
const OURS_V4 = Uint8Array.of(192, 0, 2, 1)
const OURS_V6 = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
/** And for a peer whose host is no IP address, as those of redacted histories may be. */
const THEIRS_V4 = Uint8Array.of(198, 51, 100, 1)

const readV4 = (host: string): Uint8Array | undefined => {
  const parts = host.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return Uint8Array.from(parts, Number)
}

/** Eight groups of hexadecimal digits, of which one run of zeros may be left out. */
const readV6 = (host: string): Uint8Array | undefined => {
  const halves = host.split('::')
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  const [head = [], tail = []] = groups
  const given = head.length + tail.length
  if (halves.length > 2 || given > 8 || (halves.length === 1 && given !== 8)) return undefined
  const all = [...head, ...Array.from({ length: 8 - given }, () => '0'), ...tail]
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  const bytes = new Uint8Array(16)
  for (const [place, group] of all.entries()) writeUint16(bytes, 2 * place, Number.parseInt(group, 16))
  return bytes
}

const hostBytes = (host: string): Uint8Array =>
  readV4(host) ?? (host.includes(':') ? readV6(host) : undefined) ?? THEIRS_V4

/** One direction of a connection. */
interface Side {
  readonly host: Uint8Array
  readonly port: number
  /** Of the next byte that it sends. */
  next: number
}

export interface Segment {
  readonly bytes: Uint8Array
  /** On the wire: more than there are bytes, where payload is left out. */
  readonly length: number
}

export class Segments {
  readonly #sides: Readonly<Record<'us' | 'them', Side>>

  constructor(theirs: PeerAddress, ourPort: number) {
    const host = hostBytes(theirs.host)
    this.#sides = {
      us: { host: host.length === 4 ? OURS_V4 : OURS_V6, port: ourPort, next: 1 },
      them: { host, port: theirs.port, next: 1 },
    }
  }

  /** Data of `length` bytes, of which the first are given. A segment without data may be a SYN or a FIN. */
  segment(from: 'us' | 'them', flags: number, data: Uint8Array, length: number = data.length): Segment {
    const to = from === 'us' ? 'them' : 'us'
    const [sender, receiver] = [this.#sides[from], this.#sides[to]]
    const ip = sender.host.length === 4 ? 20 : 40
    const bytes = new Uint8Array(ip + TCP_BYTES + data.length)
    if (ip === 20) {
      bytes[0] = 0x45
      writeUint16(bytes, 2, ip + TCP_BYTES + length)
      bytes[8] = HOPS
      bytes[9] = PROTOCOL_TCP
      bytes.set(sender.host, 12)
      bytes.set(receiver.host, 16)
    } else {
      bytes[0] = 0x60
      writeUint16(bytes, 4, TCP_BYTES + length)
      bytes[6] = PROTOCOL_TCP
      bytes[7] = HOPS
      bytes.set(sender.host, 8)
      bytes.set(receiver.host, 24)
    }
    writeUint16(bytes, ip, sender.port)
    writeUint16(bytes, ip + 2, receiver.port)
    const isSyn = (flags & FLAG.syn) !== 0
    writeUint32(bytes, ip + 4, isSyn ? 0 : sender.next % 2 ** 32)
    if ((flags & FLAG.ack) !== 0) writeUint32(bytes, ip + 8, receiver.next % 2 ** 32)
    bytes[ip + 12] = (TCP_BYTES / 4) << 4
    bytes[ip + 13] = flags
    writeUint16(bytes, ip + 14, WINDOW)
    bytes.set(data, ip + TCP_BYTES)
    sender.next += length + ((flags & FLAG.fin) !== 0 ? 1 : 0)
    return { bytes, length: ip + TCP_BYTES + length }
  }
}
