/** Scraping an HTTP tracker (BEP 48): counts of seeds and downloaders for many torrents, in both directions. */
import { LIMITS } from '../limits.js'
import { type InfoHash, infoHash, toHex } from '../values.js'
import { type Bencode, encode, latin1Bytes, latin1Text } from './bencode.js'
import { asDictionary, asInteger } from './fields.js'
import { appendQuery, percentEncode, type QueryFault, readQuery } from './query.js'
import { type AnswerFault, answerFault, readAnswer, type TrackerFailure } from './trackeranswer.js'

export interface ScrapeCounts {
  /** Seeds. */
  readonly complete: number
  /** Peers that are no seeds. */
  readonly incomplete: number
  /** How often the torrent was completed. */
  readonly downloaded: number
}

/** What a tracker says of one torrent. */
export interface TrackerCounts extends ScrapeCounts {
  /** Not to be asked again before. */
  readonly minIntervalSeconds?: number | undefined
}

export interface ScrapeFile extends ScrapeCounts {
  readonly infoHash: InfoHash
}

export interface Scrape {
  readonly type: 'scrape'
  /** None asks for every torrent that there is, which a tracker may refuse. */
  readonly infoHashes: readonly InfoHash[]
}

export interface ScrapeAnswer {
  readonly type: 'answer'
  /** By info-hash in hexadecimal. */
  readonly files: ReadonlyMap<string, ScrapeCounts>
  /** Not to be asked again before; trackers that say it say it in `flags`. */
  readonly minRequestIntervalSeconds: number | undefined
}

const HASH_BYTES = 20

/**
 * The URL to scrape: that of the announce, with `scrape` for the `announce` that begins whatever follows the last
 * slash; where there is none, the tracker has no scrape (BEP 48).
 */
export const scrapeUrl = (announceUrl: string, infoHashes: readonly InfoHash[] = []): string | undefined => {
  const at = announceUrl.lastIndexOf('/') + 1
  const [origin] = /^https?:\/\/[^/]+\//i.exec(announceUrl) ?? []
  if (origin === undefined || at < origin.length || !announceUrl.startsWith('announce', at)) return undefined
  const url = `${announceUrl.slice(0, at)}scrape${announceUrl.slice(at + 'announce'.length)}`
  if (infoHashes.length === 0) return url
  return appendQuery(
    url,
    infoHashes.map((hash) => ['info_hash', percentEncode(hash)] as const),
  )
}

/** Reads the raw query of a request's URL, with or without its `?`. */
export const readScrapeQuery = (query: string): Scrape | QueryFault => {
  const read = readQuery(query)
  if (read.type === 'fault') return read
  const hashes = read.values.get('info_hash') ?? []
  if (hashes.length > LIMITS.trackerScrapeHashesMax) {
    return { type: 'fault', reason: `there are more than ${LIMITS.trackerScrapeHashesMax} info_hash` }
  }
  const wrong = hashes.find(({ length }) => length !== HASH_BYTES)
  if (wrong !== undefined) {
    return { type: 'fault', reason: `info_hash has ${wrong.length} bytes and not ${HASH_BYTES}` }
  }
  return { type: 'scrape', infoHashes: hashes.map((hash) => infoHash(latin1Bytes(hash))) }
}

/** An answer, as a tracker writes it. */
export const encodeScrapeAnswer = (files: readonly ScrapeFile[], minRequestIntervalSeconds?: number): Uint8Array =>
  encode({
    files: new Map(
      files.map(({ infoHash: hash, complete, downloaded, incomplete }) => [
        latin1Text(hash),
        { complete, downloaded, incomplete },
      ]),
    ),
    flags: minRequestIntervalSeconds === undefined ? undefined : { min_request_interval: minRequestIntervalSeconds },
  })

const readCount = (value: Bencode | undefined): number => Math.max(asInteger(value) ?? 0, 0)

export const readScrapeAnswer = (bytes: Uint8Array): ScrapeAnswer | TrackerFailure | AnswerFault => {
  const read = readAnswer(bytes)
  if (read.type !== 'dictionary') return read
  const files = asDictionary(read.dictionary.get('files'))
  if (files === undefined) return answerFault('the answer has no files')
  const counts = new Map<string, ScrapeCounts>()
  for (const [key, value] of files) {
    const file = asDictionary(value)
    if (key.length !== HASH_BYTES || file === undefined) continue
    counts.set(toHex(latin1Bytes(key)), {
      complete: readCount(file.get('complete')),
      incomplete: readCount(file.get('incomplete')),
      downloaded: readCount(file.get('downloaded')),
    })
  }
  const interval = asInteger(asDictionary(read.dictionary.get('flags'))?.get('min_request_interval'))
  return { type: 'answer', files: counts, minRequestIntervalSeconds: interval }
}
