/** What a uTP connection was given to send and is not in packets yet, and who waits for that to be copied there. */

export class UtpQueue {
  #chunks: Uint8Array[] = []
  /** Of the first chunk this much is taken. */
  #taken = 0
  #bytes = 0
  /** Bytes given since the beginning, and who waits for so many of them to be in packets. */
  #givenBytes = 0
  readonly #waiting: { readonly at: number; readonly callback: () => void }[] = []

  /** What is in no packet yet. */
  get bytes(): number {
    return this.#bytes
  }

  add(chunks: readonly Uint8Array[], flushed: (() => void) | undefined): void {
    for (const chunk of chunks) {
      if (chunk.length === 0) continue
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
      this.#givenBytes += chunk.length
    }
    if (flushed !== undefined) this.#waiting.push({ at: this.#givenBytes, callback: flushed })
  }

  /** The next of those who wait for nothing any more. */
  nextFlushed(): (() => void) | undefined {
    const [first] = this.#waiting
    if (first === undefined || first.at > this.#givenBytes - this.#bytes) return undefined
    this.#waiting.shift()
    return first.callback
  }

  /** Fills a packet from here on with what comes next, of which there is as much. */
  fill(packet: Uint8Array, from: number): void {
    let at = from
    let used = 0
    while (at < packet.length) {
      const chunk = this.#chunks[used]
      if (chunk === undefined) break
      const length = Math.min(chunk.length - this.#taken, packet.length - at)
      packet.set(chunk.subarray(this.#taken, this.#taken + length), at)
      at += length
      this.#taken += length
      if (this.#taken < chunk.length) break
      this.#taken = 0
      used++
    }
    if (used > 0) this.#chunks.splice(0, used)
    this.#bytes -= at - from
  }
}
