/** A disk in memory that answers when it is told to, so that a test says in which order things happen. */
import type { Answer, Disk, FileStamp } from '../../src/ports.js'

const DONE: Answer<undefined> = { type: 'done', value: undefined }
const failure = (code: string): Answer<never> => ({ type: 'failed', failure: { code, message: code } })

export class HeldDisk implements Disk {
  /** Every operation in order: `read FILE OFFSET LENGTH`, `write ...`, `reserve ...`, `sync FILE`. */
  readonly asked: string[] = []
  readonly files: Uint8Array[]
  /** Operations on these files fail with `EIO`. */
  readonly broken = new Set<number>()
  readonly #waiting: (() => void)[] = []
  #held = false

  constructor(lengths: readonly number[]) {
    this.files = lengths.map((length) => new Uint8Array(length))
  }

  /** From now on answers wait for `answer` or `answerAll`. */
  hold(): void {
    this.#held = true
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Answers the operation that waits longest. */
  answer(): void {
    this.#waiting.shift()?.()
  }

  answerAll(): void {
    while (this.#waiting.length > 0) this.answer()
  }

  read(file: number, offset: number, into: Uint8Array, done: (answer: Answer<undefined>) => void): void {
    this.asked.push(`read ${file} ${offset} ${into.length}`)
    // What is there when it is asked, as a real disk may do.
    const bytes = this.#file(file).slice(offset, offset + into.length)
    this.#later(() => {
      if (this.broken.has(file)) return done(failure('EIO'))
      if (bytes.length < into.length) return done(failure('EOF'))
      into.set(bytes)
      done(DONE)
    })
  }

  write(file: number, offset: number, bytes: Uint8Array, done: (answer: Answer<undefined>) => void): void {
    this.asked.push(`write ${file} ${offset} ${bytes.length}`)
    this.#later(() => {
      if (this.broken.has(file)) return done(failure('EIO'))
      this.#file(file).set(bytes, offset)
      done(DONE)
    })
  }

  move(): void {
    throw new Error('nothing is moved here')
  }

  reserve(file: number, length: number, done: (answer: Answer<undefined>) => void): void {
    this.asked.push(`reserve ${file} ${length}`)
    this.#later(() => done(DONE))
  }

  stat(file: number, done: (answer: Answer<FileStamp | undefined>) => void): void {
    this.#later(() => done({ type: 'done', value: { bytes: this.#file(file).length, modifiedAt: 0 } }))
  }

  sync(file: number, done: (answer: Answer<undefined>) => void): void {
    this.asked.push(`sync ${file}`)
    this.#later(() => done(DONE))
  }

  remove(file: number, done: (answer: Answer<undefined>) => void): void {
    this.asked.push(`remove ${file}`)
    this.#later(() => done(DONE))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #file(file: number): Uint8Array {
    return this.files[file] ?? new Uint8Array(0)
  }

  #later(act: () => void): void {
    this.#waiting.push(act)
    if (!this.#held) this.answerAll()
  }
}
