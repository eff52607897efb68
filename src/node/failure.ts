/** Failures: turns what Node throws or emits into the value that a port answers with. */
import { messageOf, systemCode } from '../errors.js'
import type { Answer, Failure } from '../ports.js'

export const failureOf = (error: unknown): Failure => ({
  code: systemCode(error) ?? 'UNKNOWN',
  message: messageOf(error),
})

export const failed = (code: string, message: string): Answer<never> => ({ type: 'failed', failure: { code, message } })

/** The answer of an operation that has nothing to give back: one object, because there are thousands a second. */
export const DONE: Answer<undefined> = Object.freeze({ type: 'done', value: undefined })
