/** The pacer of `have`: the more peers there are to tell, the more stored pieces each of them is told of at once. */
import type { TransferState } from './events/state.js'
import { LIMITS } from './limits.js'
import type { Cancel, Ports } from './ports.js'
import type { Instant } from './values.js'

export interface HavePacing {
  readonly clock: Pick<Ports['clock'], 'now' | 'wakeAt'>
  state(): Readonly<TransferState>
  /** What was stored before this event is committed: whoever lacks it is to be told. */
  tell(committedSeq: number): void
}

export class HavePacer {
  readonly #options: HavePacing
  #committedSeq = 0
  #toldAt = Number.NEGATIVE_INFINITY
  #cancel: Cancel | undefined

  constructor(options: HavePacing) {
    this.#options = options
  }

  committed(committedSeq: number): void {
    const { clock, state } = this.#options
    const { unannounced, missing, standing, peers } = state()
    this.#committedSeq = committedSeq
    if (unannounced.length === 0) return
    const gapMs = peers.size * LIMITS.haveGapPerPeerMs
    // Nothing follows the last piece, nor what was stored before a pause, that it could wait for.
    const isPaced = gapMs > LIMITS.logStoredDelayMs && missing > 0 && standing.tags.downloading === true
    const at = Math.ceil(this.#toldAt + gapMs)
    if (!isPaced || clock.now() >= at) this.#tell()
    else this.#cancel ??= clock.wakeAt(at as Instant, () => this.#tell())
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #tell(): void {
    const { clock, state, tell } = this.#options
    this.stop()
    if (state().unannounced.length === 0) return
    this.#toldAt = clock.now()
    tell(this.#committedSeq)
  }
}
