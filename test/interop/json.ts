/** Lines of JSON, as the peer scripts and `torrewind --json` print them. */
import type { Child, Line } from './child.js'

export type JsonLine = { readonly type: string } & Readonly<Record<string, unknown>>

export const parseJsonLine = ({ from, text }: Line): JsonLine | undefined => {
  if (from !== 'stdout' || !text.startsWith('{')) return undefined
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string') {
    throw new Error(`a line without a type: ${text}`)
  }
  return value as JsonLine
}

/** The first line of this type. */
export const waitForJson = (child: Child, type: string, boundMs: number): Promise<JsonLine> =>
  child.waitFor(
    `said "${type}"`,
    (line) => {
      const json = parseJsonLine(line)
      return json?.type === type ? json : undefined
    },
    boundMs,
  )

/** A number of the line, which must be there. */
export const numberOf = (line: JsonLine, name: string): number => {
  const value = line[name]
  if (typeof value !== 'number') throw new Error(`no number "${name}" in ${JSON.stringify(line)}`)
  return value
}

export const textOf = (line: JsonLine, name: string): string => {
  const value = line[name]
  if (typeof value !== 'string') throw new Error(`no text "${name}" in ${JSON.stringify(line)}`)
  return value
}
