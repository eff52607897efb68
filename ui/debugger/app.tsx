/** The debugger: the history of a transfer, gone through there and back. */
import type { JSX } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type Listed, listSources, type Subject } from './api.js'
import { Controls } from './controls.js'
import { DamageNote } from './damage-note.js'
import { useDropping } from './dropping.js'
import { EventCard } from './event-card.js'
import { EventList, type Filter, NO_FILTER } from './event-list.js'
import { ExplanationPanel } from './explanation.js'
import { Help } from './help.js'
import { type History, useHistory } from './history.js'
import { type Keys, useKeys } from './keys.js'
import { Machines } from './machines.js'
import { Overview } from './overview.js'
import { Lists } from './peers.js'
import { PieceMap } from './piece-map.js'
import { SPEEDS, usePlaying } from './playing.js'
import { readPosition, writePosition } from './position.js'
import { Sequence } from './sequence.js'
import { StateTree } from './state-tree.js'
import { stepFrom, UNIT_NAMES, UNITS, type Unit } from './steps.js'
import { useTheme } from './theme.js'
import { type Axis, Timeline } from './timeline.js'

const TABS = ['events', 'sequence', 'state', 'machines'] as const
type Tab = (typeof TABS)[number]

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isTab = (name: string | undefined): name is Tab => TABS.some((tab) => tab === name)

interface ViewProps {
  readonly history: History
  readonly dark: boolean
  readonly toggleTheme: () => void
  readonly failed: (error: unknown) => void
}

const View = ({ history, dark, toggleTheme, failed }: ViewProps): JSX.Element => {
  const { state, unreadable, summary, seq, events, seek, following, follow, questions } = history
  const [begun] = useState(() => readPosition(location.hash))
  const [subject, setSubject] = useState<Subject>(begun.subject)
  const [tab, setTab] = useState<Tab>(isTab(begun.tab) ? begun.tab : 'events')
  const [filter, setFilter] = useState<Filter>(NO_FILTER)
  const [unit, setUnit] = useState<Unit>('event')
  const [speed, setSpeed] = useState<number>(10)
  const [axis, setAxis] = useState<Axis>('events')
  const [playing, setPlaying] = useState(false)
  const [helping, setHelping] = useState(false)
  const stop = useCallback(() => setPlaying(false), [])
  usePlaying({ history, playing, unit, speed, subject, stop, failed })

  // The address keeps the position; an address that is gone to, or typed, is a position.
  useEffect(() => {
    const timer = setTimeout(() => {
      const position = { source: questions.id, seq, subject, tab: tab === 'events' ? undefined : tab }
      window.history.replaceState(null, '', writePosition(position))
    }, 150)
    return () => clearTimeout(timer)
  }, [questions, seq, subject, tab])
  useEffect(() => {
    // What was typed: the address itself may have been written over meanwhile.
    const go = ({ newURL }: HashChangeEvent): void => {
      const position = readPosition(new URL(newURL).hash)
      if (position.source !== undefined && position.source !== questions.id) return
      if (position.seq !== undefined) seek(position.seq)
      setSubject(position.subject)
      if (isTab(position.tab)) setTab(position.tab)
    }
    addEventListener('hashchange', go)
    return () => removeEventListener('hashchange', go)
  }, [seek, questions])

  // Steps that come faster than their answers are taken together, once the page stands where the last one led.
  const owed = useRef<{ units: number; by: Unit | undefined; busy: boolean }>({ units: 0, by: undefined, busy: false })
  const latest = useRef({ history, unit, subject })
  latest.current = { history, unit, subject }
  const takeSteps = (): void => {
    const { units, by, busy } = owed.current
    if (busy || units === 0) return
    owed.current = { units: 0, by: undefined, busy: true }
    const { history: here, unit: own, subject: about } = latest.current
    stepFrom(here, by ?? own, about, units)
      .then(here.seek)
      .catch(failed)
      .finally(() =>
        setTimeout(() => {
          owed.current.busy = false
          takeSteps()
        }),
      )
  }
  const step = (units: number, by?: Unit): void => {
    owed.current = { ...owed.current, units: owed.current.units + units, by }
    takeSteps()
  }
  const faster = (by: number): void => {
    const at = SPEEDS.findIndex((each) => each >= speed) + by
    setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))] ?? speed)
  }
  const filterBy = (about: Subject): void => {
    setTab('events')
    setFilter({
      ...NO_FILTER,
      ...(about.type === 'piece' ? { piece: String(about.piece) } : {}),
      ...(about.type === 'peer' ? { peers: String(about.key) } : {}),
    })
  }
  // What is typed next is meant for the field: it is waited for only where its tab was not open.
  const focus = (id: string, wait = true): void => {
    const field = document.getElementById(id)
    if (field instanceof HTMLInputElement) field.select()
    field?.focus()
    if (field === null && wait) requestAnimationFrame(() => focus(id, false))
  }
  const keys: Keys = {
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    'Shift ArrowLeft': () => step(-10),
    'Shift ArrowRight': () => step(10),
    Home: () => seek(summary.firstSeq),
    End: () => seek(events - 1),
    ' ': () => setPlaying(!playing),
    u: () => setUnit(UNITS[(UNITS.indexOf(unit) + 1) % UNITS.length] ?? 'event'),
    '[': () => faster(-1),
    ']': () => faster(1),
    p: () => step(1, 'piece'),
    'Shift p': () => step(-1, 'piece'),
    l: () => follow(!following),
    g: () => focus('goto'),
    '/': () => {
      setTab('events')
      focus('search')
    },
    x: () => setSubject({ type: 'transfer' }),
    t: toggleTheme,
    '?': () => setHelping(true),
    Escape: () => setSubject({ type: 'transfer' }),
    ...Object.fromEntries(TABS.map((name, at) => [String(at + 1), () => setTab(name)])),
  }
  useKeys(keys)

  return (
    <>
      <DamageNote history={history} />
      <section class="panel time" aria-label="Timeline">
        <Controls {...{ history, unit, setUnit, speed, setSpeed, playing, axis, setAxis, step }} play={setPlaying} />
        <Timeline history={history} axis={axis} dark={dark} />
      </section>
      {state !== undefined && unreadable === undefined && <Overview state={state} shown={state.seq === seq} />}
      <div class="columns">
        <div class="column left">
          {unreadable !== undefined && (
            <p class="panel unreadable wrong">{`What was true then cannot be told: ${unreadable}`}</p>
          )}
          {state !== undefined && unreadable === undefined && (
            <>
              <PieceMap
                map={state.map}
                count={state.geometry.pieceCount}
                kinds={summary.pieceKinds}
                subject={subject}
                current={state.event.piece}
                dark={dark}
                select={setSubject}
              />
              <Lists state={state} subject={subject} select={setSubject} />
            </>
          )}
        </div>
        <section class="column panel middle" aria-label="The history in detail">
          <div class="tabs" role="tablist">
            {TABS.map((name, at) => (
              <button
                key={name}
                type="button"
                role="tab"
                id={`tab-${name}`}
                aria-selected={tab === name}
                title={`${at + 1}`}
                onClick={() => setTab(name)}
              >
                {name}
              </button>
            ))}
            <span class="spring" />
            <span class="quiet small">{`step: ${UNIT_NAMES[unit]}`}</span>
            <button type="button" class="link" onClick={() => setHelping(true)}>
              keys ( ? )
            </button>
          </div>
          {tab === 'events' && <EventList {...{ history, filter, setFilter, failed }} />}
          {tab === 'sequence' && <Sequence {...{ history, subject, failed }} />}
          {tab === 'state' && <StateTree {...{ history, failed }} />}
          {tab === 'machines' && <Machines {...{ history, subject, failed }} />}
        </section>
        <div class="column right">
          <EventCard history={history} select={setSubject} />
          <ExplanationPanel history={history} subject={subject} select={setSubject} filterBy={filterBy} />
        </div>
      </div>
      {helping && <Help close={() => setHelping(false)} />}
    </>
  )
}

export const App = (): JSX.Element => {
  const { dark, toggle } = useTheme()
  const [sources, setSources] = useState<readonly Listed[]>()
  const [begun] = useState(() => readPosition(location.hash))
  const [id, setId] = useState<string>()
  const [wrong, setWrong] = useState<string>()
  const failed = useCallback((error: unknown) => setWrong(wordsOf(error)), [])
  const refresh = useCallback(async (wanted: string | undefined) => {
    const { sources: found, first } = await listSources()
    setSources(found)
    const known = found.find((source) => source.id === wanted)?.id
    setId(known ?? first ?? found[0]?.id)
  }, [])
  useEffect(() => {
    refresh(begun.source).catch(failed)
  }, [refresh, begun, failed])
  const opened = useCallback(
    (found: string) => {
      setWrong(undefined)
      refresh(found).catch(failed)
    },
    [refresh, failed],
  )
  const { over, sending, send } = useDropping(opened, failed)
  const isFirst = begun.source === undefined || begun.source === id
  const history = useHistory(id, isFirst ? begun.seq : undefined, failed)
  const name = history?.summary.name
  useEffect(() => {
    document.title = name === undefined ? 'Torrewind' : `${name} – Torrewind`
  }, [name])

  return (
    <>
      <header>
        <h1>
          Torrewind <span class="quiet">{name ?? ''}</span>
        </h1>
        {(sources?.length ?? 0) > 1 && (
          <select aria-label="History" value={id} onChange={(event) => setId(event.currentTarget.value)}>
            {sources?.map((source) => (
              <option
                key={source.id}
                value={source.id}
              >{`${source.name}${source.kind === 'capsule' ? ' (capsule)' : ''}`}</option>
            ))}
          </select>
        )}
        {history !== undefined && <code class="quiet clip cid">{history.summary.cid}</code>}
        <span class="spring" />
        <label class="button">
          open a capsule…
          <input
            type="file"
            class="unseen"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0]
              if (file !== undefined) send(file)
              event.currentTarget.value = ''
            }}
          />
        </label>
        <button type="button" id="theme" aria-pressed={dark} onClick={toggle} title="light or dark (T)">
          {dark ? '☀ light' : '☾ dark'}
        </button>
      </header>
      {wrong !== undefined && (
        <div class="alert" role="alert">
          {wrong}
          <button type="button" aria-label="close" onClick={() => setWrong(undefined)}>
            ✕
          </button>
        </div>
      )}
      {sending !== undefined && <p class="notice" role="status">{`opening ${sending}…`}</p>}
      <main>
        {history !== undefined && history.events > history.summary.firstSeq && (
          <View key={history.questions.id} history={history} dark={dark} toggleTheme={toggle} failed={failed} />
        )}
        {history !== undefined && history.events === history.summary.firstSeq && (
          <p class="empty">Nothing has happened yet.</p>
        )}
        {sources !== undefined && id === undefined && (
          <p class="empty big">
            Drop a capsule here, or start `torrewind ui` with `--data` where a transfer has its log.
          </p>
        )}
        {id !== undefined && history === undefined && wrong === undefined && <p class="empty">Opening the history…</p>}
      </main>
      {over && <div class="drop">Drop the capsule to open it</div>}
    </>
  )
}
