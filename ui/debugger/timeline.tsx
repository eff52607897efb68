/** The timeline: what the transfer did over all of its log, and where one is, to be dragged. */
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { Sample, Survey } from './api.js'
import { showBytes, showMoment, showNumber, showRate, showTime } from './format.js'
import type { History } from './history.js'
import { colourOf } from './theme.js'

export type Axis = 'events' | 'time'

const HEIGHT = 132
/** A rate is that of at least this share of the whole time, so that a burst of a millisecond does not hide the rest. */
const RATE_SHARE = 300

interface Series {
  readonly seqs: readonly number[]
  readonly times: readonly number[]
  readonly down: readonly number[]
  readonly up: readonly number[]
  readonly stored: readonly number[]
}

const seriesOf = (samples: readonly Sample[], pieceCount: number): Series => {
  const span = Math.max(500, ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / RATE_SHARE)
  const down: number[] = []
  const up: number[] = []
  let start = 0
  for (const [at, sample] of samples.entries()) {
    while (start + 1 < at && sample.at - (samples[start + 1]?.at ?? 0) >= span) start++
    const before = samples[start] ?? sample
    const seconds = Math.max(span, sample.at - before.at) / 1_000
    down.push((sample.downloaded - before.downloaded) / seconds)
    up.push((sample.uploaded - before.uploaded) / seconds)
  }
  const stored = samples.map((sample) => (pieceCount === 0 ? 0 : (100 * sample.stored) / pieceCount))
  return { seqs: samples.map(({ seq }) => seq), times: samples.map(({ at }) => at / 1_000), down, up, stored }
}

/** Between two samples everything is taken as even. */
const along = (xs: readonly number[], ys: readonly number[], x: number): number => {
  let low = 0
  let high = xs.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((xs[middle] ?? 0) <= x) low = middle
    else high = middle - 1
  }
  const [x0 = 0, x1 = x0] = [xs[low], xs[low + 1]]
  const [y0 = 0, y1 = y0] = [ys[low], ys[low + 1]]
  return x1 === x0 ? y0 : y0 + ((y1 - y0) * Math.max(0, x - x0)) / (x1 - x0)
}

const drawMarks =
  (survey: Survey, axis: Axis, colours: Readonly<Record<string, string>>) =>
  (plot: uPlot): void => {
    const { ctx, bbox } = plot
    ctx.save()
    for (const { seq, at, type } of survey.marks) {
      const x = Math.round(plot.valToPos(axis === 'events' ? seq : at / 1_000, 'x', true))
      if (x < bbox.left || x > bbox.left + bbox.width) continue
      ctx.fillStyle = colours[type] ?? colours.other ?? ''
      const isSession = type.startsWith('session')
      ctx.fillRect(x, bbox.top, isSession ? 1 : 2, isSession ? bbox.height : 8 * devicePixelRatio)
    }
    ctx.restore()
  }

/** As everywhere on the page, in UTC: days where they are days apart. */
const momentsOf = (splits: readonly number[]): string[] => {
  const apart = (splits[1] ?? 0) - (splits[0] ?? 0)
  const [from, to] = apart >= 43_200 ? [5, 10] : [11, apart >= 60 ? 16 : apart >= 1 ? 19 : 23]
  return splits.map((at) => new Date(at * 1_000).toISOString().slice(from, to))
}

/** Round numbers of bytes, KiB, MiB and GiB. */
const RATE_STEPS = [0, 1, 2, 3].flatMap((power) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500].map((each) => each * 1_024 ** power),
)

const optionsOf = (width: number, axis: Axis, survey: Survey, range: Range | undefined): uPlot.Options => {
  const [ink, grid] = [colourOf('quiet'), colourOf('grid')]
  const marks = {
    'piece-rejected': colourOf('wrong'),
    'transfer-failed': colourOf('wrong'),
    'address-banned': colourOf('wrong'),
    'download-completed': colourOf('right'),
    other: colourOf('line-strong'),
  }
  const axes = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: '11px system-ui' }
  const values = (_: uPlot, splits: number[]): string[] =>
    axis === 'events' ? splits.map((value) => (Number.isInteger(value) ? showNumber(value) : '')) : momentsOf(splits)
  return {
    width,
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), 'Etc/UTC'),
    scales: {
      x: { time: axis === 'time', ...(range === undefined ? {} : { range }) },
      rate: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] },
      share: { range: [0, 102] },
    },
    axes: [
      { ...axes, size: 24, values },
      {
        ...axes,
        scale: 'rate',
        size: 66,
        incrs: RATE_STEPS,
        values: (_, splits) => splits.map((value) => (value === 0 ? '0' : showRate(value))),
      },
      {
        ...axes,
        scale: 'share',
        side: 1,
        size: 42,
        grid: { show: false },
        values: (_, splits) => splits.map((value) => `${value} %`),
      },
    ],
    series: [
      {},
      {
        label: 'pieces',
        scale: 'share',
        stroke: colourOf('stored'),
        width: 1.5,
        fill: colourOf('stored-faint'),
        points: { show: false },
      },
      { label: 'down', scale: 'rate', stroke: colourOf('down'), width: 1.25, points: { show: false } },
      { label: 'up', scale: 'rate', stroke: colourOf('up'), width: 1.25, points: { show: false } },
    ],
    hooks: { draw: [drawMarks(survey, axis, marks)] },
  }
}

type Range = [first: number, last: number]

interface Place {
  readonly left: number
  readonly width: number
}

export const Timeline = ({ history, axis, dark }: { history: History; axis: Axis; dark: boolean }): JSX.Element => {
  const { survey, summary, seq, state, events, seek, questions } = history
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const [width, setWidth] = useState(0)
  const [place, setPlace] = useState<Place>({ left: 0, width: 0 })
  const [hover, setHover] = useState<number>()
  const dragging = useRef(false)
  const series = useMemo(() => seriesOf(survey.samples, summary.geometry.pieceCount), [survey, summary])
  const xs = axis === 'events' ? series.seqs : series.times
  // Events are all there, however many of them were surveyed, or can be.
  const range = useMemo((): Range | undefined => {
    const ends: Range = [summary.firstSeq, survey.events - 1]
    return axis === 'events' && ends[0] < ends[1] ? ends : undefined
  }, [axis, summary, survey])

  useEffect(() => {
    const element = host.current
    if (element === null) return
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    setWidth(element.clientWidth)
    return () => observer.disconnect()
  }, [])

  // The colours are others where `dark` is another.
  useEffect(() => {
    const element = host.current
    if (element === null || width === 0) return
    const data: uPlot.AlignedData = [[...xs], [...series.stored], [...series.down], [...series.up]]
    const made = new uPlot(optionsOf(width, axis, survey, range), data, element)
    plot.current = made
    const { left, width: inner } = made.bbox
    setPlace({ left: left / devicePixelRatio, width: inner / devicePixelRatio })
    return () => made.destroy()
  }, [series, survey, axis, width, dark, range])

  const [first = 0, last = first] = range ?? [xs[0], xs.at(-1)]
  const span = Math.max(1e-9, last - first)
  const shareOf = (x: number): number => Math.max(0, Math.min(1, (x - first) / span))
  const here = axis === 'events' ? seq : state?.seq === seq ? state.at / 1_000 : along(series.seqs, series.times, seq)

  const xAt = (event: PointerEvent): number => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return first + span * Math.max(0, Math.min(1, (event.clientX - box.left) / box.width))
  }
  const seqAt = (x: number): number => (axis === 'events' ? x : along(series.times, series.seqs, x))
  const drag = (event: PointerEvent): void => {
    const x = xAt(event)
    setHover(x)
    if (dragging.current) seek(seqAt(x))
  }
  const drop = async (event: PointerEvent): Promise<void> => {
    if (!dragging.current) return
    dragging.current = false
    const x = xAt(event)
    // Between two samples a time is not even: where one lets go, the event is looked up.
    if (axis === 'time') seek((await questions.seqAt(Math.round(x * 1_000))).seq)
  }
  const hoverSeq = hover === undefined ? undefined : Math.round(seqAt(hover))
  const hoverAt = hover === undefined ? undefined : along(series.seqs, series.times, hoverSeq ?? 0) * 1_000
  const valueAt = (ys: readonly number[]): number => along(series.seqs, ys, hoverSeq ?? 0)

  return (
    <div class="timeline">
      <div class="plot" ref={host} />
      <div
        class="track"
        role="slider"
        tabIndex={0}
        aria-label="Position in the history"
        aria-valuemin={summary.firstSeq}
        aria-valuemax={Math.max(summary.firstSeq, events - 1)}
        aria-valuenow={seq}
        aria-valuetext={`event ${seq} of ${events}${state === undefined ? '' : `, ${showMoment(state.at)}`}`}
        style={{ left: `${place.left}px`, width: `${place.width}px` }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          dragging.current = true
          drag(event)
        }}
        onPointerMove={drag}
        onPointerUp={drop}
        onPointerCancel={() => {
          dragging.current = false
        }}
        onPointerLeave={() => setHover(undefined)}
      >
        <div class="here" style={{ left: `${100 * shareOf(here)}%` }} />
        {hover !== undefined && hoverAt !== undefined && (
          <div class={`hover ${shareOf(hover) > 0.7 ? 'at-left' : ''}`} style={{ left: `${100 * shareOf(hover)}%` }}>
            <div class="tip">
              {`event ${showNumber(hoverSeq ?? 0)} · ${showTime(hoverAt)}`}
              <br />
              {`↓ ${showRate(valueAt(series.down))}  ↑ ${showRate(valueAt(series.up))}  ${valueAt(series.stored).toFixed(1)} %`}
            </div>
          </div>
        )}
      </div>
      {survey.surveyed < events && survey.fault === undefined && (
        <div
          class="surveying"
          role="status"
        >{`reading ${showNumber(survey.surveyed)} of ${showNumber(events)} events…`}</div>
      )}
      <ul class="legend" aria-label="What the timeline shows">
        <li class="stored">pieces stored</li>
        <li class="down">download</li>
        <li class="up">upload</li>
        <li class="quiet">{`${showBytes(survey.samples.at(-1)?.downloaded ?? 0)} down, ${showBytes(survey.samples.at(-1)?.wasted ?? 0)} wasted`}</li>
      </ul>
    </div>
  )
}
