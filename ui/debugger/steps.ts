/** Steps: to the next event, stored piece, second, or event of what is selected, forwards or backwards. */
import type { EventWords, Subject } from './api.js'
import type { History } from './history.js'

export const UNITS = ['event', 'piece', 'selected', 'second', 'minute'] as const
export type Unit = (typeof UNITS)[number]

export const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  event: 'event',
  piece: 'stored piece',
  selected: 'event of the selection',
  second: 'second',
  minute: 'minute',
}

const SPANS: Partial<Record<Unit, number>> = { second: 1_000, minute: 60_000 }

const filterOf = (unit: Unit, subject: Subject): Omit<EventWords, 'from'> => {
  if (unit === 'piece') return { types: 'piece-stored,piece-rejected' }
  if (subject.type === 'piece') return { piece: subject.piece }
  return subject.type === 'peer' ? { peers: String(subject.key) } : {}
}

/** The number of the event that is so many units further, or before where it is negative. */
export const stepFrom = async (history: History, unit: Unit, subject: Subject, units: number): Promise<number> => {
  const { questions, seq, events, summary } = history
  const last = events - 1
  const spanMs = SPANS[unit]
  if (spanMs !== undefined) {
    const at = history.state?.seq === seq ? history.state.at : Number((await questions.event(seq)).at)
    const found = (await questions.seqAt(Math.max(0, Math.round(at + units * spanMs)))).seq
    // A gap that is longer than the step is stepped over.
    return units > 0 ? Math.min(last, Math.max(found, seq + 1)) : Math.min(found, Math.max(summary.firstSeq, seq - 1))
  }
  if (unit === 'event') return Math.max(summary.firstSeq, Math.min(last, seq + units))
  const from = units > 0 ? seq + 1 : seq - 1
  if (from < summary.firstSeq || from > last) return seq
  const limit = Math.min(500, Math.abs(units))
  const filter = filterOf(unit, subject)
  const direction = units < 0 ? 'back' : undefined
  for (let at: number | undefined = from; at !== undefined; ) {
    const page: Awaited<ReturnType<typeof questions.events>> = await questions.events({
      ...filter,
      from: at,
      direction,
      limit,
    })
    const found = page.rows.at(-1)
    if (found !== undefined) return found.seq
    at = page.next
  }
  return seq
}
