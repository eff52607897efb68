/**
 * How large the packets of a uTP connection are: the size that is known to arrive, and larger ones that are tried.
 *
 * Strategy: a size is tried by one packet of the usual payload that padding makes so large, among others of the usual size.
 * If it arrives, all are of that size; if it is lost, that one packet is sent again without padding, the window stays, and
 * the next smaller size has its turn. So nothing that is lost had to be so large, whatever a network or a program does
 * with it. Only loopback has sizes to try: elsewhere an answer would prove nothing, as Node cannot forbid that a datagram
 * is cut into fragments on its way.
 */
import { LIMITS } from '../limits.js'
import { kindOfHost } from '../wire/networks.js'

export class UtpPacketSize {
  #bytes: number = LIMITS.utpPacketBytes
  readonly #untried: number[]
  #isTrying = false

  constructor(host: string) {
    this.#untried = kindOfHost(host) === 'loopback' ? [...LIMITS.utpLoopbackPacketBytes] : []
  }

  /** Of packets that this window is to be filled with: several, as the loss of one should be seen by those after it. */
  within(windowBytes: number): number {
    return windowBytes < LIMITS.utpWindowFirstPackets * this.#bytes ? LIMITS.utpPacketBytes : this.#bytes
  }

  /** The size that the next packet is to be made, where so many bytes may follow it; 0 where nothing is to be tried. */
  toTry(bytes: number): number {
    if (this.#isTrying || bytes < LIMITS.utpWindowFirstPackets * LIMITS.utpPacketBytes) return 0
    const size = this.#untried.shift() ?? 0
    this.#isTrying = size > 0
    return size
  }

  arrived(bytes: number): void {
    this.#bytes = bytes
    this.#untried.length = 0
    this.#isTrying = false
  }

  lost(): void {
    this.#isTrying = false
  }
}
