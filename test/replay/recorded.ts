/** Recorded histories for tests: one of a simulated downloader, and logs in memory that can be changed at will. */
import { findScenario, populate, readSettings, runSwarm, type SettingValues } from '../../simulations/index.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import type { LoggedInput } from '../../src/events/input-codec.js'
import type { ReadableLog } from '../../src/replay/index.js'

export interface Recorded {
  readonly events: readonly LoggedEvent[]
  readonly inputs: readonly LoggedInput[]
}

export const recordedOf = async (log: ReadableLog): Promise<Recorded> => {
  const events: LoggedEvent[] = []
  const inputs: LoggedInput[] = []
  for await (const batch of log.read(0)) events.push(...batch)
  for await (const batch of log.readInputs?.(0) ?? []) inputs.push(...batch)
  return { events, inputs }
}

/** Without checkpoints, in records of a few. */
export const logOf = ({ events, inputs }: Recorded): ReadableLog => ({
  committedSeq: events.length,
  async *read(from, to = events.length) {
    for (let at = from; at < Math.min(to, events.length); at += 7) yield events.slice(at, Math.min(at + 7, to))
  },
  async *readInputs(from, to = events.length) {
    const within = inputs.filter(({ seq }) => seq >= from && seq < to)
    for (let at = 0; at < within.length; at += 5) yield within.slice(at, at + 5)
  },
  loadCheckpoint: async () => undefined,
})

/** The log of the first leecher of a run in which every node records. */
export const recordRun = async (scenario: string, seed: number, values: SettingValues): Promise<Recorded> => {
  const { defaults } = findScenario(scenario)
  const settings = readSettings(defaults, { ...values, recordedNodes: 100 })
  let recorded: (() => Promise<Recorded>) | undefined
  const { violations } = await runSwarm({ seed, settings }, async (swarm, given) => {
    const population = populate(swarm, given)
    recorded = async () => {
      const log = await population.leechers[0]?.reader()
      if (log === undefined) throw new Error('it has no log')
      return recordedOf(log)
    }
    await swarm.run({ seconds: given.limitSeconds, when: () => population.presence.over() })
    return { population, endSeconds: swarm.seconds }
  })
  if (recorded === undefined || violations.length > 0) throw new Error(violations[0]?.text ?? 'it did not run')
  return recorded()
}
