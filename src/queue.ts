/**
 * The queue of an engine: which of its transfers may be active, where there are bounds, and which wait for their turn.
 *
 * Its order is that of ranks, which are in the logs of the transfers, so that it is the same in the next session, whichever
 * of them are added in whichever order. A transfer has its rank of the time when it was added first, so most logs need no
 * word of it; who is moved gets one between those of its neighbours, so that a move concerns one log and rarely more.
 */
import type { QueueBounds } from './api.js'
import { TorrewindError } from './errors.js'
import type { TransferState } from './events/state.js'
import type { EventType } from './events/vocabulary.js'
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
  /** The log is to have it. */
  takeRank(rank: number): void
}

const NOBODY: QueueLimits = { maxDownloads: 0, maxSeeds: 0 }

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

/** After these it may be another's turn. */
export const MAY_CHANGE_TURNS: Partial<Record<EventType, true>> = {
  paused: true,
  resumed: true,
  'transfer-failed': true,
  'session-ending': true,
  'session-examined': true,
  'metadata-completed': true,
  'pieces-selected': true,
  'priorities-set': true,
  'download-began': true,
  'seeding-began': true,
  'check-began': true,
  'check-ended': true,
}

/** Whoever is paused, has failed or is ending takes nobody's place. */
const contends = ({ standing: { tags } }: Readonly<TransferState>): boolean =>
  tags.paused !== true && tags.failed !== true && tags.ending !== true

/** One whose last piece is not committed yet is none that others could be served from, and would never say that it is complete. */
const kindOf = ({ standing: { tags }, missing, metadata }: Readonly<TransferState>): QueueKind =>
  tags.downloading === true || missing > 0 || metadata !== undefined ? 'downloads' : 'seeds'

export class Queue<Transfer extends Queued> {
  readonly #order: Transfer[] = []
  /** What the logs have, or will when the turn is over in which somebody moves. */
  readonly #ranks = new Map<Transfer, number>()
  #bounds: QueueLimits
  #looking = false
  #again = false
  #closed = false

  /** Of an engine that is offline, where nobody's turn ever comes. */
  readonly #offline: boolean

  constructor(bounds: QueueLimits, offline = false) {
    this.#bounds = bounds
    this.#offline = offline
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

  /** Takes the place that it had in a session before, or else comes last; and waits from the beginning where others come first. */
  join(transfer: Transfer): void {
    const { rank, session } = transfer.state
    this.#ranks.set(transfer, rank)
    let at = this.#order.length
    if (session > 1) while (at > 0 && this.#rankAt(at - 1) > rank) at--
    this.#order.splice(at, 0, transfer)
    this.#keepOrder(at)
    this.look()
  }

  leave(transfer: Transfer): void {
    const at = this.#order.indexOf(transfer)
    if (at >= 0) this.#order.splice(at, 1)
    this.#ranks.delete(transfer)
    this.look()
  }

  placeOf(transfer: Transfer): number {
    return this.#order.indexOf(transfer)
  }

  move(transfer: Transfer, place: number): void {
    const at = this.#order.indexOf(transfer)
    if (at < 0) return
    this.#order.splice(at, 1)
    const to = Math.min(place, this.#order.length)
    this.#order.splice(to, 0, transfer)
    if (to !== at) this.#keepOrder(to)
    this.look()
  }

  #rankAt(place: number): number {
    const transfer = this.#order[place]
    return (transfer && this.#ranks.get(transfer)) ?? Number.POSITIVE_INFINITY
  }

  #rank(place: number, rank: number): void {
    const transfer = this.#order[place]
    if (transfer === undefined) return
    this.#ranks.set(transfer, rank)
    transfer.takeRank(rank)
  }

  /** Gives who came to a place a rank that fits there; where there is none, those behind it move on as far as they must. */
  #keepOrder(place: number): void {
    const gap = LIMITS.queueRanksPerMs
    const next = this.#rankAt(place + 1)
    const own = this.#rankAt(place)
    if ((place === 0 || this.#rankAt(place - 1) < own) && own < next) return
    const low = place > 0 ? this.#rankAt(place - 1) : Math.max(-1, next - 2 * gap)
    const middle = Math.floor((low + Math.min(next, low + 2 * gap)) / 2)
    this.#rank(place, middle > low ? middle : low + gap)
    for (let at = place + 1; this.#rankAt(at) <= this.#rankAt(at - 1); at++) this.#rank(at, this.#rankAt(at - 1) + gap)
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
    const { maxDownloads, maxSeeds } = this.#offline ? NOBODY : this.#bounds
    const unbounded = this.#offline ? 0 : Number.POSITIVE_INFINITY
    const left = { downloads: maxDownloads || unbounded, seeds: maxSeeds || unbounded }
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
