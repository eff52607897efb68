/** What the outside says, as values that any room may speak of: failures, and files as they are found. */

/** What went wrong in the outside: `code` as the system names it (`ENOSPC`, `ECONNREFUSED`, ...). */
export interface Failure {
  readonly code: string
  readonly message: string
}

/** Codes of a machine that has no way to where it is to send: its own network is away, or of another kind. */
export const NO_WAY_OUT: ReadonlySet<string> = new Set(['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'])

export interface FileStamp {
  readonly bytes: number
  /** Whole milliseconds since 1970. */
  readonly modifiedAt: number
}

/** What a file of the torrent is found to be; `stamp` is undefined where it is missing. */
export interface FileFinding {
  readonly file: number
  readonly length: number
  readonly firstPiece: number
  readonly lastPiece: number
  readonly stamp: FileStamp | undefined
}

/** Bytes a second; 0 for no limit. */
export interface RateLimits {
  readonly download: number
  readonly upload: number
}
