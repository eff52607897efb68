/**
 * Draws the plots of a report: each is data in the page, in units of its axes, and uPlot draws it in colours of the page.
 *
 * Runs in browsers, as it stands: it is put into the page whole.
 *
 * @typedef {import('uplot')} uPlot
 * @typedef {import('../simulations/report/plot.js').Plot} Plot
 * @typedef {import('../simulations/report/plot.js').LinesPlot} LinesPlot
 * @typedef {import('../simulations/report/plot.js').RowsPlot} RowsPlot
 * @typedef {import('../simulations/report/plot.js').Axis} Axis
 * @typedef {readonly (number | null)[]} Curve
 */
;(() => {
  /** @type {{ uPlot: typeof import('uplot') }} */
  const { uPlot } = /** @type {any} */ (globalThis)
  const FONT = '12px system-ui, sans-serif'
  const HEIGHT = 300
  const ROW_HEIGHT = 24
  const AXES_HEIGHT = 70
  const HUES = 6
  const WHOLE = [1, 2, 5].flatMap((digit) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].map((power) => digit * power))
  WHOLE.sort((left, right) => left - right)

  /** @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
  /** @param {number} line */
  const hue = (line) => colour(`hue-${(line % HUES) + 1}`)

  /** @param {number} value */
  const show = (value) =>
    Math.abs(value) >= 1_000
      ? value.toLocaleString('en', { maximumFractionDigits: 0 })
      : value.toLocaleString('en', { maximumSignificantDigits: 3 })
  /** @param {number} value @param {Axis} axis */
  const withUnit = (value, { unit }) => (unit === '' ? show(value) : `${show(value)} ${unit}`)

  /** From the first place to the last, with room beside them; or what was zoomed to.
   * @param {readonly number[]} at @param {number} room @returns {uPlot.Scale} */
  const placesOf = (at, room) => {
    const [first = 0, last = 1] = [at[0], at[at.length - 1]]
    const [low, high] = first === last && room === 0 ? [first, first + 1] : [first - room, last + room]
    return {
      time: false,
      range: (_, from, to) => (from === null || (from === first && to === last) ? [low, high] : [from, to]),
    }
  }

  /** @param {Axis} axis @param {readonly number[] | undefined} increments @returns {uPlot.Axis} */
  const axisOf = (axis, increments) => ({
    label: axis.label,
    stroke: colour('quiet'),
    size: 30,
    font: FONT,
    labelFont: FONT,
    labelSize: 22,
    labelGap: 0,
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { stroke: colour('grid'), width: 1, size: 5 },
    values: (_, splits) => splits.map((split) => (split === null ? '' : split.toLocaleString('en'))),
    ...(increments === undefined ? {} : { incrs: [...increments] }),
  })

  /** What is the same in all plots. @param {Plot} plot @param {number} width */
  const common = (plot, width) => {
    /** @type {uPlot.Cursor} */
    const cursor = {
      drag: { x: true, y: false },
      points: { size: 7, width: 2, fill: (_, series) => (series === 0 ? '' : colour('surface')) },
    }
    if (plot.together !== undefined) cursor.sync = { key: plot.together, setSeries: false, scales: ['x', null] }
    return { width, cursor }
  }

  /** Where violations were found. @param {Plot} plot @returns {(u: uPlot) => void} */
  const drawMarks = (plot) => (u) => {
    const { ctx, bbox } = u
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.strokeStyle = colour('wrong')
    ctx.lineWidth = Math.max(1, Math.round(devicePixelRatio))
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio])
    ctx.beginPath()
    for (const mark of new Set(plot.marks)) {
      const x = Math.round(u.valToPos(mark, 'x', true))
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
    }
    ctx.stroke()
    ctx.restore()
  }

  /** The bands of points, as bars. @param {LinesPlot} plot @returns {(u: uPlot) => void} */
  const drawBars = (plot) => (u) => {
    const { ctx } = u
    ctx.save()
    ctx.lineWidth = Math.max(1, 1.5 * devicePixelRatio)
    plot.lines.forEach((line, index) => {
      ctx.strokeStyle = `${hue(index === 1 ? 5 : index)}88`
      ctx.beginPath()
      plot.at.forEach((place, at) => {
        const [low, high] = [line.low?.[at] ?? null, line.high?.[at] ?? null]
        if (low === null || high === null) return
        const x = u.valToPos(place, 'x', true)
        ctx.moveTo(x, u.valToPos(low, 'y', true))
        ctx.lineTo(x, u.valToPos(high, 'y', true))
      })
      ctx.stroke()
    })
    ctx.restore()
  }

  /** The band at a place; of what is counted in whole numbers it goes from one to another.
   * @param {LinesPlot} plot @param {LinesPlot['lines'][number]} line @param {number} at @returns {[number | null, number | null]} */
  const edgesOf = (plot, line, at) => {
    const [low, high] = [line.low?.[at] ?? null, line.high?.[at] ?? null]
    if (low === null || high === null || plot.form !== 'steps') return [low, high]
    return [Math.floor(low), Math.ceil(high)]
  }

  /** @param {LinesPlot} plot @param {number} width @returns {[uPlot.Options, uPlot.AlignedData]} */
  const linesPlot = (plot, width) => {
    const points = plot.form === 'points'
    const stepped = plot.form === 'steps' ? uPlot.paths.stepped?.({ align: 1 }) : undefined
    /** @type {uPlot.Series[]} */
    const series = [{ label: plot.x.label, value: (_, at, __, index) => (index === null ? '' : withUnit(at, plot.x)) }]
    /** @type {uPlot.Band[]} */
    const bands = []
    /** @type {Curve[]} */
    const data = []
    plot.lines.forEach((line, index) => {
      const own = points && index === 1 ? hue(5) : hue(index)
      const path = points ? () => null : stepped
      /** @type {uPlot.Series} */
      const edge = { class: 'edge', stroke: 'transparent', points: { show: false } }
      if (path !== undefined) edge.paths = path
      /** @type {uPlot.Series} */
      const middle = {
        label: line.label,
        stroke: own,
        width: 2,
        points: points ? { show: true, size: 6, fill: own, stroke: own } : { show: false },
        value: (_, value, __, at) => {
          if (at === null || at === undefined || value === null || value === undefined) return ''
          const [low, high] = edgesOf(plot, line, at)
          const range = low === null || high === null || low === high ? '' : ` (${show(low)} to ${show(high)})`
          return withUnit(value, plot.y) + range
        },
      }
      if (path !== undefined) middle.paths = path
      series.push(middle)
      data.push(line.middle)
      if (line.low === undefined || line.high === undefined) return
      // Beside the line that they belong to, so that they are shown and hidden with it.
      series.push(edge, { ...edge })
      data.push(line.high, line.low)
      if (!points) bands.push({ series: [series.length - 2, series.length - 1], fill: `${own}30` })
    })
    /** @type {uPlot.Options} */
    const options = {
      ...common(plot, width),
      height: HEIGHT,
      scales: {
        x: placesOf(plot.at, points ? 1 : 0),
        y: {
          range: (_, __, max) => {
            const most = Math.max(max ?? 0, plot.top ?? 0)
            return [0, most === 0 ? 1 : most * 1.04]
          },
        },
      },
      axes: [
        axisOf(plot.x, points ? WHOLE : undefined),
        { ...axisOf(plot.y, plot.form === 'steps' ? WHOLE : undefined), size: sizeOfValues },
      ],
      series,
      bands,
      hooks: {
        drawClear: [...(points ? [drawBars(plot)] : [])],
        draw: [drawMarks(plot)],
        setSeries: [showEdges],
      },
    }
    return [options, /** @type {uPlot.AlignedData} */ (/** @type {unknown} */ ([plot.at, ...data]))]
  }

  /** Edges go with their line. @type {(u: uPlot, series: number | null, options: uPlot.Series) => void} */
  const showEdges = (u, series, { show: shown }) => {
    if (series === null || shown === undefined) return
    for (const edge of [series + 1, series + 2])
      if (u.series[edge]?.class === 'edge' && u.series[edge]?.show !== shown) u.setSeries(edge, { show: shown }, false)
  }

  /** As wide as the longest number. @type {uPlot.Axis.Size} */
  const sizeOfValues = (_, values) => 18 + 7 * Math.max(2, ...(values ?? []).map(({ length }) => length))

  /** @param {RowsPlot} plot @param {number} width @returns {[uPlot.Options, uPlot.AlignedData]} */
  const rowsPlot = (plot, width) => {
    const { rows, runs } = plot
    const counts = rows.map(({ spans }) =>
      plot.at.map((at) => spans.filter(([from, to]) => from <= at && at <= to).length),
    )
    /** @type {(u: uPlot) => void} */
    const drawRows = (u) => {
      const { ctx, bbox } = u
      const end = bbox.left + bbox.width
      const height = Math.abs(u.valToPos(0, 'y', true) - u.valToPos(0.7, 'y', true))
      ctx.save()
      ctx.beginPath()
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
      ctx.clip()
      ctx.fillStyle = hue(0)
      // One run shows at full strength; of many, each is seen, and where most of them meet it is as strong.
      ctx.globalAlpha = Math.max(0.06, Math.min(0.85, 3 / runs))
      rows.forEach(({ spans }, row) => {
        const top = u.valToPos(row, 'y', true) - height / 2
        for (const [from, to] of spans) {
          const left = u.valToPos(from, 'x', true)
          // What takes no time shows too, at either end of the axis.
          const least = 3 * devicePixelRatio
          const start = left > end ? left : Math.min(left, end - least)
          ctx.fillRect(start, top, Math.max(least, u.valToPos(to, 'x', true) - left), height)
        }
      })
      ctx.restore()
    }
    const note = document.createElement('div')
    note.className = 'note'
    /** @type {(u: uPlot) => void} */
    const tell = (u) => {
      const at = u.cursor.idx
      const now =
        at === null || at === undefined ? [] : rows.flatMap(({ label }, row) => told(label, counts[row]?.[at]))
      const when = at === null || at === undefined ? '' : withUnit(plot.at[at] ?? 0, plot.x)
      note.textContent = when === '' ? '' : `${when}: ${now.length === 0 ? 'none' : now.join(', ')}`
    }
    /** @param {string} label @param {number | undefined} count */
    const told = (label, count = 0) => (count === 0 ? [] : [runs === 1 && count === 1 ? label : `${label} (${count})`])
    const longest = Math.max(...rows.map(({ label }) => label.length))
    /** @type {uPlot.Options} */
    const options = {
      ...common(plot, width),
      height: AXES_HEIGHT + ROW_HEIGHT * rows.length,
      legend: { show: false },
      scales: {
        x: placesOf(plot.at, 0),
        y: { range: [-0.5, rows.length - 0.5], dir: -1 },
      },
      axes: [
        axisOf(plot.x, undefined),
        {
          stroke: colour('quiet'),
          font: FONT,
          size: 16 + 7 * longest,
          splits: () => rows.map((_, row) => row),
          values: () => rows.map(({ label }) => label),
          grid: { show: false },
          ticks: { show: false },
        },
      ],
      series: [{}, ...rows.map(() => ({ paths: () => null, points: { show: false } }))],
      hooks: { init: [(u) => u.root.append(note)], draw: [drawRows, drawMarks(plot)], setCursor: [tell] },
    }
    options.cursor = { ...options.cursor, points: { show: false } }
    return [options, /** @type {uPlot.AlignedData} */ ([plot.at, ...counts])]
  }

  /** @type {Map<Element, uPlot>} */
  const drawn = new Map()
  /** @type {Plot[]} */
  const plots = JSON.parse(document.getElementById('plots')?.textContent ?? '[]')

  const draw = () => {
    for (const plot of plots) {
      const place = document.querySelector(`#plot-${plot.id} .plot`)
      if (!(place instanceof HTMLElement)) continue
      drawn.get(place)?.destroy()
      const width = place.clientWidth
      const [options, data] = plot.form === 'rows' ? rowsPlot(plot, width) : linesPlot(plot, width)
      drawn.set(place, new uPlot(options, data, place))
      resized.observe(place)
    }
    document.documentElement.dataset.drawn = String(drawn.size)
  }

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const plot = drawn.get(target)
      const width = target.clientWidth
      if (plot !== undefined && width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height })
    }
  })

  draw()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
})()
