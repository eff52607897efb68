/** What a .torrent says beside `info`: where peers and bytes may be found, and words for people. */
import { LIMITS } from '../limits.js'
import { isAddress, type PeerAddress } from '../values.js'
import type { Bencode, BencodeDictionary } from './bencode.js'
import { asBytes, asInteger, asList, invalid } from './fields.js'
import { hasControlCharacter, nameText } from './filenames.js'

/** A name of DNS has no more. */
const HOST_NAME_BYTES_MAX = 253

export interface TorrentSources {
  /** Tiers (BEP 12), in the order of the file. */
  readonly trackers: readonly (readonly string[])[]
  /** BEP 19. */
  readonly webSeeds: readonly string[]
  /** Nodes of the DHT to begin with (`nodes`, BEP 5): names or addresses. */
  readonly nodes: readonly PeerAddress[]
  readonly comment: string | undefined
  readonly createdBy: string | undefined
  /** Seconds since the Unix epoch. */
  readonly creationDate: number | undefined
}

/** A URL without the spaces around it; undefined where nothing is left. */
const readUrl = (value: Bencode, field: string): string | undefined => {
  const bytes = asBytes(value)
  if (bytes === undefined) throw invalid(field, 'is no byte string')
  if (bytes.length > LIMITS.trackerUrlBytesMax)
    throw invalid(field, `is longer than ${LIMITS.trackerUrlBytesMax} bytes`)
  const url = nameText(bytes).trim()
  if (hasControlCharacter(url)) throw invalid(field, 'has a control character in it')
  return url === '' ? undefined : url
}

/** `announce-list` wins over `announce` where it names any tracker at all (BEP 12); a URL counts once. */
const readTrackers = (torrent: BencodeDictionary): readonly (readonly string[])[] => {
  const seen = new Set<string>()
  const tiers: (readonly string[])[] = []
  const readTier = (values: readonly Bencode[], field: (at: number) => string): void => {
    const tier: string[] = []
    for (const [at, value] of values.entries()) {
      const url = readUrl(value, field(at))
      if (url === undefined || seen.has(url)) continue
      seen.add(url)
      if (seen.size > LIMITS.trackersMax) throw invalid('announce-list', `has more than ${LIMITS.trackersMax} trackers`)
      tier.push(url)
    }
    if (tier.length > 0) tiers.push(tier)
  }
  const list = torrent.get('announce-list')
  if (list !== undefined) {
    const values = asList(list)
    if (values === undefined) throw invalid('announce-list', 'is no list')
    for (const [at, value] of values.entries()) {
      const tier = asList(value)
      if (tier === undefined) throw invalid(`announce-list[${at}]`, 'is no list')
      readTier(tier, (position) => `announce-list[${at}][${position}]`)
    }
  }
  const announce = torrent.get('announce')
  if (tiers.length === 0 && announce !== undefined) readTier([announce], () => 'announce')
  return tiers
}

/** One URL or a list of them (BEP 19). */
const readWebSeeds = (torrent: BencodeDictionary): readonly string[] => {
  const value = torrent.get('url-list')
  if (value === undefined) return []
  const values = asList(value) ?? [value]
  const urls = new Set<string>()
  for (const [at, item] of values.entries()) {
    const url = readUrl(item, values === value ? `url-list[${at}]` : 'url-list')
    if (url !== undefined) urls.add(url)
    if (urls.size > LIMITS.webSeedsMax) throw invalid('url-list', `has more than ${LIMITS.webSeedsMax} URLs`)
  }
  return [...urls]
}

/** Nodes that cannot be used are passed over: the others may do. */
const readNodes = (torrent: BencodeDictionary): readonly PeerAddress[] =>
  (asList(torrent.get('nodes')) ?? []).slice(0, LIMITS.torrentNodesMax).flatMap((node) => {
    const [name, port] = asList(node) ?? []
    const bytes = asBytes(name)
    if (bytes === undefined || bytes.length > HOST_NAME_BYTES_MAX) return []
    const host = nameText(bytes).trim()
    const address = { host, port: asInteger(port) ?? 0 }
    return /^[\w.:-]+$/.test(host) && isAddress(address) ? [address] : []
  })

/** Words for people decide nothing, so a strange one is passed over and not an error. */
const readWords = (torrent: BencodeDictionary, key: string): string | undefined => {
  const bytes = asBytes(torrent.get(`${key}.utf-8`)) ?? asBytes(torrent.get(key))
  return bytes === undefined || bytes.length === 0 ? undefined : nameText(bytes)
}

export const readSources = (torrent: BencodeDictionary): TorrentSources => {
  const creationDate = asInteger(torrent.get('creation date'))
  return {
    trackers: readTrackers(torrent),
    webSeeds: readWebSeeds(torrent),
    nodes: readNodes(torrent),
    comment: readWords(torrent, 'comment'),
    createdBy: readWords(torrent, 'created by'),
    creationDate: creationDate !== undefined && creationDate >= 0 ? creationDate : undefined,
  }
}

/** What is known of a torrent whose `info` came from peers (BEP 9). */
export const NO_SOURCES: TorrentSources = {
  trackers: [],
  webSeeds: [],
  nodes: [],
  comment: undefined,
  createdBy: undefined,
  creationDate: undefined,
}
