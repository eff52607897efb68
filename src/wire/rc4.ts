/**
 * RC4, the stream cipher of encrypted connections between peers: written here, as OpenSSL 3 has it among its legacy
 * ciphers only, which Node does not load. It hides what is said from those who look for patterns, and is no secrecy.
 */

/** What weak keys would show of themselves is dropped: message stream encryption says how much. */
const DROPPED_BYTES = 1_024

export class Rc4 {
  readonly #table = new Uint8Array(256)
  #i = 0
  #j = 0

  constructor(key: Uint8Array, dropped = DROPPED_BYTES) {
    const table = this.#table
    for (let at = 0; at < 256; at++) table[at] = at
    let j = 0
    for (let i = 0; i < 256; i++) {
      const here = table[i] ?? 0
      j = (j + here + (key[i % key.length] ?? 0)) & 255
      table[i] = table[j] ?? 0
      table[j] = here
    }
    if (dropped > 0) this.apply(new Uint8Array(dropped))
  }

  /** Encrypts or decrypts what comes next, into a place of the same length or in place. */
  apply(from: Uint8Array, into: Uint8Array = from, at = 0): void {
    const table = this.#table
    const { length } = from
    let i = this.#i
    let j = this.#j
    for (let index = 0; index < length; index++) {
      i = (i + 1) & 255
      const here = table[i] as number // every byte has a place in it
      j = (j + here) & 255
      const there = table[j] as number
      table[i] = there
      table[j] = here
      into[at + index] = (from[index] as number) ^ (table[(here + there) & 255] as number)
    }
    this.#i = i
    this.#j = j
  }
}
