/** Metrics as others read them: OpenMetrics text, as Prometheus takes it up, and OTLP in JSON, as OpenTelemetry does. */
import { METRICS, type Metric, type MetricsSample } from './metrics.js'

const MS_PER_SECOND = 1_000
const NS_PER_MS = 1_000_000n

const labelled = ({ label }: Metric, of: string): string => (label === undefined ? '' : `{${label}="${of}"}`)

/** Samples of a metric stand together, oldest first, each with its time in seconds (OpenMetrics 1.0). */
export function* openMetricsText(samples: readonly MetricsSample[]): Generator<string> {
  for (const metric of METRICS) {
    const { name, type, help, unit } = metric
    yield `# TYPE ${name} ${type}\n${unit === '' ? '' : `# UNIT ${name} ${unit}\n`}# HELP ${name} ${help}\n`
    const series = new Map<string, string[]>()
    for (const { at, values } of samples)
      for (const { metric: of, of: part, value } of values) {
        if (of !== metric) continue
        const lines = series.get(part) ?? []
        series.set(part, lines)
        const full = `${name}${type === 'counter' ? '_total' : ''}${labelled(metric, part)}`
        lines.push(`${full} ${value} ${at / MS_PER_SECOND}\n`)
      }
    for (const lines of series.values()) yield lines.join('')
  }
  yield '# EOF\n'
}

const nanoseconds = (at: number): string => String(BigInt(at) * NS_PER_MS)

export interface OtlpSource {
  readonly version: string
  /** Its name. */
  readonly transfer: string
  /** From when on counters count: the time of the log's first event, in ms since 1970. */
  readonly beganAt: number
}

/** An `ExportMetricsServiceRequest` of OTLP 1.x, in its JSON form. */
export const otlpJson = (samples: readonly MetricsSample[], { version, transfer, beganAt }: OtlpSource): string => {
  const start = nanoseconds(beganAt)
  const metrics = METRICS.map((metric) => {
    const dataPoints = samples.flatMap(({ at, values }) =>
      values
        .filter((each) => each.metric === metric)
        .map(({ of, value }) => ({
          attributes: metric.label === undefined ? [] : [{ key: metric.label, value: { stringValue: of } }],
          ...(metric.type === 'counter' ? { startTimeUnixNano: start } : {}),
          timeUnixNano: nanoseconds(at),
          asInt: String(value),
        })),
    )
    const { name, help: description } = metric
    const unit = metric.unit === 'bytes' ? 'By' : '1'
    return metric.type === 'counter'
      ? { name, description, unit, sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } }
      : { name, description, unit, gauge: { dataPoints } }
  })
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: {
          attributes: [
            attribute('service.name', 'torrewind'),
            attribute('service.version', version),
            attribute('torrewind.transfer', transfer),
          ],
        },
        scopeMetrics: [{ scope: { name: 'torrewind', version }, metrics }],
      },
    ],
  })
}
