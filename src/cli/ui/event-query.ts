/** Looking through a log: the events from one on, forwards or backwards, that a filter lets through, a page at a time. */
import type { LoggedEvent } from '../../events/codec.js'
import type { EventType } from '../../events/vocabulary.js'
import type { History } from '../../replay/index.js'
import type { PeerKey } from '../../values.js'
import { showFields } from '../events-text.js'

/** Events that one page has, and events that are gone through for it: what is left is looked through with the next. */
export const PAGE_MAX = 500
const SCANNED_MAX = 65_536
const WINDOW_EVENTS = 4_096

export interface EventFilter {
  readonly types: ReadonlySet<EventType> | undefined
  readonly peers: ReadonlySet<number> | undefined
  readonly piece: number | undefined
  /** In small letters; is looked for in the type, the fields and the address. */
  readonly text: string
}

export interface EventQuery extends EventFilter {
  /** The first event that may be given. */
  readonly from: number
  readonly backwards: boolean
  readonly limit: number
}

/** An event as the page lists it. */
export interface EventRow {
  readonly seq: number
  readonly at: number
  readonly type: EventType
  readonly text: string
  readonly peer?: number | undefined
  readonly address?: string | undefined
  readonly piece?: number | undefined
}

export interface EventPage {
  /** In the order in which they were looked for. */
  readonly rows: readonly EventRow[]
  /** Where to go on from; absent where the end of the log was reached. */
  readonly next?: number
}

type AddressOf = (peer: PeerKey) => string | undefined

export const rowOf = ({ seq, at, event }: LoggedEvent, addressOf: AddressOf): EventRow => {
  const peer = 'peer' in event ? event.peer : undefined
  const piece = 'piece' in event ? event.piece : undefined
  const { type, ...fields } = event
  return {
    seq,
    at,
    type,
    text: showFields(fields),
    peer,
    address: peer === undefined ? undefined : addressOf(peer),
    piece,
  }
}

const touches = ({ event }: LoggedEvent, piece: number): boolean =>
  ('piece' in event && event.piece === piece) ||
  ('ranges' in event && event.ranges.some((range) => range.piece === piece)) ||
  (event.type === 'pieces-announced' && event.pieces.some((each) => each === piece))

const passes = (filter: EventFilter, logged: LoggedEvent): boolean => {
  const { event } = logged
  if (filter.types?.has(event.type) === false) return false
  if (filter.peers !== undefined && !('peer' in event && filter.peers.has(event.peer))) return false
  return filter.piece === undefined || touches(logged, filter.piece)
}

const says = (text: string, row: EventRow): boolean =>
  text === '' || `${row.type} ${row.text} ${row.address ?? ''}`.toLowerCase().includes(text)

const isFilter = ({ types, peers, piece, text }: EventFilter): boolean =>
  types !== undefined || peers !== undefined || piece !== undefined || text !== ''

const windowOf = async (history: History, from: number, to: number): Promise<LoggedEvent[]> => {
  const events: LoggedEvent[] = []
  for await (const batch of history.read(from, to)) events.push(...batch)
  return events
}

/** `firstSeq` is the first event that the log has. */
export const findEvents = async (
  history: History,
  firstSeq: number,
  query: EventQuery,
  addressOf: AddressOf,
): Promise<EventPage> => {
  const rows: EventRow[] = []
  const windowEvents = isFilter(query) ? WINDOW_EVENTS : query.limit
  let at = Math.min(Math.max(query.from, firstSeq), Math.max(firstSeq, history.events - 1))
  for (let scanned = 0; scanned < SCANNED_MAX; scanned += windowEvents) {
    const from = query.backwards ? Math.max(firstSeq, at + 1 - windowEvents) : at
    const to = query.backwards ? at + 1 : Math.min(history.events, at + windowEvents)
    if (from >= to) return { rows }
    const events = await windowOf(history, from, to)
    for (const logged of query.backwards ? events.reverse() : events) {
      if (!passes(query, logged)) continue
      const row = rowOf(logged, addressOf)
      if (!says(query.text, row)) continue
      rows.push(row)
      if (rows.length === query.limit) return { rows, ...beyond(history, firstSeq, query, logged.seq) }
    }
    at = query.backwards ? from - 1 : to
  }
  return { rows, ...beyond(history, firstSeq, query, query.backwards ? at + 1 : at - 1) }
}

const beyond = (history: History, firstSeq: number, { backwards }: EventQuery, last: number): { next?: number } => {
  const next = backwards ? last - 1 : last + 1
  return next < firstSeq || next >= history.events ? {} : { next }
}
