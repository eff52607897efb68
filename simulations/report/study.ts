/** A study: runs of one scenario with the same settings, which a report is about. */
import type { RunResult } from '../scenario.js'
import type { RunSettings } from '../settings.js'

export interface Study {
  readonly scenario: string
  /** What the scenario is about. */
  readonly summary: string
  readonly settings: RunSettings
  /** The scenario's own, to tell what was changed. */
  readonly defaults: RunSettings
  /** In the order of their seeds. */
  readonly runs: readonly RunResult[]
}

/** Names of the groups of all runs, in the order of their first appearance. */
export const groupNames = (runs: readonly RunResult[]): readonly string[] => [
  ...new Set(runs.flatMap(({ groups }) => groups.map(({ name }) => name))),
]

const SPANS_SHOWN = 12

/** `1..20`, or `1..3, 5, 7..9` where runs are missing. */
export const seedsText = (runs: readonly RunResult[]): string => {
  const spans: [number, number][] = []
  for (const { seed } of runs) {
    const last = spans.at(-1)
    if (last !== undefined && seed === last[1] + 1) last[1] = seed
    else spans.push([seed, seed])
  }
  if (spans.length > SPANS_SHOWN) return `${spans[0]?.[0]}..${spans.at(-1)?.[1]}, with gaps`
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}..${to}`)).join(', ')
}
