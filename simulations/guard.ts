/** The guard: what a run may touch of the real process, and what keeps the simulated from touching more. */

const turnOfLoop = setImmediate
const { performance: realPerformance } = globalThis

/** A turn of the real event loop: every promise that can go on without it has gone on by then. */
export const turn = (): Promise<void> => new Promise((resolve) => turnOfLoop(resolve))

/** Real milliseconds, for telling how long a run took; never an input of the simulated world. */
export const stopwatchMs = (): number => realPerformance.now()

class ForbiddenError extends Error {
  override name = 'ForbiddenError'
}

const forbid = (name: string) => (): never => {
  throw new ForbiddenError(`${name} is not to be used in a simulated world: the ports have what it stands for`)
}

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'] as const

const forbiddenDate = (real: DateConstructor): DateConstructor => {
  const refuse = forbid('Date')
  // Still a class that `instanceof` can ask about; only what asks for the time is refused.
  return new Proxy(real, {
    apply: refuse,
    construct: (target, args: unknown[]) => (args.length === 0 ? refuse() : Reflect.construct(target, args)),
    get: (target, key) => (key === 'now' ? refuse : Reflect.get(target, key)),
  })
}

let guarded = false

/** Runs what may not touch clocks, chance and timers of the machine: until its promise is settled they throw. */
export const guard = async <Value>(run: () => Promise<Value>): Promise<Value> => {
  if (guarded) throw new Error('one simulated world runs at a time in a thread')
  guarded = true
  const real = {
    Date: globalThis.Date,
    random: Math.random,
    performance: Object.getOwnPropertyDescriptor(globalThis, 'performance'),
    timers: TIMERS.map((name) => [name, globalThis[name]] as const),
  }
  globalThis.Date = forbiddenDate(real.Date)
  Math.random = forbid('Math.random')
  for (const name of TIMERS) Object.assign(globalThis, { [name]: forbid(name) })
  Object.defineProperty(globalThis, 'performance', {
    configurable: true,
    value: { now: forbid('performance.now'), timeOrigin: 0 },
  })
  try {
    return await run()
  } finally {
    globalThis.Date = real.Date
    Math.random = real.random
    for (const [name, timer] of real.timers) Object.assign(globalThis, { [name]: timer })
    if (real.performance !== undefined) Object.defineProperty(globalThis, 'performance', real.performance)
    guarded = false
  }
}
