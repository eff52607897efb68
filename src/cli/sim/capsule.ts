/**
 * A capsule: what is needed to look at a run that went wrong, in one file of JSON lines.
 *
 * Nothing is kept while runs are run: what happened follows from the seed, so the run is run once more and heard this time.
 */
import type { RunResult, Violation } from '../../../simulations/index.js'
import { seq as seqOf } from '../../values.js'
import { VERSION } from '../../version.js'
import { eventLine } from '../events-text.js'
import { writeNewFile } from '../new-file.js'
import type { PreparedJob } from './job.js'

/** Of a longer log the end is kept: 50 MB at most. */
const EVENTS_MAX = 400_000

export interface Capsule {
  readonly result: RunResult
  readonly violation: Violation
  /** How to run it again. */
  readonly again: string
}

/** Writes it, and says how many events it has. */
export const writeCapsule = async (
  path: string,
  { scenario, settings }: PreparedJob,
  { result, violation, again }: Capsule,
): Promise<number> => {
  let lines: string[] = []
  let events = 0
  let over = false
  await scenario.run({
    seed: result.seed,
    settings,
    onEvent: (node, seq, at, event) => {
      if (over || node !== violation.node) return
      events++
      lines.push(JSON.stringify(eventLine({ seq: seqOf(seq), at, event })))
      if (lines.length >= 2 * EVENTS_MAX) lines = lines.slice(-EVENTS_MAX)
    },
    onViolation: ({ checker, node }) => {
      over ||= checker === violation.checker && node === violation.node
    },
  })
  lines = lines.slice(-EVENTS_MAX)
  const { seed, hash, faults } = result
  const head = { type: 'capsule', format: 1, version: VERSION, scenario: scenario.name, seed, hash, again }
  const heading = { ...head, violation, settings, faults, events, leftOut: events - lines.length }
  const chunks = async function* (): AsyncGenerator<string> {
    yield `${JSON.stringify(heading)}\n`
    for (let at = 0; at < lines.length; at += 1_000) yield `${lines.slice(at, at + 1_000).join('\n')}\n`
  }
  await writeNewFile(path, chunks())
  return lines.length
}
