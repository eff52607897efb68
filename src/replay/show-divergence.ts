/** A divergence as JSON for programs and as text for people. */
import type { LoggedInput } from '../events/input-codec.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { toHex } from '../values.js'
import type { DecisionDivergence } from './decide-again.js'
import type { Divergence } from './replay.js'

/** Bitfields of long torrents, and what stands for payload, say nothing more by all of their bytes. */
const BYTES_SHOWN = 64

/** As JSON has it. */
const shown = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return value.length > BYTES_SHOWN ? `${value.length} bytes` : toHex(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, entry]) => [String(key), shown(entry)]))
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shown(field)]))
}

const inputJson = ({ number, seq, at, input }: LoggedInput): Readonly<Record<string, unknown>> => ({
  number,
  seq,
  at,
  ...(shown(input) as object), // an object of fields stays one
})

/** With null for what is not there. */
export const divergenceJson = (divergence: Divergence): Readonly<Record<string, unknown>> => {
  if (divergence.kind === 'checkpoint') return { ...divergence }
  const { expected, expectedAt, actual, actualAt, error, input } = divergence
  return {
    ...divergence,
    expected: shown(expected ?? null),
    expectedAt: expectedAt ?? null,
    actual: shown(actual ?? null),
    actualAt: actualAt ?? null,
    error: error ?? null,
    input: inputJson(input),
  }
}

/** What a peer or a tracker said may have in it what a terminal would obey: JSON escapes most, and this the rest. */
const safe = (text: string): string => text.replace(/[\u007f-\u009f]/g, '?')

const fieldsText = (value: object): string => {
  const { type, ...fields } = shown(value) as { readonly type: string } // events and inputs have one
  return Object.keys(fields).length === 0 ? type : safe(`${type} ${JSON.stringify(fields)}`)
}

const eventText = (event: TransferEvent | undefined, otherwise: string): string =>
  event === undefined ? otherwise : fieldsText(event)

const ownerOf = ({ input }: LoggedInput): string => {
  if (input.to === 'peer') return `peer ${input.peer}`
  return input.to === 'piece' ? `piece ${input.piece}` : `the ${input.to}`
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const LINE_MAX = 160

/** A line for each field of the transfer, of each peer and of each piece, that holds something. */
const linesOf = (state: unknown): readonly string[] => {
  const lines: string[] = []
  const write = (path: string, value: unknown, depth: number): void => {
    if (depth > 0 && isObject(value))
      for (const [name, each] of Object.entries(value)) write(path === '' ? name : `${path}.${name}`, each, depth - 1)
    else if (value !== '' && !(isObject(value) && Object.keys(value).length === 0)) {
      const text = safe(JSON.stringify(value) ?? 'nothing')
      lines.push(`${path}: ${text.length > LINE_MAX ? `${text.slice(0, LINE_MAX)}…` : text}`)
    }
  }
  if (!isObject(state)) return lines
  for (const [part, value] of Object.entries(state)) write(part, value, part === 'peers' || part === 'pieces' ? 2 : 1)
  return lines
}

const decisionText = (divergence: DecisionDivergence): string => {
  const { seq, expected, expectedAt, actual, actualAt, error, input, stateHash, state } = divergence
  const nothing = error === undefined ? 'nothing more' : safe(`an error: ${error}`)
  const times =
    expectedAt !== undefined && actualAt !== undefined && expectedAt !== actualAt
      ? [`  the log has it at ${expectedAt}, and the input came at ${actualAt}`]
      : []
  return [
    `event ${seq} is decided otherwise than it was`,
    `  the log has: ${eventText(expected, 'nothing more of this turn')}`,
    `  decided now: ${eventText(actual, nothing)}`,
    ...times,
    `  because of input ${input.number}, to ${ownerOf(input)} before event ${input.seq}: ${fieldsText(input.input.input)}`,
    `  in the state ${stateHash}, which has of them:`,
    ...linesOf(state).map((line) => `    ${line}`),
  ].join('\n')
}

/** A few lines: what differs, why, and what to look at. */
export const divergenceText = (divergence: Divergence): string => {
  if (divergence.kind === 'decision') return decisionText(divergence)
  const { seq, expectedHash, actualHash } = divergence
  return `the state after event ${seq - 1} is ${actualHash}, and the checkpoint there says ${expectedHash}`
}
