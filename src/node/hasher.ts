/** The hasher: SHA-1 on the main thread. */
import { hash } from 'node:crypto'
import type { Hasher } from '../ports.js'

export const nodeHasher = (): Hasher => ({
  sha1: (bytes, done) => done(hash('sha1', bytes, 'buffer')),
})
