/** CSV of events (RFC 4180): a row each, with what most have in columns and the rest as JSON. */
import type { LoggedEvent } from '../../events/codec.js'
import { plain } from '../diff.js'

const COLUMNS = ['peer', 'piece', 'offset', 'length'] as const

export const CSV_HEADER = `seq,at,type,${COLUMNS.join(',')},fields\r\n`

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`

/** `at` is in ms since 1970; `fields` are those that have no column, and empty where there is none. */
export const csvRow = ({ seq, at, event }: LoggedEvent): string => {
  const { type, ...fields } = event
  const rest = new Map<string, unknown>(Object.entries(fields))
  const cells = COLUMNS.map((name) => {
    const value = rest.get(name)
    if (typeof value !== 'number') return ''
    rest.delete(name)
    return String(value)
  })
  const left = rest.size === 0 ? '' : quoted(JSON.stringify(plain(rest)))
  return `${[seq, at, type, ...cells, left].join(',')}\r\n`
}
