/** Looking through a log: the events from one on, forwards or backwards, that a filter lets through, a page at a time. */
import type { LoggedEvent } from '../../events/codec.js'
import type { EventType } from '../../events/vocabulary.js'
import type { History } from '../../replay/index.js'
import type { PeerKey } from '../../values.js'
import { showFields } from '../events-text.js'
import { damageOf } from './damage.js'
import type { Damage, EventPage, EventRow } from './page-types.js'

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

/** What stands in the list in place of events that cannot be read. */
const rowOfDamage = ({ seq, nextSeq, reason, code }: DamageAt): EventRow => {
  const which = nextSeq > seq + 1 ? `events ${seq} to ${nextSeq - 1}` : `event ${seq}`
  return { seq, at: 0, type: 'unreadable', text: `${which} cannot be read: ${reason} (${code})` }
}

type DamageAt = Damage & { readonly seq: number; readonly nextSeq: number }

/** Throws what does not say where the damage is. */
const damageAt = (error: unknown): DamageAt => {
  const { seq, nextSeq, ...damage } = damageOf(error)
  if (seq === undefined) throw error
  return { ...damage, seq, nextSeq: Math.max(nextSeq ?? 0, seq + 1) }
}

/** The events, and what of them cannot be read, in order. */
const windowOf = async (history: History, from: number, to: number): Promise<(LoggedEvent | DamageAt)[]> => {
  const found: (LoggedEvent | DamageAt)[] = []
  for (let next = from; next < to; )
    try {
      for await (const batch of history.read(next, to)) {
        found.push(...batch)
        next = (batch.at(-1)?.seq ?? next) + 1
      }
      return found
    } catch (error) {
      const damage = damageAt(error)
      found.push(damage)
      next = Math.max(next, damage.nextSeq)
    }
  return found
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
    const found = await windowOf(history, from, to)
    for (const each of query.backwards ? found.reverse() : found) {
      const row = 'event' in each ? rowIn(query, each, addressOf) : rowOfDamage(each)
      if (row === undefined) continue
      rows.push(row)
      if (rows.length === query.limit) return { rows, ...beyond(history, firstSeq, query, edgeOf(each, query)) }
    }
    // Damage may reach over the edge of what was read.
    const edge = found.at(-1)
    const reached = edge === undefined ? at : edgeOf(edge, query)
    at = query.backwards ? Math.min(from, reached) - 1 : Math.max(to, reached + 1)
  }
  return { rows, ...beyond(history, firstSeq, query, query.backwards ? at + 1 : at - 1) }
}

/** The last event of what was gone through. */
const edgeOf = (each: LoggedEvent | DamageAt, { backwards }: EventQuery): number =>
  'event' in each || backwards ? each.seq : each.nextSeq - 1

/** Undefined where the filter does not let it through. */
const rowIn = (filter: EventFilter, logged: LoggedEvent, addressOf: AddressOf): EventRow | undefined => {
  if (!passes(filter, logged)) return undefined
  const row = rowOf(logged, addressOf)
  return says(filter.text, row) ? row : undefined
}

const beyond = (history: History, firstSeq: number, { backwards }: EventQuery, last: number): { next?: number } => {
  const next = backwards ? last - 1 : last + 1
  return next < firstSeq || next >= history.events ? {} : { next }
}
