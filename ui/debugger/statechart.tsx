/** A statechart: the states of a machine as boxes, its steps as arrows, and where it stands lit. */
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Chart, ChartState, Standing } from './api.js'

const BOX = { width: 92, height: 34 }
/** Between neighbours, where what leads from one to the other is written; a row of many is set closer. */
const GAP = 108
const CLOSE_GAP = 84
const PAD = 14
const TITLE = 20
const LINE = 12
const ROW_MAX = 4
/** Between two rows of one machine. */
const ROW_GAP = 104
/** Steps with one event from so many states to one are drawn as one, that comes from anywhere. */
const ANYWHERE = 3

interface Box {
  readonly state: ChartState
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly within: readonly Box[]
}

/** Beside each other, and those that have others in them below; the regions of a parallel state below each other. */
const lay = (states: readonly ChartState[], x: number, y: number, below: boolean): readonly Box[] => {
  const boxes: Box[] = []
  let [left, top] = [x, y]
  const simple = below ? [] : states.filter((state) => state.states.length === 0)
  // Where the row would be long, what a machine ends in stands below the end of it.
  const ends = simple.length > ROW_MAX ? simple.filter((state) => state.type === 'final') : []
  const others = simple.filter((state) => !ends.includes(state))
  const across = BOX.width + (others.length > ROW_MAX ? CLOSE_GAP : GAP)
  for (const [at, state] of others.entries()) {
    // A row that would be longer still goes on below.
    if (at > 0 && at % ROW_MAX === 0) {
      left = x
      top += BOX.height + ROW_GAP
    }
    boxes.push(place(state, left, top))
    left += across
  }
  if (simple.length > 0) top += BOX.height + 2 * PAD + 24
  for (const state of ends) {
    left -= across
    boxes.push(place(state, left, top))
  }
  if (ends.length > 0) top += BOX.height + 2 * PAD + 24
  for (const state of states) {
    if (simple.includes(state)) continue
    const box = place(state, x, top)
    boxes.push(box)
    top += box.height + 10
  }
  return boxes
}

const place = (state: ChartState, x: number, y: number): Box => {
  if (state.states.length === 0) return { state, x, y, ...BOX, within: [] }
  const isRegion = state.type === 'compound'
  const within = lay(state.states, x + PAD, y + TITLE + (isRegion ? LINE : 4), !isRegion)
  const right = Math.max(...within.map((box) => box.x + box.width))
  const bottom = Math.max(...within.map((box) => box.y + box.height))
  return { state, x, y, width: right - x + PAD, height: bottom - y + (isRegion ? LINE + 4 : PAD), within }
}

const all = (boxes: readonly Box[]): readonly Box[] => boxes.flatMap((box) => [box, ...all(box.within)])

/** The states that a value names: `{open: {ours: 'choking'}}` is in `open`, `open.ours` and `open.ours.choking`. */
export const activeIn = (standing: Standing | undefined, above = ''): readonly string[] => {
  if (standing === undefined) return []
  if (typeof standing === 'string') return [above + standing]
  return Object.entries(standing).flatMap(([name, below]) => [above + name, ...activeIn(below, `${above}${name}.`)])
}

interface Step {
  readonly from: Box | undefined
  readonly to: Box
  readonly events: readonly string[]
  /** Where it comes from, where that is not one state. */
  readonly sources?: readonly string[]
}

type ChartStep = Chart['steps'][number] & Pick<Step, 'sources'>

/** The steps, those from many states to one by the same event as one. */
const gathered = (steps: Chart['steps']): readonly ChartStep[] => {
  const many = new Map<string, { to: string; event: string; sources: string[] }>()
  for (const { from, to, events } of steps)
    for (const event of events) {
      const found = many.get(`${event} ${to}`) ?? { to, event, sources: [] }
      found.sources.push(from)
      many.set(`${event} ${to}`, found)
    }
  const isMany = (event: string, to: string): boolean => (many.get(`${event} ${to}`)?.sources.length ?? 0) >= ANYWHERE
  const single = steps.flatMap((step): ChartStep[] => {
    const events = step.events.filter((event) => !isMany(event, step.to))
    return events.length === 0 ? [] : [{ ...step, events }]
  })
  const joined = [...many.values()].filter(({ event, to }) => isMany(event, to))
  return [...single, ...joined.map(({ to, event, sources }) => ({ from: '', to, events: [event], sources }))]
}

const Words = ({ x, y, words }: { x: number; y: number; words: readonly string[] }): JSX.Element => (
  <text class="step-words" text-anchor="middle">
    {words.map((word, line) => (
      <tspan key={word} x={x} y={y + line * LINE}>
        {word}
      </tspan>
    ))}
  </text>
)

interface StepProps {
  readonly step: Step
  readonly taken: boolean
  readonly rank: number
  /** The machine has more than one row. */
  readonly rows: boolean
}

/** Neighbours have a straight arrow; others one that goes round above, or below where it goes back. */
const StepArrow = ({ step, taken, rank, rows }: StepProps): JSX.Element => {
  const { from, to, events, sources } = step
  const kind = `step ${taken ? 'taken' : ''}`
  const middle = to.y + to.height / 2
  // Between two rows there is room below, and above the upper one something may go round.
  if (from === undefined && rows) {
    const x = to.x + to.width / 2
    const bottom = to.y + to.height
    return (
      <g class={kind}>
        <title>{`from ${sources?.join(', ') ?? 'anywhere'}`}</title>
        <path d={`M${x} ${bottom + 26}V${bottom + 6}`} marker-end="url(#head)" />
        <circle cx={x} cy={bottom + 26} r={2.5} />
        <Words x={x} y={bottom + 40} words={events} />
      </g>
    )
  }
  if (from === undefined) {
    const x = to.x + to.width / 2
    return (
      <g class={kind}>
        <path d={`M${x} ${to.y - 26}V${to.y - 6}`} marker-end="url(#head)" />
        <Words x={x} y={to.y - 32 - (events.length - 1) * LINE} words={events} />
      </g>
    )
  }
  if (to.y > from.y + from.height) {
    const x = Math.max(to.x + PAD, Math.min(to.x + to.width - PAD, from.x + from.width / 2))
    return (
      <g class={kind}>
        <path d={`M${x} ${from.y + from.height}V${to.y - 6}`} marker-end="url(#head)" />
        <text class="step-words" x={x + 8} y={(from.y + from.height + to.y) / 2 + 4}>
          {events.join(', ')}
        </text>
      </g>
    )
  }
  if (to.y + to.height < from.y) {
    // Straight up, or from the side, past what comes from anywhere.
    const isAbove = Math.abs(from.x - to.x) < to.width
    const x1 = from.x + from.width / 4
    const [x2, aside] = isAbove ? [x1, x1] : [to.x + to.width - 8, to.x + to.width + 50]
    const [y1, y2] = [from.y, to.y + to.height + 6]
    return (
      <g class={kind}>
        <path
          d={`M${x1} ${y1}C${x1} ${y1 - 40} ${aside} ${y2 + (isAbove ? 30 : 62)} ${x2} ${y2}`}
          marker-end="url(#head)"
        />
        <Words x={x1} y={y1 - 8} words={events} />
      </g>
    )
  }
  const isForth = to.x > from.x
  const [x1, x2] = isForth ? [from.x + from.width, to.x] : [from.x, to.x + to.width]
  const isNear = Math.abs(x2 - x1) <= GAP + 1
  const y = from.y + from.height / 2 + (isForth ? -5 : 7)
  if (isNear) {
    const level = Math.abs(from.y + from.height / 2 - middle) < 1 ? y : middle
    return (
      <g class={kind}>
        <path d={`M${x1} ${level}H${x2 + (isForth ? -6 : 6)}`} marker-end="url(#head)" />
        <Words x={(x1 + x2) / 2} y={isForth ? level - 5 - (events.length - 1) * LINE : level + 13} words={events} />
      </g>
    )
  }
  const side = isForth ? -1 : 1
  const [start, end] = [from.x + from.width / 2, to.x + to.width / 2]
  const edge = (box: Box): number => (side < 0 ? box.y : box.y + box.height)
  const out = (side < 0 ? Math.min(edge(from), edge(to)) : Math.max(edge(from), edge(to))) + side * (24 + 18 * rank)
  return (
    <g class={kind}>
      <path
        d={`M${start} ${edge(from)}C${start} ${out} ${start} ${out} ${start + (end - start) / 6} ${out}H${end - (end - start) / 6}C${end} ${out} ${end} ${out} ${end} ${edge(to) + side * 6}`}
        marker-end="url(#head)"
      />
      <Words x={(start + end) / 2} y={side < 0 ? out - 4 - (events.length - 1) * LINE : out + 12} words={events} />
    </g>
  )
}

interface Props {
  readonly chart: Chart
  readonly standing: Standing | undefined
  /** The type of the event, where it is one of this machine. */
  readonly event: string | undefined
}

export const Statechart = ({ chart, standing, event }: Props): JSX.Element => {
  const boxes = useMemo(() => all(lay(chart.states, 20, 70, false)), [chart])
  const steps = useMemo(() => {
    const find = (id: string) => boxes.find(({ state }) => state.id === id)
    return gathered(chart.steps).flatMap(({ from, to, ...step }): Step[] => {
      const target = find(to)
      return target === undefined ? [] : [{ from: find(from), to: target, ...step }]
    })
  }, [chart, boxes])
  const active = new Set(activeIn(standing))
  const isFar = ({ from, to }: Step): boolean =>
    from !== undefined &&
    from.y === to.y &&
    Math.abs(to.x > from.x ? to.x - from.x - from.width : from.x - to.x - to.width) > GAP + 1
  const far = steps.filter(isFar)
  const rankOf = (step: Step): number =>
    Math.max(0, far.filter((each) => each.to.x > (each.from?.x ?? 0) === step.to.x > (step.from?.x ?? 0)).indexOf(step))
  // Above and below there is room for what goes round.
  const forth = far.filter(({ from, to }) => to.x > (from?.x ?? 0)).length
  const [above, below] = [20 + 18 * forth, 30 + 18 * (far.length - forth)]
  const width = Math.max(...boxes.map((box) => box.x + box.width)) + 30
  // Of several rows the steps from anywhere come from below.
  const rows = chart.states.filter(({ states, type }) => states.length === 0 && type !== 'final').length > ROW_MAX
  const height = Math.max(...boxes.map((box) => box.y + box.height)) + below + (rows ? 24 : 0)
  return (
    <figure class="statechart">
      <figcaption>
        <b>{chart.id}</b>{' '}
        <span class="quiet">
          {standing === undefined
            ? 'none is chosen'
            : activeIn(standing)
                .filter((id) => !activeIn(standing).some((other) => other.startsWith(`${id}.`)))
                .join(', ')}
        </span>
        <button
          type="button"
          class="link"
          title="as JSON, which the editor of XState takes"
          onClick={() => void navigator.clipboard.writeText(JSON.stringify(chart.definition, undefined, 2))}
        >
          copy the definition
        </button>
      </figcaption>
      <div class="scroll">
        <svg
          viewBox={`0 ${-above + 50} ${width} ${height + above - 50}`}
          width={width}
          height={height + above - 50}
          role="img"
          aria-label={`Statechart of ${chart.id}: ${activeIn(standing).join(', ') || 'none is chosen'}`}
        >
          <defs>
            <marker
              id="head"
              viewBox="0 0 8 8"
              refX="2"
              refY="4"
              markerWidth="8"
              markerHeight="8"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0 0L8 4L0 8z" />
            </marker>
          </defs>
          {boxes.map(({ state, x, y, width: across, height: down, within }) => (
            <g key={state.id} class={`box ${state.type} ${active.has(state.id) ? 'active' : ''}`}>
              <rect x={x} y={y} width={across} height={down} rx={within.length > 0 ? 8 : 17} />
              {state.initial && <circle cx={x} cy={y + (within.length > 0 ? 14 : down / 2)} r={4} />}
              <text
                x={within.length > 0 ? x + 12 : x + across / 2}
                y={within.length > 0 ? y + 15 : y + down / 2 + 4}
                text-anchor={within.length > 0 ? 'start' : 'middle'}
              >
                {state.name}
              </text>
              {state.stays.length > 0 && <title>{`takes, and stays: ${state.stays.join(', ')}`}</title>}
            </g>
          ))}
          {steps.map((step) => (
            <StepArrow
              key={`${step.from?.state.id} ${step.to.state.id}`}
              step={step}
              rank={rankOf(step)}
              rows={rows}
              taken={event !== undefined && step.events.includes(event) && active.has(step.to.state.id)}
            />
          ))}
        </svg>
      </div>
    </figure>
  )
}
