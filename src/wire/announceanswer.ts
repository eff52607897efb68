/** An HTTP tracker's answer to an announce (BEP 3, 7, 23, 24), as trackers write it and clients read it. */
import { present } from '../assert.js'
import { LIMITS } from '../limits.js'
import { type PeerAddress, type PeerId, peerId } from '../values.js'
import { type Bencode, type BencodeDictionary, encode, latin1Bytes, latin1Text } from './bencode.js'
import { bytesToHost, canonicalHost, hostToBytes, isPort, readCompactPeers, writeCompactPeers } from './compact.js'
import { asBytes, asDictionary, asInteger, asList } from './fields.js'
import { type AnswerFault, answerFault, readAnswer, readShownText, type TrackerFailure } from './trackeranswer.js'

export interface AnnouncedPeer extends PeerAddress {
  /** Only where peers come as dictionaries. */
  readonly peerId?: PeerId | undefined
}

export interface AnnounceAnswer {
  /** When to announce again. */
  readonly intervalSeconds: number
  /** Not to announce before. */
  readonly minIntervalSeconds?: number | undefined
  /** Seeds. */
  readonly complete?: number | undefined
  /** Peers that are no seeds. */
  readonly incomplete?: number | undefined
  /** How often the torrent was completed. */
  readonly downloaded?: number | undefined
  /** To be sent back with the next announce, as latin1 text. */
  readonly trackerId?: string | undefined
  readonly warning?: string | undefined
  /** The address that the tracker sees the client at (BEP 24). */
  readonly externalHost?: string | undefined
  readonly peers: readonly AnnouncedPeer[]
}

/** An answer as a client reads it. */
export interface ReadAnnounceAnswer extends AnnounceAnswer {
  readonly type: 'answer'
}

export interface AnswerStyle {
  readonly compact: boolean
  readonly noPeerId: boolean
}

const writeLatin1 = (bytes: Uint8Array, offset: number, text: string): void => {
  for (let at = 0; at < text.length; at++) bytes[offset + at] = text.charCodeAt(at)
}

const encodePeers = (peers: readonly AnnouncedPeer[], { compact, noPeerId }: AnswerStyle) => {
  if (!compact) {
    return {
      peers: peers.map((peer) => ({ ip: peer.host, port: peer.port, 'peer id': noPeerId ? undefined : peer.peerId })),
    }
  }
  const { ipv4, ipv6 } = writeCompactPeers(peers)
  return { peers: ipv4, peers6: ipv6.length === 0 ? undefined : ipv6 }
}

/** An answer, as a tracker writes it. */
export const encodeAnnounceAnswer = (answer: AnnounceAnswer, style: AnswerStyle): Uint8Array =>
  encode({
    interval: answer.intervalSeconds,
    'min interval': answer.minIntervalSeconds,
    complete: answer.complete,
    incomplete: answer.incomplete,
    downloaded: answer.downloaded,
    'tracker id': answer.trackerId === undefined ? undefined : latin1Bytes(answer.trackerId),
    'warning message': answer.warning,
    'external ip':
      answer.externalHost === undefined ? undefined : present(hostToBytes(answer.externalHost), 'an IP address'),
    ...encodePeers(answer.peers, style),
  })

/** What a compact answer says beside its peers. */
export interface CompactAnswer
  extends Required<
    Pick<AnnounceAnswer, 'intervalSeconds' | 'minIntervalSeconds' | 'complete' | 'incomplete' | 'downloaded'>
  > {
  /** 4 or 16 bytes. */
  readonly externalHost: Uint8Array
}

export interface CompactAnswerBytes {
  readonly bytes: Uint8Array
  /** Where the compact peers of each family are to be written to it, as many as there was said to be. */
  readonly ipv4At: number
  readonly ipv6At: number
}

/**
 * The same bytes as `encodeAnnounceAnswer` makes, in one piece and without a look at what has which type: this is what
 * trackers are asked for most. Keys stand in their order.
 */
export const encodeCompactAnswer = (said: CompactAnswer, ipv4Bytes: number, ipv6Bytes: number): CompactAnswerBytes => {
  const { complete, downloaded, incomplete, intervalSeconds, minIntervalSeconds, externalHost } = said
  const parts = [
    `d8:completei${complete}e10:downloadedi${downloaded}e11:external ip${externalHost.length}:`,
    `10:incompletei${incomplete}e8:intervali${intervalSeconds}e12:min intervali${minIntervalSeconds}e5:peers${ipv4Bytes}:`,
    ipv6Bytes === 0 ? 'e' : `6:peers6${ipv6Bytes}:`,
  ] as const
  const hostAt = parts[0].length
  const ipv4At = hostAt + externalHost.length + parts[1].length
  const ipv6At = ipv4At + ipv4Bytes + parts[2].length
  const bytes = new Uint8Array(ipv6Bytes === 0 ? ipv6At : ipv6At + ipv6Bytes + 1)
  writeLatin1(bytes, 0, parts[0])
  bytes.set(externalHost, hostAt)
  writeLatin1(bytes, hostAt + externalHost.length, parts[1])
  writeLatin1(bytes, ipv4At + ipv4Bytes, parts[2])
  if (ipv6Bytes > 0) writeLatin1(bytes, ipv6At + ipv6Bytes, 'e')
  return { bytes, ipv4At, ipv6At }
}

/** Undefined for what is no dictionary of a peer that can be dialled; names in place of addresses are not asked for. */
const readDictionaryPeer = (value: Bencode): AnnouncedPeer | undefined => {
  const dictionary = asDictionary(value)
  const ip = asBytes(dictionary?.get('ip'))
  const host = ip && canonicalHost(latin1Text(ip.subarray(0, 64)))
  const port = asInteger(dictionary?.get('port'))
  const id = asBytes(dictionary?.get('peer id'))
  if (host === undefined || port === undefined || !isPort(port)) return undefined
  return { host, port, peerId: id?.length === 20 ? peerId(new Uint8Array(id)) : undefined }
}

/** Undefined where the list is broken as a whole; single peers that cannot be dialled are left out. */
const readPeers = (dictionary: BencodeDictionary): readonly AnnouncedPeer[] | undefined => {
  const peersMax = LIMITS.trackerPeersMax
  const ipv6 = dictionary.get('peers6')
  const ipv6Bytes = asBytes(ipv6)
  if (ipv6 !== undefined && ipv6Bytes === undefined) return undefined
  const peers6 = readCompactPeers(ipv6Bytes ?? new Uint8Array(), 'ipv6', peersMax)
  const either = dictionary.get('peers')
  const list = asList(either)
  const bytes = either === undefined ? new Uint8Array() : asBytes(either)
  const peers =
    list === undefined
      ? bytes && readCompactPeers(bytes, 'ipv4', peersMax)
      : list.slice(0, peersMax).flatMap((peer) => readDictionaryPeer(peer) ?? [])
  return peers && peers6 && [...peers, ...peers6].slice(0, peersMax)
}

const readSeconds = (value: Bencode | undefined): number | undefined => {
  const seconds = asInteger(value)
  return seconds !== undefined && seconds > 0 ? Math.min(seconds, LIMITS.trackerIntervalSecondsMax) : undefined
}

const readCount = (value: Bencode | undefined): number | undefined => {
  const count = asInteger(value)
  return count !== undefined && count >= 0 ? count : undefined
}

/** What is not an IP address, or a tracker id that could not be sent back, is taken as not said. */
export const readAnnounceAnswer = (bytes: Uint8Array): ReadAnnounceAnswer | TrackerFailure | AnswerFault => {
  const read = readAnswer(bytes)
  if (read.type !== 'dictionary') return read
  const { dictionary } = read
  if (!['interval', 'peers', 'peers6'].some((key) => dictionary.has(key))) {
    return answerFault('the answer has neither an interval nor peers')
  }
  const peers = readPeers(dictionary)
  if (peers === undefined) return answerFault('the peers of the answer are of no known form')
  const external = asBytes(dictionary.get('external ip'))
  const trackerId = asBytes(dictionary.get('tracker id'))
  return {
    type: 'answer',
    intervalSeconds: readSeconds(dictionary.get('interval')) ?? LIMITS.trackerIntervalSecondsDefault,
    minIntervalSeconds: readSeconds(dictionary.get('min interval')),
    complete: readCount(dictionary.get('complete')),
    incomplete: readCount(dictionary.get('incomplete')),
    downloaded: readCount(dictionary.get('downloaded')),
    trackerId:
      trackerId !== undefined && trackerId.length > 0 && trackerId.length <= LIMITS.trackerIdBytesMax
        ? latin1Text(trackerId)
        : undefined,
    warning: readShownText(dictionary.get('warning message')) || undefined,
    externalHost: external?.length === 4 || external?.length === 16 ? bytesToHost(external) : undefined,
    peers,
  }
}
