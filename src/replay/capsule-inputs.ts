/** The recorded inputs in a capsule, in order. */
import { FIRST_PREVIOUS_HASH, NewerVersion } from '../events/codec.js'
import { type InputRecord, type LoggedInput, readInputRecord } from '../events/input-codec.js'
import { equalBytes } from '../values.js'
import type { CapsuleBlocks } from './capsule-blocks.js'
import { CapsuleFault } from './capsule-damage.js'
import type { InputsLink } from './capsule-root.js'
import { decodeIpld } from './dag-cbor.js'

const wrong = (reason: string): CapsuleFault =>
  new CapsuleFault('CAPSULE_INVALID', `among the recorded inputs ${reason}`)

const openRecord = (bytes: unknown): InputRecord => {
  if (!(bytes instanceof Uint8Array)) throw wrong('is something else')
  try {
    return readInputRecord(bytes)
  } catch (error) {
    if (error instanceof NewerVersion) throw new CapsuleFault('CAPSULE_VERSION', `of inputs ${error.message}`)
    throw wrong(error instanceof Error ? error.message : String(error))
  }
}

async function* recordsOf(blocks: CapsuleBlocks, link: InputsLink): AsyncGenerator<InputRecord, void, undefined> {
  const block = await blocks.read(link, 'dag-cbor')
  let value: unknown
  try {
    value = decodeIpld(block, { valuesMax: link.inputs + 1, depthMax: 1 })
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error))
  }
  let count = 0
  for (const bytes of Array.isArray(value) ? value : []) {
    const record = openRecord(bytes)
    count += record.inputs.length
    yield record
  }
  if (count !== link.inputs) throw wrong('a block has others than the root says')
}

/** Those whose turns began before an event from `from` up to, but without, `to`. Throws as reading events does. */
export async function* readCapsuleInputs(
  blocks: CapsuleBlocks,
  from: number,
  to: number,
): AsyncGenerator<readonly LoggedInput[], void, undefined> {
  let hash: Uint8Array = FIRST_PREVIOUS_HASH
  let number = 0
  let seq = blocks.root.firstSeq
  for (const link of blocks.root.inputs)
    for await (const record of recordsOf(blocks, link)) {
      const { inputs, firstSeq } = record
      const follows = record.firstNumber === number && firstSeq >= seq && equalBytes(record.previousHash, hash)
      if (!follows) throw wrong('a record does not follow from the one before it')
      hash = record.hash
      number += inputs.length
      seq = inputs.at(-1)?.seq ?? firstSeq
      if (firstSeq >= to) return
      const within = inputs.filter((input) => input.seq >= from && input.seq < to)
      if (within.length > 0) yield within
    }
}
