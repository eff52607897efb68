/** The lines of a file, with where each of them is. */
import type { FileHandle } from 'node:fs/promises'
import { invalid } from './options.js'

export interface Line {
  readonly text: string
  readonly offset: number
  /** With its end. */
  readonly bytes: number
  /** False for a last line without an end. */
  readonly whole: boolean
}

/** A run of ten thousand peers takes a few of them. */
const LINE_BYTES_MAX = 256 * 1_048_576
const LINE_END = 10

export async function* lines(file: FileHandle): AsyncGenerator<Line> {
  let offset = 0
  let held: Buffer[] = []
  let heldBytes = 0
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false }) as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, from)) {
      const bytes = Buffer.concat([...held, chunk.subarray(from, at + 1)])
      yield { text: bytes.toString(), offset, bytes: bytes.length, whole: true }
      offset += bytes.length
      from = at + 1
      held = []
      heldBytes = 0
    }
    held.push(chunk.subarray(from))
    heldBytes += chunk.length - from
    if (heldBytes > LINE_BYTES_MAX) throw invalid(`the line at byte ${offset} is longer than any that a sweep writes`)
  }
  if (heldBytes > 0) yield { text: Buffer.concat(held).toString(), offset, bytes: heldBytes, whole: false }
}
