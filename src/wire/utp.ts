/**
 * Packets of uTP (BEP 29): headers of 20 bytes, and the selective acknowledgement.
 *
 * A packet is read into an object that is used again, as there are tens of thousands a second.
 */
import type { Instant } from '../values.js'

export const UTP_HEADER_BYTES = 20
export const UTP = { data: 0, fin: 1, state: 2, reset: 3, syn: 4 } as const
export type UtpType = (typeof UTP)[keyof typeof UTP]

const VERSION = 1
const SELECTIVE_ACK = 1
/** Nobody's: what is not known is skipped (BEP 29). */
const PADDING = 112
const PADDING_BYTES_MAX = 2 + 255
const NO_BYTES = new Uint8Array(0)

/** Numbers of packets are of 16 bits and begin anew: how far `to` lies after `from`. */
export const after = (from: number, to: number): number => (to - from) & 0xffff
export const plus = (number: number, more: number): number => (number + more) & 0xffff

/** A moment as packets have it: microseconds, in 32 bits that begin anew. */
export const microseconds = (now: Instant): number => Math.floor(now * 1_000) % 2 ** 32

export class UtpPacket {
  type: UtpType = UTP.state
  connectionId = 0
  timestampUs = 0
  /** How long our last packet was on its way, by two clocks that know nothing of each other. */
  differenceUs = 0
  windowBytes = 0
  seq = 0
  ack = 0
  /** Bits of the packets that came beyond the one after `ack`, the lowest bit first; a view. */
  selective: Uint8Array = NO_BYTES
  /** A view. */
  payload: Uint8Array = NO_BYTES
}

/** Whether these bytes may be a packet, as opposed to what else comes to the same port. */
export const looksLikeUtp = (bytes: Uint8Array): boolean => {
  const first = bytes[0] ?? 0
  return bytes.length >= UTP_HEADER_BYTES && (first & 15) === VERSION && first >> 4 <= UTP.syn
}

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
const long = (bytes: Uint8Array, at: number): number => word(bytes, at) * 65_536 + word(bytes, at + 2)

/** False for what is no packet; then what was read of it is to be forgotten. */
export const readUtp = (bytes: Uint8Array, into: UtpPacket): boolean => {
  if (!looksLikeUtp(bytes)) return false
  into.type = ((bytes[0] ?? 0) >> 4) as UtpType // at most `syn`, as was looked at
  into.connectionId = word(bytes, 2)
  into.timestampUs = long(bytes, 4)
  into.differenceUs = long(bytes, 8)
  into.windowBytes = long(bytes, 12)
  into.seq = word(bytes, 16)
  into.ack = word(bytes, 18)
  into.selective = NO_BYTES
  let extension = bytes[1] ?? 0
  let at = UTP_HEADER_BYTES
  while (extension !== 0) {
    const length = bytes[at + 1]
    if (length === undefined || at + 2 + length > bytes.length) return false
    // BEP 29 has bits by 32; libtorrent sends as many bytes as it needs.
    if (extension === SELECTIVE_ACK) into.selective = bytes.subarray(at + 2, at + 2 + length)
    extension = bytes[at] ?? 0
    at += 2 + length
  }
  into.payload = at === bytes.length ? NO_BYTES : new Uint8Array(bytes.buffer, bytes.byteOffset + at, bytes.length - at)
  return true
}

const putWord = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}
const putLong = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** What does not change when a packet is sent once more. */
export const putUtpHead = (bytes: Uint8Array, type: UtpType, connectionId: number, seq: number): void => {
  bytes[0] = (type << 4) | VERSION
  bytes[1] = 0
  putWord(bytes, 2, connectionId)
  putWord(bytes, 16, seq)
}

/** What is as it is when the packet leaves. */
export const putUtpMoment = (
  bytes: Uint8Array,
  timestampUs: number,
  differenceUs: number,
  windowBytes: number,
  ack: number,
): void => {
  putLong(bytes, 4, timestampUs)
  putLong(bytes, 8, differenceUs)
  putLong(bytes, 12, windowBytes)
  putWord(bytes, 18, ack)
}

/** An acknowledgement with bits of what came beyond; their number is a multiple of 32. */
export const withSelective = (head: Uint8Array, bits: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(UTP_HEADER_BYTES + 2 + bits.length)
  bytes.set(head)
  bytes[1] = SELECTIVE_ACK
  bytes[UTP_HEADER_BYTES + 1] = bits.length
  bytes.set(bits, UTP_HEADER_BYTES + 2)
  return bytes
}

/** How far beyond the one that is missing the packets lie that came, among the `most` that there are. */
export const eachSelected = (bits: Uint8Array, most: number, tell: (beyond: number) => void): void => {
  for (let index = 0; index < bits.length; index++) {
    const byte = bits[index] ?? 0
    if (byte === 0) continue
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0 && index * 8 + bit < most) tell(index * 8 + bit)
  }
}

/** The same packet, without extensions of its own, made so large by extensions that nobody knows. */
export const withPadding = (packet: Uint8Array, size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  bytes.set(packet.subarray(0, UTP_HEADER_BYTES))
  const payloadAt = size - (packet.length - UTP_HEADER_BYTES)
  bytes.set(packet.subarray(UTP_HEADER_BYTES), payloadAt)
  bytes[1] = PADDING
  for (let at = UTP_HEADER_BYTES; at < payloadAt; ) {
    const left = payloadAt - at
    // One byte alone cannot be padding.
    const length = left === PADDING_BYTES_MAX + 1 ? left - 2 : Math.min(left, PADDING_BYTES_MAX)
    bytes[at] = length < left ? PADDING : 0
    bytes[at + 1] = length - 2
    at += length
  }
  return bytes
}
