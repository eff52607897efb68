/** Fingerprints of blocks: enough of a hash to tell, later, who gave which bytes. */
import { createHash } from 'node:crypto'
import { BLOCK_BYTES } from './values.js'

const FINGERPRINT_BYTES = 6

/** 48 bits of SHA-1 over each block of a piece. */
export const blockFingerprints = (piece: Uint8Array): readonly number[] => {
  const fingerprints: number[] = []
  for (let at = 0; at < piece.length; at += BLOCK_BYTES) {
    const block = piece.subarray(at, at + BLOCK_BYTES)
    fingerprints.push(createHash('sha1').update(block).digest().readUIntBE(0, FINGERPRINT_BYTES))
  }
  return fingerprints
}
