/**
 * Reads content as one stream of bytes, file after file, in chunks that may span files.
 *
 * While a chunk is being hashed the next one is read into the other of two buffers: the disk and the processor work at
 * the same time, and the memory it takes is the same for any content. A file that is not as long as it was found, or
 * that changes while it is read, would make a torrent that nobody can ever complete, and is an error.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { systemCode, TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { type Content, type ContentFile, unreadable } from './content.js'

const changed = ({ source }: ContentFile, how: string): TorrewindError =>
  new TorrewindError('CONTENT_CHANGED', `${source} changed while it was being read: ${how}`)

/** A file being read from its start to its end. */
class OpenFile {
  #at = 0
  readonly #file: ContentFile
  readonly #handle: FileHandle
  readonly #modifiedAtMs: number

  static async open(file: ContentFile): Promise<OpenFile> {
    try {
      const handle = await open(file.source, 'r')
      const { size, mtimeMs } = await handle.stat()
      if (size === file.length) return new OpenFile(file, handle, mtimeMs)
      await handle.close()
      throw changed(file, `it has ${size} bytes and had ${file.length}`)
    } catch (error) {
      if (error instanceof TorrewindError) throw error
      throw systemCode(error) === 'ENOENT' ? changed(file, 'it is gone') : unreadable(file.source, error)
    }
  }

  private constructor(file: ContentFile, handle: FileHandle, modifiedAtMs: number) {
    this.#file = file
    this.#handle = handle
    this.#modifiedAtMs = modifiedAtMs
  }

  get ended(): boolean {
    return this.#at === this.#file.length
  }

  /** How many bytes of `into` it filled, from its start: all of them, or fewer at the file's end. */
  async read(into: Uint8Array): Promise<number> {
    const wanted = Math.min(into.length, this.#file.length - this.#at)
    let filled = 0
    while (filled < wanted) {
      const { bytesRead } = await this.#handle.read(into, filled, wanted - filled, this.#at).catch((error: unknown) => {
        throw unreadable(this.#file.source, error)
      })
      if (bytesRead === 0) throw changed(this.#file, `it ends after ${this.#at} bytes and had ${this.#file.length}`)
      filled += bytesRead
      this.#at += bytesRead
    }
    return filled
  }

  async finish(): Promise<void> {
    const { size, mtimeMs } = await this.#handle.stat()
    if (size !== this.#file.length) throw changed(this.#file, `it has ${size} bytes and had ${this.#file.length}`)
    if (mtimeMs !== this.#modifiedAtMs) throw changed(this.#file, 'it was written to')
  }

  close(): Promise<void> {
    return this.#handle.close().catch(() => {})
  }
}

class Source {
  readonly #files: readonly ContentFile[]
  #next = 0
  #open: OpenFile | undefined

  constructor(files: readonly ContentFile[]) {
    this.#files = files
  }

  /** Fills the buffer from where the last one ended; fewer bytes come at the end of the content only. */
  async fill(buffer: Uint8Array): Promise<Uint8Array> {
    let filled = 0
    while (filled < buffer.length) {
      const file = await this.#current()
      if (file === undefined) break
      filled += await file.read(buffer.subarray(filled))
      if (!file.ended) continue
      await file.finish()
      await this.close()
    }
    return buffer.subarray(0, filled)
  }

  async close(): Promise<void> {
    const file = this.#open
    this.#open = undefined
    await file?.close()
  }

  async #current(): Promise<OpenFile | undefined> {
    if (this.#open !== undefined) return this.#open
    const next = this.#files[this.#next++]
    if (next !== undefined) this.#open = await OpenFile.open(next)
    return this.#open
  }
}

/** Each chunk is a view that holds until the next one is asked for. */
export async function* readContent(
  { files }: Pick<Content, 'files'>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = new Source(files)
  let buffer = new Uint8Array(LIMITS.contentReadBytes)
  let other = new Uint8Array(LIMITS.contentReadBytes)
  let filling = source.fill(buffer)
  try {
    for (;;) {
      const chunk = await filling
      if (chunk.length === 0) return
      ;[buffer, other] = [other, buffer]
      filling = source.fill(buffer)
      // Its failure is told where it is awaited, which is after this chunk was used.
      filling.catch(() => {})
      signal?.throwIfAborted()
      yield chunk
    }
  } finally {
    await filling.catch(() => {})
    await source.close()
  }
}
