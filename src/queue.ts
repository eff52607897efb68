/** The queue of an engine: which of its transfers may be active, where there are bounds, and which wait for their turn. */
import type { QueueBounds } from './api.js'
import { TorrewindError } from './errors.js'
import type { TransferState } from './events/state.js'
import { LIMITS } from './limits.js'

export type QueueKind = 'downloads' | 'seeds'

/** 0 for no bound. */
export interface QueueLimits {
  readonly maxDownloads: number
  readonly maxSeeds: number
}

/** What waits in it. */
export interface Queued {
  readonly state: Readonly<TransferState>
  waitForTurn(of: QueueKind, most: number): void
  takeTurn(): void
}

/** Throws `OPTION_INVALID`. */
export const readQueueBounds = ({ maxDownloads = 0, maxSeeds = 0 }: QueueBounds): QueueLimits => {
  for (const [name, value] of Object.entries({ maxDownloads, maxSeeds }))
    if (!Number.isSafeInteger(value) || value < 0 || value > LIMITS.queueBoundMax)
      throw new TorrewindError(
        'OPTION_INVALID',
        `${name} is a whole number from 0 to ${LIMITS.queueBoundMax}, not ${String(value)}`,
      )
  return { maxDownloads, maxSeeds }
}

/** Whoever is paused, has failed or is ending takes nobody's place. */
const contends = ({ standing: { tags } }: Readonly<TransferState>): boolean =>
  tags.paused !== true && tags.failed !== true && tags.ending !== true

const kindOf = ({ missing, metadata }: Readonly<TransferState>): QueueKind =>
  missing > 0 || metadata !== undefined ? 'downloads' : 'seeds'

export class Queue<Transfer extends Queued> {
  readonly #order: Transfer[] = []
  #bounds: QueueLimits
  #looking = false
  #again = false
  #closed = false

  constructor(bounds: QueueLimits) {
    this.#bounds = bounds
  }

  get bounds(): QueueLimits {
    return this.#bounds
  }

  set bounds(bounds: QueueLimits) {
    this.#bounds = bounds
    this.look()
  }

  get order(): readonly Transfer[] {
    return this.#order
  }

  /** Comes last, and waits from the beginning where others come first. */
  join(transfer: Transfer): void {
    this.#order.push(transfer)
    this.look()
  }

  leave(transfer: Transfer): void {
    const at = this.#order.indexOf(transfer)
    if (at >= 0) this.#order.splice(at, 1)
    this.look()
  }

  placeOf(transfer: Transfer): number {
    return this.#order.indexOf(transfer)
  }

  move(transfer: Transfer, place: number): void {
    const at = this.#order.indexOf(transfer)
    if (at < 0) return
    this.#order.splice(at, 1)
    this.#order.splice(place, 0, transfer)
    this.look()
  }

  /** Nobody's turn comes any more: the engine ends one transfer after the other. */
  close(): void {
    this.#closed = true
  }

  /** Whose turn it is, counting one that is about to be resumed. What a transfer does at that may call this again. */
  look(resuming?: Transfer): void {
    this.#again = true
    if (this.#looking || this.#closed) return
    this.#looking = true
    try {
      while (this.#again) {
        this.#again = false
        this.#lookOnce(resuming)
      }
    } finally {
      this.#looking = false
    }
  }

  #lookOnce(resuming: Transfer | undefined): void {
    const { maxDownloads, maxSeeds } = this.#bounds
    const left = { downloads: maxDownloads || Number.POSITIVE_INFINITY, seeds: maxSeeds || Number.POSITIVE_INFINITY }
    const first: Transfer[] = []
    const others: Transfer[] = []
    for (const transfer of this.#order) {
      if (transfer !== resuming && !contends(transfer.state)) continue
      const kind = kindOf(transfer.state)
      ;(left[kind] > 0 ? first : others).push(transfer)
      left[kind]--
    }
    // Before others go on, so that there are never too many.
    for (const transfer of others) {
      const kind = kindOf(transfer.state)
      transfer.waitForTurn(kind, kind === 'downloads' ? maxDownloads : maxSeeds)
    }
    for (const transfer of first) if (transfer.state.queued !== undefined) transfer.takeTurn()
  }
}
