/** Many runs at once, had in the order of their seeds. */
import type { SeedRange } from './options.js'

/** Runs that ended wait for those before them, which may take long: no more than these wait, as all are in memory. */
const AHEAD_MAX = 2_048

export interface Work<Value> {
  /** How many at once. */
  readonly width: number
  readonly run: (seed: number) => Promise<Value>
  readonly stopped: AbortSignal
}

/** When it is stopped, or a run throws, what had ended by then is had first, still in order. */
export async function* inOrder<Value>(
  [from, to]: SeedRange,
  { width, run, stopped }: Work<Value>,
): AsyncGenerator<Value> {
  const ended = new Map<number, Value>()
  let failure: { readonly error: unknown } | undefined
  let running = 0
  let next = from
  let wake = (): void => {}
  const start = async (seed: number): Promise<void> => {
    running++
    try {
      ended.set(seed, await run(seed))
    } catch (error) {
      failure ??= { error }
    }
    running--
    wake()
  }
  const over = (): boolean => stopped.aborted || failure !== undefined
  const fill = (first: number): void => {
    while (!over() && next <= to && running < width && next - first < AHEAD_MAX) void start(next++)
  }
  const onStop = (): void => wake()
  stopped.addEventListener('abort', onStop)
  try {
    for (let seed = from; seed <= to; seed++) {
      fill(seed)
      while (!ended.has(seed) && !over()) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        // Whoever asked for this one may use the thread before the next run does.
        if (!ended.has(seed)) fill(seed)
      }
      const value = ended.get(seed)
      if (value !== undefined) yield value
      ended.delete(seed)
      if (over() && ended.size === 0) break
    }
  } finally {
    stopped.removeEventListener('abort', onStop)
  }
  if (failure !== undefined) throw failure.error
}
