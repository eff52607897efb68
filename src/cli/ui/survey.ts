/**
 * A survey: samples over a whole log, evenly spread, of what a timeline shows. It folds the log once, a batch at a time,
 * beside whatever else is asked, and goes on where it stopped when the log grows. A log twice as long has every second
 * sample taken away, so that it is as large for any log.
 */
import { setImmediate as next } from 'node:timers/promises'
import type { LoggedEvent } from '../../events/codec.js'
import { evolve } from '../../events/evolve.js'
import type { TransferState } from '../../events/state.js'
import type { EventType } from '../../events/vocabulary.js'
import { firstState } from '../../replay/fold.js'
import type { ReadableLog } from '../../replay/index.js'
import { type PeerKey, showAddress } from '../../values.js'
import { damageOf } from './damage.js'
import type { Damage, Mark, Sample, Survey as Seen } from './page-types.js'

/** More are not told apart on a screen. */
const SAMPLES_MAX = 1_024
const MARKS_MAX = 400
/** Connections whose addresses are remembered: of older ones only the number is known. */
const ADDRESSES_MAX = 50_000

const MARKED: ReadonlySet<EventType> = new Set<EventType>([
  'session-began',
  'session-ended',
  'paused',
  'resumed',
  'transfer-failed',
  'download-completed',
  'piece-rejected',
  'address-banned',
])

const sampleOf = ({ nextSeq, at, downloaded, uploaded, waste, stored, peers }: TransferState): Sample => ({
  seq: nextSeq - 1,
  at,
  downloaded: downloaded.total,
  uploaded: uploaded.total,
  wasted: Object.values(waste).reduce((sum, bytes) => sum + bytes, 0),
  stored: stored.count,
  peers: [...peers.values()].filter(({ standing }) => standing.tags.open).length,
})

export class Survey {
  readonly #log: ReadableLog
  readonly #addresses = new Map<PeerKey, string>()
  readonly #marks: Mark[] = []
  #samples: Sample[] = []
  #stride: number
  #state: TransferState | undefined
  #fault: Damage | undefined

  constructor(log: ReadableLog) {
    this.#log = log
    this.#stride = Math.max(1, Math.ceil(log.committedSeq / SAMPLES_MAX))
  }

  /** What was seen so far: events below `surveyed`. */
  get seen(): Seen {
    const surveyed = this.#state?.nextSeq ?? 0
    const end = this.#state === undefined || surveyed === 0 ? [] : [sampleOf(this.#state)]
    return {
      events: this.#log.committedSeq,
      surveyed,
      samples: [...this.#samples, ...end],
      marks: this.#marks,
      fault: this.#fault,
    }
  }

  addressOf(peer: PeerKey): string | undefined {
    return this.#addresses.get(peer)
  }

  /** Goes on to the end of the log as it is by then, one call at a time. `told` is called now and then. */
  async extend(told: () => void, signal: AbortSignal): Promise<void> {
    if (this.#fault !== undefined) return
    try {
      await this.#extend(told, signal)
    } catch (error) {
      // What is damaged is told of where it is looked at; the survey ends before it.
      this.#fault = damageOf(error)
    }
    told()
  }

  async #extend(told: () => void, signal: AbortSignal): Promise<void> {
    this.#state ??= await firstState(this.#log)
    let toldAt = performance.now()
    while (this.#state.nextSeq < this.#log.committedSeq) {
      for await (const events of this.#log.read(this.#state.nextSeq)) {
        for (const logged of events) this.#take(this.#state, logged)
        if (signal.aborted) return
        if (performance.now() - toldAt > 250) {
          told()
          toldAt = performance.now()
        }
        await next()
      }
    }
  }

  #take(state: TransferState, logged: LoggedEvent): void {
    evolve(state, logged)
    const { seq, at, event } = logged
    if (event.type === 'dial-began' || event.type === 'peer-accepted') {
      this.#addresses.set(event.peer, showAddress(event))
      for (const oldest of this.#addresses.keys()) {
        if (this.#addresses.size <= ADDRESSES_MAX) break
        this.#addresses.delete(oldest)
      }
    } else if (MARKED.has(event.type) && this.#marks.length < MARKS_MAX) this.#marks.push({ seq, at, type: event.type })
    if (seq % this.#stride === 0) this.#samples.push(sampleOf(state))
    if (this.#samples.length < SAMPLES_MAX) return
    this.#stride *= 2
    this.#samples = this.#samples.filter((sample) => sample.seq % this.#stride === 0)
  }
}
