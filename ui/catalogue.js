/**
 * The page of a tracker's catalogue: the files, a search, the health of their swarms over time, and what is new at once.
 *
 * Runs in browsers, as it stands. Whatever strangers have written is put in as text, never as HTML.
 *
 * @typedef {import('uplot')} uPlot
 * @typedef {import('../tracker/catalogue-json.js').ShownEntry} Entry
 * @typedef {import('../tracker/catalogue-json.js').ShownWhole} Whole
 * @typedef {import('../tracker/catalogue-json.js').ShownPage} Page
 * @typedef {import('../tracker/catalogue-health.js').HealthColumns} Health
 * @typedef {{ entry: Entry, item: HTMLElement, counts: Record<'seeds' | 'leeches' | 'completed', HTMLElement>,
 *   charts: Chart[], health: Health | undefined }} Row
 * @typedef {{ place: HTMLElement, lines: readonly Line[], health: () => Health, plot: uPlot | undefined }} Chart
 * @typedef {{ key: 'seeds' | 'leeches' | 'completed', label: string, hue: string }} Line
 */
;(() => {
  /** @type {{ uPlot: typeof import('uplot') }} */
  const { uPlot } = /** @type {any} */ (globalThis)
  const PAGE = 50
  /** Of a plot: a page may be open for weeks. */
  const POINTS_MAX = 2_000
  const TYPING_MS = 200
  const AGAIN_MS = 1_000
  /** The tracker's address, which need not be the root of its host. */
  const HERE = new URL('.', location.href).href.replace(/\/$/, '')
  const HEIGHT = 180
  const FONT = '12px system-ui, sans-serif'
  const PEERS = /** @type {const} */ ([
    { key: 'seeds', label: 'Seeds', hue: 'hue-2' },
    { key: 'leeches', label: 'Leeches', hue: 'hue-1' },
  ])
  const COMPLETIONS = /** @type {const} */ ([{ key: 'completed', label: 'Completions', hue: 'hue-3' }])

  /** @template {HTMLElement} T @param {string} id @returns {T} */
  const byId = (id) => /** @type {any} */ (document.getElementById(id))
  const list = byId('list')
  const more = /** @type {HTMLButtonElement} */ (byId('more'))
  const field = /** @type {HTMLInputElement} */ (byId('q'))
  const order = /** @type {HTMLSelectElement} */ (byId('order'))

  /** @param {string} name @param {Record<string, string>} [attributes] @param {...(Node | string)} children */
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
    made.append(...children)
    return made
  }

  const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB']
  /** @param {number} bytes */
  const showBytes = (bytes) => {
    let [value, unit] = [bytes, 0]
    for (; value >= 1_024; unit++) value /= 1_024
    return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
  }
  /** @param {number} count */
  const showCount = (count) => count.toLocaleString('en')
  /** @param {number} count @param {string} one @param {string} [many] */
  const counted = (count, one, many = `${one}s`) => `${showCount(count)} ${count === 1 ? one : many}`
  /** @param {number} at */
  const showDay = (at) => new Date(at).toLocaleDateString('en', { year: 'numeric', month: 'short', day: 'numeric' })
  /** @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

  // ---------------------------------------------------------------- plots

  /** @param {Chart} chart @returns {uPlot.AlignedData} */
  const dataOf = ({ lines, health }) => {
    const columns = health()
    return /** @type {any} */ ([columns.at, ...lines.map(({ key }) => columns[key])])
  }

  /** @type {Map<Element, Chart>} */
  const charts = new Map()

  const SECONDS = [
    1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
  ]
  const SPAN_SECONDS_MIN = 120

  /** All there is, of which the first moments would make an axis of fractions of a second. @param {ArrayLike<number>} at @returns {[number, number]} */
  const spanOf = (at) => {
    const last = at[at.length - 1] ?? 0
    return [Math.min(at[0] ?? 0, last - SPAN_SECONDS_MIN), last]
  }
  /** Whether nobody has zoomed in. @param {ArrayLike<number>} at @param {number} from @param {number} to */
  const isWhole = (at, from, to) => at.length < 2 || (from <= (at[0] ?? 0) && to >= (at[at.length - 1] ?? 0))

  /** @param {number} at @param {number} step */
  const showMoment = (at, step) => {
    const moment = new Date(at * 1_000)
    const midnight = moment.getHours() === 0 && moment.getMinutes() === 0 && moment.getSeconds() === 0
    if (step >= 86_400 || midnight) return moment.toLocaleDateString('en', { month: 'short', day: 'numeric' })
    /** @type {Intl.DateTimeFormatOptions} */
    const seconds = step < 60 ? { second: '2-digit' } : {}
    return moment.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...seconds })
  }

  /** @param {Chart} chart */
  const draw = (chart) => {
    const { place, lines } = chart
    chart.plot?.destroy()
    chart.plot = undefined
    place.replaceChildren()
    const width = place.clientWidth
    if (width === 0) return
    /** @returns {uPlot.Axis} */
    const axis = () => ({
      stroke: colour('quiet'),
      font: FONT,
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { stroke: colour('grid'), width: 1, size: 5 },
    })
    const stepped = uPlot.paths.stepped?.({ align: 1 })
    /** @type {uPlot.Options} */
    const options = {
      width,
      height: HEIGHT,
      padding: [10, 14, 0, 0],
      cursor: { drag: { x: true, y: false }, points: { size: 7 } },
      scales: {
        x: { range: ({ data: [at] }, from, to) => (isWhole(at, from, to) ? spanOf(at) : [from, to]) },
        y: { range: (_, __, most) => [0, Math.max(1, most ?? 0) * 1.05] },
      },
      axes: [
        {
          ...axis(),
          space: 70,
          size: 34,
          incrs: SECONDS,
          values: (_, splits, __, ___, step) => splits.map((at) => showMoment(at, step)),
        },
        {
          ...axis(),
          size: (_, values) => 16 + 7 * Math.max(2, ...(values ?? []).map(({ length }) => length)),
          incrs: [1, 2, 5]
            .flatMap((digit) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6].map((power) => digit * power))
            .sort((a, b) => a - b),
          values: (_, splits) => splits.map((split) => showCount(split)),
        },
      ],
      series: [
        {
          value: (_, at) =>
            at === null || at === undefined
              ? ''
              : new Date(at * 1_000).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' }),
        },
        ...lines.map(({ label, hue }) => ({
          label,
          stroke: colour(hue),
          width: 2,
          ...(stepped === undefined ? {} : { paths: stepped }),
          points: { show: chart.health().at.length < 3, size: 6, fill: colour(hue), stroke: colour(hue) },
          /** @param {uPlot} _ @param {number | null | undefined} value */
          value: (_, value) => (value === null || value === undefined ? '' : showCount(value)),
        })),
      ],
    }
    chart.plot = new uPlot(options, dataOf(chart), place)
    document.documentElement.dataset.drawn = String(
      [...charts.values()].filter(({ plot }) => plot !== undefined).length,
    )
  }

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = charts.get(target)
      const width = target.clientWidth
      if (chart === undefined || width === 0) continue
      if (chart.plot === undefined) draw(chart)
      else if (width !== chart.plot.width) chart.plot.setSize({ width, height: HEIGHT })
    }
  })

  /** @param {HTMLElement} place @param {readonly Line[]} lines @param {() => Health} health @returns {Chart} */
  const openChart = (place, lines, health) => {
    const chart = { place, lines, health, plot: undefined }
    charts.set(place, chart)
    draw(chart)
    resized.observe(place)
    return chart
  }

  /** @param {Chart} chart */
  const closeChart = (chart) => {
    chart.plot?.destroy()
    charts.delete(chart.place)
    resized.unobserve(chart.place)
  }

  /** A chart whose data has grown; what somebody has zoomed into stays. @param {Chart} chart */
  const grow = (chart) => {
    if (chart.health().at.length <= 3) draw(chart)
    else chart.plot?.setData(dataOf(chart), chart.plot.scales.x?.max === chart.plot.data[0]?.at(-1))
  }

  /** The samples and what is so now. @param {Health} health @param {Record<'seeds' | 'leeches' | 'completed', number>} now @returns {Health} */
  const upToNow = (health, now) => {
    const at = Math.floor(Date.now() / 1_000)
    // The clocks of tracker and browser may differ.
    if (at <= (health.at.at(-1) ?? 0)) return health
    /** @param {readonly number[]} column @param {number} value */
    const longer = (column, value) => [...column.slice(-POINTS_MAX), value]
    return {
      at: longer(health.at, at),
      seeds: longer(health.seeds, now.seeds),
      leeches: longer(health.leeches, now.leeches),
      completed: longer(health.completed, now.completed),
    }
  }

  // ---------------------------------------------------------------- the whole tracker

  /** @type {Health} */
  let total = { at: [], seeds: [], leeches: [], completed: [] }
  let totalNow = { seeds: 0, leeches: 0, completed: 0 }
  /** @type {Chart | undefined} */
  let totalChart

  /** What to do where nothing is there yet. @param {'open' | 'tokens' | 'closed'} publishing */
  const showEmpty = (publishing) => {
    const token = publishing === 'tokens' ? ' --token TOKEN' : ''
    const commands = [
      `torrewind create FOLDER -o FOLDER.torrent --tracker ${HERE}/announce`,
      `torrewind publish FOLDER.torrent --tracker ${HERE}${token}`,
      'torrewind seed FOLDER.torrent --path .',
    ]
    const isClosed = publishing === 'closed'
    byId('commands').textContent = isClosed
      ? 'torrewind tracker --open\ntorrewind tracker --jwks FILE'
      : commands.join('\n')
    byId('how').textContent = isClosed
      ? 'This tracker takes nothing: others reach it, and nobody said who may publish. Whoever runs it lets all or some:'
      : 'Make a torrent that names this tracker, publish it, and share it:'
  }

  /** @param {{ entries: number, torrents: number, peers: number, seeds: number, publishing: 'open' | 'tokens' | 'closed' }} stats */
  const showStats = ({ entries, torrents, peers, seeds, publishing }) => {
    showEmpty(publishing)
    totalNow = { ...totalNow, seeds, leeches: peers - seeds }
    for (const [id, value] of Object.entries({ entries, torrents, seeds, leeches: peers - seeds })) {
      byId(id).textContent = showCount(value)
    }
    byId('empty').hidden = entries > 0
    total = upToNow(total, totalNow)
    if (totalChart !== undefined) grow(totalChart)
  }

  const loadStats = async () => {
    const stats = await ask('catalogue/stats')
    total = stats.health
    showStats(stats)
    const place = document.querySelector('#whole .plot')
    if (place instanceof HTMLElement) totalChart ??= openChart(place, PEERS, () => upToNow(total, totalNow))
  }

  // ---------------------------------------------------------------- the list

  /** @type {Map<string, Row>} */
  const rows = new Map()
  /** @type {string | null} */
  let next = null
  /** @type {string[]} */
  let tags = []
  let asked = 0

  /** @param {string} path @returns {Promise<any>} */
  const ask = async (path) => {
    const response = await fetch(path)
    const body = await response.json()
    if (!response.ok) throw new Error(body.error?.message ?? `the tracker answered ${response.status}`)
    return body
  }

  /** @param {string} tag @param {string} title @param {() => void} chosen */
  const tagButton = (tag, title, chosen) => {
    const button = element('button', { type: 'button', class: 'tag', title }, tag)
    button.addEventListener('click', chosen)
    return button
  }

  const showTags = () => {
    byId('chosen').replaceChildren(
      ...tags.map((tag) =>
        tagButton(`${tag} ×`, 'Without this tag', () => {
          tags = tags.filter((other) => other !== tag)
          void search()
        }),
      ),
    )
  }

  /** @param {'seeds' | 'leeches' | 'completed'} key @param {number} count @param {string} word */
  const countElement = (key, count, word) => {
    const number = element('b', {}, showCount(count))
    return { number, whole: element('div', { class: `count ${key}` }, number, word) }
  }

  /** @param {Entry} entry @returns {Row} */
  const makeRow = (entry) => {
    const name = element('span', { dir: 'auto' }, entry.name)
    const open = element('button', { type: 'button', class: 'open', 'aria-expanded': 'false' }, name)
    const about = element(
      'div',
      { class: 'about' },
      element('span', {}, showBytes(entry.bytes)),
      element('span', {}, counted(entry.files, 'file')),
      element('span', {}, showDay(entry.publishedAt)),
      ...(entry.private ? [element('span', {}, 'private')] : []),
    )
    for (const tag of entry.tags) {
      about.append(
        tagButton(tag, 'Only what has this tag', () => {
          if (!tags.includes(tag)) tags = [...tags, tag]
          void search()
        }),
      )
    }
    const seeds = countElement('seeds', entry.seeds, 'seeds')
    const leeches = countElement('leeches', entry.leeches, 'leeches')
    const completed = countElement('completed', entry.completed, 'completed')
    const counts = element('div', { class: 'counts' }, seeds.whole, leeches.whole, completed.whole)
    const item = element(
      'li',
      { 'data-info-hash': entry.infoHash },
      element('div', { class: 'row' }, open, counts, about),
    )
    /** @type {Row} */
    const row = {
      entry,
      item,
      counts: { seeds: seeds.number, leeches: leeches.number, completed: completed.number },
      charts: [],
      health: undefined,
    }
    open.addEventListener('click', () => {
      const expanded = open.getAttribute('aria-expanded') === 'true'
      open.setAttribute('aria-expanded', String(!expanded))
      if (expanded) closeRow(row)
      else void openRow(row)
    })
    return row
  }

  /** @param {Row} row */
  const closeRow = (row) => {
    for (const chart of row.charts) closeChart(chart)
    row.charts = []
    row.health = undefined
    row.item.querySelector('.more')?.remove()
  }

  /** @param {string} title @param {string} about */
  const figure = (title, about) => {
    const place = element('div', { class: 'plot', role: 'img', 'aria-label': about })
    return { place, whole: element('figure', {}, element('h3', {}, title), place) }
  }

  /** @param {Row} row */
  const openRow = async (row) => {
    const details = element('div', { class: 'more' })
    row.item.append(details)
    /** @type {Whole} */
    let whole
    try {
      whole = await ask(`catalogue/${row.entry.infoHash}`)
    } catch (error) {
      details.append(element('p', { class: 'quiet' }, String(error instanceof Error ? error.message : error)))
      return
    }
    if (!details.isConnected) return
    row.health = whole.health
    const peers = figure('Peers', `Seeds and leeches of ${whole.name} over time`)
    const completions = figure('Completions', `Completed downloads of ${whole.name} over time`)
    details.append(element('div', { class: 'plots' }, peers.whole, completions.whole), factsOf(whole), filesOf(whole))
    const health = () => upToNow(row.health ?? whole.health, row.entry)
    row.charts = [openChart(peers.place, PEERS, health), openChart(completions.place, COMPLETIONS, health)]
  }

  /** @param {Whole} whole */
  const factsOf = (whole) => {
    const torrent = element('a', { href: `catalogue/${whole.infoHash}.torrent`, download: '' }, '.torrent')
    /** @type {[string, Node | string][]} */
    const facts = [
      ['Fetch', element('code', {}, `torrewind get ${whole.cid} --tracker ${HERE} -d .`)],
      ['Download', element('span', {}, torrent, ` (${showBytes(whole.torrentBytes)})`)],
      ['CID', element('code', {}, whole.cid)],
      ['Info-hash', element('code', {}, whole.infoHash)],
      ['Pieces', `${showCount(whole.pieces)} of ${showBytes(whole.pieceLength)}`],
    ]
    if (whole.comment !== null) facts.push(['Comment', whole.comment])
    return element(
      'dl',
      { class: 'facts' },
      ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', { dir: 'auto' }, value)]),
    )
  }

  /** @param {Whole} whole */
  const filesOf = (whole) => {
    const table = element('tbody')
    for (const { path, bytes } of whole.paths) {
      table.append(element('tr', {}, element('td', { dir: 'auto' }, path), element('td', {}, showBytes(bytes))))
    }
    const left = whole.files - whole.paths.length
    if (left > 0)
      table.append(
        element('tr', {}, element('td', {}, `and ${counted(left, 'more file')}, all in the .torrent`), element('td')),
      )
    return element(
      'details',
      {},
      element('summary', {}, counted(whole.files, 'file')),
      element('div', { class: 'files' }, element('table', {}, table)),
    )
  }

  /** @param {Page} page */
  const append = (page) => {
    for (const entry of page.entries) {
      if (rows.has(entry.infoHash)) continue
      const row = makeRow(entry)
      rows.set(entry.infoHash, row)
      list.append(row.item)
    }
    next = page.next
    more.hidden = next === null
  }

  const clear = () => {
    for (const row of rows.values()) closeRow(row)
    rows.clear()
    list.replaceChildren()
  }

  /** @param {string} [cursor] */
  const queryOf = (cursor) => {
    const query = new URLSearchParams({ order: order.value, limit: String(PAGE) })
    if (field.value.trim() !== '') query.set('q', field.value)
    for (const tag of tags) query.append('tag', tag)
    if (cursor !== undefined) query.set('cursor', cursor)
    return `catalogue?${query}`
  }

  /** @param {string} text @param {boolean} [wrong] */
  const tellFound = (text, wrong = false) => {
    byId('found').textContent = text
    byId('found').classList.toggle('wrong', wrong)
  }

  const search = async () => {
    const turn = ++asked
    showTags()
    try {
      const page = await ask(queryOf())
      if (turn !== asked) return
      // Rows that are open stay as they are, where they are found again.
      const open = [...rows.values()].filter(({ charts: shown }) => shown.length > 0).map(({ entry }) => entry.infoHash)
      clear()
      append(page)
      for (const name of open) rows.get(name)?.item.querySelector('button')?.click()
      const narrowed = field.value.trim() !== '' || tags.length > 0
      tellFound(narrowed ? `${counted(page.total, 'file')} found` : counted(page.total, 'file'))
    } catch (error) {
      if (turn === asked) tellFound(error instanceof Error ? error.message : String(error), true)
    }
    document.documentElement.dataset.searched = String(turn)
  }

  more.addEventListener('click', async () => {
    if (next === null) return
    const turn = asked
    more.disabled = true
    try {
      const page = await ask(queryOf(next))
      if (turn === asked) append(page)
    } catch (error) {
      tellFound(error instanceof Error ? error.message : String(error), true)
    }
    more.disabled = false
  })

  let typing = 0
  field.addEventListener('input', () => {
    clearTimeout(typing)
    typing = setTimeout(search, TYPING_MS)
  })
  order.addEventListener('change', search)
  byId('search').addEventListener('submit', (event) => {
    event.preventDefault()
    clearTimeout(typing)
    void search()
  })

  // ---------------------------------------------------------------- what is new

  /** @param {string} infoHash @param {number} seeds @param {number} leeches @param {number} completed */
  const showSwarm = (infoHash, seeds, leeches, completed) => {
    const row = rows.get(infoHash)
    if (row === undefined) return
    const now = { seeds, leeches, completed }
    row.entry = { ...row.entry, ...now }
    for (const key of /** @type {const} */ (['seeds', 'leeches', 'completed']))
      row.counts[key].textContent = showCount(now[key])
    // What is so from now on, beside what was sampled.
    if (row.health !== undefined) row.health = upToNow(row.health, now)
    for (const chart of row.charts) grow(chart)
  }

  let pending = 0
  /** Many may come at once: the list is asked for again when it is quiet for a moment. */
  const searchSoon = () => {
    clearTimeout(pending)
    pending = setTimeout(search, AGAIN_MS)
  }

  /** @param {boolean} yes */
  const tellLive = (yes) => {
    byId('live').textContent = yes ? 'live' : 'not connected: trying again'
    byId('live').className = `quiet ${yes ? 'yes' : 'no'}`
  }

  const watch = () => {
    const source = new EventSource('catalogue/live')
    let lost = false
    source.addEventListener('open', () => {
      tellLive(true)
      if (lost) void Promise.all([search(), loadStats()]).catch(() => {})
      lost = false
    })
    source.addEventListener('error', () => {
      lost = true
      tellLive(false)
    })
    /** @param {string} name @param {(data: any) => void} take */
    const on = (name, take) => source.addEventListener(name, ({ data }) => take(JSON.parse(data)))
    on('stats', showStats)
    on('swarms', (/** @type {[string, number, number, number][]} */ swarms) => {
      for (const swarm of swarms) showSwarm(...swarm)
    })
    on('published', searchSoon)
    on('removed', searchSoon)
  }

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of charts.values()) draw(chart)
  })
  void search()
  void loadStats().catch(() => tellLive(false))
  watch()
})()
