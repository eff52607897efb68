/** What a UDP tracker answers (BEP 15): connection ids, peers of either family, counts and errors, in both directions. */
import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'
import type { PeerAddress } from '../values.js'
import { readCompactPeers, writeCompactPeers } from './compact.js'
import type { Family } from './datagram.js'
import { readUint32, writeUint32 } from './integers.js'
import type { ScrapeCounts } from './scrape.js'
import { readShownText } from './trackeranswer.js'
import { type ConnectionId, UDP_ACTIONS, type UdpFault, udpFault } from './udprequest.js'

interface Answered {
  /** That of the request. */
  readonly transactionId: number
}
export interface UdpConnected extends Answered {
  readonly type: 'connected'
  readonly connectionId: ConnectionId
}
export interface UdpAnnounced extends Answered {
  readonly type: 'announced'
  /** When to announce again. */
  readonly intervalSeconds: number
  /** Seeds. */
  readonly complete: number
  /** Peers that are no seeds. */
  readonly incomplete: number
  /** Of the family that the answer came by. */
  readonly peers: readonly PeerAddress[]
}
export interface UdpScraped extends Answered {
  readonly type: 'scraped'
  /** In the order in which they were asked for. */
  readonly files: readonly ScrapeCounts[]
}
/** The tracker understood, and said no. */
export interface UdpFailure extends Answered {
  readonly type: 'failure'
  readonly reason: string
}
export type UdpAnswer = UdpConnected | UdpAnnounced | UdpScraped | UdpFailure

const HEAD_BYTES = 8
const CONNECTED_BYTES = 16
/** What stands before the peers. */
export const ANNOUNCED_BYTES = 20
const SCRAPED_BYTES = 12
const INT32_MAX = 0x7fff_ffff

const utf8 = new TextEncoder()

/** Gives so many bytes to be written to, whatever is in them. */
export type Allocate = (length: number) => Uint8Array
const allocateNew: Allocate = (length) => new Uint8Array(length)

const headed = (length: number, action: number, transactionId: number, allocate = allocateNew): Uint8Array => {
  const bytes = allocate(length)
  writeUint32(bytes, 0, action)
  writeUint32(bytes, 4, transactionId)
  return bytes
}

/** The answer to an announce, whose compact peers (so many bytes) are to be written to it from `ANNOUNCED_BYTES` on. */
export const encodeUdpAnnounced = (
  answer: Omit<UdpAnnounced, 'type' | 'peers'>,
  peersBytes: number,
  allocate?: Allocate,
): Uint8Array => {
  const bytes = headed(ANNOUNCED_BYTES + peersBytes, UDP_ACTIONS.announce, answer.transactionId, allocate)
  writeUint32(bytes, 8, answer.intervalSeconds)
  writeUint32(bytes, 12, answer.incomplete)
  writeUint32(bytes, 16, answer.complete)
  return bytes
}

/** An answer, as a tracker sends it to a client of this family: one datagram. */
export const encodeUdpAnswer = (answer: UdpAnswer, family: Family): Uint8Array => {
  const { transactionId } = answer
  switch (answer.type) {
    case 'connected': {
      assert(answer.connectionId.length === 8, 'a connection id has 8 bytes')
      const bytes = headed(CONNECTED_BYTES, UDP_ACTIONS.connect, transactionId)
      bytes.set(answer.connectionId, HEAD_BYTES)
      return bytes
    }
    case 'announced': {
      const peers = writeCompactPeers(answer.peers)[family]
      const bytes = encodeUdpAnnounced(answer, peers.length)
      bytes.set(peers, ANNOUNCED_BYTES)
      return bytes
    }
    case 'scraped': {
      const bytes = headed(HEAD_BYTES + SCRAPED_BYTES * answer.files.length, UDP_ACTIONS.scrape, transactionId)
      for (const [file, { complete, downloaded, incomplete }] of answer.files.entries()) {
        const at = HEAD_BYTES + SCRAPED_BYTES * file
        writeUint32(bytes, at, complete)
        writeUint32(bytes, at + 4, downloaded)
        writeUint32(bytes, at + 8, incomplete)
      }
      return bytes
    }
    case 'failure': {
      const reason = utf8.encode(answer.reason)
      const bytes = headed(HEAD_BYTES + reason.length, UDP_ACTIONS.error, transactionId)
      bytes.set(reason, HEAD_BYTES)
      return bytes
    }
  }
}

/** The transaction that a datagram says it answers; undefined where it is too short to say so. */
export const transactionOf = (bytes: Uint8Array): number | undefined =>
  bytes.length < HEAD_BYTES ? undefined : readUint32(bytes, 4)

/** Counts have a sign on the wire, and below 0 say nothing. */
const readCount = (bytes: Uint8Array, at: number): number => {
  const count = readUint32(bytes, at)
  return count > INT32_MAX ? 0 : count
}

const readInterval = (bytes: Uint8Array, at: number): number =>
  Math.min(readCount(bytes, at) || LIMITS.trackerIntervalSecondsDefault, LIMITS.trackerIntervalSecondsMax)

const readAnnounced = (bytes: Uint8Array, transactionId: number, family: Family): UdpAnnounced | UdpFault => {
  if (bytes.length < ANNOUNCED_BYTES) return udpFault(`an announce is not answered with ${bytes.length} bytes`)
  const peers = readCompactPeers(bytes.subarray(ANNOUNCED_BYTES), family, LIMITS.trackerPeersMax)
  if (peers === undefined) return udpFault('the last peer of the answer is cut off')
  return {
    type: 'announced',
    transactionId,
    intervalSeconds: readInterval(bytes, 8),
    incomplete: readCount(bytes, 12),
    complete: readCount(bytes, 16),
    peers,
  }
}

/** Reads a datagram that a tracker sent over this family. */
export const readUdpAnswer = (bytes: Uint8Array, family: Family): UdpAnswer | UdpFault => {
  const transactionId = transactionOf(bytes)
  if (transactionId === undefined) return udpFault(`${bytes.length} bytes are no answer`)
  const action = readUint32(bytes, 0)
  switch (action) {
    case UDP_ACTIONS.connect:
      if (bytes.length < CONNECTED_BYTES) return udpFault('the connection id is cut off')
      return { type: 'connected', transactionId, connectionId: bytes.slice(HEAD_BYTES, CONNECTED_BYTES) }
    case UDP_ACTIONS.announce:
      return readAnnounced(bytes, transactionId, family)
    case UDP_ACTIONS.scrape: {
      const count = (bytes.length - HEAD_BYTES) / SCRAPED_BYTES
      if (!Number.isInteger(count)) return udpFault('the last counts of the answer are cut off')
      if (count > LIMITS.trackerScrapeHashesMax) return udpFault('counts of more torrents than can be asked for')
      const files = Array.from({ length: count }, (_, file) => {
        const at = HEAD_BYTES + SCRAPED_BYTES * file
        return {
          complete: readCount(bytes, at),
          downloaded: readCount(bytes, at + 4),
          incomplete: readCount(bytes, at + 8),
        }
      })
      return { type: 'scraped', transactionId, files }
    }
    case UDP_ACTIONS.error: {
      const reason = readShownText(bytes.subarray(HEAD_BYTES)) || 'the tracker gave no reason'
      return { type: 'failure', transactionId, reason }
    }
    default:
      return udpFault(`there is no action ${action}`)
  }
}
