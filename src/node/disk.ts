/**
 * The disk: the files of one transfer, below one folder.
 *
 * Strategy: callbacks of `fs` rather than its promises, which cost three times the bookkeeping for each operation; every
 * operation is one walk from `#begin` to its answer, so that `close` knows what is under way. A file is looked at each
 * time that it is opened, because what lies in its place may have been put there by somebody else.
 */
import { constants, fdatasync, open, symlink, unlink } from 'node:fs'
import { dirname } from 'node:path'
import { assert } from '../assert.js'
import { systemCode } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { Answer, Disk, DiskOptions, DiskPlace, Failure, FileStamp, MoveOptions } from '../ports.js'
import { DONE, failed, failureOf } from './failure.js'
import { FileGate } from './file-gate.js'
import { makeFolders } from './make-folders.js'
import { NewNames } from './new-names.js'
import { type Access, OpenFiles } from './open-files.js'
import { Places } from './places.js'
import { extend, type Outcome, readRange, writeRange } from './transfer-bytes.js'
import { WriteOrder } from './write-order.js'

type Done = (answer: Answer<undefined>) => void

const CLOSED = failed('ECLOSED', 'the disk was closed')
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL
/** What a file system says that knows no symbolic links, or lets us make none. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']
/** Windows syncs through handles that can write only. */
const SYNC_ACCESS: Access = process.platform === 'win32' ? 'write' : 'read'

const answerOf = (failure: Failure | undefined): Answer<undefined> =>
  failure === undefined ? DONE : { type: 'failed', failure }

class NodeDisk implements Disk {
  readonly #preallocate: boolean
  readonly #places: Places
  readonly #gate = new FileGate()
  readonly #names = new NewNames()
  readonly #order = new WriteOrder()
  readonly #open: OpenFiles
  #underWay = 0
  #closing: Promise<void> | undefined
  #idle: (() => void) | undefined

  constructor(options: DiskOptions, openFilesMax: number) {
    this.#preallocate = options.preallocate
    this.#places = new Places(options, {
      hold: (file) => this.#gate.hold(file).then(() => new Promise((resolve) => this.#open.drop(file, resolve))),
      release: (file) => this.#gate.release(file),
      made: (path) => this.#names.made(path),
      sync: (path) => new Promise((resolve) => this.#names.sync(path, resolve)),
    })
    this.#open = new OpenFiles(openFilesMax, (file, access, done) => this.#openFile(file, access, done))
  }

  read(file: number, offset: number, into: Uint8Array, done: Done): void {
    this.#run(file, done, (finish) => {
      this.#use(file, 'read', finish, (descriptor, end) => readRange(descriptor, offset, into, end))
    })
  }

  write(file: number, offset: number, bytes: Uint8Array, done: Done): void {
    this.#run(file, done, (finish) => {
      this.#inOrder(file, false, finish, (leave) => {
        this.#use(file, 'write', leave, (descriptor, end) => writeRange(descriptor, offset, bytes, end))
      })
    })
  }

  reserve(file: number, length: number, done: Done): void {
    const link = this.#places.linkOf(file)
    if (link !== undefined) {
      this.#run(file, done, (finish) => this.#makeLink(file, link, finish))
      return
    }
    const extent = { length, filled: this.#preallocate, stopped: () => this.#closing !== undefined }
    this.#run(file, done, (finish) => {
      this.#inOrder(file, true, finish, (leave) => {
        this.#use(file, 'write', leave, (descriptor, end) => extend(descriptor, extent, end))
      })
    })
  }

  stat(file: number, done: (answer: Answer<FileStamp | undefined>) => void): void {
    if (!this.#begin(done)) return
    this.#gate.enter(file, () => {
      // Who looks wants to know what is there now, and goes on with that.
      this.#open.drop(file)
      this.#places.inspect(file, (finding) => {
        this.#gate.leave(file)
        this.#finished()
        done(finding)
      })
    })
  }

  sync(file: number, done: Done): void {
    this.#run(file, done, (finish) => {
      if (this.#places.linkOf(file) !== undefined) return this.#names.sync(this.#places.pathOf(file), finish)
      this.#use(file, SYNC_ACCESS, finish, (descriptor, end) => {
        fdatasync(descriptor, (error) => {
          if (error !== null) end(failureOf(error))
          else this.#names.sync(this.#places.pathOf(file), end)
        })
      })
    })
  }

  remove(file: number, done: Done): void {
    this.#run(file, done, (finish) => {
      this.#open.drop(file)
      const path = this.#places.pathOf(file)
      // Whatever leads out of the folder is left alone, as it is where files are opened.
      this.#places.inspect(file, (finding) => {
        if (finding.type === 'failed') finish(finding.failure)
        else if (finding.value === undefined) finish(undefined)
        else unlink(path, (error) => finish(error === null ? undefined : failureOf(error)))
      })
    })
  }

  move(to: DiskPlace, { resumed, stopped }: MoveOptions, done: Done): void {
    if (!this.#begin(done)) return
    const options = { resumed, stopped: () => this.#closing !== undefined || stopped() }
    void this.#places.move(to, options).then((failure) => {
      this.#finished()
      done(answerOf(failure))
    })
  }

  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      this.#idle = () => this.#open.closeAll(resolve)
      if (this.#underWay === 0) this.#idle()
    })
    return this.#closing
  }

  #begin(done: (answer: Answer<never>) => void): boolean {
    if (this.#closing === undefined) {
      this.#underWay++
      return true
    }
    setImmediate(done, CLOSED)
    return false
  }

  #finished(): void {
    this.#underWay--
    if (this.#underWay === 0) this.#idle?.()
  }

  #run(file: number, done: Done, operation: (finish: Outcome) => void): void {
    if (!this.#begin(done)) return
    this.#gate.enter(file, () =>
      operation((failure) => {
        this.#gate.leave(file)
        this.#finished()
        done(answerOf(failure))
      }),
    )
  }

  #inOrder(file: number, alone: boolean, finish: Outcome, operation: (leave: Outcome) => void): void {
    this.#order.enter(file, alone, () => {
      operation((failure) => {
        this.#order.leave(file)
        finish(failure)
      })
    })
  }

  #use(file: number, access: Access, finish: Outcome, operation: (descriptor: number, end: Outcome) => void): void {
    this.#open.lend(file, access, (lent) => {
      if (lent.type === 'failed') return finish(lent.failure)
      operation(lent.value.descriptor, (failure) => {
        this.#open.giveBack(lent.value)
        finish(failure)
      })
    })
  }

  #openFile(file: number, access: Access, done: (answer: Answer<number>) => void): void {
    const path = this.#places.pathOf(file)
    this.#places.inspect(file, (finding) => {
      if (finding.type === 'failed') return done(finding)
      const isMissing = finding.value === undefined
      if (isMissing && access === 'read') return done(failed('ENOENT', `${path} is not there`))
      if (isMissing) return this.#createFile(file, path, done)
      open(path, access === 'read' ? 'r' : 'r+', (error, descriptor) => {
        done(error === null ? { type: 'done', value: descriptor } : { type: 'failed', failure: failureOf(error) })
      })
    })
  }

  /** As a file without bytes where the system lets nobody make one, as that of Windows does. */
  #makeLink(file: number, link: string, finish: Outcome): void {
    const path = this.#places.pathOf(file)
    const made = (what: string): void => this.#names.made(what)
    this.#places.inspect(file, (finding) => {
      if (finding.type === 'failed') return finish(finding.failure)
      if (finding.value !== undefined) return finish(undefined)
      makeFolders(dirname(path), made, (failure) => {
        if (failure !== undefined) return finish(failure)
        symlink(link, path, (error) => {
          if (NO_LINKS.includes(systemCode(error) ?? ''))
            return this.#use(file, 'write', finish, (_, end) => end(undefined))
          if (error !== null && systemCode(error) !== 'EEXIST') return finish(failureOf(error))
          made(path)
          finish(undefined)
        })
      })
    })
  }

  #createFile(file: number, path: string, done: (answer: Answer<number>) => void): void {
    const made = (what: string): void => this.#names.made(what)
    makeFolders(dirname(path), made, (failure) => {
      if (failure !== undefined) return done({ type: 'failed', failure })
      // Exclusive, because then the system does not follow a link that was put there a moment ago. The user's mask
      // decides for whom a file is executable.
      open(path, CREATE, this.#places.isExecutable(file) ? 0o777 : 0o666, (problem, descriptor) => {
        if (systemCode(problem) === 'EEXIST') return this.#openFile(file, 'write', done)
        if (problem !== null) return done({ type: 'failed', failure: failureOf(problem) })
        made(path)
        done({ type: 'done', value: descriptor })
      })
    })
  }
}

/** `openFilesMax` is for tests; everyone else takes the bound in limits. */
export const openNodeDisk = (options: DiskOptions, openFilesMax: number = LIMITS.openFilesMax): Disk => {
  assert(openFilesMax > 0, 'a disk needs a file')
  return new NodeDisk(options, openFilesMax)
}
