/**
 * Traces: files that say when peers came and how long they stayed, or only how long, as text.
 *
 * One a line: `ARRIVAL,SESSION` in seconds, where the comma and what follows may be missing. Lines that are empty or begin
 * with `#` are passed over, and so is a first line of column names. What is wrong is said with the number of its line.
 */
import { TorrewindError } from '../../src/errors.js'
import { plainNumber } from './words.js'

export interface TracedPeer {
  readonly arrivalSeconds: number
  /** Not given where the trace does not say. */
  readonly sessionSeconds?: number
}

/** In the order of arrival. */
export type Trace = readonly TracedPeer[]

/** As many as a simulation may have leechers. */
const LINES_MAX = 100_000
/** What a simulation may last. */
const SECONDS_MAX = 1e8
const SHOWN_CHARACTERS = 40

const failure = (name: string, line: number, text: string, takes: string): TorrewindError => {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text
  return new TorrewindError('TRACE_INVALID', `${name}, line ${line}: "${shown}" is not ${takes}`)
}

/** The rows that say something: numbers, `count` at most. */
const rows = (text: string, name: string, count: number, takes: string): number[][] => {
  const read: number[][] = []
  let begun = false
  for (const [at, whole] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = whole.trim()
    if (line === '' || line.startsWith('#')) continue
    const isFirst = !begun
    begun = true
    if (isFirst && /^[a-z]/i.test(line)) continue
    const cells = line.split(/[,;\t]/).map((cell) => cell.trim())
    while (cells.length > 1 && cells.at(-1) === '') cells.pop()
    const numbers = cells.map(plainNumber)
    const right = numbers.filter((number): number is number => number !== undefined && number <= SECONDS_MAX)
    if (right.length !== cells.length || cells.length > count) throw failure(name, at + 1, line, takes)
    if (read.length === LINES_MAX)
      throw new TorrewindError('TRACE_INVALID', `${name}, line ${at + 1}: a trace has ${LINES_MAX} peers at most`)
    read.push(right)
  }
  if (read.length === 0) throw new TorrewindError('TRACE_INVALID', `${name} has no line that says anything`)
  return read
}

/** Who came when, and stayed for how long. Throws `TRACE_INVALID`; `name` says which file it is. */
export const parseTrace = (text: string, name: string): Trace =>
  rows(text, name, 2, 'ARRIVAL,SESSION in seconds, as 12.5,3600')
    .map(([arrivalSeconds = 0, sessionSeconds]) =>
      sessionSeconds === undefined ? { arrivalSeconds } : { arrivalSeconds, sessionSeconds },
    )
    .sort((left, right) => left.arrivalSeconds - right.arrivalSeconds)

/** How long something lasted, time after time. Throws `TRACE_INVALID`. */
export const parseSamples = (text: string, name: string): readonly number[] =>
  rows(text, name, 1, 'a number of seconds').map(([seconds = 0]) => seconds)
