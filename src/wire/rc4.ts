/**
 * RC4, the stream cipher of encrypted connections between peers: written here, as OpenSSL 3 has it among its legacy
 * ciphers only, which Node does not load. It hides what is said from those who look for patterns, and is no secrecy.
 */

/** What is encrypted at a time, by all: copied to where it can be reached by words of four bytes, and from there. */
const RUN_BYTES = 16_384
const words = new Int32Array(RUN_BYTES / 4)
const run = new Uint8Array(words.buffer)
/** Where the bytes of a word stand on this machine, the first in memory first. */
const isLittle = new Uint8Array(Int32Array.of(1).buffer)[0] === 1
const [FIRST, SECOND, THIRD, FOURTH] = isLittle ? ([0, 8, 16, 24] as const) : ([24, 16, 8, 0] as const)

/** What weak keys would show of themselves is dropped: message stream encryption says how much. */
const DROPPED_BYTES = 1_024

export class Rc4 {
  /** Of words, as bytes would have to be made so each time. */
  readonly #table = new Int32Array(256)
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
    for (let done = 0; done < from.length; done += RUN_BYTES) {
      const length = Math.min(RUN_BYTES, from.length - done)
      run.set(from.subarray(done, done + length))
      this.#run(length)
      into.set(run.subarray(0, length), at + done)
    }
  }

  /** Of what is in the run; every byte has a place in the table, and every four in the words. */
  #run(length: number): void {
    const table = this.#table
    const whole = length >> 2
    let i = this.#i
    let j = this.#j
    for (let word = 0; word < whole; word++) {
      const second = (i + 2) & 255
      const third = (i + 3) & 255
      const first = (i + 1) & 255
      i = (i + 4) & 255
      let here = table[first] as number
      j = (j + here) & 255
      let there = table[j] as number
      table[first] = there
      table[j] = here
      let key = (table[(here + there) & 255] as number) << FIRST
      here = table[second] as number
      j = (j + here) & 255
      there = table[j] as number
      table[second] = there
      table[j] = here
      key |= (table[(here + there) & 255] as number) << SECOND
      here = table[third] as number
      j = (j + here) & 255
      there = table[j] as number
      table[third] = there
      table[j] = here
      key |= (table[(here + there) & 255] as number) << THIRD
      here = table[i] as number
      j = (j + here) & 255
      there = table[j] as number
      table[i] = there
      table[j] = here
      key |= (table[(here + there) & 255] as number) << FOURTH
      words[word] = (words[word] as number) ^ key
    }
    for (let index = whole * 4; index < length; index++) {
      i = (i + 1) & 255
      const here = table[i] as number
      j = (j + here) & 255
      const there = table[j] as number
      table[i] = there
      table[j] = here
      run[index] = (run[index] as number) ^ (table[(here + there) & 255] as number)
    }
    this.#i = i
    this.#j = j
  }
}
