/** Promises: what a transfer's users wait for (to be ready, done, scraped), kept or broken by what happens. */
import { type ErrorCode, TorrewindError } from './errors.js'
import type { LoggedEvent } from './events/codec.js'
import type { TransferState } from './events/state.js'
import type { EventType } from './events/vocabulary.js'
import { Settled } from './settled.js'

const isScraping = ({ tiers }: Readonly<TransferState>): boolean =>
  tiers.some((tier) => tier.some(({ scraping }) => scraping))

/** No part of a file that is wanted is still kept apart from it. */
const isInPlace = ({ apart, filePriorities }: Readonly<TransferState>): boolean =>
  apart.size === 0 || [...apart].every((file) => filePriorities[file] === 0)

/** Everything is stored and committed, of one that is halted: no event of its own says so until it goes on. */
const isWhole = (state: Readonly<TransferState>): boolean =>
  state.examined &&
  state.metadata === undefined &&
  state.missing === 0 &&
  state.checking.count === 0 &&
  state.unannounced.length === 0

/** After these one that is halted may be whole. */
const MAY_BE_WHOLE: Partial<Record<EventType, true>> = {
  paused: true,
  queued: true,
  'session-examined': true,
  'check-ended': true,
  'pieces-announced': true,
}

export class Promises {
  readonly #state: Readonly<TransferState>
  #done = new Settled()
  #ready = new Settled()
  /** No tracker is being asked for its counts any more. */
  #scraped = new Settled()
  /** The metadata are known. */
  #known = new Settled()
  /** Of the event after which every wanted piece is stored. */
  #doneSeq: number | undefined
  /** Of the event after which it is ready. */
  #readySeq: number | undefined

  constructor(state: Readonly<TransferState>) {
    this.#state = state
    if (state.nextSeq > 0 && state.metadata === undefined) this.#known.resolve()
  }

  get done(): Promise<void> {
    return this.#done.promise
  }
  get ready(): Promise<void> {
    return this.#ready.promise
  }
  get known(): Promise<void> {
    return this.#known.promise
  }
  /** Resolves once no tracker that was asked for its counts has them still to tell. */
  get scraped(): Promise<void> {
    return isScraping(this.#state) ? this.#scraped.promise : Promise.resolve()
  }

  /** After the event was evolved. */
  record({ seq, event }: LoggedEvent): void {
    const { type } = event
    if ((type === 'scrape-answered' || type === 'scrape-failed') && !isScraping(this.#state)) {
      this.#scraped.resolve()
      this.#scraped = new Settled()
    }
    if (this.#state.metadata === undefined) this.#known.resolve()
    if (type === 'seeding-began') this.#doneSeq = seq
    else if (MAY_BE_WHOLE[type] === true && this.#state.standing.tags.active !== true && isWhole(this.#state))
      this.#doneSeq ??= seq
    if (type === 'seeding-began' || type === 'download-began') this.#readySeq = seq
    if (type === 'transfer-failed') this.fail(event.code as ErrorCode, event.message) // made as one
    if (type === 'download-began') this.#doneSeq = undefined
  }

  /** The log committed everything below this sequence number. */
  reached(committedSeq: number): void {
    if (this.#readySeq !== undefined && this.#readySeq < committedSeq) this.#ready.resolve()
    const isDone = this.#doneSeq !== undefined && this.#doneSeq < committedSeq
    if (isDone && isInPlace(this.#state)) this.#done.resolve()
  }

  fail(code: ErrorCode, message: string): void {
    const error = new TorrewindError(code, message)
    this.#done.reject(error)
    this.#ready.reject(error)
    this.#known.reject(error)
  }

  /** What was promised before a failure was broken; from now on it may be kept again. */
  anew(): void {
    this.#done = new Settled()
    this.#ready = new Settled()
    this.#readySeq = undefined
    if (this.#state.metadata !== undefined) this.#known = new Settled()
  }

  /** Nothing happens any more. */
  end(name: string): void {
    const closed = new TorrewindError('TRANSFER_CLOSED', `${name} was closed before this could be done`)
    this.#done.reject(closed)
    this.#ready.reject(closed)
    this.#known.reject(closed)
    this.#scraped.reject(closed)
  }
}
