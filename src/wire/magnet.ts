/** Magnet URIs (BEP 9, and BEP 52 for `btmh`): the hashes of a torrent, and where to begin to look for it. */
import { base32upper } from 'multiformats/bases/base32'
import { LIMITS } from '../limits.js'
import { fromHex, type InfoHash, infoHash, type PeerAddress, readAddress, toHex } from '../values.js'
import { hasControlCharacter } from './filenames.js'
import { readMultihash, type TorrentHashes } from './multihash.js'

export interface Magnet extends TorrentHashes {
  readonly name: string | undefined
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  /** From `x.pe`; what stands there may be a host's name in place of its address. */
  readonly peers: readonly PeerAddress[]
}

export interface MagnetSource {
  /** Torrents of v2 alone are named by `infoHashV2` only. */
  readonly version?: 'v1' | 'v2' | 'hybrid'
  readonly infoHash: InfoHash
  readonly infoHashV2: Uint8Array | undefined
  readonly name: string
  readonly trackers: readonly (readonly string[])[]
  readonly webSeeds: readonly string[]
}

/** SHA2-256 and 32 bytes, as multihash has it. */
const SHA2_256_PREFIX = '1220'

export const magnetOf = ({ version, infoHash: hash, infoHashV2, name, trackers, webSeeds }: MagnetSource): string =>
  `magnet:?${[
    ...(version === 'v2' ? [] : [`xt=urn:btih:${toHex(hash)}`]),
    ...(infoHashV2 === undefined ? [] : [`xt=urn:btmh:${SHA2_256_PREFIX}${toHex(infoHashV2)}`]),
    `dn=${encodeURIComponent(name)}`,
    ...trackers.flat().map((url) => `tr=${encodeURIComponent(url)}`),
    ...webSeeds.map((url) => `ws=${encodeURIComponent(url)}`),
  ].join('&')}`

const NOTHING: TorrentHashes = { infoHash: undefined, infoHashV2: undefined }

/** The hash in an `xt`; undefined where it is broken, and nothing where it is of another network. */
const readTopic = (topic: string): TorrentHashes | undefined => {
  const [, kind, hash] = /^urn:(btih|btmh):(.*)$/i.exec(topic) ?? []
  if (kind === undefined || hash === undefined) return NOTHING
  if (kind.toLowerCase() === 'btmh') {
    return /^(?:[0-9a-f]{2})+$/i.test(hash) ? readMultihash(fromHex(hash)) : undefined
  }
  if (/^[0-9a-f]{40}$/i.test(hash)) return { ...NOTHING, infoHash: infoHash(fromHex(hash)) }
  if (!/^[a-z2-7]{32}$/i.test(hash)) return undefined
  // The base of this library's codec has its multibase prefix, which magnet URIs leave out.
  return { ...NOTHING, infoHash: infoHash(base32upper.decode(`${base32upper.prefix}${hash.toUpperCase()}`)) }
}

/** Two topics may be the v1 and the v2 hash of one torrent, but not two hashes of a kind. */
const readTopics = (topics: readonly string[]): TorrentHashes | undefined => {
  let hashes = NOTHING
  for (const topic of topics) {
    const read = readTopic(topic)
    if (read === undefined) return undefined
    if (read.infoHash !== undefined) {
      if (hashes.infoHash !== undefined && toHex(hashes.infoHash) !== toHex(read.infoHash)) return undefined
      hashes = { ...hashes, infoHash: read.infoHash }
    }
    if (read.infoHashV2 !== undefined) {
      if (hashes.infoHashV2 !== undefined && toHex(hashes.infoHashV2) !== toHex(read.infoHashV2)) return undefined
      hashes = { ...hashes, infoHashV2: read.infoHashV2 }
    }
  }
  return hashes.infoHash === undefined && hashes.infoHashV2 === undefined ? undefined : hashes
}

/** Sources that cannot be used are passed over: the others may do. */
const usableUrls = (urls: readonly string[], countMax: number): readonly string[] => {
  const usable = urls.filter((url) => url.length <= LIMITS.trackerUrlBytesMax && !hasControlCharacter(url))
  return [...new Set(usable)].filter((url) => url !== '').slice(0, countMax)
}

/** What a magnet URI says; undefined for anything but a magnet URI of one torrent. */
export const parseMagnet = (text: string): Magnet | undefined => {
  if (text.length > LIMITS.magnetTextMax || !/^magnet:\?/i.test(text)) return undefined
  const fields = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(text.slice(text.indexOf('?')))) {
    // Some makers number what is there more than once: `tr.1`, `tr.2`.
    const name = key.replace(/\.\d+$/, '').toLowerCase()
    const values = fields.get(name)
    if (values === undefined) fields.set(name, [value])
    else values.push(value)
  }
  const hashes = readTopics(fields.get('xt') ?? [])
  if (hashes === undefined) return undefined
  return {
    ...hashes,
    name: fields.get('dn')?.[0],
    trackers: usableUrls(fields.get('tr') ?? [], LIMITS.trackersMax),
    webSeeds: usableUrls(fields.get('ws') ?? [], LIMITS.webSeedsMax),
    peers: (fields.get('x.pe') ?? []).flatMap((peer) => readAddress(peer) ?? []).slice(0, LIMITS.magnetPeersMax),
  }
}
