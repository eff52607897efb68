/** The bounds that users may meet, for the manual, with the values that src/limits.ts has. */
import { LIMITS } from '../../src/limits.js'
import { table } from './markdown.js'

const KIB = 1_024
const MIB = 1_024 * KIB

const bytes = (value: number): string => {
  if (value >= MIB && value % MIB === 0) return `${value / MIB} MiB`
  return value >= KIB && value % KIB === 0 ? `${value / KIB} KiB` : `${value} bytes`
}
const count = (value: number): string => value.toLocaleString('en')
const HOUR_MS = 3_600_000
const time = (ms: number): string => {
  if (ms >= HOUR_MS) return `${ms / HOUR_MS} h`
  return ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`
}

const ROWS: readonly (readonly [what: string, value: string])[] = [
  ['a .torrent file', bytes(LIMITS.torrentBytesMax)],
  ['files in a torrent', count(LIMITS.filesMax)],
  ['pieces in a torrent', count(LIMITS.piecesMax)],
  ['length of a piece', `${bytes(LIMITS.pieceLengthMin)} to ${bytes(LIMITS.pieceLengthMax)}`],
  ['length of a piece of a torrent that is made here', `from ${bytes(LIMITS.newPieceLengthMin)}, a power of two`],
  ['name of a file or folder', bytes(LIMITS.fileNameBytesMax)],
  ['path of a file within the torrent', `${bytes(LIMITS.filePathBytesMax)}, ${LIMITS.filePathPartsMax} parts`],
  ['trackers of a torrent', count(LIMITS.trackersMax)],
  ['connections of a transfer', `${LIMITS.peersMax}, of which it dials ${LIMITS.peersDialedMax}`],
  ['addresses of peers that are remembered', count(LIMITS.candidatesMax)],
  [
    'memory for pieces in flight, per transfer',
    `${bytes(LIMITS.pieceBuffersBytesMax)}, or ${LIMITS.piecesInFlightMin} pieces if that is more`,
  ],
  ['memory for what was read for peers, per transfer', bytes(LIMITS.readCacheBytesMax)],
  ['files that a transfer keeps open', count(LIMITS.openFilesMax)],
  ['block that a peer may ask for', bytes(LIMITS.blockBytesServedMax)],
  ["a tracker's answer", bytes(LIMITS.trackerAnswerBytesMax)],
  ['time for a tracker to answer', time(LIMITS.trackerTimeoutMs)],
  ['time between announces', `${time(LIMITS.announceIntervalMinMs)} to ${time(LIMITS.announceIntervalMaxMs)}`],
  ['time that an event waits to be committed', time(LIMITS.logCommitDelayMs)],
  ['time between syncs of the content', time(LIMITS.syncIntervalMs)],
  ['events between checkpoints', count(LIMITS.checkpointEveryEvents)],
  ['peers that our tracker holds', count(LIMITS.trackerSwarmPeersMax)],
  ['torrents that our tracker holds', count(LIMITS.trackerSwarmsMax)],
  ["entries of our tracker's catalogue", count(LIMITS.catalogueEntriesMax)],
  ['a .torrent that is published there', bytes(LIMITS.catalogueTorrentBytesMax)],
]

export const limitsTable = (): string => table(['What', 'Bound'], ROWS)
