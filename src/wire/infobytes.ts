/** The bytes of an `info` dictionary as they come from peers (BEP 9): whether they are those of a hash, and the .torrent of them. */
import { createHash } from 'node:crypto'
import { equalBytes, joinedBytes, utf8Bytes } from '../values.js'
import { encode } from './bencode.js'
import type { TorrentHashes } from './multihash.js'

const digest = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash(algorithm).update(bytes).digest())

/** Where a magnet names both hashes of a hybrid, both must fit. */
export const isInfoOf = (infoBytes: Uint8Array, { infoHash, infoHashV2 }: TorrentHashes): boolean =>
  (infoHash !== undefined || infoHashV2 !== undefined) &&
  (infoHash === undefined || equalBytes(digest('sha1', infoBytes), infoHash)) &&
  (infoHashV2 === undefined || equalBytes(digest('sha256', infoBytes), infoHashV2))

export interface InfoSources {
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
}

/** A .torrent whose `info` is these very bytes, since any other writing of them would have another hash. */
export const torrentOfInfo = (infoBytes: Uint8Array, { trackers, webSeeds }: InfoSources): Uint8Array => {
  const entry = (key: string, value: Uint8Array): readonly Uint8Array[] => [utf8Bytes(`${key.length}:${key}`), value]
  const tiers = trackers.map((url) => [url])
  return joinedBytes(
    utf8Bytes('d'),
    ...(tiers.length === 0 ? [] : entry('announce-list', encode(tiers))),
    ...entry('info', infoBytes),
    ...(webSeeds.length === 0 ? [] : entry('url-list', encode(webSeeds))),
    utf8Bytes('e'),
  )
}
