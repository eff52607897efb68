/**
 * Parts: what pieces that two files share have of a file that is not wanted, kept apart from it in the part file.
 *
 * Each such piece has a place in the part file that follows from the torrent alone, so that nothing has to be remembered
 * and a crash can tear nothing but bytes. What was brought into its file stays in the part file too: whoever reads by an
 * older log finds it there.
 */
import { assert } from '../assert.js'
import type { DiskFile } from '../ports.js'
import { toHex } from '../values.js'
import type { Metainfo } from '../wire/metainfo.js'
import type { FileSpan, Layout } from './layout.js'

/** The part file of a torrent; its name has the info-hash, which no file of the torrent can name. */
export const partFile = ({ infoHash }: Metainfo): DiskFile => ({
  path: [`.${toHex(infoHash)}.parts`],
  length: 0,
  executable: false,
})

export class Parts {
  readonly #layout: Layout
  readonly #apart: Set<number>
  /** Pieces that files share, in order; found out when the first file is kept apart. */
  #shared: readonly number[] | undefined

  constructor(layout: Layout, apart: Iterable<number>) {
    this.#layout = layout
    this.#apart = new Set(apart)
  }

  /** The part file comes after the files of the torrent. */
  get file(): number {
    return this.#layout.metainfo.files.length
  }

  get inUse(): boolean {
    return this.#apart.size > 0
  }

  isApart(file: number): boolean {
    return this.#apart.has(file)
  }

  keepApart(files: readonly number[]): void {
    for (const file of files) this.#apart.add(file)
  }

  placed(file: number): void {
    this.#apart.delete(file)
  }

  /** Where the bytes of a span are, which begins at `start` of the torrent: in its file, or in the part file. */
  route(span: FileSpan, start: number): FileSpan {
    if (span.file === undefined || !this.#apart.has(span.file)) return span
    const { pieceLength } = this.#layout.metainfo
    const at = start + span.at
    const place = this.#placeOf(Math.floor(at / pieceLength))
    return place === undefined ? span : { ...span, file: this.file, offset: place * pieceLength + (at % pieceLength) }
  }

  /** The spans of a file that are kept apart: of its first piece, and of its last. */
  spansOf(file: number): readonly { readonly piece: number; readonly span: FileSpan; readonly apart: FileSpan }[] {
    const { firstPiece, lastPiece } = this.#layout.piecesOf(file)
    const { pieceLength, totalBytes } = this.#layout.metainfo
    const found: { piece: number; span: FileSpan; apart: FileSpan }[] = []
    for (const piece of new Set([firstPiece, lastPiece])) {
      const start = piece * pieceLength
      const length = Math.min(pieceLength, totalBytes - start)
      for (const span of length > 0 ? this.#layout.spans(start, length) : []) {
        const place = span.file === file ? this.#placeOf(piece) : undefined
        if (place !== undefined)
          found.push({ piece, span, apart: { ...span, file: this.file, offset: place * pieceLength + span.at } })
      }
    }
    return found
  }

  /** Which of the shared pieces it is; undefined where it is a piece of one file. */
  #placeOf(piece: number): number | undefined {
    this.#shared ??= this.#findShared()
    const shared = this.#shared
    let low = 0
    let high = shared.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = shared[middle] ?? 0
      if (found === piece) return middle
      if (found < piece) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }

  #findShared(): readonly number[] {
    const shared: number[] = []
    let last = -1
    for (const file of this.#layout.realFiles) {
      const { firstPiece, lastPiece } = this.#layout.piecesOf(file)
      if (lastPiece < firstPiece) continue // empty
      assert(firstPiece >= last, 'files follow each other')
      if (firstPiece === last && shared.at(-1) !== firstPiece) shared.push(firstPiece)
      last = lastPiece
    }
    return shared
  }
}
