/** Whether a tracker is to be sent requests: not while it drains, nor while what it keeps its peers on is away. */
import type { TorrewindError } from '../src/errors.js'

export class Readiness {
  isDraining = false
  /** How often the store has failed: each time that it went away, and not each request that met it. */
  storeErrors = 0
  #storeFailure: TorrewindError | undefined
  readonly #servesWithoutStore: boolean

  /** A folder that cannot be written any more leaves all peers in memory; a server that is away leaves none. */
  constructor(servesWithoutStore: boolean) {
    this.#servesWithoutStore = servesWithoutStore
  }

  /** Undefined, where the store answers again. */
  storeChanged(failure: TorrewindError | undefined): void {
    this.#storeFailure = failure
    if (failure !== undefined) this.storeErrors++
  }

  get isStoreUp(): boolean {
    return this.#storeFailure === undefined
  }

  get isReady(): boolean {
    return this.reason === undefined
  }

  /** Why it is not ready, in a word; undefined where it is. */
  get reason(): 'draining' | 'store' | undefined {
    if (this.isDraining) return 'draining'
    return this.isStoreUp || this.#servesWithoutStore ? undefined : 'store'
  }
}
