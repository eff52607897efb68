/** Histories of simulated nodes, as arrays of events, and capsules of them. */
import { findScenario } from '../../simulations/catalogue.js'
import { readSettings } from '../../simulations/settings.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import type { LogReader } from '../../src/ports.js'
import { type CapsuleSource, draftCapsule } from '../../src/replay/capsule-writer.js'
import { logOfEvents } from '../../src/replay/event-log.js'
import { seq as seqOf } from '../../src/values.js'

export interface Simulated {
  readonly torrent: Uint8Array
  /** What each node logged, from the first node on; what a crash took is not there. */
  readonly histories: readonly (readonly LoggedEvent[])[]
}

export const simulated = async (
  name: string,
  seed: number,
  values: Readonly<Record<string, number | string>>,
): Promise<Simulated> => {
  const scenario = findScenario(name)
  const histories: LoggedEvent[][] = []
  let torrent = new Uint8Array()
  await scenario.run({
    seed,
    settings: readSettings(scenario.defaults, values),
    onTorrent: (bytes) => {
      torrent = new Uint8Array(bytes)
    },
    onEvent(node, seq, at, event) {
      const events = histories[node - 1] ?? []
      histories[node - 1] = events
      events.length = Math.min(events.length, seq)
      events.push({ seq: seqOf(seq), at, event })
    },
  })
  return { torrent, histories }
}

export const bytesOf = async (source: CapsuleSource): Promise<Uint8Array> => {
  const draft = await draftCapsule(source)
  const chunks: Uint8Array[] = []
  for await (const chunk of draft.chunks()) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

export const capsuleOf = (
  { torrent, histories }: Simulated,
  node: number,
  options: Partial<CapsuleSource> = {},
): Promise<Uint8Array> => bytesOf({ torrent, log: logOfEvents(histories[node] ?? []), ...options })

export const eventsOf = async (log: LogReader, from = 0, to?: number): Promise<LoggedEvent[]> => {
  const events: LoggedEvent[] = []
  for await (const batch of log.read(from, to)) events.push(...batch)
  return events
}
