/** The table of the series that `log metrics` writes, from `src/replay/export/`. */
import { COUNTED } from '../../src/replay/export/counted.js'
import { METRICS } from '../../src/replay/export/metrics.js'
import { table } from './markdown.js'

export const metricsTable = (): string => {
  const parts = new Map(Object.values(COUNTED).map((counted) => [counted.metric, counted.parts]))
  return table(
    ['Series', 'Kind', 'What it says', 'By'],
    METRICS.map((metric) => {
      const words = (parts.get(metric) ?? []).map((part) => `\`${part}\``).join(', ')
      const label = metric.label === undefined ? '' : `\`${metric.label}\`${words === '' ? '' : `: ${words}`}`
      return [`\`${metric.name}\``, metric.type, metric.help, label]
    }),
  )
}
