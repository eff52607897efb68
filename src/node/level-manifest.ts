/**
 * Reads LevelDB's manifest: which tables belong to the database.
 *
 * The manifest is a journal of edits, each of which adds and deletes tables (`doc/log_format.md` and `db/version_edit.cc`
 * of LevelDB). Only names are taken from it here; its checksums are LevelDB's to check.
 */

/** Thrown at bytes that are no manifest of the kind that is known here. */
export class ManifestUnknown extends Error {}

const BLOCK_BYTES = 32_768
const HEADER_BYTES = 7
/** Fragments of a record: the whole of it, its first, its last; 3 is one in between. */
const FULL = 1
const FIRST = 2
const LAST = 4

/** Numbers of the tables that belong to the database after all of the edits. */
export const liveTables = (manifest: Uint8Array): ReadonlySet<number> => {
  const live = new Set<number>()
  for (const edit of records(manifest)) applyEdit(new EditReader(edit), live)
  return live
}

function* records(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  let begun: Uint8Array[] = []
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES)
    if (left < HEADER_BYTES) {
      at += left
      continue
    }
    const [, , , , low = 0, high = 0, type = 0] = bytes.subarray(at, at + HEADER_BYTES)
    const end = at + HEADER_BYTES + low + high * 256
    if (type < FULL || type > LAST) throw new ManifestUnknown(`a fragment of the kind ${type}`)
    if (end > bytes.length) return
    if (type === FULL || type === FIRST) begun = []
    begun.push(bytes.subarray(at + HEADER_BYTES, end))
    if (type === FULL || type === LAST) yield Buffer.concat(begun)
    at = end
  }
}

class EditReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length
  }

  whole(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined || scale > 2 ** 49) throw new ManifestUnknown('a number without an end')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  skipText(): void {
    const length = this.whole() // it moves on, too
    this.#at += length
  }
}

const applyEdit = (reader: EditReader, live: Set<number>): void => {
  while (!reader.ended) {
    const tag = reader.whole()
    switch (tag) {
      case 1: // the comparator's name
        reader.skipText()
        break
      case 2: // number of the journal
      case 3: // number of the next file
      case 4: // number of the last write
      case 9: // number of the journal before
        reader.whole()
        break
      case 5: // where compaction goes on: level, key
        reader.whole()
        reader.skipText()
        break
      case 6: // a table that went: level, number
        reader.whole()
        live.delete(reader.whole())
        break
      case 7: // a table that came: level, number, bytes, first key, last key
        reader.whole()
        live.add(reader.whole())
        reader.whole()
        reader.skipText()
        reader.skipText()
        break
      default:
        throw new ManifestUnknown(`an edit of the kind ${tag}`)
    }
  }
}
