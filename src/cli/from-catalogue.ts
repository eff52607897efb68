/** A torrent by its name: from the data folder or, where that does not know it, from the catalogues of trackers. */
import { type AddOptions, type Engine, parseTorrent, TorrewindError, type Transfer } from '../index.js'
import { equalBytes, fromHex, infoHash, toHex } from '../values.js'
import { parseMagnet, readCid, type TorrentHashes } from '../wire/identity.js'
import { CatalogueClient, isHttp } from './catalogue-client.js'
import type { CommandContext } from './context.js'

const hashesIn = (source: string): TorrentHashes | undefined => {
  if (source.startsWith('magnet:')) return parseMagnet(source)
  if (/^[0-9a-f]{40}$/i.test(source)) return { infoHash: infoHash(fromHex(source)), infoHashV2: undefined }
  return readCid(source)
}

/** What it is called in a catalogue. */
const idOf = (source: string, { infoHash: hash }: TorrentHashes): string => (hash === undefined ? source : toHex(hash))

/** Whatever answers is a stranger: what it gives must be what was asked for. */
const fits = (torrent: Uint8Array, { infoHash: v1, infoHashV2: v2 }: TorrentHashes): boolean => {
  const metainfo = parseTorrent(torrent)
  if (v1 !== undefined) return equalBytes(metainfo.infoHash, v1)
  return v2 !== undefined && metainfo.infoHashV2 !== undefined && equalBytes(metainfo.infoHashV2, v2)
}

const fetchFrom = async (tracker: string, source: string, hashes: TorrentHashes): Promise<Uint8Array | undefined> => {
  const client = new CatalogueClient(tracker)
  const torrent = await client.torrent(idOf(source, hashes))
  if (torrent === undefined || fits(torrent, hashes)) return torrent
  throw new TorrewindError('CATALOGUE_REFUSED', `${client.url} gave another torrent than was asked for`)
}

/** Adds what `engine.add` takes, and what the catalogues of these trackers have. */
export const addFromCatalogue = async (
  context: CommandContext,
  engine: Engine,
  source: string,
  trackers: readonly string[],
  options: AddOptions,
): Promise<Transfer> => {
  try {
    return await engine.add(source, options)
  } catch (error) {
    const unknown = error instanceof TorrewindError && error.code === 'METADATA_UNKNOWN'
    const hashes = unknown ? hashesIn(source) : undefined
    if (hashes === undefined) throw error
    let failure: unknown
    for (const tracker of trackers.filter(isHttp)) {
      try {
        const torrent = await fetchFrom(tracker, source, hashes)
        if (torrent === undefined) continue
        context.debug(`the .torrent is from the catalogue of ${tracker}`)
        return await engine.add(torrent, options)
      } catch (wrong) {
        failure ??= wrong // The next tracker may do better.
      }
    }
    throw failure ?? error
  }
}
