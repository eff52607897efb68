/** A record of the log, byte by byte, for ARCHITECTURE.md: made by the codec itself. */
import { FIRST_PREVIOUS_HASH, RecordWriter, readRecord } from '../../src/events/codec.js'
import { instant, peerKey, pieceIndex, toHex } from '../../src/values.js'
import { table } from './markdown.js'

const AT = instant(1_700_000_000_000)
const FIRST_SEQ = 1_000

/** The parts of the record below, in order, and how many bytes each has. */
const PARTS: readonly (readonly [meaning: string, length: number])[] = [
  ['version of the record: 1', 1],
  [`number of its first event: ${FIRST_SEQ}`, 2],
  ['how many events it has: 2', 1],
  [`time of the first, in ms since 1970: ${AT}`, 6],
  ['SHA-256 at the end of the record before (zeros: this is the first)', 32],
  ['event 1: 0 ms after the one before it', 1],
  ['its number in the vocabulary: 81, `block-received`', 1],
  ['`peer` 3', 1],
  ['`piece` 17', 1],
  ['`offset` 32768', 3],
  ['`length` 16384', 3],
  ['event 2: 4 ms after the one before it', 1],
  ['its number: 86, `piece-filled`', 1],
  ['`piece` 17', 1],
  ['SHA-256 of all that is above', 32],
]

const SHOWN_MAX = 8

export const recordTable = (): string => {
  const writer = new RecordWriter()
  const piece = pieceIndex(17)
  writer.add(AT, { type: 'block-received', peer: peerKey(3), piece, offset: 32_768, length: 16_384 })
  writer.add(instant(AT + 4), { type: 'piece-filled', piece })
  const { bytes } = writer.finish(FIRST_SEQ, FIRST_PREVIOUS_HASH)
  readRecord(bytes)
  let at = 0
  const rows = PARTS.map(([meaning, length]) => {
    const part = bytes.subarray(at, at + length)
    at += length
    const shown = length > SHOWN_MAX ? `${toHex(part.subarray(0, 4))}... (${length} bytes)` : toHex(part)
    return [String(at - length), `\`${shown}\``, meaning]
  })
  if (at !== bytes.length) throw new Error(`the record has ${bytes.length} bytes, and its parts have ${at}`)
  return table(['At', 'Bytes', 'Meaning'], rows)
}
