/** Transfers of whole ranges between memory and an open file: what the system does in parts is carried on here. */
import { fstat, ftruncate, read, write } from 'node:fs'
import { LIMITS } from '../limits.js'
import type { Failure } from '../ports.js'
import { failureOf } from './failure.js'

export type Outcome = (failure: Failure | undefined) => void

/** Fills `into`, or fails with `EOF` where the file is shorter. */
export const readRange = (descriptor: number, offset: number, into: Uint8Array, done: Outcome): void => {
  const readFrom = (at: number): void => {
    read(descriptor, into, at, into.length - at, offset + at, (error, count) => {
      if (error !== null) return done(failureOf(error))
      const end = at + count
      if (end === into.length) return done(undefined)
      if (count === 0) return done({ code: 'EOF', message: `the file ends at ${offset + at}` })
      readFrom(end)
    })
  }
  readFrom(0)
}

export const writeRange = (descriptor: number, offset: number, bytes: Uint8Array, done: Outcome): void => {
  const writeFrom = (at: number): void => {
    write(descriptor, bytes, at, bytes.length - at, offset + at, (error, count) => {
      if (error !== null) return done(failureOf(error))
      const end = at + count
      if (end === bytes.length) return done(undefined)
      if (count === 0) return done({ code: 'EIO', message: `nothing could be written at ${offset + at}` })
      writeFrom(end)
    })
  }
  writeFrom(0)
}

let zeros: Uint8Array | undefined

/** Writes zeros up to `length`: Node has no `posix_fallocate`, and this takes the blocks on every file system. */
const fill = (descriptor: number, from: number, length: number, stopped: () => boolean, done: Outcome): void => {
  zeros ??= new Uint8Array(LIMITS.preallocateBytes)
  const chunk = zeros
  const fillFrom = (at: number): void => {
    if (at >= length || stopped()) {
      done(at >= length ? undefined : { code: 'ECLOSED', message: 'the disk was closed' })
      return
    }
    const bytes = length - at < chunk.length ? chunk.subarray(0, length - at) : chunk
    writeRange(descriptor, at, bytes, (failure) => {
      if (failure === undefined) return fillFrom(at + bytes.length)
      // What does not fit is given back, so that a full disk is not left full of zeros.
      ftruncate(descriptor, from, () => done(failure))
    })
  }
  fillFrom(from)
}

export interface Extent {
  readonly length: number
  /** Really takes the space, rather than leave a hole. */
  readonly filled: boolean
  /** Asked between parts, because filling may take minutes. */
  stopped(): boolean
}

/** Makes the file at least as long; never shorter, and changes no byte of it. */
export const extend = (descriptor: number, { length, filled, stopped }: Extent, done: Outcome): void => {
  fstat(descriptor, (error, stats) => {
    if (error !== null) return done(failureOf(error))
    if (stats.size >= length) return done(undefined)
    if (filled) return fill(descriptor, stats.size, length, stopped, done)
    ftruncate(descriptor, length, (problem) => done(problem === null ? undefined : failureOf(problem)))
  })
}
