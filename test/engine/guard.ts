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

export type GuardedSuite = Pick<uvu.Test<Record<string, never>>, 'run' | 'skip' | 'after'> &
  ((claim: string, test: () => Promise<void> | void) => void)

/** Fails each test of the suite during which something was thrown that nobody caught. */
export const guard = (suite: uvu.Test<Record<string, never>>): GuardedSuite => {
  watch()
  const guarded = (claim: string, test: () => Promise<void> | void): void =>
    suite(claim, async () => {
      let failure: { readonly error: unknown } | undefined
      try {
        await test()
      } catch (error) {
        failure = { error }
      }
      await setImmediate()
      await setImmediate()
      const [first] = caught.splice(0)
      if (first === undefined && failure === undefined) return
      if (first === undefined) throw failure?.error
      const also = failure === undefined ? '' : `\nand then: ${inspect(failure.error)}`
      throw new Error(`thrown where nobody could catch it: ${inspect(first)}${also}`)
    })
  const { run, skip, after } = suite
  return Object.assign(guarded, { run, skip, after })
}
