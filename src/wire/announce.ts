/** Announcing to an HTTP tracker (BEP 3, 7, 21, 23): the request, as clients write it and trackers read it. */
import { assert } from '../assert.js'
import { LIMITS } from '../limits.js'
import { type InfoHash, infoHash, type PeerId, peerId } from '../values.js'
import { latin1Bytes } from './bencode.js'
import { canonicalHost, isPort } from './compact.js'
import { appendQuery, percentEncode, percentEncodeText, type QueryFault, readQuery } from './query.js'

export type { AnnounceAnswer, AnnouncedPeer } from './announceanswer.js'

/** `paused` is BEP 21's: a peer that wants no more, and does not have all. */
export type AnnounceEvent = 'started' | 'completed' | 'stopped' | 'paused'

export interface AnnounceRequest {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly port: number
  readonly uploadedBytes: number
  readonly downloadedBytes: number
  readonly leftBytes: number
  readonly event?: AnnounceEvent | undefined
  /** How many peers to answer with. */
  readonly numwant?: number | undefined
  /** Tells a peer from others behind its address, as latin1 text; trackers keep it to themselves. */
  readonly key?: string | undefined
  /** What the tracker said before, as latin1 text. */
  readonly trackerId?: string | undefined
  /** The IP address that the peer says it has. */
  readonly host?: string | undefined
  /** Peers as bytes and not as dictionaries (BEP 23): so unless this is false. */
  readonly compact?: boolean | undefined
  /** Dictionaries without peer ids: so unless this is false in a URL that we make. */
  readonly noPeerId?: boolean | undefined
}

/** A request as a tracker reads it. */
export interface Announce extends AnnounceRequest {
  readonly type: 'announce'
  readonly numwant: number
  readonly compact: boolean
  readonly noPeerId: boolean
}

const countText = (value: number): string => {
  assert(Number.isSafeInteger(value) && value >= 0, `${value} is no number of bytes or peers`)
  return String(value)
}

/** The URL to ask, given the tracker's own, whose query (with a passkey, say) is kept. */
export const announceUrl = (baseUrl: string, request: AnnounceRequest): string => {
  assert(isPort(request.port), `${request.port} is no port`)
  const fields: [string, string | undefined][] = [
    ['info_hash', percentEncode(request.infoHash)],
    ['peer_id', percentEncode(request.peerId)],
    ['port', String(request.port)],
    ['uploaded', countText(request.uploadedBytes)],
    ['downloaded', countText(request.downloadedBytes)],
    ['left', countText(request.leftBytes)],
    ['compact', request.compact === false ? '0' : '1'],
    ['no_peer_id', request.noPeerId === false ? undefined : '1'],
    ['numwant', request.numwant === undefined ? undefined : countText(request.numwant)],
    ['event', request.event],
    ['key', request.key && percentEncode(latin1Bytes(request.key))],
    ['ip', request.host && percentEncodeText(request.host)],
    ['trackerid', request.trackerId && percentEncode(latin1Bytes(request.trackerId))],
  ]
  return appendQuery(
    baseUrl,
    fields.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, value] as const])),
  )
}

const fault = (reason: string): QueryFault => ({ type: 'fault', reason })

const KEYS = new Set([
  'info_hash',
  'peer_id',
  'port',
  'uploaded',
  'downloaded',
  'left',
  'event',
  'numwant',
  'key',
  'trackerid',
  'ip',
  'compact',
  'no_peer_id',
])
const REQUIRED = ['info_hash', 'peer_id', 'port', 'uploaded', 'downloaded', 'left'] as const
const HASH_BYTES = 20

/** A count in decimal; some clients send 2^63 - 1 for "not known", which is as good as 2^53 here. */
const readCount = (text: string): number | undefined =>
  /^\d{1,20}$/.test(text) ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : undefined

/** A wish that cannot be read, or a negative one (old clients send -1), is no wish. */
const readNumwant = (text: string | undefined): number =>
  Math.min((text === undefined ? undefined : readCount(text)) ?? LIMITS.trackerNumwantDefault, LIMITS.trackerNumwantMax)

/** Undefined for a word that no BEP has. */
const readEvent = (text: string): AnnounceEvent | 'none' | undefined => {
  switch (text) {
    case 'started':
    case 'completed':
    case 'stopped':
    case 'paused':
      return text
    case '':
    case 'empty':
      return 'none'
    default:
      return undefined
  }
}

/** Each known field once, and all that BEP 3 requires; fields that nobody knows are passed over. */
const readFields = (query: string): { readonly type: 'fields'; readonly fields: Map<string, string> } | QueryFault => {
  const read = readQuery(query)
  if (read.type === 'fault') return read
  const fields = new Map<string, string>()
  for (const [key, [value = '', ...more]] of read.values) {
    if (!KEYS.has(key)) continue
    if (more.length > 0) return fault(`${key} is there more than once`)
    fields.set(key, value)
  }
  const missing = REQUIRED.find((key) => !fields.has(key))
  return missing === undefined ? { type: 'fields', fields } : fault(`${missing} is missing`)
}

/** Reads the raw query of a request's URL, with or without its `?`. */
export const readAnnounceQuery = (query: string): Announce | QueryFault => {
  const read = readFields(query)
  if (read.type === 'fault') return read
  const field = (key: string): string => read.fields.get(key) ?? ''
  const hash = latin1Bytes(field('info_hash'))
  if (hash.length !== HASH_BYTES) return fault(`info_hash has ${hash.length} bytes and not ${HASH_BYTES}`)
  const id = latin1Bytes(field('peer_id'))
  if (id.length !== HASH_BYTES) return fault(`peer_id has ${id.length} bytes and not ${HASH_BYTES}`)
  const port = readCount(field('port'))
  if (port === undefined || !isPort(port)) return fault('port is not from 1 to 65535')
  const uploadedBytes = readCount(field('uploaded'))
  const downloadedBytes = readCount(field('downloaded'))
  const leftBytes = readCount(field('left'))
  if (uploadedBytes === undefined) return fault('uploaded is no number of bytes')
  if (downloadedBytes === undefined) return fault('downloaded is no number of bytes')
  if (leftBytes === undefined) return fault('left is no number of bytes')
  const event = readEvent(field('event'))
  if (event === undefined) return fault('event is none of started, completed, stopped and paused')
  const key = field('key')
  if (key.length > LIMITS.trackerKeyBytesMax) return fault(`key is longer than ${LIMITS.trackerKeyBytesMax} bytes`)
  const trackerId = field('trackerid')
  if (trackerId.length > LIMITS.trackerIdBytesMax) {
    return fault(`trackerid is longer than ${LIMITS.trackerIdBytesMax} bytes`)
  }
  return {
    type: 'announce',
    infoHash: infoHash(hash),
    peerId: peerId(id),
    port,
    uploadedBytes,
    downloadedBytes,
    leftBytes,
    event: event === 'none' ? undefined : event,
    numwant: readNumwant(read.fields.get('numwant')),
    key: key === '' ? undefined : key,
    trackerId: trackerId === '' ? undefined : trackerId,
    host: canonicalHost(field('ip')),
    compact: field('compact') !== '0',
    noPeerId: field('no_peer_id') === '1',
  }
}
