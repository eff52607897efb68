/**
 * Open files: a bounded number of handles, lent out for one operation at a time and closed when others need the room.
 *
 * Strategy: a file is opened for reading only until somebody writes, because a seed may share what it must not change;
 * then it is opened once more, and the older handle is closed when its last reader is done. The bound is strict: who
 * finds every handle in use waits for one. `#handles` is in the order of use, so the first idle one is the oldest.
 */
import { close } from 'node:fs'
import { assert } from '../assert.js'
import type { Answer } from '../ports.js'

export type Access = 'read' | 'write'

export interface OpenFile {
  readonly file: number
  readonly descriptor: number
  readonly writable: boolean
  /** Operations under way. */
  users: number
}

/** Opens a file and calls back, later, with its descriptor. */
export type Opener = (file: number, access: Access, done: (answer: Answer<number>) => void) => void

interface Want {
  readonly access: Access
  readonly done: (answer: Answer<OpenFile>) => void
}

export class OpenFiles {
  readonly #filesMax: number
  readonly #opener: Opener
  readonly #handles = new Map<number, OpenFile>()
  /** Who waits for a file that is being opened, or that is to be as soon as there is room. */
  readonly #wants = new Map<number, Want[]>()
  /** Files for which there is no room yet. */
  readonly #queue: number[] = []
  /** Descriptors that are open, about to be, or about to be closed. */
  #openCount = 0
  #closingCount = 0

  constructor(filesMax: number, opener: Opener) {
    this.#filesMax = filesMax
    this.#opener = opener
  }

  get openCount(): number {
    return this.#openCount
  }

  /** Lends a handle until `giveBack`. May call back at once. */
  lend(file: number, access: Access, done: (answer: Answer<OpenFile>) => void): void {
    const handle = this.#handles.get(file)
    if (handle !== undefined && (handle.writable || access === 'read')) {
      handle.users++
      this.#handles.delete(file)
      this.#handles.set(file, handle)
      done({ type: 'done', value: handle })
      return
    }
    const wants = this.#wants.get(file)
    if (wants !== undefined) {
      wants.push({ access, done })
      return
    }
    this.#wants.set(file, [{ access, done }])
    this.#queue.push(file)
    this.#makeRoom()
  }

  giveBack(handle: OpenFile): void {
    assert(handle.users > 0, 'a handle is given back as often as it was lent')
    handle.users--
    if (handle.users > 0) return
    if (this.#handles.get(handle.file) !== handle) this.#close(handle)
    else if (this.#queue.length > 0) this.#makeRoom()
  }

  /**
   * The file is opened anew when it is needed again: what lies in its place may be another one. Calls back once it is
   * closed, where nobody uses it.
   */
  drop(file: number, done?: () => void): void {
    const handle = this.#handles.get(file)
    this.#handles.delete(file)
    if (handle === undefined) done?.()
    else if (handle.users === 0) this.#close(handle, done)
  }

  /** Closes every handle, none of which may be in use. */
  closeAll(done: () => void): void {
    assert(this.#wants.size === 0, 'nobody waits for a file when all are closed')
    const handles = [...this.#handles.values()]
    this.#handles.clear()
    let left = handles.length
    if (left === 0) done()
    for (const handle of handles) {
      assert(handle.users === 0, 'no file is in use when all are closed')
      this.#close(handle, () => {
        left--
        if (left === 0) done()
      })
    }
  }

  /** Opens files that wait while there is room, and else closes idle ones, each of which ends up here again. */
  #makeRoom(): void {
    while (this.#queue.length > 0 && this.#openCount < this.#filesMax) {
      const file = this.#queue.shift()
      if (file !== undefined) this.#open(file)
    }
    for (const handle of this.#handles.values()) {
      if (this.#closingCount >= this.#queue.length) return
      if (handle.users > 0) continue
      this.#handles.delete(handle.file)
      this.#close(handle)
    }
  }

  #open(file: number): void {
    const access = this.#wants.get(file)?.some((want) => want.access === 'write') === true ? 'write' : 'read'
    this.#openCount++
    this.#opener(file, access, (answer) => {
      const wants = this.#wants.get(file) ?? []
      this.#wants.delete(file)
      if (answer.type === 'failed') {
        this.#openCount--
        this.#makeRoom()
      } else {
        const older = this.#handles.get(file)
        this.#handles.delete(file)
        this.#handles.set(file, { file, descriptor: answer.value, writable: access === 'write', users: 0 })
        if (older !== undefined && older.users === 0) this.#close(older)
      }
      for (const want of wants) {
        // What could not be opened for writing may still be read, and who came to write while it was opened for
        // reading asks again.
        if (answer.type === 'failed' && want.access === access) want.done(answer)
        else this.lend(file, want.access, want.done)
      }
    })
  }

  /** Errors of `close` tell of no write that `sync` would not tell of, and the descriptor is gone anyway. */
  #close(handle: OpenFile, done?: () => void): void {
    this.#closingCount++
    close(handle.descriptor, () => {
      this.#closingCount--
      this.#openCount--
      this.#makeRoom()
      done?.()
    })
  }
}
