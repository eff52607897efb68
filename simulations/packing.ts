/** Packing: pages of simulated logs at half their size, which is what a run of thousands of nodes is made of in the end. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Packing } from '../src/store/memory-medium.js'

export const PACKING: Packing = {
  pack: (page) => new Uint8Array(deflateRawSync(page, { level: 1 })),
  unpack: (packed) => new Uint8Array(inflateRawSync(packed)),
}
