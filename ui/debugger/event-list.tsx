/** The list of events: those around where one is, that a filter lets through; only what is seen is in the page. */
import type { JSX } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { EventPage, EventRow, EventWords, Questions } from './api.js'
import { showTime } from './format.js'
import type { History } from './history.js'

const ROW_PIXELS = 22
const CHUNK = 200
/** Rows that are kept: those far from what is seen are let go, and asked for again. */
const KEPT_MAX = 2_400
/** Rows above and below what is seen. */
const SPARE = 12

export interface Filter {
  readonly types: string
  readonly peers: string
  readonly piece: string
  readonly q: string
}

export const NO_FILTER: Filter = { types: '', peers: '', piece: '', q: '' }

const wordsOf = ({ types, peers, piece, q }: Filter): Omit<EventWords, 'from'> => ({
  types: types || undefined,
  peers: peers || undefined,
  piece: /^\d+$/.test(piece) ? Number(piece) : undefined,
  q: q || undefined,
})

interface Loaded {
  readonly rows: readonly EventRow[]
  /** Where to go on from; undefined where the log ends. */
  readonly before: number | undefined
  readonly after: number | undefined
}

const NO_PAGE: EventPage = { rows: [] }

/** Looks on until there are rows, or no more of the log. */
const look = async (questions: Questions, words: EventWords, gone: () => boolean): Promise<EventPage> => {
  for (let from: number | undefined = words.from; from !== undefined && !gone(); ) {
    const page: Awaited<ReturnType<Questions['events']>> = await questions.events({ ...words, from, limit: CHUNK })
    if (page.rows.length > 0 || page.next === undefined) return page
    from = page.next
  }
  return NO_PAGE
}

const useRows = (history: History, filter: Filter, failed: (error: unknown) => void) => {
  const { questions, seq, events } = history
  const [loaded, setLoaded] = useState<Loaded>()
  const [busy, setBusy] = useState(false)
  const run = useRef(0)
  const loading = useRef(false)
  const latest = useRef(loaded)
  latest.current = loaded

  const load = useCallback(
    async (around: number): Promise<void> => {
      const mine = ++run.current
      const gone = (): boolean => run.current !== mine
      setBusy(true)
      const words = wordsOf(filter)
      const [above, below] = await Promise.all([
        look(questions, { ...words, from: around, direction: 'back' }, gone),
        around + 1 < history.events ? look(questions, { ...words, from: around + 1 }, gone) : NO_PAGE,
      ])
      if (gone()) return
      setLoaded({ rows: [...above.rows].reverse().concat(below.rows), before: above.next, after: below.next })
      setBusy(false)
    },
    [questions, filter, history.events],
  )

  // Another filter, or a place that is not among what is there, is looked up anew.
  const known = loaded?.rows
  const covered =
    known !== undefined &&
    (loaded?.before === undefined || seq > loaded.before) &&
    (loaded?.after === undefined || seq < loaded.after)
  const shown = useRef<Filter>(undefined)
  const here = useRef<Questions>(undefined)
  useEffect(() => {
    if (covered && shown.current === filter && here.current === questions) return
    shown.current = filter
    here.current = questions
    load(seq).catch(failed)
  }, [covered, filter, questions, seq, load, failed])

  const more = useCallback(
    async (backwards: boolean): Promise<void> => {
      const from = backwards ? loaded?.before : loaded?.after
      if (loading.current || loaded === undefined || from === undefined) return
      loading.current = true
      try {
        const direction = backwards ? ('back' as const) : undefined
        const page = await look(questions, { ...wordsOf(filter), from, direction }, () => latest.current !== loaded)
        if (latest.current !== loaded) return
        if (backwards) {
          const rows = [...page.rows].reverse().concat(loaded.rows)
          const kept = rows.slice(0, KEPT_MAX)
          setLoaded({
            rows: kept,
            before: page.next,
            after: kept.length < rows.length ? rows[KEPT_MAX]?.seq : loaded.after,
          })
        } else {
          const rows = [...loaded.rows, ...page.rows]
          const cut = Math.max(0, rows.length - KEPT_MAX)
          setLoaded({ rows: rows.slice(cut), before: cut > 0 ? rows[cut - 1]?.seq : loaded.before, after: page.next })
        }
      } catch (error) {
        failed(error)
      } finally {
        loading.current = false
      }
    },
    [loaded, questions, filter, failed],
  )

  // What was the end of the log is no more, once it has grown.
  const end = useRef(events)
  useEffect(() => {
    const before = end.current
    end.current = events
    if (events > before && loaded !== undefined && loaded.after === undefined) setLoaded({ ...loaded, after: before })
  }, [events, loaded])
  return {
    rows: known ?? [],
    busy: busy || known === undefined,
    more,
    isCovered: covered,
    isFirst: loaded?.before === undefined,
  }
}

const nearest = (rows: readonly EventRow[], seq: number): number => {
  let low = 0
  let high = rows.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((rows[middle]?.seq ?? 0) <= seq) low = middle
    else high = middle - 1
  }
  return low
}

interface Props {
  readonly history: History
  readonly filter: Filter
  readonly setFilter: (filter: Filter) => void
  readonly failed: (error: unknown) => void
}

const Row = ({ row, current, seek }: { row: EventRow; current: boolean; seek: (seq: number) => void }): JSX.Element => (
  <button
    type="button"
    class={`row kind-${row.type.split('-')[0]} ${current ? 'current' : ''}`}
    aria-current={current ? 'true' : undefined}
    tabIndex={current ? 0 : -1}
    title={`${row.type} ${row.text}`}
    onClick={() => seek(row.seq)}
  >
    <span class="row-seq">{row.seq}</span>
    <span class="row-time">{row.at === 0 ? '' : showTime(row.at)}</span>
    <span class="row-type">{row.type}</span>
    <span class="row-text">
      {row.address !== undefined && <b>{row.address} </b>}
      {row.text}
    </span>
  </button>
)

export const EventList = ({ history, filter, setFilter, failed }: Props): JSX.Element => {
  const { seq, seek, summary } = history
  const { rows, busy, more, isCovered, isFirst } = useRows(history, filter, failed)
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 400 })
  const at = nearest(rows, seq)
  const first = rows[0]?.seq

  const measure = useCallback(() => {
    const element = scroller.current
    if (element !== null) setView({ top: element.scrollTop, height: element.clientHeight })
  }, [])

  // Rows that came above push the others down: what was seen stays where it is.
  const before = useRef<{ rows: readonly EventRow[]; first: number | undefined }>({ rows: [], first: undefined })
  useLayoutEffect(() => {
    const element = scroller.current
    const last = before.current
    before.current = { rows, first }
    if (element === null || last.first === undefined || last.rows === rows) return
    const moved = rows.findIndex((row) => row.seq === last.first)
    const dropped = first === undefined ? -1 : last.rows.findIndex((row) => row.seq === first)
    if (moved > 0) element.scrollTop += moved * ROW_PIXELS
    else if (dropped > 0) element.scrollTop -= dropped * ROW_PIXELS
  }, [rows, first])

  // Where one goes, the list goes along, as far as it must.
  const anchor = rows[at]?.seq
  // It goes along with the position, not with what is loaded.
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null || rows.length === 0 || !isCovered) return
    const top = at * ROW_PIXELS
    const { scrollTop, clientHeight } = element
    const isFar = top < scrollTop - clientHeight || top > scrollTop + 2 * clientHeight
    if (isFar) element.scrollTop = top - clientHeight / 2
    else if (top < scrollTop + ROW_PIXELS) element.scrollTop = top - 3 * ROW_PIXELS
    else if (top + 2 * ROW_PIXELS > scrollTop + clientHeight) element.scrollTop = top - clientHeight + 4 * ROW_PIXELS
    measure()
  }, [seq, anchor, isCovered, view.height, measure])

  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [measure])

  const from = Math.max(0, Math.floor(view.top / ROW_PIXELS) - SPARE)
  const to = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_PIXELS) + SPARE)
  const change = (changed: Partial<Filter>): void => setFilter({ ...filter, ...changed })
  const isFiltered = Object.values(filter).some((word) => word !== '')

  return (
    <div class="events">
      <form class="filters" onSubmit={(event) => event.preventDefault()} aria-label="Filter of the events">
        <input
          id="search"
          type="search"
          placeholder="search ( / )"
          aria-label="Search in the events"
          maxLength={200}
          value={filter.q}
          onInput={(event) => change({ q: event.currentTarget.value })}
        />
        <select
          aria-label="Type of the events"
          value={filter.types}
          onChange={(event) => change({ types: event.currentTarget.value })}
        >
          <option value="">all types</option>
          {filter.types.includes(',') && <option value={filter.types}>several types</option>}
          {summary.eventTypes.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
        <input
          class="short"
          inputMode="numeric"
          placeholder="piece"
          aria-label="Events of this piece"
          value={filter.piece}
          onInput={(event) => change({ piece: event.currentTarget.value.replace(/\D/g, '') })}
        />
        <input
          class="short"
          placeholder="peer no."
          aria-label="Events of the peers with these numbers"
          value={filter.peers}
          onInput={(event) => change({ peers: event.currentTarget.value.replace(/[^\d,]/g, '') })}
        />
        {isFiltered && (
          <button type="button" onClick={() => setFilter(NO_FILTER)}>
            clear
          </button>
        )}
      </form>
      <section
        class="rows"
        ref={scroller}
        aria-label="Events"
        aria-busy={busy}
        onScroll={(event) => {
          measure()
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
          if (!isCovered) return
          if (scrollTop < 40 * ROW_PIXELS) void more(true)
          if (scrollTop + clientHeight > scrollHeight - 40 * ROW_PIXELS) void more(false)
        }}
      >
        <div class="rows-all" style={{ height: `${rows.length * ROW_PIXELS}px` }}>
          <div style={{ transform: `translateY(${from * ROW_PIXELS}px)` }}>
            {rows.slice(from, to).map((row) => (
              <Row key={row.seq} row={row} current={row.seq === seq} seek={seek} />
            ))}
          </div>
        </div>
        {rows.length === 0 && <p class="empty">{busy ? 'Looking…' : isFirst ? 'No such event.' : ''}</p>}
      </section>
    </div>
  )
}
