/** The peers of an answer, in memory that is used again for the next: good until the state is next asked. */
import { LIMITS } from '../src/limits.js'
import type { Family } from '../src/wire/datagram.js'

/** A mark is where a peer lies in the groups, or for IPv6 its complement: so one array does for both families. */
export const markOf = (position: number, family: Family): number => (family === 'ipv4' ? position : ~position)
export const familyOfMark = (mark: number): Family => (mark < 0 ? 'ipv6' : 'ipv4')
export const positionOfMark = (mark: number): number => (mark < 0 ? ~mark : mark)

export class Chosen {
  readonly marks = new Int32Array(LIMITS.trackerNumwantMax + LIMITS.trackerSpareDrawsMax)
  count = 0
  /** Which of the marks comes first; those before it come last. */
  first = 0
  #order = new Int32Array(0)

  clear(): void {
    this.count = 0
    this.first = 0
  }

  add(mark: number): void {
    this.marks[this.count++] = mark
  }

  /** Takes out as many as are too many, each as likely as any other, and lets anybody come first: some clients begin there. */
  keep(wanted: number, random: (below: number) => number): void {
    while (this.count > wanted) this.marks[random(this.count)] = this.marks[--this.count] ?? 0
    this.first = this.count === 0 ? 0 : random(this.count)
  }

  countOf(family: Family): number {
    let ipv6 = 0
    for (let at = 0; at < this.count; at++) if ((this.marks[at] ?? 0) < 0) ipv6++
    return family === 'ipv6' ? ipv6 : this.count - ipv6
  }

  /** Each number from 0 up to, but not including, `length` in its own place: who moves them puts them back. */
  orderOf(length: number): Int32Array {
    const known = this.#order.length
    if (known < length) {
      const longer = new Int32Array(Math.max(length, known * 2))
      for (let at = 0; at < longer.length; at++) longer[at] = at
      this.#order = longer
    }
    return this.#order
  }
}
