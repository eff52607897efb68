/** Where the blocks of a capsule stand in its file: in the order in which the root links to them, each once. */

import type { BlockLink, CapsuleRoot } from './capsule-root.js'
import { HEADER_BYTES, sectionBytes } from './car.js'

export interface Layout {
  /** Where the section of a block begins, by its CID in text. */
  readonly offsets: ReadonlyMap<string, number>
  /** Length of the whole file. */
  readonly bytes: number
}

/** Every link of the root in order; a block that is linked twice is there twice. */
export function* linksOf({ torrent, base, records, inputs, keyframes }: CapsuleRoot): Generator<BlockLink> {
  yield* torrent
  if (base !== undefined) yield* base.chunks
  yield* records
  yield* inputs
  for (const { chunks } of keyframes) yield* chunks
}

export const layoutOf = (root: CapsuleRoot, rootBytes: number): Layout => {
  const offsets = new Map<string, number>()
  let bytes = HEADER_BYTES + sectionBytes(rootBytes)
  for (const link of linksOf(root)) {
    const name = link.cid.toString()
    if (offsets.has(name)) continue
    offsets.set(name, bytes)
    bytes += sectionBytes(link.bytes)
  }
  return { offsets, bytes }
}
