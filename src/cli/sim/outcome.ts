/** The outcome of a run on its way from another thread or machine, where an error keeps its code only as a value. */
import type { RunResult } from '../../../simulations/index.js'
import { ERROR_CODES, type ErrorCode, TorrewindError } from '../../errors.js'
import { readResult } from './result.js'

export type Outcome =
  | { readonly result: RunResult }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string } }

export const outcomeOf = async (run: () => Promise<RunResult>): Promise<Outcome> => {
  try {
    return { result: await run() }
  } catch (error) {
    if (!(error instanceof TorrewindError)) throw error
    return { refused: { code: error.code, message: error.message } }
  }
}

export const resultOf = (outcome: Outcome): RunResult => {
  if ('result' in outcome) return outcome.result
  throw new TorrewindError(outcome.refused.code, outcome.refused.message)
}

const isCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(ERROR_CODES, value)

/** Undefined where it is none. */
export const readOutcome = (value: unknown): Outcome | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const { result, refused } = value as { result?: unknown; refused?: { code?: unknown; message?: unknown } }
  const read = readResult(result)
  if (read !== undefined) return { result: read }
  return isCode(refused?.code) ? { refused: { code: refused.code, message: String(refused.message) } } : undefined
}
