/**
 * The capsule of a run that went wrong: the history of the node and torrent concerned, and what is needed to run it again.
 *
 * Nothing is kept while runs are run: what happened follows from the seed, so the run is run once more and heard this time.
 */
import type { RunResult, Violation } from '../../../simulations/index.js'
import { TorrewindError } from '../../errors.js'
import type { LoggedEvent } from '../../events/codec.js'
import { evolve } from '../../events/evolve.js'
import { takeSnapshot } from '../../events/snapshot.js'
import { initialState } from '../../events/state.js'
import { draftCapsule } from '../../replay/capsule-writer.js'
import type { Ipld } from '../../replay/dag-cbor.js'
import { logOfEvents } from '../../replay/event-log.js'
import { seq as seqOf } from '../../values.js'
import { writeNewFile } from '../new-file.js'
import type { PreparedJob } from './job.js'

/** Of a longer log the end is kept, and the state before it: 100 MB in memory, and 6 MB in the file. */
const EVENTS_MAX = 400_000

export interface FailedRun {
  readonly result: RunResult
  readonly violation: Violation
  /** How to run it again. */
  readonly again: string
}

/** The last events of a log that is being written by process after process. */
class LastEvents {
  #events: LoggedEvent[] = []
  readonly #base = initialState()

  add(logged: LoggedEvent): void {
    // What a process that crashed had not committed is written anew by the next.
    const kept = logged.seq - this.#base.nextSeq
    if (kept < this.#events.length) this.#events.length = Math.max(0, kept)
    this.#events.push(logged)
    if (this.#events.length < 2 * EVENTS_MAX) return
    for (const old of this.#events.slice(0, -EVENTS_MAX)) evolve(this.#base, old)
    this.#events = this.#events.slice(-EVENTS_MAX)
  }

  log(): ReturnType<typeof logOfEvents> {
    const { nextSeq: seq } = this.#base
    return logOfEvents(this.#events, seq === 0 ? undefined : { seq, snapshot: takeSnapshot(this.#base) })
  }

  get firstSeq(): number {
    return this.#base.nextSeq
  }
}

/** What JSON has of it, without what is undefined. */
const plain = (value: unknown): Ipld => JSON.parse(JSON.stringify(value) ?? 'null') as Ipld // JSON is within IPLD

/** Writes it, and says how many events it has. */
export const writeCapsule = async (
  path: string,
  { scenario, settings }: PreparedJob,
  { result, violation, again }: FailedRun,
): Promise<number> => {
  const of = violation.torrent ?? 1
  const events = new LastEvents()
  let torrent = new Uint8Array()
  let over = false
  await scenario.run({
    seed: result.seed,
    settings,
    onTorrent: (bytes, number) => {
      if (number === of) torrent = new Uint8Array(bytes)
    },
    onEvent: (node, seq, at, event, number) => {
      if (!over && node === violation.node && number === of) events.add({ seq: seqOf(seq), at, event })
    },
    onViolation: ({ checker, node }) => {
      over ||= checker === violation.checker && node === violation.node
    },
  })
  const log = events.log()
  if (log.committedSeq === events.firstSeq) throw new TorrewindError('OPTION_INVALID', 'the node logged nothing')
  const { seed, hash, faults } = result
  const about = plain({ scenario: scenario.name, seed, hash, again, violation, settings, faults })
  const draft = await draftCapsule({ torrent, log, from: events.firstSeq, about: about as Record<string, Ipld> })
  await writeNewFile(path, draft.chunks())
  return draft.events
}
