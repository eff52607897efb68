/** Blocklist files: read line by line, unpacked where they are gzipped, within a bound of bytes. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, Writable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf, TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { BlocklistReader } from '../wire/blocklist.js'

const NEWLINE = 0x0a
const GZIP = [0x1f, 0x8b] as const

/** Cuts what is written to it into lines. A line that is too long is told as one that is just too long. */
class Lines extends Writable {
  #rest: Buffer[] = []
  #restBytes = 0
  #bytes = 0

  constructor(readonly reader: BlocklistReader) {
    super({ decodeStrings: true })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#bytes += chunk.length
    if (this.#bytes > LIMITS.blocklistBytesMax) {
      done(new Error(`it is longer than ${LIMITS.blocklistBytesMax} bytes`))
      return
    }
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#line(chunk.subarray(from, end))
      from = end + 1
    }
    this.#keep(chunk.subarray(from))
    done()
  }

  override _final(done: () => void): void {
    if (this.#restBytes > 0) this.#line(Buffer.alloc(0))
    done()
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0 || this.#restBytes > LIMITS.blocklistLineCharactersMax) return
    this.#rest.push(Buffer.from(bytes.subarray(0, LIMITS.blocklistLineCharactersMax + 1)))
    this.#restBytes += bytes.length
  }

  #line(bytes: Buffer): void {
    // Names are in whatever code their writers had; addresses are ASCII in all of them.
    const part = bytes.subarray(0, LIMITS.blocklistLineCharactersMax + 1)
    const whole = this.#rest.length === 0 ? part : Buffer.concat([...this.#rest, part])
    this.#rest = []
    this.#restBytes = 0
    this.reader.line(whole.toString('latin1'))
  }
}

const isPacked = async (path: string): Promise<boolean> => {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === GZIP[0] && buffer[1] === GZIP[1]
  } finally {
    await file.close()
  }
}

/** Throws `BLOCKLIST_UNREADABLE`. */
export const readBlocklistFile = async (path: string, reader: BlocklistReader): Promise<void> => {
  const unreadable = (error: unknown): TorrewindError =>
    new TorrewindError('BLOCKLIST_UNREADABLE', `cannot read the blocklist ${path}: ${messageOf(error)}`, {
      cause: error,
    })
  try {
    const packed = await isPacked(path)
    await new Promise<void>((resolve, reject) => {
      const ended = (error: NodeJS.ErrnoException | null): void =>
        error === null || error === undefined ? resolve() : reject(error)
      const file = createReadStream(path)
      if (packed) pipeline(file, createGunzip(), new Lines(reader), ended)
      else pipeline(file, new Lines(reader), ended)
    })
  } catch (error) {
    throw unreadable(error)
  }
}
