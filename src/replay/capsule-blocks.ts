/** The blocks of a capsule's file, each read where the layout says that it stands, and compared with its CID. */

import { CID } from 'multiformats/cid'
import { Reader, Unreadable } from '../events/fields.js'
import { LIMITS } from '../limits.js'
import { equalBytes } from '../values.js'
import { CapsuleFault } from './capsule-damage.js'
import { type Layout, layoutOf } from './capsule-layout.js'
import { type BlockLink, type CapsuleRoot, decodeRoot } from './capsule-root.js'
import { CID_BYTES, type Codec, carHeader, cidOf, HEADER_BYTES, sectionBytes, sectionHead } from './car.js'

/** Bytes that can be read anywhere: a file, or memory. */
export interface ByteSource {
  readonly size: number
  /** So many bytes, or fewer where it ends. */
  read(offset: number, length: number): Promise<Uint8Array>
}

export const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
})

/** The header is always the same, but for the CID. */
const CID_AT = HEADER_BYTES - 'gversion1'.length - CID_BYTES

const readHeader = async (source: ByteSource): Promise<CID> => {
  const header = await source.read(0, HEADER_BYTES)
  if (header.length === 0) throw new CapsuleFault('CAPSULE_INVALID', 'the file is empty')
  const bytes = header.slice(CID_AT, CID_AT + CID_BYTES)
  const sample = carHeader(cidOf('dag-cbor', new Uint8Array()))
  const compared = Math.min(header.length, CID_AT)
  if (!equalBytes(header.subarray(0, compared), sample.subarray(0, compared)))
    throw new CapsuleFault('CAPSULE_INVALID', 'it is no CAR file of version 1 with one root')
  if (header.length < HEADER_BYTES) throw cutOff(header.length)
  try {
    const cid = CID.decode(bytes)
    if (equalBytes(header, carHeader(cid))) return cid
  } catch {
    // The library throws at bytes that are no CID.
  }
  throw new CapsuleFault('CAPSULE_DAMAGED', `the header, bytes 0 to ${HEADER_BYTES - 1}, was changed`)
}

const cutOff = (size: number): CapsuleFault =>
  new CapsuleFault('CAPSULE_DAMAGED', `it ends at byte ${size}, before all that it was of is said`)

/** The root is the first block, whose length stands before it only. */
const readRoot = async (source: ByteSource, cid: CID): Promise<Uint8Array> => {
  const start = await source.read(HEADER_BYTES, CID_BYTES)
  let length: number
  try {
    length = new Reader(start).whole() - CID_BYTES
  } catch (error) {
    if (error instanceof Unreadable) throw start.length < CID_BYTES ? cutOff(source.size) : changed(HEADER_BYTES)
    throw error
  }
  if (length < 1 || length > LIMITS.capsuleBlockBytesMax) throw changed(HEADER_BYTES)
  return readSection(source, { cid, bytes: length }, HEADER_BYTES, 'dag-cbor')
}

const changed = (offset: number): CapsuleFault =>
  new CapsuleFault('CAPSULE_DAMAGED', `the block at byte ${offset} is not the one that its CID names`)

const readSection = async (
  source: ByteSource,
  { cid, bytes: length }: BlockLink,
  offset: number,
  codec: Codec,
): Promise<Uint8Array> => {
  const section = await source.read(offset, sectionBytes(length))
  const head = sectionHead(cid, length)
  if (section.length < head.length + length)
    throw new CapsuleFault('CAPSULE_DAMAGED', `it ends at byte ${source.size}, within the block at byte ${offset}`)
  const bytes = section.subarray(head.length)
  if (!equalBytes(section.subarray(0, head.length), head) || !cid.equals(cidOf(codec, bytes))) throw changed(offset)
  return bytes
}

export class CapsuleBlocks {
  readonly root: CapsuleRoot
  readonly cid: CID
  readonly #source: ByteSource
  readonly #layout: Layout

  private constructor(source: ByteSource, cid: CID, rootBytes: Uint8Array) {
    this.#source = source
    this.cid = cid
    this.root = decodeRoot(rootBytes)
    this.#layout = layoutOf(this.root, rootBytes.length)
    if (source.size > this.#layout.bytes)
      throw new CapsuleFault('CAPSULE_DAMAGED', `after its last block, at byte ${this.#layout.bytes}, it goes on`)
  }

  /** Throws `CAPSULE_INVALID`, `CAPSULE_DAMAGED` or `CAPSULE_VERSION`, where nothing of it can be read. */
  static async open(source: ByteSource): Promise<CapsuleBlocks> {
    const cid = await readHeader(source)
    return new CapsuleBlocks(source, cid, await readRoot(source, cid))
  }

  /** Length that the whole file has. */
  get bytes(): number {
    return this.#layout.bytes
  }

  /** Throws `CAPSULE_DAMAGED`. */
  read(link: BlockLink, codec: Codec): Promise<Uint8Array> {
    return readSection(this.#source, link, this.#layout.offsets.get(link.cid.toString()) ?? 0, codec)
  }

  /** Blocks that one thing was cut into, put together. Throws `CAPSULE_DAMAGED`. */
  async readAll(links: readonly BlockLink[]): Promise<Uint8Array> {
    const whole = new Uint8Array(links.reduce((sum, { bytes }) => sum + bytes, 0))
    let at = 0
    for (const link of links) {
      whole.set(await this.read(link, 'raw'), at)
      at += link.bytes
    }
    return whole
  }
}
