/** Choosing a transfer of a data folder by what a user wrote: CID, info-hash, a unique beginning of one, or the name. */
import { TorrewindError } from '../errors.js'
import type { LogReader, LogReaders, TransferEntry } from '../ports.js'
import { toHex } from '../values.js'
import { cidText, readCid } from '../wire/identity.js'
import { subjectOf, type TorrentSubject } from '../wire/kept.js'

export interface KnownTransfer {
  readonly entry: TransferEntry
  readonly metainfo: TorrentSubject
  readonly cid: string
  /** In hexadecimal. */
  readonly infoHash: string
}

const describe = (entry: TransferEntry): KnownTransfer => {
  const metainfo = subjectOf(entry.torrent)
  return { entry, metainfo, cid: cidText(metainfo), infoHash: toHex(entry.infoHash) }
}

/** Sorted by name. */
export const listTransfers = async (logs: LogReaders): Promise<readonly KnownTransfer[]> =>
  (await logs.transfers()).map(describe).sort((left, right) => (left.metainfo.name < right.metainfo.name ? -1 : 1))

/** What a beginning must have, so that a word is not taken for one by chance. */
const PREFIX_MIN = 4

const fits = (text: string): ((transfer: KnownTransfer) => boolean) => {
  const wanted = text.toLowerCase()
  const hashes = readCid(text)
  const hex = hashes?.infoHash && toHex(hashes.infoHash)
  return ({ cid, infoHash }) =>
    infoHash === hex || (wanted.length >= PREFIX_MIN && (cid.startsWith(wanted) || infoHash.startsWith(wanted)))
}

const showAll = (transfers: readonly KnownTransfer[]): string =>
  transfers.map(({ metainfo, cid }) => `${metainfo.name} (${cid})`).join(', ')

/** Throws `TRANSFER_UNKNOWN` where there is none, and `OPTION_INVALID` where there are several. */
export const chooseTransfer = async (logs: LogReaders, text: string | undefined): Promise<KnownTransfer> => {
  const all = await listTransfers(logs)
  const unknown = (why: string) => new TorrewindError('TRANSFER_UNKNOWN', why)
  if (all.length === 0) throw unknown('the data folder has no transfer yet')
  if (text === undefined) {
    const [only] = all
    if (only !== undefined && all.length === 1) return only
    throw new TorrewindError('OPTION_INVALID', `--transfer must say which: ${showAll(all)}`)
  }
  const byName = all.filter(({ metainfo }) => metainfo.name === text)
  const found = byName.length > 0 ? byName : all.filter(fits(text))
  const [first, second] = found
  if (first === undefined) throw unknown(`no transfer is called ${text}; there are: ${showAll(all)}`)
  if (second !== undefined) throw new TorrewindError('OPTION_INVALID', `${text} may be any of: ${showAll(found)}`)
  return first
}

export const readerOf = async (logs: LogReaders, { entry, metainfo }: KnownTransfer): Promise<LogReader> => {
  const reader = await logs.reader(entry.infoHash)
  if (reader === undefined) throw new TorrewindError('TRANSFER_UNKNOWN', `${metainfo.name} was removed just now`)
  return reader
}
