/** Progress: what a listener is shown of a transfer's state, and when. */
import type { Progress, TrackerTrouble, TransferPhase } from './api.js'
import { bytesOfPieces, contentBytesOf } from './events/geometry.js'
import { rateOf } from './events/meter.js'
import type { TransferState } from './events/state.js'
import { LIMITS } from './limits.js'
import type { Cancel, Clock } from './ports.js'
import { Observable, Subject } from './rx.js'
import type { Instant } from './values.js'
import { METADATA_PIECE_BYTES } from './wire/utmetadata.js'

const phaseOf = ({ standing, queued, examined, metadata }: Readonly<TransferState>): TransferPhase => {
  const { tags } = standing
  if (tags.checking === true) return 'checking'
  if (tags.seeking === true) return 'metadata'
  if (tags.downloading === true) return 'downloading'
  if (tags.seeding === true) return 'seeding'
  if (tags.paused === true) return 'paused'
  if (tags.failed === true) return 'failed'
  if (tags.ending === true) return 'closed'
  return queued !== undefined && (examined || metadata !== undefined) ? 'queued' : 'starting'
}

const receivedMetadata = ({ metadata }: Readonly<TransferState>): number =>
  metadata === undefined ? 0 : Math.min(metadata.bytes, metadata.received * METADATA_PIECE_BYTES)

/** Trackers know of parts of a swarm that overlap: the largest part is nearest. */
const mostOf = ({ tiers }: Readonly<TransferState>, count: 'seeds' | 'leechers'): number | undefined => {
  let most: number | undefined
  for (const tier of tiers)
    for (const { [count]: counted } of tier) if (counted !== undefined && counted > (most ?? -1)) most = counted
  return most
}

const troublesOf = ({ tiers }: Readonly<TransferState>): readonly TrackerTrouble[] => {
  const troubles: TrackerTrouble[] = []
  for (const tier of tiers)
    for (const { url: tracker, failures, lastError, lastWarning } of tier) {
      if (failures === 0 && lastWarning === '') continue
      if (troubles.length === LIMITS.trackerTroublesMax) return troubles
      const failure = failures === 0 ? undefined : lastError
      troubles.push({ tracker, failure, warning: failure === undefined ? lastWarning : undefined })
    }
  return troubles
}

export const progressOf = (state: Readonly<TransferState>, now: Instant, closed: boolean): Progress => {
  // What is not committed a crash would take, so it is not said before; what is closed has committed all of it.
  const stored = closed ? state.stored : state.announced
  // Where nothing may move there is no event either that would let the mean of the last seconds run out.
  const moves = state.standing.tags.active === true
  let peers = 0
  let seeds = 0
  let webSeeds = 0
  for (const { standing, seed, webSeed } of state.peers.values()) {
    if (webSeed !== undefined) webSeeds++
    if (standing.tags.open !== true) continue
    peers++
    if (seed) seeds++
  }
  return {
    phase: closed ? 'closed' : phaseOf(state),
    totalBytes: contentBytesOf(state.geometry),
    wantedBytes: bytesOfPieces(state.geometry, state.wanted),
    storedBytes: bytesOfPieces(state.geometry, stored),
    pieces: state.geometry.pieceCount,
    metadataBytes: state.metadata?.bytes ?? 0,
    metadataReceivedBytes: receivedMetadata(state),
    storedPieces: stored.count,
    checkingPieces: state.checking.count,
    rehashedPieces: state.sessionChecked,
    downloadedBytes: state.sessionDownloaded,
    wastedBytes: state.sessionWasted,
    uploadedBytes: state.sessionUploaded,
    downloadRate: moves ? Math.round(rateOf(state.downloaded, now)) : 0,
    uploadRate: moves ? Math.round(rateOf(state.uploaded, now)) : 0,
    peers,
    seeds,
    webSeeds,
    swarmSeeds: mostOf(state, 'seeds'),
    swarmLeechers: mostOf(state, 'leechers'),
    trackerTroubles: troublesOf(state),
    failure: state.failure,
  }
}

export class ProgressFeed {
  readonly #clock: Clock
  readonly #state: Readonly<TransferState>
  readonly #subject = new Subject<Progress>()
  #timer: Cancel | undefined
  #stopped = false

  constructor(clock: Clock, state: Readonly<TransferState>) {
    this.#clock = clock
    this.#state = state
  }

  get latest(): Progress {
    return progressOf(this.#state, this.#clock.now(), this.#stopped)
  }

  get latest$(): Observable<Progress> {
    return new Observable((listener) => {
      if (!this.#stopped) listener.next(this.latest)
      return this.#subject.subscribe(listener)
    })
  }

  /** After a turn: whoever listens is told soon. */
  look(): void {
    if (!this.#subject.observed) return
    this.#timer ??= this.#clock.wakeAt((this.#clock.now() + LIMITS.progressIntervalMs) as Instant, () => {
      this.#timer = undefined
      if (!this.#stopped) this.#subject.next(this.latest)
    })
  }

  /** The session is over, and is yet to be closed. */
  stop(): void {
    this.#stopped = true
    this.#timer?.()
  }

  /** Tells the last there is to tell. */
  end(): void {
    this.#subject.next(this.latest)
    this.#subject.complete()
  }
}
