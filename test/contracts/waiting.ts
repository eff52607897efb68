/** Waiting: how a contract suite waits for an event, on a real machine or in a simulated world. */

/** Resolves as the promise does. On a real machine it fails after a bound; a simulated world runs until it is settled. */
export type Until = <Value>(promise: Promise<Value>, what: string) => Promise<Value>

/** For real ports: waits, at most so long. */
export const waitAtMost =
  (ms: number): Until =>
  async (promise, what) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms)
    })
    try {
      return await Promise.race([promise, late])
    } finally {
      clearTimeout(timer)
    }
  }

/** A promise and what settles it, for callbacks. */
export interface Signal<Value> {
  readonly promise: Promise<Value>
  send(value: Value): void
}

export const signal = <Value>(): Signal<Value> => {
  let send: (value: Value) => void = () => {}
  const promise = new Promise<Value>((resolve) => {
    send = resolve
  })
  return { promise, send: (value) => send(value) }
}
