/** Rewinding: what a transfer that is open can tell of its own past. */

import type { CommittedOptions } from './api.js'
import type { Commits } from './commits.js'
import type { LoggedEvent } from './events/codec.js'
import type { TransferState } from './events/state.js'
import type { Clock, TransferLog } from './ports.js'
import type { Difference } from './replay/diff.js'
import { type Explanation, explain, type Question } from './replay/explain/explain.js'
import { History, type Moment } from './replay/history.js'
import { Inspection, type InspectionEvent } from './replay/inspection.js'
import type { Topic } from './replay/topic.js'
import { Observable } from './rx.js'

const momentOf = (moment: number | Moment): Moment => (typeof moment === 'number' ? { seq: moment } : moment)

export class Rewinding {
  readonly #log: TransferLog
  readonly #commits: Commits
  readonly #clock: Clock
  readonly #history: History

  constructor(log: TransferLog, commits: Commits, clock: Clock) {
    this.#log = log
    this.#commits = commits
    this.#clock = clock
    this.#history = new History(log)
  }

  async stateAt(moment: number | Moment): Promise<TransferState> {
    await this.#upToNow()
    return this.#history.stateAt(momentOf(moment))
  }

  async diff(from: number | Moment, to: number | Moment): Promise<readonly Difference[]> {
    await this.#upToNow()
    return this.#history.diff(momentOf(from), momentOf(to))
  }

  async lastChange(topic: Topic, moment?: number | Moment): Promise<LoggedEvent | undefined> {
    await this.#upToNow()
    return this.#history.lastChange(topic, momentOf(moment ?? this.#history.events - 1))
  }

  async explain(question: Question = {}, moment?: number | Moment): Promise<Explanation> {
    await this.#upToNow()
    const options = moment === undefined ? { now: this.#clock.now() } : { moment: momentOf(moment) }
    return explain(this.#history, question, options)
  }

  inspection(options: CommittedOptions): Observable<InspectionEvent> {
    return new Observable((listener) => {
      let inspection: Inspection | undefined
      let first: Promise<unknown> | undefined
      const begin = async (): Promise<void> => {
        const { from = this.#history.firstSeq } = options
        const isFirst = from <= this.#history.firstSeq
        inspection = new Inspection(await (isFirst ? this.#history.stateBeforeAll() : this.stateAt(from - 1)))
      }
      const ready = async (): Promise<void> => {
        first ??= begin()
        await first
        await options.ready?.()
      }
      return this.#commits.observe({ ...options, ready }).subscribe({
        next: (events) => {
          for (const logged of events) for (const told of inspection?.take(logged) ?? []) listener.next(told)
        },
        error: (error) => listener.error(error),
        complete: () => listener.complete(),
      })
    })
  }

  /** Histories are read from what is committed. */
  #upToNow(): Promise<void> {
    return this.#commits.upTo(this.#log.nextSeq)
  }
}
