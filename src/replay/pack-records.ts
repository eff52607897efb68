/** Records of the log, made again from their events, and gathered in blocks. */
import { FIRST_PREVIOUS_HASH, type LoggedEvent, RecordWriter } from '../events/codec.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import { type Block, blockOf } from './car.js'
import { encodeIpld } from './dag-cbor.js'

export interface RecordsBlock {
  readonly block: Block
  readonly events: number
}

/**
 * A record for each array of events, so that those of a whole log are byte by byte what the log has; the chain of their
 * hashes begins anew with the first.
 */
export async function* packRecords(
  batches: AsyncIterable<readonly LoggedEvent[]>,
  change: (event: TransferEvent) => TransferEvent,
): AsyncGenerator<RecordsBlock, void, undefined> {
  const writer = new RecordWriter()
  let previousHash = FIRST_PREVIOUS_HASH
  let records: Uint8Array[] = []
  let events = 0
  let gathered = 0
  const seal = (): RecordsBlock => {
    const sealed = { block: blockOf('dag-cbor', encodeIpld(records)), events }
    records = []
    events = 0
    gathered = 0
    return sealed
  }
  for await (const batch of batches) {
    const [first] = batch
    if (first === undefined) continue
    for (const { at, event } of batch) writer.add(at, change(event))
    const { bytes, hash } = writer.finish(first.seq, previousHash)
    if (gathered > 0 && gathered + bytes.length > LIMITS.capsuleBlockBytes) yield seal()
    previousHash = hash
    records.push(bytes)
    events += batch.length
    gathered += bytes.length
  }
  if (events > 0) yield seal()
}
