/** The layout: where the bytes of a piece lie in the files of a torrent (BEP 3; padding files of BEP 47 lie nowhere). */

import type { FileFinding } from '../outside.js'
import type { DiskFile } from '../ports.js'
import type { Metainfo, TorrentFile } from '../wire/metainfo.js'

/** Bytes of one file that belong to a range of the torrent. */
export interface FileSpan {
  /** Position in the list of the torrent's files; undefined for padding, whose bytes are zero. */
  readonly file: number | undefined
  /** Where in the file. */
  readonly offset: number
  /** Where in the range. */
  readonly at: number
  readonly length: number
}

export class Layout {
  readonly #files: readonly TorrentFile[]

  constructor(readonly metainfo: Metainfo) {
    this.#files = metainfo.files
  }

  get totalBytes(): number {
    return this.metainfo.totalBytes
  }

  get diskFiles(): readonly DiskFile[] {
    return this.#files.map(({ path, length, executable, symlink: link }) => ({
      path,
      length,
      executable: executable === true,
      link,
    }))
  }

  /** Files that lie on disk, by their position. */
  get realFiles(): readonly number[] {
    return this.#files.flatMap(({ padding }, file) => (padding ? [] : [file]))
  }

  /** Spans of `length` bytes from `start` of the torrent, in order. */
  spans(start: number, length: number): readonly FileSpan[] {
    const spans: FileSpan[] = []
    const end = start + length
    for (let file = this.#firstFileAt(start); file < this.#files.length; file++) {
      const entry = this.#files[file]
      if (entry === undefined || entry.offset >= end) break
      const from = Math.max(start, entry.offset)
      const to = Math.min(end, entry.offset + entry.length)
      if (to <= from) continue
      spans.push({
        file: entry.padding ? undefined : file,
        offset: from - entry.offset,
        at: from - start,
        length: to - from,
      })
    }
    return spans
  }

  /** The pieces that a file has a part in; `last` below `first` for an empty file. */
  piecesOf(file: number): Pick<FileFinding, 'firstPiece' | 'lastPiece' | 'length'> {
    const entry = this.#files[file]
    const { pieceLength } = this.metainfo
    const [offset, length] = [entry?.offset ?? 0, entry?.length ?? 0]
    const firstPiece = Math.floor(offset / pieceLength)
    return {
      length,
      firstPiece,
      lastPiece: length === 0 ? firstPiece - 1 : Math.floor((offset + length - 1) / pieceLength),
    }
  }

  /** By bisection: the last file that begins at or before the byte, going back over empty ones. */
  #firstFileAt(start: number): number {
    let low = 0
    let high = this.#files.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#files[middle]?.offset ?? 0) <= start) low = middle
      else high = middle - 1
    }
    return low
  }
}
