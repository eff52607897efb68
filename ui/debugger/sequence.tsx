/** The sequence diagram: what went between us and some peers, around where one is. */
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { EventRow, Peer, Subject } from './api.js'
import { directionOf, wordsOf } from './directions.js'
import { showSpan, showTime } from './format.js'
import type { History } from './history.js'

const ROW = 24
const TOP = 34
const LEFT = 116
const LANE_MIN = 190
const PEERS_MAX = 4
const BEFORE = 60
const AFTER = 40
/** Said all the time, and seldom what one looks for. */
const NOISE: ReadonlySet<string> = new Set([
  'have-received',
  'keep-alive-sent',
  'keep-alive-received',
  'choke-round-ended',
])

interface Props {
  readonly history: History
  readonly subject: Subject
  readonly failed: (error: unknown) => void
}

/** Those that most goes on with. */
const busiest = (peers: readonly Peer[]): readonly number[] =>
  [...peers]
    .sort((a, b) => b.requested + b.asked - (a.requested + a.asked) || b.downRate + b.upRate - (a.downRate + a.upRate))
    .slice(0, 2)
    .map(({ key }) => key)

const cut = (text: string, width: number): string => {
  const most = Math.max(8, Math.floor(width / 6.4))
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

interface ArrowProps {
  readonly row: EventRow
  readonly y: number
  readonly lane: number
  readonly laneWidth: number
  readonly current: boolean
  readonly gap: number
  readonly seek: (seq: number) => void
}

const Arrow = ({ row, y, lane, laneWidth, current, gap, seek }: ArrowProps): JSX.Element => {
  const direction = directionOf(row)
  const [us, them] = [LEFT, LEFT + (lane + 1) * laneWidth]
  const [from, to] = direction === 'in' ? [them, us] : [us, them]
  const back = from < to ? -7 : 7
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no buttons
    <g
      class={`message ${direction} ${current ? 'current' : ''}`}
      role="button"
      tabIndex={-1}
      aria-label={`event ${row.seq}, ${row.address ?? ''}: ${wordsOf(row)}`}
      onClick={() => seek(row.seq)}
      onKeyDown={(event) => event.key === 'Enter' && seek(row.seq)}
    >
      <rect class="hit" x={0} y={y - ROW / 2 - 4} width={LEFT + 5 * laneWidth} height={ROW} />
      <text class="time" x={LEFT - 12} y={y} text-anchor="end">
        {gap > 100 ? `+${showSpan(gap)}` : showTime(row.at).slice(3)}
      </text>
      {direction === 'note' ? (
        <rect class="note" x={them - 4} y={y - 5} width={8} height={8} />
      ) : (
        <>
          <line x1={from} y1={y + 3} x2={to} y2={y + 3} />
          <path d={`M${to} ${y + 3}l${back} -4v8z`} />
        </>
      )}
      <text
        class="words"
        x={direction === 'note' ? them - 10 : them - laneWidth / 2}
        y={y - 1}
        text-anchor={direction === 'note' ? 'end' : 'middle'}
      >
        {cut(wordsOf(row), laneWidth - 24)}
      </text>
      <title>{`${row.seq} ${row.type} ${row.text}`}</title>
    </g>
  )
}

export const Sequence = ({ history, subject, failed }: Props): JSX.Element => {
  const { state, seq, questions, seek } = history
  const [chosen, setChosen] = useState<readonly number[]>([])
  const [rows, setRows] = useState<readonly EventRow[]>([])
  const [quiet, setQuiet] = useState(true)
  const [width, setWidth] = useState(700)
  const host = useRef<HTMLDivElement>(null)
  const peers = state?.peers ?? []
  const subjectKey = subject.type === 'peer' ? subject.key : undefined

  // The peer that is selected is one of them; without any, those that most goes on with.
  useEffect(() => {
    if (subjectKey !== undefined)
      setChosen((keys) => [subjectKey, ...keys.filter((key) => key !== subjectKey)].slice(0, PEERS_MAX))
  }, [subjectKey])
  const isNone = chosen.length === 0 && peers.length > 0
  useEffect(() => {
    if (isNone) setChosen(busiest(peers))
  }, [isNone, peers])

  const keys = useMemo(() => [...chosen].sort((a, b) => a - b), [chosen])
  const wanted = keys.join(',')
  useEffect(() => {
    if (wanted === '') return
    let gone = false
    const load = async (): Promise<void> => {
      const [above, below] = await Promise.all([
        questions.events({ from: seq, direction: 'back', peers: wanted, limit: BEFORE * (quiet ? 3 : 1) }),
        questions.events({ from: seq + 1, peers: wanted, limit: AFTER * (quiet ? 3 : 1) }).catch(() => ({ rows: [] })),
      ])
      if (gone) return
      const heard = (row: EventRow): boolean => !quiet || !NOISE.has(row.type)
      setRows([
        ...above.rows.filter(heard).slice(0, BEFORE).reverse(),
        ...below.rows.filter((row) => row.seq > seq && heard(row)).slice(0, AFTER),
      ])
    }
    const timer = setTimeout(() => load().catch(failed), 60)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [wanted, seq, quiet, questions, failed])

  useEffect(() => {
    const element = host.current
    if (element === null) return
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const at = rows.findLastIndex((row) => row.seq <= seq)
  useEffect(() => {
    const element = host.current
    if (element !== null && at >= 0) element.scrollTop = Math.max(0, TOP + at * ROW - element.clientHeight * 0.6)
  }, [at])

  const laneWidth = Math.max(LANE_MIN, (width - LEFT - 90) / Math.max(1, keys.length))
  const addressOf = (key: number): string =>
    peers.find((peer) => peer.key === key)?.address ?? rows.find((row) => row.peer === key)?.address ?? `peer ${key}`
  const height = TOP + rows.length * ROW + 12
  const toggle = (key: number): void =>
    setChosen(chosen.includes(key) ? chosen.filter((each) => each !== key) : [...chosen, key].slice(-PEERS_MAX))

  return (
    <div class="sequence">
      <div class="filters">
        <details class="choose">
          <summary>{`peers: ${keys.length}`}</summary>
          <div class="menu">
            {[...new Set([...keys, ...peers.map(({ key }) => key)])].slice(0, 200).map((key) => (
              <label key={key}>
                <input type="checkbox" checked={chosen.includes(key)} onChange={() => toggle(key)} /> {addressOf(key)}
              </label>
            ))}
          </div>
        </details>
        <label>
          <input type="checkbox" checked={!quiet} onChange={() => setQuiet(!quiet)} /> have and keep-alive, too
        </label>
      </div>
      <div class="scroll" ref={host}>
        {keys.length === 0 ? (
          <p class="empty">No connection at this moment.</p>
        ) : (
          <svg
            width={Math.max(LEFT + keys.length * laneWidth + 80, 300)}
            height={height}
            aria-label="What went between us and the chosen peers"
          >
            <text class="lane" x={LEFT} y={16} text-anchor="middle">
              us
            </text>
            <line class="life" x1={LEFT} y1={22} x2={LEFT} y2={height} />
            {keys.map((key, lane) => (
              <g key={key}>
                <text class="lane" x={LEFT + (lane + 1) * laneWidth} y={16} text-anchor="middle">
                  {addressOf(key)}
                </text>
                <line
                  class="life"
                  x1={LEFT + (lane + 1) * laneWidth}
                  y1={22}
                  x2={LEFT + (lane + 1) * laneWidth}
                  y2={height}
                />
              </g>
            ))}
            {rows.map((row, index) => (
              <Arrow
                key={row.seq}
                row={row}
                y={TOP + index * ROW + 8}
                lane={keys.indexOf(row.peer ?? -1)}
                laneWidth={laneWidth}
                current={index === at}
                gap={row.at - (rows[index - 1]?.at ?? row.at)}
                seek={seek}
              />
            ))}
          </svg>
        )}
      </div>
    </div>
  )
}
