/**
 * The hasher: SHA-1 of a piece and SHA-256 of its blocks in one call each, on the main thread.
 *
 * Measured with bench/hash.ts on two cores, 1 GiB from a socket in pieces of 1 MiB, MiB/s and CPU seconds per GiB of the
 * receiver: with nothing else to do 1,090 and 0.89 here, 1,190 and 1.16 on the thread pool (WebCrypto), 1,120 and 1.24
 * in a worker over shared memory; with a sender and a receiver as busy as a seed and an engine 500 and 1.41 here, 523
 * and 1.51, 506 and 1.65. Other threads thus win 5 % of the time at best, where the other end leaves a core idle, and
 * always cost CPU. `createHash` is as fast for 1 MiB and 5 % slower for 16 KiB. Unmeasured: machines of many cores, and
 * pieces so large (128 MiB take 70 ms) that the loop stalls noticeably.
 */
import { hash } from 'node:crypto'
import type { Hasher } from '../ports.js'
import { blockHashes } from '../wire/merkle.js'

export const nodeHasher = (): Hasher => ({
  sha1: (bytes, done) => done(hash('sha1', bytes, 'buffer')),
  blockHashes: (bytes, done) => done(blockHashes(bytes)),
})
