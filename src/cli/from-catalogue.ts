/** A torrent by its name: from the data folder or, where that does not know it, from the catalogues of trackers. */

import { messageOf } from '../errors.js'
import { type AddOptions, type Engine, parseTorrent, TorrewindError, type Transfer } from '../index.js'
import { equalBytes, toHex } from '../values.js'
import { hasFile } from '../wire/fileranges.js'
import type { TorrentHashes } from '../wire/identity.js'
import { onlyKeyOf } from '../wire/keymagnet.js'
import { type ProxyServer, readProxy } from '../wire/proxy.js'
import { readTorrentName } from '../wire/source.js'
import { CatalogueClient, isHttp } from './catalogue-client.js'
import type { CommandContext } from './context.js'

/** What it is called in a catalogue. */
const idOf = (source: string, { infoHash: hash }: TorrentHashes): string => (hash === undefined ? source : toHex(hash))

/** Whatever answers is a stranger: what it gives must be what was asked for. */
const fits = (torrent: Uint8Array, { infoHash: v1, infoHashV2: v2 }: TorrentHashes): boolean => {
  const metainfo = parseTorrent(torrent)
  if (v1 !== undefined) return equalBytes(metainfo.infoHash, v1)
  return v2 !== undefined && metainfo.infoHashV2 !== undefined && equalBytes(metainfo.infoHashV2, v2)
}

const fetchFrom = async (
  tracker: string,
  source: string,
  hashes: TorrentHashes,
  proxy: ProxyServer | undefined,
): Promise<Uint8Array | undefined> => {
  const client = new CatalogueClient(tracker)
  const torrent = await client.torrent(idOf(source, hashes), proxy)
  if (torrent === undefined || fits(torrent, hashes)) return torrent
  throw new TorrewindError('CATALOGUE_REFUSED', `${client.url} gave another torrent than was asked for`)
}

export interface CatalogueFlags {
  readonly trackers: readonly string[]
  /** That the engine has taken. */
  readonly proxy: string | undefined
}

/** The .torrent of what the source names, where one of the trackers has it in its catalogue; `failure` is of the first that failed. */
const lookUp = async (
  context: CommandContext,
  source: string,
  { trackers, proxy: url }: CatalogueFlags,
): Promise<Uint8Array | undefined> => {
  const hashes = readTorrentName(source)
  if (hashes === undefined) return undefined
  const proxy = url === undefined ? undefined : readProxy(url)
  for (const tracker of trackers.filter(isHttp)) {
    try {
      const torrent = await fetchFrom(tracker, source, hashes, proxy)
      if (torrent === undefined) continue
      context.debug(`the .torrent is from the catalogue of ${tracker}`)
      return torrent
    } catch (error) {
      // The next tracker may do better, and peers may have it, too.
      context.debug(`the catalogue of ${tracker} did not help: ${messageOf(error)}`)
    }
  }
  return undefined
}

/** A .torrent from elsewhere says nothing of what the magnet says beside the hash: where to begin, and which files are meant. */
const withMagnet = (torrent: Uint8Array, source: string, options: AddOptions): AddOptions => {
  const magnet = readTorrentName(source)
  if (magnet === undefined) return options
  const { trackers, webSeeds, peers, selectOnly } = magnet
  const chosen = options.select ?? []
  const isChosen = !Array.isArray(chosen) || chosen.length > 0
  const meant = parseTorrent(torrent).files.flatMap(({ padding }, file) =>
    !padding && selectOnly !== undefined && hasFile(selectOnly, file) ? [file] : [],
  )
  return {
    ...options,
    trackers: [...new Set([...(options.trackers ?? []), ...trackers])],
    webSeeds: [...new Set([...(options.webSeeds ?? []), ...webSeeds])],
    peers: [...(options.peers ?? []), ...peers],
    select: isChosen ? chosen : meant,
  }
}

/** Adds what `engine.add` takes. What the data folder has no metadata of is looked for in the catalogues of these trackers first. */
export const addFromCatalogue = async (
  context: CommandContext,
  engine: Engine,
  source: string,
  flags: CatalogueFlags,
  options: AddOptions,
): Promise<Transfer> => {
  const isOfKey = onlyKeyOf(source) !== undefined
  if (isOfKey) context.tell('asking the DHT which torrent the key stands for')
  if (isOfKey || !flags.trackers.some(isHttp)) return engine.add(source, options)
  try {
    return await engine.add(source, { ...options, fetchMetadata: false })
  } catch (error) {
    if (!(error instanceof TorrewindError) || error.code !== 'METADATA_UNKNOWN') throw error
  }
  const torrent = await lookUp(context, source, flags)
  return torrent === undefined ? engine.add(source, options) : engine.add(torrent, withMagnet(torrent, source, options))
}
