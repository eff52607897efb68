/** Piece storage: ranges of a torrent, read from and written to the files of a `Disk`. */
import type { Answer, Disk } from '../ports.js'
import type { FileSpan, Layout } from './layout.js'
import { Parts } from './parts.js'

type Done = (answer: Answer<undefined>) => void

const DONE: Answer<undefined> = { type: 'done', value: undefined }

export class PieceStorage {
  constructor(
    readonly layout: Layout,
    readonly disk: Disk,
    readonly parts: Parts = new Parts(layout, []),
  ) {}

  /** Where the bytes of one piece lie on disk. */
  spans(start: number, length: number): readonly FileSpan[] {
    const spans = this.layout.spans(start, length)
    return this.parts.inUse ? spans.map((span) => this.parts.route(span, start)) : spans
  }

  /** Fills `into` from `start` of the torrent; with zeros where it has ended. */
  read(start: number, into: Uint8Array, done: Done): void {
    const end = this.layout.totalBytes - start
    if (end < into.length) into.fill(0, Math.max(0, end))
    this.#each(
      start,
      into.length,
      (span, next) => {
        const part = into.subarray(span.at, span.at + span.length)
        if (span.file === undefined) {
          part.fill(0)
          next(DONE)
        } else this.disk.read(span.file, span.offset, part, next)
      },
      done,
    )
  }

  /** Answers with the bytes from `start`: the disk's own, to be read only, or the `memory` that is asked for, filled. */
  fetch(start: number, length: number, memory: () => Uint8Array, done: (answer: Answer<Uint8Array>) => void): void {
    const read = (): void => {
      const into = memory()
      this.read(start, into, (answer) => done(answer.type === 'done' ? { type: 'done', value: into } : answer))
    }
    const { disk } = this
    const [span, ...more] = disk.lend === undefined ? [] : this.spans(start, length)
    if (span?.file === undefined || span.length < length || more.length > 0) {
      read()
      return
    }
    disk.lend?.(span.file, span.offset, length, (answer) => {
      if (answer.type === 'failed') done(answer)
      else if (answer.value === undefined) read()
      else done({ type: 'done', value: answer.value })
    })
  }

  /** The bytes must not change before `done`. */
  write(start: number, bytes: Uint8Array, done: Done): void {
    this.#each(
      start,
      bytes.length,
      (span, next) => {
        if (span.file === undefined) next(DONE)
        else this.disk.write(span.file, span.offset, bytes.subarray(span.at, span.at + span.length), next)
      },
      done,
    )
  }

  /** One span after the other: most pieces have one, and the order keeps a torn write at one place. */
  #each(start: number, length: number, act: (span: FileSpan, next: Done) => void, done: Done): void {
    const spans = this.spans(start, length)
    const step = (index: number): void => {
      const span = spans[index]
      if (span === undefined) {
        done(DONE)
        return
      }
      act(span, (answer) => (answer.type === 'failed' ? done(answer) : step(index + 1)))
    }
    step(0)
  }
}
