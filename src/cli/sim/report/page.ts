/** The page of a report: one file of HTML that needs nothing else. */
import { measuresOf, scenarioMeasures } from '../../../../simulations/report/measures.js'
import type { Plot } from '../../../../simulations/report/plot.js'
import { plotsOf } from '../../../../simulations/report/plots.js'
import { type Study, seedsText } from '../../../../simulations/report/study.js'
import { VERSION } from '../../../version.js'
import { showCount } from '../../format.js'
import { Html, html, jsonElement } from './html.js'
import { groupTable, measureTable, settingsTable, tiles } from './sections.js'

/** What the page is made of beside its own: all of it trusted, and put in as it is. */
export interface PageParts {
  readonly libraryStyle: string
  readonly library: string
  readonly style: string
  readonly script: string
}

/** In one study more than these say nothing new. */
const WRONGS_SHOWN = 50

const wrongs = ({ runs }: Study, commandOf: (seed: number) => string): Html => {
  const found = runs.flatMap(({ seed, violations }) => violations.map((violation) => ({ seed, ...violation })))
  if (found.length === 0) return html``
  const seeds = [...new Set(found.map(({ seed }) => seed))]
  const [first = 0] = seeds
  const more = found.length > WRONGS_SHOWN ? html`<li>and ${found.length - WRONGS_SHOWN} more</li>` : html``
  return html`<section class="wrongs">
<h2>${showCount(found.length, 'violation')} in ${seeds.length} of ${showCount(runs.length, 'run')}</h2>
<p>Something happened that must never happen. See the first again with <code>${commandOf(first)}</code></p>
<ul>
${found.slice(0, WRONGS_SHOWN).map(
  ({ seed, kind, checker, node, atSeconds, text }) =>
    html`<li>seed ${seed}, ${kind}: <b>${checker}</b> at ${atSeconds.toFixed(3)} s${
      node === undefined ? '' : `, node ${node}`
    }: ${text}</li>
`,
)}${more}</ul>
</section>
`
}

const figure = ({ id, title, about, wide }: Plot): Html =>
  html`<figure class="card${wide ? ' wide' : ''}" id="plot-${id}">
<figcaption><h3>${title}</h3><p>${about}</p></figcaption>
<div class="plot" role="img" aria-label="${title}"></div>
</figure>
`

const howToRead = (runs: number): string =>
  [
    runs === 1 ? '' : `Lines are medians over ${runs} runs; a band holds 90 % of them.`,
    'Hover for values; drag to zoom in, double-click to zoom out; click a name to hide its line.',
  ].join(' ')

/** What the page may do: draw itself, and load nothing from anywhere. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

export interface PageCommands {
  /** Makes this report again. */
  readonly study: string
  /** Shows one run again. */
  run(seed: number): string
}

export const pageOf = (study: Study, commands: PageCommands, parts: PageParts): string => {
  const { scenario, summary, runs } = study
  const plots = plotsOf(runs)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="torrewind ${VERSION}">
<title>${scenario}, ${showCount(runs.length, 'run')}</title>
<style>${new Html(parts.libraryStyle)}</style>
<style>${new Html(parts.style)}</style>
</head>
<body>
<main>
<header>
<h1>${scenario}</h1>
<p>${summary}</p>
<p class="quiet">${showCount(runs.length, 'run')}, ${runs.length === 1 ? 'seed' : 'seeds'} ${seedsText(runs)} · Torrewind ${VERSION}</p>
<pre title="Makes this report again">${commands.study}</pre>
</header>
${wrongs(study, commands.run)}${tiles(runs)}
<h2>What happened</h2>
<p class="quiet">${howToRead(runs.length)}</p>
<section class="plots">
${plots.map(figure)}</section>
<noscript><p>The plots are drawn by a script of this page.</p></noscript>
<h2>Numbers</h2>
${measureTable(runs, measuresOf(runs))}
${groupTable(runs)}
<h3 class="between">Measured by the scenario</h3>
${measureTable(runs, scenarioMeasures(runs))}
<h2>Settings</h2>
${settingsTable(study)}
<footer>A simulation of real engines: the same version, scenario, settings and seeds give the same runs on any machine.</footer>
</main>
${jsonElement('plots', plots)}
<script>${new Html(parts.library)}</script>
<script>${new Html(parts.script)}</script>
</body>
</html>
`.text
}
