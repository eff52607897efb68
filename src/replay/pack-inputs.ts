/** Records of recorded inputs, made again from those of the log, and gathered in blocks. */
import { FIRST_PREVIOUS_HASH } from '../events/codec.js'
import { InputRecordWriter, type LoggedInput } from '../events/input-codec.js'
import { LIMITS } from '../limits.js'
import { type Block, blockOf } from './car.js'
import { encodeIpld } from './dag-cbor.js'

export interface InputsBlock {
  readonly block: Block
  readonly inputs: number
}

/** A record for each array of inputs; the numbers of inputs and the chain of hashes begin anew with the first. */
export async function* packInputs(
  batches: AsyncIterable<readonly LoggedInput[]>,
): AsyncGenerator<InputsBlock, void, undefined> {
  const writer = new InputRecordWriter()
  let previousHash = FIRST_PREVIOUS_HASH
  let number = 0
  let records: Uint8Array[] = []
  let inputs = 0
  let gathered = 0
  const seal = (): InputsBlock => {
    const sealed = { block: blockOf('dag-cbor', encodeIpld(records)), inputs }
    records = []
    inputs = 0
    gathered = 0
    return sealed
  }
  for await (const batch of batches) {
    if (batch.length === 0) continue
    for (const { seq, at, input } of batch) writer.add(seq, at, input)
    const { bytes, hash } = writer.finish(number, previousHash)
    if (gathered > 0 && gathered + bytes.length > LIMITS.capsuleBlockBytes) yield seal()
    previousHash = hash
    number += batch.length
    records.push(bytes)
    inputs += batch.length
    gathered += bytes.length
  }
  if (inputs > 0) yield seal()
}
