/** Magnet URIs (BEP 9, BEP 52 for `btmh`, BEP 53 for `so`): the hashes of a torrent, and where to begin to look for it. */
import { base32upper } from 'multiformats/bases/base32'
import { present } from '../assert.js'
import { TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { boundedText, fromHex, type InfoHash, infoHash, type PeerAddress, readAddress, toHex } from '../values.js'
import { hasControlCharacter } from './filenames.js'
import { type FileRange, readFileRanges, showFileRanges } from './fileranges.js'
import { readMultihash, type TorrentHashes } from './multihash.js'

export interface Magnet extends TorrentHashes {
  /** To be shown until the metadata say what it is called. */
  readonly name: string | undefined
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  /** From `x.pe`; what stands there may be a host's name in place of its address. */
  readonly peers: readonly PeerAddress[]
  /** Positions of the files that are wanted (BEP 53); all are, where it is left out. */
  readonly selectOnly: readonly FileRange[] | undefined
}

/** What a magnet URI is made of: at least one of the hashes. */
export type MagnetSource = Partial<Magnet> & TorrentHashes

const INFO_HASH_BYTES = 20
/** SHA2-256 and 32 bytes, as multihash has it. */
const SHA2_256_PREFIX = '1220'

export const magnetOf = (source: MagnetSource): string => {
  const { infoHash: v1, infoHashV2: v2, name, trackers = [], webSeeds = [], peers = [], selectOnly } = source
  const fields = [
    ...(v1 === undefined ? [] : [`xt=urn:btih:${toHex(v1)}`]),
    ...(v2 === undefined ? [] : [`xt=urn:btmh:${SHA2_256_PREFIX}${toHex(v2)}`]),
    ...(name === undefined ? [] : [`dn=${encodeURIComponent(name)}`]),
    ...trackers.map((url) => `tr=${encodeURIComponent(url)}`),
    ...webSeeds.map((url) => `ws=${encodeURIComponent(url)}`),
    ...peers.map(({ host, port }) => `x.pe=${host.includes(':') ? `[${host}]` : host}:${port}`),
    ...(selectOnly === undefined ? [] : [`so=${showFileRanges(selectOnly)}`]),
  ]
  return `magnet:?${fields.join('&')}`
}

/** By what peers and the log know a torrent: the hash of v1 or, where only that of v2 is known, its beginning (BEP 52). */
export const infoHashOf = ({ infoHash: v1, infoHashV2: v2 }: TorrentHashes): InfoHash =>
  v1 ?? infoHash(present(v2, 'one of the hashes of a magnet').slice(0, INFO_HASH_BYTES))

const unionOf = <Value>(left: readonly Value[], right: readonly Value[], countMax: number): readonly Value[] => {
  const values = new Map([...left, ...right].map((value) => [JSON.stringify(value), value]))
  return [...values.values()].slice(0, countMax)
}

/** What both say of one torrent; of what only one can be right, the newer is. */
export const joinMagnets = (known: Magnet, newer: Magnet): Magnet => ({
  infoHash: newer.infoHash ?? known.infoHash,
  infoHashV2: newer.infoHashV2 ?? known.infoHashV2,
  name: newer.name ?? known.name,
  trackers: unionOf(known.trackers, newer.trackers, LIMITS.trackersMax),
  webSeeds: unionOf(known.webSeeds, newer.webSeeds, LIMITS.webSeedsMax),
  peers: unionOf(newer.peers, known.peers, LIMITS.magnetPeersMax),
  selectOnly: newer.selectOnly ?? known.selectOnly,
})

const NOTHING: TorrentHashes = { infoHash: undefined, infoHashV2: undefined }

const SHOWN_CHARACTERS_MAX = 120

const invalid = (problem: string, text: string): TorrewindError =>
  new TorrewindError('SOURCE_INVALID', `the magnet URI ${problem}: ${boundedText(text, SHOWN_CHARACTERS_MAX)}`)

const readHashV1 = (hash: string): InfoHash | undefined => {
  if (/^[0-9a-f]{40}$/i.test(hash)) return infoHash(fromHex(hash))
  if (!/^[a-z2-7]{32}$/i.test(hash)) return undefined
  // The base of this library's codec has its multibase prefix, which magnet URIs leave out.
  return infoHash(base32upper.decode(`${base32upper.prefix}${hash.toUpperCase()}`))
}

/** The hash in an `xt`; nothing where it is of another network. Throws where it is broken. */
const readTopic = (topic: string): TorrentHashes => {
  const [, kind, hash] = /^urn:(btih|btmh):(.*)$/i.exec(topic.trim()) ?? []
  if (kind === undefined || hash === undefined) return NOTHING
  if (kind.toLowerCase() === 'btih') {
    const v1 = readHashV1(hash)
    if (v1 !== undefined) return { ...NOTHING, infoHash: v1 }
    throw invalid('has an info-hash that is neither 40 hexadecimal digits nor 32 characters of base 32', hash)
  }
  const v2 = /^(?:[0-9a-f]{2})+$/i.test(hash) ? readMultihash(fromHex(hash)) : undefined
  if (v2 !== undefined) return v2
  throw invalid('has a v2 info-hash that is no multihash of SHA2-256 in hexadecimal (1220 and 64 digits)', hash)
}

const join = <Hash extends Uint8Array>(known: Hash | undefined, read: Hash | undefined): Hash | undefined => {
  if (known === undefined || read === undefined) return known ?? read
  if (toHex(known) !== toHex(read)) throw invalid('names two torrents', `${toHex(known)} and ${toHex(read)}`)
  return known
}

/** Two topics may be the v1 and the v2 hash of one torrent, but not two hashes of a kind. */
const readTopics = (topics: readonly string[], text: string): TorrentHashes => {
  let hashes = NOTHING
  for (const topic of topics) {
    const read = readTopic(topic)
    hashes = {
      infoHash: join(hashes.infoHash, read.infoHash),
      infoHashV2: join(hashes.infoHashV2, read.infoHashV2),
    }
  }
  if (hashes.infoHash === undefined && hashes.infoHashV2 === undefined)
    throw invalid('names no torrent: it has no `xt=urn:btih:` or `xt=urn:btmh:`', text)
  return hashes
}

/** Sources that cannot be used are passed over: the others may do. */
const usableUrls = (urls: readonly string[], countMax: number): readonly string[] => {
  const usable = urls.filter((url) => url.length <= LIMITS.trackerUrlBytesMax && !hasControlCharacter(url))
  return [...new Set(usable.map((url) => url.trim()))].filter((url) => url !== '').slice(0, countMax)
}

/** What may be shown to people of a stranger's name. */
const readName = (text: string | undefined): string | undefined => {
  const name = boundedText(
    (text ?? '').replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, ''),
    LIMITS.magnetNameCharactersMax,
  )
  return name === '' ? undefined : name
}

export const isMagnet = (text: string): boolean => /^magnet:/i.test(text)

/** What a magnet URI says. Throws `SOURCE_INVALID` for anything but a magnet URI of one torrent. */
export const parseMagnet = (text: string): Magnet => {
  if (text.length > LIMITS.magnetTextMax) throw invalid(`has more than ${LIMITS.magnetTextMax} characters`, text)
  if (!/^magnet:\?/i.test(text)) throw invalid('does not begin with `magnet:?`', text)
  const fields = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(text.slice(text.indexOf('?')))) {
    // Some makers number what is there more than once, `tr.1`; and pages write `&amp;`, which is copied as it is.
    const name = key
      .replace(/\.\d+$/, '')
      .replace(/^amp;/i, '')
      .toLowerCase()
    const values = fields.get(name)
    if (values === undefined) fields.set(name, [value])
    else values.push(value)
  }
  return {
    ...readTopics(fields.get('xt') ?? [], text),
    name: readName(fields.get('dn')?.[0]),
    trackers: usableUrls(fields.get('tr') ?? [], LIMITS.trackersMax),
    webSeeds: usableUrls(fields.get('ws') ?? [], LIMITS.webSeedsMax),
    peers: (fields.get('x.pe') ?? []).flatMap((peer) => readAddress(peer) ?? []).slice(0, LIMITS.magnetPeersMax),
    selectOnly: readFileRanges(fields.get('so') ?? []),
  }
}
