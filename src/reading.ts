/** Reading: the bytes of a part of a file, in order, as soon as they are stored; what is read next is fetched first. */
import type { ByteSource } from './api.js'
import { TorrewindError } from './errors.js'
import { LIMITS } from './limits.js'
import type { Window } from './readers.js'
import type { TransferSession } from './transfer-session.js'
import type { Instant, PieceIndex } from './values.js'
import type { Metainfo } from './wire/metainfo.js'

export interface ReadingRange {
  /** Position of the file in the torrent. */
  readonly file: number
  /** First byte of the file that is read, and the one after the last. */
  readonly start: number
  readonly end: number
}

export class Reading implements ByteSource {
  readonly #session: TransferSession
  readonly #pieceLength: number
  readonly #file: number
  readonly #end: number
  /** In the torrent. */
  #at: number
  /** The piece that the window begins with. */
  #head = -1
  #cancel: (() => void) | undefined
  #closed = false

  constructor(session: TransferSession, metainfo: Metainfo, { file, start, end }: ReadingRange) {
    const offset = metainfo.files[file]?.offset ?? 0
    this.#session = session
    this.#pieceLength = metainfo.pieceLength
    this.#file = file
    this.#at = offset + start
    this.#end = offset + end
    // From now on, not from the first read: who opens a file wants its beginning.
    if (this.#at < this.#end) this.#aim(Math.floor(this.#at / this.#pieceLength))
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#closed || this.#at >= this.#end) {
      this.close()
      return undefined
    }
    const piece = Math.floor(this.#at / this.#pieceLength) as PieceIndex // of a file of the torrent
    this.#aim(piece)
    this.#session.assertOpen()
    const { promise, cancel } = this.#session.readers.stored(piece)
    this.#cancel = cancel
    await promise
    if (this.#closed) return undefined
    const offset = this.#at % this.#pieceLength
    const aligned = LIMITS.streamReadBytes - (offset % LIMITS.streamReadBytes)
    const length = Math.min(aligned, this.#pieceLength - offset, this.#end - this.#at)
    const bytes = await this.#session.readStored({ piece, offset, length })
    this.#at += length
    return this.#closed ? undefined : bytes
  }

  /** Nothing is due for it any more. A read under way never ends, or ends with nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancel?.()
    this.#session.readers.leave(this)
  }

  #aim(piece: number): void {
    if (piece === this.#head) return
    this.#head = piece
    const now = this.#session.now()
    const last = Math.floor((this.#end - 1) / this.#pieceLength)
    const ahead = Math.min(LIMITS.streamPiecesMax, Math.max(2, Math.ceil(LIMITS.streamAheadBytes / this.#pieceLength)))
    const window = new Map<PieceIndex, Instant>()
    for (let at = piece; at <= Math.min(last, piece + ahead - 1); at++)
      window.set(at as PieceIndex, (now + (at - piece) * LIMITS.streamPieceMs) as Instant)
    this.#session.readers.aim(this, window satisfies Window, [this.#file])
  }
}

/** Both as those of `createReadStream` of Node: the last byte is among those that are read. Throws `OPTION_INVALID`. */
export const rangeOf = (
  metainfo: Metainfo,
  file: number,
  { start = 0, end }: { readonly start?: number | undefined; readonly end?: number | undefined },
): ReadingRange => {
  const length = metainfo.files[file]?.length ?? 0
  const last = end ?? length - 1
  const isWhole = Number.isSafeInteger(start) && Number.isSafeInteger(last)
  if (!isWhole || start < 0 || start > length || last < start - 1)
    throw new TorrewindError('OPTION_INVALID', `a file of ${length} bytes has none from ${start} to ${String(end)}`)
  return { file, start, end: Math.min(last + 1, length) }
}
