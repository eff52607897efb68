/** Waiting in a simulated world: it runs until what is waited for is settled, by however many at a time. */
import type { World } from '../../simulations/world.js'
import type { Until } from '../contracts/waiting.js'

/** Simulated time after which what was waited for is not to be. */
const US_MAX = 3_600_000_000

export const untilIn = (world: World): Until => {
  const waiting = new Set<object>()
  let running: Promise<void> | undefined
  return async (promise, what) => {
    const ticket = {}
    waiting.add(ticket)
    const note = (): void => {
      waiting.delete(ticket)
    }
    promise.then(note, note)
    running ??= world.run({ at: world.now + US_MAX, when: () => waiting.size === 0 }).finally(() => {
      running = undefined
    })
    await running
    if (waiting.has(ticket)) throw new Error(`${what}: never, or not within a simulated hour`)
    return promise
  }
}
