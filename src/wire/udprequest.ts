/** What is asked of a UDP tracker (BEP 15, with the options of BEP 41): connect, announce and scrape, in both directions. */
import { assert, present } from '../assert.js'
import { LIMITS } from '../limits.js'
import { type InfoHash, infoHash, type PeerId, peerId } from '../values.js'
import { latin1Bytes, latin1Text } from './bencode.js'
import { bytesToHost, hostToBytes, isPort } from './compact.js'
import { readUint16, readUint32, readUint64, writeUint16, writeUint32, writeUint64 } from './integers.js'

export const UDP_ACTIONS = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

/** By their numbers on the wire. */
const EVENTS = [undefined, 'completed', 'started', 'stopped'] as const

/** Shows a tracker that whoever asks receives what it sends there. 8 bytes, which mean nothing to a client. */
export type ConnectionId = Uint8Array

interface Asked {
  /** Comes back with the answer: 32 bits. */
  readonly transactionId: number
}
export interface UdpConnect extends Asked {
  readonly type: 'connect'
}
export interface UdpAnnounce extends Asked {
  readonly type: 'announce'
  readonly connectionId: ConnectionId
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly downloadedBytes: number
  readonly leftBytes: number
  readonly uploadedBytes: number
  readonly event: (typeof EVENTS)[number]
  /** The IPv4 address that the peer says it has. */
  readonly host: string | undefined
  /** Tells a peer from others behind its address: 32 bits. */
  readonly key: number
  /** How many peers to answer with; as many as the tracker thinks right, where it is not said. */
  readonly numwant: number | undefined
  readonly port: number
  /** Path and query of the tracker's URL, as latin1 text (BEP 41); empty for none. */
  readonly urlData: string
}
export interface UdpScrape extends Asked {
  readonly type: 'scrape'
  readonly connectionId: ConnectionId
  readonly infoHashes: readonly InfoHash[]
}
export type UdpRequest = UdpConnect | UdpAnnounce | UdpScrape

export interface UdpFault {
  readonly type: 'fault'
  readonly reason: string
}
export const udpFault = (reason: string): UdpFault => ({ type: 'fault', reason })

/** What stands in place of a connection id before there is one. */
const PROTOCOL_ID = Uint8Array.of(0, 0, 0x04, 0x17, 0x27, 0x10, 0x19, 0x80)

const HEAD_BYTES = 16
const HASH_BYTES = 20
const ANNOUNCE_BYTES = 98
const NUMWANT_ANY = 0xffff_ffff
const INT32_MAX = 0x7fff_ffff

const OPTION_END = 0
const OPTION_NOTHING = 1
const OPTION_URL_DATA = 2
const OPTION_BYTES_MAX = 255

const headed = (length: number, action: number, first: Uint8Array, transactionId: number): Uint8Array => {
  assert(first.length === 8, 'a connection id has 8 bytes')
  const bytes = new Uint8Array(length)
  bytes.set(first)
  writeUint32(bytes, 8, action)
  writeUint32(bytes, 12, transactionId)
  return bytes
}

const encodeAnnounce = (request: UdpAnnounce): Uint8Array => {
  assert(isPort(request.port), `${request.port} is no port`)
  const url = latin1Bytes(request.urlData)
  const parts = Math.ceil(url.length / OPTION_BYTES_MAX)
  const length = ANNOUNCE_BYTES + url.length + 2 * parts
  const bytes = headed(length, UDP_ACTIONS.announce, request.connectionId, request.transactionId)
  bytes.set(request.infoHash, 16)
  bytes.set(request.peerId, 36)
  writeUint64(bytes, 56, request.downloadedBytes)
  writeUint64(bytes, 64, request.leftBytes)
  writeUint64(bytes, 72, request.uploadedBytes)
  writeUint32(bytes, 80, EVENTS.indexOf(request.event))
  if (request.host !== undefined) {
    const host = present(hostToBytes(request.host), 'an IP address')
    assert(host.length === 4, 'an address of IPv4')
    bytes.set(host, 84)
  }
  writeUint32(bytes, 88, request.key)
  writeUint32(bytes, 92, request.numwant ?? NUMWANT_ANY)
  writeUint16(bytes, 96, request.port)
  for (let part = 0; part < parts; part++) {
    const data = url.subarray(part * OPTION_BYTES_MAX, (part + 1) * OPTION_BYTES_MAX)
    const at = ANNOUNCE_BYTES + part * (OPTION_BYTES_MAX + 2)
    bytes.set([OPTION_URL_DATA, data.length], at)
    bytes.set(data, at + 2)
  }
  return bytes
}

/** A request, as a client sends it: one datagram. */
export const encodeUdpRequest = (request: UdpRequest): Uint8Array => {
  switch (request.type) {
    case 'connect':
      return headed(HEAD_BYTES, UDP_ACTIONS.connect, PROTOCOL_ID, request.transactionId)
    case 'announce':
      return encodeAnnounce(request)
    case 'scrape': {
      const { connectionId, infoHashes, transactionId } = request
      assert(infoHashes.length <= LIMITS.trackerScrapeHashesMax, 'a scrape of too many torrents')
      const length = HEAD_BYTES + HASH_BYTES * infoHashes.length
      const bytes = headed(length, UDP_ACTIONS.scrape, connectionId, transactionId)
      for (const [at, hash] of infoHashes.entries()) bytes.set(hash, HEAD_BYTES + HASH_BYTES * at)
      return bytes
    }
  }
}

/** A copy of some bytes: `slice` takes longer to make it, and of a Buffer makes none. */
const part = (bytes: Uint8Array, from: number, length: number): Uint8Array => {
  const copy = new Uint8Array(length)
  for (let at = 0; at < length; at++) copy[at] = bytes[from + at] ?? 0
  return copy
}

/** The URL data of options, whose other kinds are passed over; undefined where one goes past the end. */
const readOptions = (bytes: Uint8Array, from: number): string | undefined => {
  let urlData = ''
  for (let at = from; at < bytes.length; ) {
    const option = bytes[at++]
    if (option === OPTION_END) break
    if (option === OPTION_NOTHING) continue
    const length = bytes[at++]
    if (length === undefined || at + length > bytes.length) return undefined
    if (option === OPTION_URL_DATA) urlData += latin1Text(bytes.subarray(at, at + length))
    at += length
  }
  return urlData
}

const readAnnounce = (bytes: Uint8Array, connectionId: ConnectionId, transactionId: number): UdpAnnounce | UdpFault => {
  if (bytes.length < ANNOUNCE_BYTES) return udpFault(`an announce of ${bytes.length} bytes and not ${ANNOUNCE_BYTES}`)
  const event = readUint32(bytes, 80)
  if (event >= EVENTS.length) return udpFault(`there is no event ${event}`)
  const numwant = readUint32(bytes, 92)
  const port = readUint16(bytes, 96)
  if (port === 0) return udpFault('port is not from 1 to 65535')
  const urlData = readOptions(bytes, ANNOUNCE_BYTES)
  if (urlData === undefined) return udpFault('an option goes past the end')
  return {
    type: 'announce',
    transactionId,
    connectionId,
    infoHash: infoHash(part(bytes, 16, HASH_BYTES)),
    peerId: peerId(part(bytes, 36, HASH_BYTES)),
    downloadedBytes: readUint64(bytes, 56),
    leftBytes: readUint64(bytes, 64),
    uploadedBytes: readUint64(bytes, 72),
    event: EVENTS[event],
    host: readUint32(bytes, 84) === 0 ? undefined : bytesToHost(part(bytes, 84, 4)),
    key: readUint32(bytes, 88),
    // A negative one is no wish, as that of clients who have none is -1.
    numwant: numwant > INT32_MAX ? undefined : numwant,
    port,
    urlData,
  }
}

/**
 * Reads a datagram that a tracker received. Bytes after what is known are passed over, as BEP 15 says. `checkedId` stands
 * in the request for a connection id that the caller has looked at, and saves a copy of that.
 */
export const readUdpRequest = (bytes: Uint8Array, checkedId?: ConnectionId): UdpRequest | UdpFault => {
  if (bytes.length < HEAD_BYTES) return udpFault(`${bytes.length} bytes are no request`)
  const connectionId = checkedId ?? part(bytes, 0, 8)
  const action = readUint32(bytes, 8)
  const transactionId = readUint32(bytes, 12)
  switch (action) {
    case UDP_ACTIONS.connect:
      return PROTOCOL_ID.every((byte, at) => byte === bytes[at])
        ? { type: 'connect', transactionId }
        : udpFault('another protocol')
    case UDP_ACTIONS.announce:
      return readAnnounce(bytes, connectionId, transactionId)
    case UDP_ACTIONS.scrape: {
      const count = (bytes.length - HEAD_BYTES) / HASH_BYTES
      if (!Number.isInteger(count) || count === 0) return udpFault('a scrape of no whole info-hashes')
      if (count > LIMITS.trackerScrapeHashesMax) return udpFault('a scrape of too many torrents')
      const infoHashes = Array.from({ length: count }, (_, at) =>
        infoHash(part(bytes, HEAD_BYTES + HASH_BYTES * at, HASH_BYTES)),
      )
      return { type: 'scrape', transactionId, connectionId, infoHashes }
    }
    default:
      return udpFault(`there is no action ${action}`)
  }
}
