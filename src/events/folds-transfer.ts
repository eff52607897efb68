/** Folds of what happens to the transfer as a whole: sessions, checks, files. */
import { transferLifecycle } from '../actors/transfer.machine.js'
import { LIMITS } from '../limits.js'
import type { InfoHash, PeerId, PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import type { Folds } from './fold.js'
import { forgetFinding } from './folds-finding.js'
import { beginSeeding, endSeeding, lookForPeersAnew } from './folds-goals.js'
import { forgetIntroductions } from './folds-introductions.js'
import { forgetAnnounces } from './folds-trackers.js'
import { demandAnew, forgetDeadlines, meetDeadline } from './folds-wants.js'
import { askAnew } from './folds-web-seeds.js'
import { geometryOf } from './geometry.js'
import { isHashless } from './hash-orders.js'
import { newMetadata } from './metadata.js'
import { Rarity } from './rarity.js'
import type { TransferState } from './state.js'
import type { EventType } from './vocabulary.js'

/** Machines are taken to have been started at the same time when they differ by less than this. */
const SAME_START_MS = 10_000

const step = (state: TransferState, type: EventType): void => {
  state.standing = transferLifecycle.step(state.standing, type)
}

/** Offers what is wanted, missing, not in flight and not being checked, and nothing else; counts what is missing. */
export const rebuildWants = (state: TransferState): void => {
  const offered: PieceIndex[] = []
  state.missing = 0
  for (let index = 0; index < state.geometry.pieceCount; index++) {
    const piece = index as PieceIndex // within the torrent
    const missing = state.wanted.has(piece) && !state.stored.has(piece)
    if (missing) state.missing++
    const offers = missing && !state.pieces.has(piece) && !state.checking.has(piece) && !isHashless(state, piece)
    if (offers === state.rarity.offers(piece)) continue
    if (offers) offered.push(piece)
    else state.rarity.withdraw(piece)
  }
  state.rarity.offerAll(offered)
  for (const peer of state.peers.values()) {
    peer.interesting = 0
    for (const index of peer.has.indices()) if (state.wanted.has(index) && !state.stored.has(index)) peer.interesting++
  }
}

/** How the torrent is cut is known: every piece is wanted, and none is there. */
export const learnGeometry = (state: TransferState, pieceLength: number, totalBytes: number): void => {
  state.geometry = geometryOf(pieceLength, totalBytes)
  const { pieceCount } = state.geometry
  state.wanted = Bitfield.filled(pieceCount)
  state.low = new Bitfield(pieceCount)
  state.high = new Bitfield(pieceCount)
  state.stored = new Bitfield(pieceCount)
  state.announced = new Bitfield(pieceCount)
  state.checking = new Bitfield(pieceCount)
  state.missing = pieceCount
}

const forgetConnections = (state: TransferState): void => {
  state.hashOrders.clear()
  state.peers.clear()
  state.pieces.clear()
  state.seedsConnected = 0
  state.optimistic = undefined
  for (const candidate of state.candidates.values()) {
    candidate.peer = undefined
    candidate.nextDialAt = 0
    candidate.failures = 0
  }
  askAnew(state)
}

export const transferFolds = {
  'transfer-added'(state, event, at) {
    step(state, event.type)
    state.rank = at * LIMITS.queueRanksPerMs
    state.infoHash = event.infoHash as InfoHash // taken from one
    state.name = event.name
    state.folder = event.folder
    state.private = event.private
    state.metadata = event.pieceLength === 0 ? newMetadata() : undefined
    learnGeometry(state, event.pieceLength, event.totalBytes)
  },
  'session-began'(state, event, at) {
    endSeeding(state, state.at) // the session before may have been cut off
    step(state, event.type)
    state.syncAt = at
    const inDoubt = new Set<PieceIndex>([...state.unsafe, ...state.checking.indices()] as PieceIndex[]) // within the torrent
    for (const { piece, standing } of state.pieces.values()) if (standing.tags.fetching !== true) inDoubt.add(piece)
    state.unsafe = [...inDoubt]
    if (!state.cleanEnd && state.examined) state.endedAt = state.at
    const restarted = Math.abs(event.machineStartedAt - state.machineStartedAt) > SAME_START_MS
    state.powerLost = (state.session > 0 && restarted) || (state.powerLost && !state.examined)
    state.examined = false
    // A sync that was under way did not end.
    state.unsynced = [...state.syncing, ...state.unsynced]
    state.syncing = []
    state.session = event.session
    state.randomSeed = event.randomSeed
    state.peerId = event.peerId as PeerId // made as one
    state.machineStartedAt = event.machineStartedAt
    state.checking = new Bitfield(state.geometry.pieceCount)
    if (state.metadata !== undefined) state.metadata = newMetadata()
    // What a session before had committed is what this one starts from.
    state.announced = state.stored.clone()
    state.unannounced = []
    forgetConnections(state)
    forgetDeadlines(state)
    state.layers.clear()
    state.vigilant = false
    state.rarity = new Rarity(state.geometry.pieceCount, event.randomSeed)
    rebuildWants(state)
    forgetAnnounces(state)
    state.blockedRanges = 0
    state.refused = 0
    forgetFinding(state)
    forgetIntroductions(state)
    state.sessionDownloaded = 0
    state.sessionWasted = 0
    state.sessionUploaded = 0
    state.sessionChecked = 0
    state.failure = undefined
    state.paused = false // the session says so anew
    state.queued = undefined
  },
  'session-ended'(state, event, at) {
    step(state, event.type)
    if (state.examined) {
      state.cleanEnd = true
      state.movedFrom = ''
      state.endedAt = at
    }
    forgetConnections(state)
  },
  'session-ending'(state, event, at) {
    endSeeding(state, at)
    step(state, event.type)
  },
  'session-examined'(state) {
    // From here on files may be written, so a session that does not reach its end leaves them in doubt.
    state.examined = true
    state.cleanEnd = false
    state.unsafe = []
    state.stamps.clear()
  },
  paused(state, event, at) {
    endSeeding(state, at)
    step(state, event.type)
    state.paused = true
  },
  resumed(state, event) {
    step(state, event.type)
    state.paused = false
    state.failure = undefined
    lookForPeersAnew(state)
  },
  'transfer-failed'(state, event, at) {
    endSeeding(state, at)
    step(state, event.type)
    state.failure = { code: event.code, message: event.message }
    state.unsynced = [...state.syncing, ...state.unsynced]
    state.syncing = []
  },
  'pieces-selected'(state, event) {
    state.wanted = new Bitfield(state.geometry.pieceCount, event.wanted.slice())
    state.sequential = event.sequential
    demandAnew(state)
    rebuildWants(state)
  },
  'limits-set'(state, { download, upload }) {
    state.limits = { download, upload }
  },
  'retention-failed': () => undefined,
  'transfer-limits-set'(state, { download, upload }) {
    state.ownLimits = { download, upload }
  },
  'download-began'(state, event, at) {
    endSeeding(state, at)
    step(state, event.type)
    // A seed that had nothing for us while nothing was missing may have it now.
    for (const candidate of state.candidates.values()) if (candidate.bothComplete) candidate.nextDialAt = at
  },
  'seeding-began'(state, event, at) {
    beginSeeding(state, at)
    step(state, event.type)
    state.completed = true
  },
  'download-completed'(state) {
    state.completed = true
    state.announceNext.at = 0
  },

  'check-began'(state, event, at) {
    endSeeding(state, at)
    step(state, event.type)
    state.checking = new Bitfield(state.geometry.pieceCount, event.pieces.slice())
    for (const index of state.checking.indices()) {
      state.stored.clear(index)
      state.announced.clear(index)
    }
    state.unannounced = state.unannounced.filter(({ piece }) => state.stored.has(piece))
    state.unsynced = state.unsynced.filter((piece) => state.stored.has(piece))
    rebuildWants(state)
  },
  'piece-checked'(state, event) {
    step(state, event.type)
    state.checking.clear(event.piece)
    state.sessionChecked++
    if (state.stored.has(event.piece)) return // written while the check was under way
    const wanted = state.wanted.has(event.piece)
    if (event.good) {
      state.stored.set(event.piece)
      state.unannounced.push({ piece: event.piece, seq: state.nextSeq })
      state.unsynced.push(event.piece) // what was read may be in no place but the cache
      if (wanted) state.missing--
      if (state.deadlines.size > 0) meetDeadline(state, event.piece)
    } else if (wanted && !state.pieces.has(event.piece) && !isHashless(state, event.piece))
      state.rarity.offer(event.piece)
  },
  'check-ended'(state, event) {
    step(state, event.type)
  },
  'file-changed'(state, event) {
    state.stamps.delete(event.file)
  },
  'files-stamped'(state, event) {
    if (!state.examined) return // what others changed must still be noticed
    for (const { file, bytes, modifiedAt } of event.stamps) state.stamps.set(file, { bytes, modifiedAt })
  },
  'sync-began'(state, _event, at) {
    state.syncAt = at
    state.syncing = state.unsynced
    state.unsynced = []
  },
  'sync-ended'(state) {
    state.syncing = []
  },

  'blocklist-set'(state, event) {
    state.blockedRanges = event.blocked
  },
  'utp-failed': () => undefined,
  'dht-key-followed': () => undefined,
} satisfies Partial<Folds>
