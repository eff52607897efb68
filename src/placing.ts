/** Placing: what the part file has of files is brought into the files themselves, one file at a time. */
import type { Answer, Disk } from './ports.js'
import type { FileSpan } from './store/layout.js'
import type { Parts } from './store/parts.js'

export interface PlacingOptions {
  readonly disk: Disk
  readonly parts: Parts
  /** Whether the part file has the piece's bytes; a piece that is being written is asked again. */
  isStored(piece: number): boolean
  isBeingWritten(piece: number): boolean
  done(file: number, answer: Answer<undefined>): void
}

const DONE: Answer<undefined> = { type: 'done', value: undefined }

export class Placing {
  readonly #options: PlacingOptions
  readonly #waiting: number[] = []
  /** Writes of its pieces wait until it is where they will go. */
  #file: number | undefined
  readonly #held: { readonly piece: number; readonly write: () => void }[] = []

  constructor(options: PlacingOptions) {
    this.#options = options
  }

  get busy(): boolean {
    return this.#file !== undefined || this.#waiting.length > 0
  }

  place(files: readonly number[]): void {
    for (const file of files) if (file !== this.#file && !this.#waiting.includes(file)) this.#waiting.push(file)
    this.next()
  }

  /** Writes the piece now, or once its file is in place. */
  whenFree(piece: number, write: () => void): void {
    if (this.#file !== undefined && this.#piecesOf(this.#file).includes(piece)) this.#held.push({ piece, write })
    else write()
  }

  /** Goes on, if it can: a piece was written, or there is something to do. */
  next(): void {
    const { parts, isBeingWritten } = this.#options
    if (this.#file !== undefined) return
    const at = this.#waiting.findIndex((file) => !this.#piecesOf(file).some((piece) => isBeingWritten(piece)))
    const [file] = at < 0 ? [] : this.#waiting.splice(at, 1)
    if (file === undefined) return
    if (!parts.isApart(file)) {
      this.next()
      return
    }
    this.#file = file
    const spans = parts.spansOf(file).filter(({ piece }) => this.#options.isStored(piece))
    this.#copy(file, spans, 0)
  }

  #piecesOf(file: number): readonly number[] {
    return this.#options.parts.spansOf(file).map(({ piece }) => piece)
  }

  #copy(file: number, spans: readonly { readonly span: FileSpan; readonly apart: FileSpan }[], at: number): void {
    const { disk, parts } = this.#options
    const next = spans[at]
    if (next === undefined) {
      if (spans.length === 0) this.#end(file, DONE)
      else disk.sync(file, (answer) => this.#end(file, answer))
      return
    }
    const bytes = new Uint8Array(next.span.length)
    disk.read(parts.file, next.apart.offset, bytes, (read) => {
      if (read.type === 'failed') this.#end(file, read)
      else
        disk.write(file, next.span.offset, bytes, (written) => {
          if (written.type === 'failed') this.#end(file, written)
          else this.#copy(file, spans, at + 1)
        })
    })
  }

  #end(file: number, answer: Answer<undefined>): void {
    this.#file = undefined
    if (answer.type === 'done') this.#options.parts.placed(file)
    this.#options.done(file, answer)
    for (const { write } of this.#held.splice(0)) write()
    this.next()
  }
}
