/** A metric: something that is counted or measured, as OpenMetrics and OpenTelemetry name it. */

export interface Metric {
  /** As OpenMetrics has it, without the `_total` of counters. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** `bytes`, or nothing where it counts things. */
  readonly unit: '' | 'bytes'
  /** What tells its values apart, if it has several. */
  readonly label: string | undefined
}

export const metric = (
  name: string,
  type: Metric['type'],
  help: string,
  { unit = '', label }: { readonly unit?: Metric['unit']; readonly label?: string } = {},
): Metric => ({ name: `torrewind_${name}`, type, help, unit, label })
