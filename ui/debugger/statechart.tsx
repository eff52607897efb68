/** A statechart: the states of a machine as boxes, its steps as arrows, and where it stands lit. */
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Chart, ChartState, Standing } from './api.js'

const BOX = { width: 92, height: 34 }
const GAP = 108
const PAD = 14
const TITLE = 20
const LINE = 12
const ROW_MAX = 4

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
  for (const state of simple) {
    if (ends.includes(state)) continue
    boxes.push(place(state, left, y))
    left += BOX.width + GAP
  }
  if (simple.length > 0) top += BOX.height + 2 * PAD + 24
  for (const state of ends) {
    left -= BOX.width + GAP
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

/** Neighbours have a straight arrow; others one that goes round above, or below where it goes back. */
const StepArrow = ({ step, taken, rank }: { step: Step; taken: boolean; rank: number }): JSX.Element => {
  const { from, to, events } = step
  const kind = `step ${taken ? 'taken' : ''}`
  const middle = to.y + to.height / 2
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
    return chart.steps.flatMap(({ from, to, events }): Step[] => {
      const target = find(to)
      return target === undefined ? [] : [{ from: find(from), to: target, events }]
    })
  }, [chart, boxes])
  const active = new Set(activeIn(standing))
  const isFar = ({ from, to }: Step): boolean =>
    from !== undefined && Math.abs(to.x > from.x ? to.x - from.x - from.width : from.x - to.x - to.width) > GAP + 1
  const far = steps.filter(isFar)
  const rankOf = (step: Step): number =>
    Math.max(0, far.filter((each) => each.to.x > (each.from?.x ?? 0) === step.to.x > (step.from?.x ?? 0)).indexOf(step))
  // Above and below there is room for what goes round.
  const forth = far.filter(({ from, to }) => to.x > (from?.x ?? 0)).length
  const [above, below] = [20 + 18 * forth, 30 + 18 * (far.length - forth)]
  const width = Math.max(...boxes.map((box) => box.x + box.width)) + 30
  const height = Math.max(...boxes.map((box) => box.y + box.height)) + below
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
            <marker id="head" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="7" markerHeight="7" orient="auto">
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
              taken={event !== undefined && step.events.includes(event) && active.has(step.to.state.id)}
            />
          ))}
        </svg>
      </div>
    </figure>
  )
}
