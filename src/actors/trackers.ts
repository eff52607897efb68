/** The trackers actor: whom to announce to, when, and with what news (BEP 3; tiers by BEP 12). */
import { unreachable } from '../assert.js'
import { trackerOf } from '../events/folds-transfer.js'
import { lengthOfPiece } from '../events/geometry.js'
import type { TrackerState, TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import { boundedText, type PieceIndex } from '../values.js'
import type { AnnounceAnswer } from '../wire/tracker.js'
import {
  type AnnounceRequestPart,
  type Circumstances,
  type Decision,
  decided,
  NOTHING,
  type TrackersInput,
  type TrackersRequest,
} from './vocabulary.js'

type News = 'none' | 'started' | 'completed' | 'stopped'

/** Wanted or not, what is not stored: that is what other peers and trackers understand by `left`. */
export const leftBytes = (state: Readonly<TransferState>): number => {
  const { geometry, stored } = state
  const missing = geometry.pieceCount - stored.count
  if (missing === 0) return 0
  const last = (geometry.pieceCount - 1) as PieceIndex // a torrent has a piece at least
  const shortBy = geometry.pieceLength - lengthOfPiece(geometry, last)
  return missing * geometry.pieceLength - (stored.has(last) ? 0 : shortBy)
}

const requestOf = (state: Readonly<TransferState>, news: News): AnnounceRequestPart => ({
  infoHash: state.infoHash,
  peerId: state.peerId,
  uploadedBytes: state.uploaded.total,
  downloadedBytes: state.downloaded.total,
  leftBytes: leftBytes(state),
  event: news === 'none' ? undefined : news,
  numwant: news === 'stopped' || state.peers.size >= LIMITS.peersMax ? 0 : LIMITS.announcePeersWanted,
})

const newsFor = (state: Readonly<TransferState>, tracker: Readonly<TrackerState>): News => {
  if (!tracker.started) return 'started'
  return state.completed && !tracker.completed ? 'completed' : 'none'
}

const announce = (state: Readonly<TransferState>, tracker: Readonly<TrackerState>, event: News): Decision =>
  decided({
    events: [{ type: 'announce-began', tracker: tracker.url, event }],
    effects: [{ type: 'announce', tracker: tracker.url, request: requestOf(state, event) }],
  })

const lookAtTime = (state: Readonly<TransferState>, { now }: Circumstances): Decision => {
  if (state.standing.tags.active !== true || state.announceNext.at > now) return NOTHING
  if (state.tiers.some((tier) => tier.some(({ announcing }) => announcing))) return NOTHING
  const tracker = state.tiers[state.announceNext.tier]?.[state.announceNext.tracker]
  return tracker === undefined ? NOTHING : announce(state, tracker, newsFor(state, tracker))
}

const isHalted = ({ standing: { tags } }: Readonly<TransferState>): boolean =>
  tags.paused === true || tags.failed === true || tags.ending === true

const clampIntervalMs = ({ intervalSeconds, minIntervalSeconds }: AnnounceAnswer): number =>
  Math.max(
    LIMITS.announceIntervalMinMs,
    Math.min(LIMITS.announceIntervalMaxMs, Math.max(intervalSeconds, minIntervalSeconds ?? 0) * 1_000),
  )

export const decideTrackers = (
  state: Readonly<TransferState>,
  cause: TrackersInput | TrackersRequest,
  circumstances: Circumstances,
): Decision => {
  switch (cause.type) {
    case 'look-at-time':
      return lookAtTime(state, circumstances)
    case 'say-stopped': {
      const told = state.tiers.flat().filter(({ started }) => started)
      return decided({
        events: told.map(({ url }) => ({ type: 'announce-began', tracker: url, event: 'stopped' })),
        effects: told.map(({ url }) => ({ type: 'announce', tracker: url, request: requestOf(state, 'stopped') })),
      })
    }
    case 'announce-answered': {
      if (trackerOf(state, cause.tracker) === undefined) return NOTHING // taken away meanwhile
      const { peers, complete, incomplete, warning } = cause.answer
      const addresses = peers.slice(0, LIMITS.trackerPeersMax).map(({ host, port }) => ({ host, port }))
      return decided({
        events: [
          {
            type: 'announce-answered',
            tracker: cause.tracker,
            intervalMs: clampIntervalMs(cause.answer),
            peers: peers.length,
            seeds: complete,
            leechers: incomplete,
            warning,
          },
          ...(addresses.length === 0
            ? []
            : [{ type: 'candidates-found' as const, source: 'tracker' as const, addresses }]),
        ],
        messages: [
          { to: 'transfer', message: { type: 'fill-connections' } },
          // It took `started` when all had heard `stopped` already.
          ...(isHalted(state) ? [{ to: 'trackers', message: { type: 'say-stopped' } } as const] : []),
        ],
      })
    }
    case 'announce-failed':
      if (trackerOf(state, cause.tracker) === undefined) return NOTHING // taken away meanwhile
      return decided({
        events: [
          {
            type: 'announce-failed',
            tracker: cause.tracker,
            reason: boundedText(`${cause.failure.code}: ${cause.failure.message}`, LIMITS.reasonTextMax),
          },
        ],
        messages: [{ to: 'trackers', message: { type: 'look-at-time' } }],
      })
    default:
      return unreachable(cause)
  }
}
