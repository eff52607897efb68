/** The timeline: the events of two logs in one order, in which nothing comes before what caused it. */
import type { LoggedEvent } from '../../events/codec.js'
import type { Cause, Side } from './causes.js'
import { type Offset, offsetAt } from './clocks.js'

export interface MergedEvent {
  readonly side: Side
  readonly logged: LoggedEvent
  /** When it happened by the clock of `a`, as far as is known. */
  readonly atMs: number
  /** What of the other side it is the effect of, and how long that took, as far as is known. */
  readonly causes: readonly { readonly side: Side; readonly seq: number; readonly afterMs: number }[]
}

export interface MergeTally {
  /** Effects that could not be put after their causes: the two logs contradict each other. */
  contradictions: number
}

/** The causes of each event of one side, and how far the other side must have come before. */
class Needs {
  readonly #causes = new Map<number, Cause[]>()

  constructor(causes: readonly Cause[], of: Side) {
    for (const cause of causes) {
      if (cause.side === of) continue
      const { seq } = cause.effect
      const known = this.#causes.get(seq)
      if (known === undefined) this.#causes.set(seq, [cause])
      else known.push(cause)
    }
  }

  of(seq: number): readonly Cause[] {
    return this.#causes.get(seq) ?? []
  }

  /** The last event of the other side that must come before. */
  lastBefore(seq: number, certain: boolean): number {
    let last = -1
    for (const cause of this.of(seq)) if (cause.certain || !certain) last = Math.max(last, cause.cause.seq)
    return last
  }
}

class Head {
  #batch: readonly LoggedEvent[] = []
  #at = 0
  /** Every event of this side up to this one is out. */
  done = -1
  readonly #batches: AsyncIterator<readonly LoggedEvent[]>

  constructor(
    batches: AsyncIterable<readonly LoggedEvent[]>,
    readonly side: Side,
    readonly needs: Needs,
    readonly offset: (seq: number) => number,
  ) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  async next(): Promise<LoggedEvent | undefined> {
    while (this.#at >= this.#batch.length) {
      const { value, done } = await this.#batches.next()
      if (done === true) return undefined
      this.#batch = value
      this.#at = 0
    }
    return this.#batch[this.#at]
  }

  take(logged: LoggedEvent): void {
    this.#at++
    this.done = logged.seq
  }

  timeOf({ seq, at }: Pick<LoggedEvent, 'seq' | 'at'>): number {
    return at - this.offset(seq)
  }
}

/** Whether the next event of a side may come now: as it should, as it must, or not without a contradiction. */
const readiness = (head: Head, other: Head, logged: LoggedEvent | undefined): 0 | 1 | 2 | undefined => {
  if (logged === undefined) return undefined
  if (other.done >= head.needs.lastBefore(logged.seq, false)) return 2
  return other.done >= head.needs.lastBefore(logged.seq, true) ? 1 : 0
}

export async function* timelineOf(
  a: AsyncIterable<readonly LoggedEvent[]>,
  b: AsyncIterable<readonly LoggedEvent[]>,
  causes: readonly Cause[],
  offsets: readonly Offset[],
  tally: MergeTally,
): AsyncGenerator<MergedEvent, void, undefined> {
  const left = new Head(a, 'a', new Needs(causes, 'a'), () => 0)
  const right = new Head(b, 'b', new Needs(causes, 'b'), (seq) => offsetAt(offsets, seq))
  for (;;) {
    const [nextLeft, nextRight] = [await left.next(), await right.next()]
    const [readyLeft, readyRight] = [readiness(left, right, nextLeft), readiness(right, left, nextRight)]
    if (nextLeft === undefined && nextRight === undefined) return
    const leftFirst =
      nextRight === undefined ||
      (nextLeft !== undefined &&
        (readyLeft === readyRight
          ? left.timeOf(nextLeft) <= right.timeOf(nextRight)
          : (readyLeft ?? -1) > (readyRight ?? -1)))
    const [head, other, logged, ready] = leftFirst
      ? ([left, right, nextLeft, readyLeft] as const)
      : ([right, left, nextRight, readyRight] as const)
    if (logged === undefined) return
    if (ready === 0) tally.contradictions++
    const atMs = head.timeOf(logged)
    const told = head.needs.of(logged.seq).filter(({ certain, cause }) => certain || cause.seq <= other.done)
    head.take(logged)
    yield {
      side: head.side,
      logged,
      atMs,
      causes: told.map(({ side, cause }) => ({
        side,
        seq: cause.seq,
        afterMs: atMs - other.timeOf({ seq: cause.seq, at: cause.at } as Pick<LoggedEvent, 'seq' | 'at'>), // of that log
      })),
    }
  }
}
