/** Errors that a caller can meet: each has a code that never changes, listed with its meaning in the manual. */

export const ERROR_CODES = {
  BENCODE_INVALID: 'the bytes are not canonical bencode, or go past a bound of depth, tokens or size',
  TORRENT_INVALID: 'the file is bencode, but no torrent that can be used; the message names the field',
  TORRENT_UNSUPPORTED: 'the torrent is valid, but of a kind that is not supported yet',
  TORRENT_CONTRADICTORY: 'a hybrid whose hashes of v1 and of v2 are of different bytes: nobody can complete it',
  TORRENT_TOO_LARGE: 'the .torrent file is larger than the bound in limits',
  SOURCE_INVALID: 'neither a .torrent file, nor its bytes, nor a magnet URI, nor a CID',
  METADATA_UNKNOWN: 'only the hash of the torrent is known, and nobody has handed over its metadata yet',
  SOURCE_UNREADABLE: 'the .torrent file cannot be read',
  BLOCKLIST_UNREADABLE: 'a blocklist cannot be read, or is longer than the bound in limits',
  CONTENT_UNREADABLE: 'a file or folder to be shared cannot be read',
  CONTENT_EMPTY: 'there is no byte to be shared',
  CONTENT_CHANGED: 'a file changed while the torrent of it was being made',
  CONTENT_MISSING: 'not every piece is there, and the job was to seed it',
  PATH_UNSAFE: 'a name in the torrent would leave the download folder, or no file system could hold it',
  TRANSFER_EXISTS: 'the engine has this transfer already',
  TRANSFER_UNKNOWN: 'there is no transfer of this name in the data folder',
  TRANSFER_CLOSED: 'the transfer was closed or removed before this could be done',
  TRANSFER_MOVING: 'the files of the transfer are being moved already',
  PATH_TAKEN: 'something else is where a file was to be moved to; nothing was moved',
  STREAMS_EXCEEDED: 'as many streams of the transfer are open as may be',
  ENGINE_CLOSED: 'the engine was closed before this could be done',
  DATA_LOCKED: 'another process has the data folder open',
  DATA_UNUSABLE: 'the data folder cannot be made, read or written',
  LOG_DAMAGED: 'a record of the event log is missing or was changed; the message says which',
  LOG_VERSION: 'the event log was written by a newer version, or was compacted by another one',
  LOG_FAILED: 'the event log could not be written',
  EVENTS_COMPACTED: 'events that were asked for were compacted away; the message says which is the first that is left',
  CAPSULE_INVALID: 'the file is no capsule, or what it says cannot be; the message says what',
  CAPSULE_DAMAGED: 'a capsule was cut off or changed; the message says where, and which events can be read',
  CAPSULE_VERSION: 'the capsule, or a record or snapshot in it, was written by a newer version',
  REPLAY_DIVERGED: 'folding the log again gives another state than the checkpoint has',
  DHT_NOT_FOUND: 'no node of the DHT has the item',
  DHT_REFUSED: 'no node of the DHT took the item',
  DHT_UNREACHABLE: 'no node of the DHT answers',
  WEBRTC_MISSING: 'WebRTC was asked for, and the optional package that it needs is not installed',
  PORT_TAKEN: 'the port is in use, or may not be used',
  DISK_FULL: 'no space is left for the data',
  DISK_READ_ONLY: 'the download folder cannot be written to',
  DISK_FAILED: 'a file could not be read or written',
  STORE_FAILED: 'what a tracker keeps its peers in went away, or cannot be written',
  STORE_DAMAGED: "a tracker's database cannot be read; the message says what is wrong with it",
  STORE_VERSION: "a tracker's database was written by a newer version",
  OPTION_INVALID: 'an option has a value that it cannot take',
  OPTION_UNSUPPORTED: 'an option is known, but what it asks for is not there yet',
  TRACE_INVALID: 'a trace for simulations cannot be read, or is malformed; the message says in which line',
  SCENARIO_INVALID: 'a scenario file cannot be read, is malformed, or has no scenario as its default export',
  STRATEGY_INVALID:
    'a picker or choker of a scenario threw, or returned what it may not; the message says which and when',
  QUEUE_FAILED: 'the queue of a sweep cannot be reached, went away, or is worked on by another version',
  MEMORY_EXCEEDED: 'a simulation needs more memory than its thread may have; the message says how much that is',
  CATALOGUE_UNREACHABLE: 'the catalogue of a tracker cannot be reached, or what answers is none',
  CATALOGUE_REFUSED: 'the catalogue of a tracker says no; the message has its code and its reason',
  USAGE_INVALID: 'the command line is none that the command takes',
  INTERNAL_FAULT: 'a fault of Torrewind itself, which its makers would like to hear of',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export class TorrewindError extends Error {
  override name = 'TorrewindError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options)
  }
}

/** What the operating system says went wrong (`ENOSPC`, ...); undefined where it was not the system. */
export const systemCode = (error: unknown): string | undefined => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What a failure to store is called: a disk's by the system's code for it. */
export const storageErrorCode = (code: string): ErrorCode => {
  if (code === 'ECONTRADICTION') return 'TORRENT_CONTRADICTORY'
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return 'DISK_FULL'
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM' ? 'DISK_READ_ONLY' : 'DISK_FAILED'
}

/** What was asked for was there once. */
export const compactedAway = (seq: number, firstSeq: number): TorrewindError =>
  new TorrewindError('EVENTS_COMPACTED', `event ${seq} was compacted away: the log begins with event ${firstSeq}`)
