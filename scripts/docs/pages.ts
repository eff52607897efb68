/** The pages that are made, wholly or in part, from the sources. */
import { causesTable } from './causes.js'
import { eventsPage } from './events.js'
import { inputsPage } from './inputs.js'
import { limitsTable } from './limits.js'
import { machineTables } from './machines.js'
import { fillRegions } from './markdown.js'
import { metricsTable } from './metrics.js'
import { recordTable } from './record.js'
import { roomsTable } from './rooms.js'
import { scenariosTable, settingsTable } from './scenarios.js'

/** Each page as it should be, given as it is. */
export const PAGES: Readonly<Record<string, (page: string) => string>> = {
  'docs/EVENTS.md': eventsPage,
  'docs/INPUTS.md': inputsPage,
  'docs/MANUAL.md': (page) =>
    fillRegions(page, {
      causes: causesTable(),
      limits: limitsTable(),
      metrics: metricsTable(),
      scenarios: scenariosTable(),
      settings: settingsTable(),
    }),
  'ARCHITECTURE.md': (page) =>
    fillRegions(page, { 'the rooms': roomsTable(), ...machineTables(), 'a record': recordTable() }),
}
