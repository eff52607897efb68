/** Assertions: a broken one is our own bug, and stops the program in production too. */

export class AssertionError extends Error {
  override name = 'AssertionError'
}

export function assert(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new AssertionError(claim)
}

/** The end of a `switch` over a union: the compiler proves that it is never reached. */
export const unreachable = (value: never): never => {
  throw new AssertionError(`no case for ${JSON.stringify(value)}`)
}

/** The value, where our own code has made sure that it is there. */
export const present = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new AssertionError(`${what} must be there`)
  return value
}
