/**
 * The medium of a simulated disk: files that outlive the processes which write them, and may not outlive a loss of power.
 *
 * Strategy: a file is cells of 16 KiB, and a cell that equals the content's reference takes no bytes. Only what
 * deviates is kept. What was changed since the last sync is remembered as it was before, so that a loss of power can
 * take any part of it back.
 */

import { Layout } from '../src/store/layout.js'
import { Parts, partFile } from '../src/store/parts.js'
import { CELL_BYTES, type Cell, Cells, HOLE, SAME } from './cells.js'
import type { Content } from './content.js'
import type { Chance } from './random.js'

/** What a loss of power takes, of cells and of lengths that were not synced: lengths are written in good time mostly. */
const LOST = 0.5
const SHORTENED = 0.2

export class MediumFile {
  readonly #content: Content | undefined
  /** Where in the content the file's bytes begin, and how many there are. */
  readonly #offset: number
  readonly #contentBytes: number
  readonly #cells = new Cells()
  exists = false
  bytes = 0
  modifiedAt = 0
  #syncedBytes = 0
  #synced = false
  /** Cells changed since the last sync, as they were then. */
  readonly #before = new Cells()

  constructor(content: Content | undefined, offset: number, contentBytes: number) {
    this.#content = content
    this.#offset = offset
    this.#contentBytes = contentBytes
  }

  /** Bytes of its own that it holds: beyond the reference. */
  get ownBytes(): number {
    return this.#cells.owned * CELL_BYTES
  }

  /** The whole content, on the medium since before the world began. */
  fill(modifiedAt: number): void {
    this.exists = true
    this.bytes = this.#contentBytes
    this.modifiedAt = modifiedAt
    this.#cells.fill(Math.ceil(this.#contentBytes / CELL_BYTES))
    this.sync()
  }

  read(offset: number, into: Uint8Array): void {
    for (let at = 0; at < into.length; ) {
      const cell = Math.floor((offset + at) / CELL_BYTES)
      let end = cell + 1
      // Neighbours of the reference are read in one go.
      if (this.#cells.isSame(cell)) while (this.#cells.isSame(end) && end * CELL_BYTES < offset + into.length) end++
      const length = Math.min(end * CELL_BYTES - (offset + at), into.length - at)
      this.#readCell(cell, offset + at, into.subarray(at, at + length))
      at += length
    }
  }

  /** A view of the content, where these bytes are the reference's; what is written later does not change it. */
  lend(offset: number, length: number): Uint8Array | undefined {
    const end = offset + length
    if (this.#content === undefined || end > this.#contentBytes) return undefined
    for (let cell = Math.floor(offset / CELL_BYTES); cell * CELL_BYTES < end; cell++)
      if (!this.#cells.isSame(cell)) return undefined
    return this.#content.bytes.subarray(this.#offset + offset, this.#offset + end)
  }

  #readCell(cell: number, offset: number, into: Uint8Array): void {
    const kind = this.#cells.at(cell) ?? HOLE
    if (kind === HOLE) into.fill(0)
    else if (kind === SAME) {
      const there = Math.max(0, Math.min(into.length, this.#contentBytes - offset))
      const from = this.#offset + offset
      if (there > 0) into.set(this.#content?.bytes.subarray(from, from + there) ?? [])
      into.fill(0, there)
    } else {
      const from = offset - cell * CELL_BYTES
      into.set(kind.subarray(from, from + into.length))
    }
  }

  /** True where all of these bytes are those of the content. */
  isRight(offset: number, length: number): boolean {
    if (!this.exists || offset + length > this.bytes) return false
    const first = Math.floor(offset / CELL_BYTES)
    const last = Math.floor((offset + length - 1) / CELL_BYTES)
    for (let cell = first; cell <= last; cell++) {
      if (this.#cells.isSame(cell)) continue
      const from = Math.max(offset, cell * CELL_BYTES)
      const bytes = new Uint8Array(Math.min(offset + length, (cell + 1) * CELL_BYTES) - from)
      this.#readCell(cell, from, bytes)
      if (this.#content?.has(this.#offset + from, bytes) !== true) return false
    }
    return true
  }

  write(offset: number, bytes: Uint8Array, modifiedAt: number): void {
    this.extend(offset + bytes.length, modifiedAt)
    for (let at = 0; at < bytes.length; ) {
      const cell = Math.floor((offset + at) / CELL_BYTES)
      const length = Math.min((cell + 1) * CELL_BYTES - (offset + at), bytes.length - at)
      this.#writeCell(cell, offset + at, bytes, at, at + length)
      at += length
    }
    this.modifiedAt = modifiedAt
  }

  extend(bytes: number, modifiedAt: number): void {
    if (this.exists && bytes <= this.bytes) return
    this.exists = true
    this.bytes = Math.max(this.bytes, bytes)
    this.modifiedAt = modifiedAt
  }

  #writeCell(cell: number, offset: number, bytes: Uint8Array, from: number, to: number): void {
    const begin = cell * CELL_BYTES
    const known = this.#cells.at(cell) ?? HOLE
    const end = offset + to - from
    const same = end <= this.#contentBytes && this.#content?.has(this.#offset + offset, bytes, from, to) === true
    if (same && known === SAME) return
    const whole = offset === begin && (end === begin + CELL_BYTES || end === this.#contentBytes)
    let next: Cell = SAME
    if (!same || !whole) {
      const own = new Uint8Array(CELL_BYTES)
      this.#readCell(cell, begin, own)
      own.set(bytes.subarray(from, to), offset - begin)
      next = this.#simplest(begin, own)
    }
    if (this.#before.at(cell) === undefined) this.#before.set(cell, known)
    this.#cells.set(cell, next)
  }

  /** A cell that became the reference by and by is no longer kept. */
  #simplest(begin: number, own: Uint8Array): Cell {
    const there = Math.min(CELL_BYTES, this.#contentBytes - begin)
    if (this.#content === undefined || there <= 0) return own
    const restIsZero = own.subarray(there).every((byte) => byte === 0)
    return restIsZero && this.#content.has(this.#offset + begin, own, 0, there) ? SAME : own
  }

  remove(): void {
    this.exists = false
    this.bytes = 0
    this.#cells.cut(0)
    this.sync()
  }

  /** A bit is another one from now on, and nobody is told. */
  rot(offset: number): void {
    const cell = Math.floor(offset / CELL_BYTES)
    const own = new Uint8Array(CELL_BYTES)
    this.#readCell(cell, cell * CELL_BYTES, own)
    own[offset % CELL_BYTES] = (own[offset % CELL_BYTES] ?? 0) ^ 1
    this.#cells.set(cell, own)
  }

  sync(): void {
    this.#before.cut(0)
    this.#syncedBytes = this.bytes
    this.#synced = this.exists
  }

  /** The power is lost: of what was written since the last sync each cell is on the medium or not, as chance has it. */
  losePower(chance: Chance): void {
    for (const [cell, before] of this.#before.entries()) if (chance.happens(LOST)) this.#cells.set(cell, before)
    if (!this.#synced && chance.happens(SHORTENED)) {
      this.exists = false
      this.bytes = 0
      this.#cells.cut(0)
    } else if (this.bytes > this.#syncedBytes && chance.happens(SHORTENED)) {
      this.bytes = this.#syncedBytes
      this.#cells.cut(Math.ceil(this.bytes / CELL_BYTES))
    }
    this.sync()
  }
}

/** All files of one machine, by their paths: those of its first download folder by the paths below it. */
export class DiskMedium {
  readonly #files = new Map<string, MediumFile>()
  /** The content's own, wherever they are moved. */
  readonly #originals: ReadonlyMap<string, MediumFile>
  #home: string | undefined
  readonly #content: Content | undefined

  constructor(content?: Content) {
    this.#content = content
    for (const file of content?.metainfo.files ?? [])
      if (!file.padding) this.#files.set(file.path.join('/'), new MediumFile(content, file.offset, file.length))
    this.#originals = new Map(this.#files)
  }

  /** The path of a file in a folder, as `file` takes it. */
  pathIn(folder: string, path: readonly string[]): string {
    this.#home ??= folder
    return folder === this.#home ? path.join('/') : [folder, ...path].join('/')
  }

  /** Whether there was a file. What is at `to` is replaced. */
  move(from: string, to: string): boolean {
    const file = this.#files.get(from)
    // What is to be written there later is the content's too.
    if (file === undefined || !(file.exists || this.#isOriginal(file))) return false
    this.#files.delete(from)
    this.#files.set(to, file)
    return file.exists
  }

  #isOriginal(file: MediumFile): boolean {
    for (const original of this.#originals.values()) if (original === file) return true
    return false
  }

  file(path: string): MediumFile {
    let file = this.#files.get(path)
    if (file === undefined) {
      file = new MediumFile(undefined, 0, 0)
      this.#files.set(path, file)
    }
    return file
  }

  get files(): readonly MediumFile[] {
    return [...this.#files.values()]
  }

  /** True where these bytes of the content are on the medium. */
  isRight(offset: number, length: number): boolean {
    for (const file of this.#content?.metainfo.files ?? []) {
      if (file.padding) continue
      const from = Math.max(offset, file.offset)
      const to = Math.min(offset + length, file.offset + file.length)
      const on = this.#originals.get(file.path.join('/'))
      if (to > from && on?.isRight(from - file.offset, to - from) !== true) return false
    }
    return true
  }

  /** The same of one piece, whose bytes may be in the part file in place of files that nobody wants. */
  isKept(offset: number, length: number): boolean {
    const content = this.#content
    if (content === undefined || this.isRight(offset, length)) return true
    const layout = new Layout(content.metainfo)
    const parts = new Parts(layout, layout.realFiles)
    const partsOnDisk = this.file(partFile(content.metainfo).path.join('/'))
    return layout.spans(offset, length).every((span) => {
      const from = offset + span.at
      if (this.isRight(from, span.length)) return true
      const apart = parts.route(span, offset)
      const bytes = new Uint8Array(span.length)
      if (apart.file !== parts.file || partsOnDisk.bytes < apart.offset + span.length) return false
      partsOnDisk.read(apart.offset, bytes)
      return content.has(from, bytes)
    })
  }

  fill(modifiedAt: number): void {
    for (const file of this.#files.values()) file.fill(modifiedAt)
  }

  /** Zeros in place of a piece, since before the world began. */
  erasePiece(piece: number, modifiedAt: number): void {
    if (this.#content === undefined) return
    const { pieceLength, files } = this.#content.metainfo
    for (const file of files) {
      if (file.padding) continue
      const from = Math.max(piece * pieceLength, file.offset)
      const to = Math.min((piece + 1) * pieceLength, file.offset + file.length)
      if (to <= from) continue
      const on = this.file(file.path.join('/'))
      on.write(from - file.offset, new Uint8Array(to - from), modifiedAt)
      on.sync()
    }
  }

  losePower(chance: Chance): void {
    for (const file of this.#files.values()) file.losePower(chance)
  }
}
