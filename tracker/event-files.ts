/** The files of a tracker's log of events: what they are called, and how they are read, also while they are written. */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { messageOf, systemCode, TorrewindError } from '../src/errors.js'
import { equalBytes } from '../src/values.js'
import { type Chunk, chunkLengthOf, readChunk } from './event-chunk.js'
import { CHUNK_HEAD_BYTES } from './event-record.js'

export interface EventFile {
  readonly path: string
  readonly number: number
  readonly bytes: number
}

const NAME = /^events-(\d{6,15})\.log$/

export const eventFilePath = (folder: string, number: number): string =>
  path.join(folder, `events-${String(number).padStart(6, '0')}.log`)

/** The oldest first. Throws DATA_UNUSABLE where there is no such folder. */
export const listEventFiles = async (folder: string): Promise<readonly EventFile[]> => {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new TorrewindError('DATA_UNUSABLE', `${folder} cannot be read: ${messageOf(error)}`, { cause: error })
  })
  const files: EventFile[] = []
  for (const name of names) {
    const number = Number(NAME.exec(name)?.[1] ?? Number.NaN)
    if (Number.isNaN(number)) continue
    const file = path.join(folder, name)
    // The oldest may go while they are looked at.
    const there = await stat(file).catch(() => undefined)
    if (there !== undefined) files.push({ path: file, number, bytes: there.size })
  }
  return files.sort((left, right) => left.number - right.number)
}

const readAt = async (handle: FileHandle, at: number, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length)
  const { bytesRead } = await handle.read(bytes, 0, length, at)
  return bytes.subarray(0, bytesRead)
}

/** The chunks of one file, up to its end or to what is no whole chunk: as it is where one is being written, or was. */
export async function* chunksOf(file: string): AsyncGenerator<Chunk, void, undefined> {
  let handle: FileHandle
  try {
    handle = await open(file)
  } catch (error) {
    // It was the oldest, and has gone.
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  try {
    for (let at = 0; ; ) {
      const head = await readAt(handle, at, CHUNK_HEAD_BYTES)
      const length = chunkLengthOf(head)
      const chunk = length === undefined ? undefined : readChunk(await readAt(handle, at, length))
      if (chunk === undefined) return
      yield chunk
      at += chunk.byteLength
    }
  } finally {
    await handle.close()
  }
}

/** All chunks in order, and each place where something is missing between them. */
export interface ReadChunk {
  readonly chunk: Chunk
  /** Why the chunk does not go on where the last one ended; undefined where it does, and for the first. */
  readonly gap: 'lost' | 'damaged' | undefined
}

export async function* readEventChunks(folder: string): AsyncGenerator<ReadChunk, void, undefined> {
  let last: Chunk | undefined
  for (const file of await listEventFiles(folder)) {
    for await (const chunk of chunksOf(file.path)) {
      // Who goes on after a tracker that was killed links to the last whole chunk: so a torn end is no gap.
      const follows = last === undefined || equalBytes(chunk.previous, last.hash)
      yield { chunk, gap: follows ? (chunk.lost > 0 ? 'lost' : undefined) : 'damaged' }
      last = chunk
    }
  }
}
