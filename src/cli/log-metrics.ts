/** `torrewind log metrics`: charts that nobody asked for at the time, computed from the log. */
import { resolve } from 'node:path'
import { TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { LogReader } from '../ports.js'
import { History, MetricsFold, type MetricsSample, openMetricsText, otlpJson } from '../replay/index.js'
import { VERSION } from '../version.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'
import { checkPlace, writeNewFile } from './new-file.js'

export const METRICS_FORMATS = ['openmetrics', 'otlp'] as const
export type MetricsFormat = (typeof METRICS_FORMATS)[number]

export interface MetricsRequest {
  readonly reader: LogReader
  readonly name: string
  /** Between two samples; so that there are some hundreds, where it is left out. */
  readonly everyMs: number | undefined
  readonly format: MetricsFormat
}

/** As many as a chart has room for. */
const SAMPLES_WANTED = 500

interface Measured {
  readonly samples: readonly MetricsSample[]
  readonly beganAt: number
}

const measure = async (context: CommandContext, { reader, everyMs }: MetricsRequest): Promise<Measured> => {
  const history = new History(reader)
  if (history.events === 0) throw new TorrewindError('OPTION_INVALID', 'the log has no event yet')
  const { at: beganAt } = await history.eventAt(history.firstSeq)
  const spanMs = Math.max(0, (await history.eventAt(history.events - 1)).at - beganAt)
  const interval = everyMs ?? Math.max(1, Math.ceil(spanMs / SAMPLES_WANTED))
  if (spanMs / interval > LIMITS.metricsSamplesMax) {
    const least = Math.ceil(spanMs / LIMITS.metricsSamplesMax)
    throw new TorrewindError('OPTION_INVALID', `the log spans ${spanMs} ms: samples may be ${least} ms apart or more`)
  }
  const fold = new MetricsFold(await history.stateBeforeAll(), interval)
  const samples: MetricsSample[] = []
  for await (const events of reader.read(0)) {
    context.stopped.throwIfAborted()
    for (const logged of events) samples.push(...fold.take(logged))
  }
  return { samples: [...samples, fold.sample()], beganAt }
}

export const writeMetrics = async (
  context: CommandContext,
  output: string | undefined,
  request: MetricsRequest,
): Promise<void> => {
  if (output !== undefined) await checkPlace(output)
  const { samples, beganAt } = await measure(context, request)
  const source = { version: VERSION, transfer: request.name, beganAt }
  const chunks = request.format === 'otlp' ? [`${otlpJson(samples, source)}\n`] : openMetricsText(samples)
  if (output === undefined) {
    for (const chunk of chunks) for (const line of chunk.trimEnd().split('\n')) context.print(line)
    await context.written()
    return
  }
  const written = async function* (): AsyncGenerator<string, void, undefined> {
    yield* chunks
  }
  await writeNewFile(output, written())
  const file = resolve(output)
  context.tell(`${showCount(samples.length, 'sample')} in ${file}`)
  context.say({ type: 'measured', samples: samples.length, file, format: request.format })
}
