/** The guard: nothing may be thrown late. What nobody caught is kept, and fails the test during which it came. */
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { uvu } from 'uvu'

const caught: unknown[] = []
let watching = false

const watch = (): void => {
  if (watching) return
  watching = true
  process.on('unhandledRejection', (reason) => caught.push(reason))
  process.on('uncaughtException', (error) => caught.push(error))
}

/** Fails each test of the suite after which, or during which, something was thrown that nobody caught. */
export const guard = <Context>(suite: uvu.Test<Context>): uvu.Test<Context> => {
  watch()
  suite.after.each(async () => {
    await setImmediate()
    await setImmediate()
    const [first] = caught.splice(0)
    if (first !== undefined) throw new Error(`thrown where nobody could catch it: ${inspect(first)}`)
  })
  return suite
}
