/** How long replies take, in a histogram that costs two looks at the clock and an addition for each. */
import type { Soon } from './store.js'

/** Upper bounds in seconds: from a reply out of memory to one that waited for as long as a store may take. */
export const LATENCY_BOUNDS: readonly number[] = [
  ...[0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5],
  ...[0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
]

export class Latency {
  /** Of each bound what is up to it and above the one before; the last is of what took longer. */
  readonly counts = new Float64Array(LATENCY_BOUNDS.length + 1)
  sumSeconds = 0

  add(seconds: number): void {
    let at = 0
    while (seconds > (LATENCY_BOUNDS[at] ?? Number.POSITIVE_INFINITY)) at++
    this.counts[at] = (this.counts[at] ?? 0) + 1
    this.sumSeconds += seconds
  }
}

/** The same replies, with the time that each takes, waiting for a store included. */
export const timed =
  <Asked extends readonly unknown[], Answer>(
    latency: Latency,
    reply: (...asked: Asked) => Soon<Answer>,
  ): ((...asked: Asked) => Soon<Answer>) =>
  (...asked) => {
    const began = performance.now()
    const answer = reply(...asked)
    if (answer instanceof Promise) {
      return answer.finally(() => latency.add((performance.now() - began) / 1_000))
    }
    latency.add((performance.now() - began) / 1_000)
    return answer
  }
