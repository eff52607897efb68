/** The table of the causes that explanations give, from `src/replay/explain/causes.ts`. */
import { CAUSE_CODES, CAUSES } from '../../src/replay/explain/causes.js'
import { table } from './markdown.js'

export const causesTable = (): string =>
  table(
    ['Code', 'What it says', 'What would change it'],
    CAUSE_CODES.map((code) => [`\`${code}\``, CAUSES[code].meaning, CAUSES[code].remedy ?? '']),
  )
