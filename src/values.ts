/** Branded values: numbers and bytes that must not be mixed up, and their only constructors. */
import { assert } from './assert.js'

declare const brand: unique symbol
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** Zero-based position of a piece in its torrent. */
export type PieceIndex = Branded<number, 'PieceIndex'>
/** Number of a peer connection: unique within a transfer's log, over all of its sessions. */
export type PeerKey = Branded<number, 'PeerKey'>
/** Position of an event in a transfer's log: dense, the first is 0. */
export type Seq = Branded<number, 'Seq'>
/** Milliseconds since the Unix epoch, a whole number. */
export type Instant = Branded<number, 'Instant'>
/** 20 bytes of SHA-1 over the bencoded `info` (BEP 3). */
export type InfoHash = Branded<Uint8Array, 'InfoHash'>
/** 20 bytes that name a peer for one session (BEP 3, BEP 20). */
export type PeerId = Branded<Uint8Array, 'PeerId'>

/** Bytes in a block: the unit that is asked for, and the most that every client serves (BEP 3). */
export const BLOCK_BYTES = 16_384

/** Asked many times for each block and each announce: words are made where they are needed only. */
const whole = (value: number, what: string): number => {
  if (!Number.isSafeInteger(value) || value < 0) assert(false, `${what} must be a whole number from 0, not ${value}`)
  return value
}

const twentyBytes = (bytes: Uint8Array, what: string): Uint8Array => {
  if (bytes.length !== 20) assert(false, `${what} must have 20 bytes, not ${bytes.length}`)
  return bytes
}

export const pieceIndex = (value: number): PieceIndex => whole(value, 'a piece index') as PieceIndex
export const peerKey = (value: number): PeerKey => whole(value, 'a peer key') as PeerKey
export const seq = (value: number): Seq => whole(value, 'a sequence number') as Seq
export const instant = (value: number): Instant => whole(value, 'an instant') as Instant
export const infoHash = (bytes: Uint8Array): InfoHash => twentyBytes(bytes, 'an info-hash') as InfoHash
export const peerId = (bytes: Uint8Array): PeerId => twentyBytes(bytes, 'a peer id') as PeerId

/** Where a peer listens or was seen. `host` is an IP address in text, without brackets. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
}

/** Somebody can be reached there, as far as one can see. */
export const isAddress = ({ host, port }: PeerAddress): boolean =>
  typeof host === 'string' && host !== '' && Number.isInteger(port) && port >= 1 && port <= 65_535

/** `1.2.3.4:6881` or `[2001:db8::1]:6881`. */
export const showAddress = ({ host, port }: PeerAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** Reads what `showAddress` writes; undefined where it is not `HOST:PORT` with a port from 1 to 65535. */
export const readAddress = (text: string): PeerAddress | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host !== undefined && isAddress({ host, port }) ? { host, port } : undefined
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export const toHex = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Throws an assertion on anything but pairs of hexadecimal digits: check a stranger's text first. */
export const fromHex = (text: string): Uint8Array => {
  assert(text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text), 'hexadecimal text has pairs of digits only')
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(at * 2, at * 2 + 2), 16)
  return bytes
}

const utf8 = new TextEncoder()
const SHORT_TEXT = 64

/** As UTF-8. A call into the encoder costs more than a short text of ASCII, as most of ours are, costs by hand. */
export const utf8Bytes = (text: string): Uint8Array => {
  if (text.length > SHORT_TEXT) return utf8.encode(text)
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return utf8.encode(text)
    bytes[at] = code
  }
  return bytes
}

/** One after the other, in a buffer of their own. */
export const joinedBytes = (...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Compared from their ends: ids of peers that run the same client begin alike. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean => {
  if (left.length !== right.length) return false
  for (let at = left.length - 1; at >= 0; at--) if (left[at] !== right[at]) return false
  return true
}

/** Below, at or above 0 as the first differing byte says; a prefix comes first. */
export const compareBytes = (left: Uint8Array, right: Uint8Array): number => {
  const shorter = Math.min(left.length, right.length)
  for (let at = 0; at < shorter; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** The first characters of a text, without half a surrogate pair: UTF-8 gives back exactly what is written of it. */
export const boundedText = (text: string, charactersMax: number): string => text.slice(0, charactersMax).toWellFormed()

/**
 * Zero, as V8 keeps numbers that are no small whole ones. A field that begins as a plain 0 and becomes a time or a large
 * number of bytes later changes the shape of its object, and all code that was compiled for the old shape is thrown away
 * in mid-download: 14 functions, a tenth of a second of compiling.
 */
export const ZERO = -0
