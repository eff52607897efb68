/** Changes to what a log store has stored, as a bad disk or a bad program makes them. */
import { readRecordKey, seqRange } from '../../src/store/log-keys.js'
import type { Operation, Shelf } from '../../src/store/shelf.js'
import type { InfoHash } from '../../src/values.js'

const write = (shelf: Shelf, operations: readonly Operation[]): Promise<void> =>
  new Promise((resolve, reject) => {
    shelf.write(operations, (failure) => (failure === undefined ? resolve() : reject(new Error(failure.message))))
  })

export const put = (shelf: Shelf, key: Uint8Array, value: Uint8Array): Promise<void> =>
  write(shelf, [{ type: 'put', key, value }])

export const del = (shelf: Shelf, key: Uint8Array): Promise<void> => write(shelf, [{ type: 'del', key }])

/** The key and the bytes of the record that begins with this event. */
export const recordAt = async (
  shelf: Shelf,
  hash: InfoHash,
  firstSeq: number,
): Promise<readonly [key: Uint8Array, value: Uint8Array]> => {
  for await (const entries of shelf.entries(seqRange('record', hash, firstSeq, firstSeq + 1))) {
    for (const [key, value] of entries) if (readRecordKey(key)?.firstSeq === firstSeq) return [key, value]
  }
  throw new Error(`no record begins with event ${firstSeq}`)
}
