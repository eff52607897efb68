/** The trackers actor: whom to announce to, when, and with what news (BEP 3; tiers by BEP 12). */
import { unreachable } from '../assert.js'
import { trackerOf } from '../events/folds-trackers.js'
import { bytesOfPieces, contentBytesOf } from '../events/geometry.js'
import type { TrackerState, TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Failure } from '../outside.js'
import { BLOCK_BYTES, boundedText, showAddress } from '../values.js'
import type { AnnounceAnswer } from '../wire/tracker.js'
import { dhtAnswered, lookAtDht } from './dht.js'
import { peersMaxOf } from './goals.js'
import {
  type AnnounceRequestPart,
  both,
  type Circumstances,
  type Decision,
  decided,
  NOTHING,
  type TrackersInput,
  type TrackersRequest,
} from './vocabulary.js'

type News = 'none' | 'started' | 'completed' | 'stopped'

/** Wanted or not, what is not stored: that is what other peers and trackers understand by `left`. */
export const leftBytes = ({ geometry, stored, metadata }: Readonly<TransferState>): number =>
  // Of what nobody has seen yet at least something is left, or trackers would take us for a seed.
  metadata === undefined ? contentBytesOf(geometry) - bytesOfPieces(geometry, stored) : BLOCK_BYTES

/** BEP 21: one that wants no more than it has, and lacks some, says so each time. */
const eventOf = (state: Readonly<TransferState>, news: News): AnnounceRequestPart['event'] => {
  const isPartialSeed = state.standing.tags.seeding === true && !state.stored.full
  if (isPartialSeed && (news === 'none' || news === 'completed')) return 'paused'
  return news === 'none' ? undefined : news
}

const requestOf = (state: Readonly<TransferState>, news: News): AnnounceRequestPart => ({
  infoHash: state.infoHash,
  peerId: state.peerId,
  uploadedBytes: state.uploaded.total,
  downloadedBytes: state.downloaded.total,
  leftBytes: leftBytes(state),
  event: eventOf(state, news),
  numwant: news === 'stopped' || state.peers.size >= peersMaxOf(state) ? 0 : LIMITS.announcePeersWanted,
})

const newsFor = (state: Readonly<TransferState>, tracker: Readonly<TrackerState>): News => {
  if (!tracker.started) return 'started'
  return state.completed && !tracker.completed ? 'completed' : 'none'
}

const announce = (state: Readonly<TransferState>, tracker: Readonly<TrackerState>, event: News): Decision =>
  decided({
    events: [{ type: 'announce-began', tracker: tracker.url, event: eventOf(state, event) ?? 'none' }],
    effects: [{ type: 'announce', tracker: tracker.url, request: requestOf(state, event) }],
  })

/** A tracker after the one that is being asked, in this round. */
const hasNext = ({ tiers, announceNext: { tier, tracker } }: Readonly<TransferState>): boolean =>
  tracker + 1 < (tiers[tier]?.length ?? 0) || tier + 1 < tiers.length

/**
 * One tracker is asked at a time (BEP 12), but one that is silent, as UDP trackers are that are gone (BEP 15), does not
 * hold the others back: it is still waited for, and whichever answers is listened to.
 */
const lookAtTrackers = (state: Readonly<TransferState>, { now }: Circumstances): Decision => {
  const asked = state.tiers.flat().find(({ announcing, overdue }) => announcing && !overdue)
  if (asked !== undefined)
    return now - asked.askedAt < LIMITS.trackerSilenceMs || !hasNext(state)
      ? NOTHING
      : decided({
          events: [{ type: 'announce-overdue', tracker: asked.url }],
          messages: [{ to: 'trackers', message: { type: 'look-at-time' } }],
        })
  if (state.announceNext.at > now) return NOTHING
  const tracker = state.tiers[state.announceNext.tier]?.[state.announceNext.tracker]
  return tracker === undefined || tracker.announcing ? NOTHING : announce(state, tracker, newsFor(state, tracker))
}

/** BEP 14; of private torrents only their trackers may know (BEP 27). */
const lookAtLocalNetwork = (state: Readonly<TransferState>, { now }: Circumstances): Decision =>
  !state.lsd.joined || state.private || state.lsd.announceAt > now
    ? NOTHING
    : decided({
        events: [{ type: 'lsd-announced' }],
        effects: [{ type: 'announce-locally', infoHash: state.infoHash }],
      })

const lookAtTime = (state: Readonly<TransferState>, circumstances: Circumstances): Decision =>
  state.standing.tags.active === true
    ? both(
        lookAtTrackers(state, circumstances),
        lookAtLocalNetwork(state, circumstances),
        lookAtDht(state, circumstances),
      )
    : NOTHING

/** Trackers that may be asked for their counts by now. */
const scrape = (state: Readonly<TransferState>, { now }: Circumstances): Decision => {
  const due = state.tiers.flat().filter(({ scraping, scrapeAt }) => !scraping && scrapeAt <= now)
  const asked = due.slice(0, LIMITS.scrapesMax)
  return decided({
    events: asked.map(({ url }) => ({ type: 'scrape-began', tracker: url })),
    effects: asked.map(({ url }) => ({ type: 'scrape', tracker: url, infoHash: state.infoHash })),
  })
}

const clampScrapeMs = (seconds: number | undefined): number =>
  Math.max(LIMITS.scrapeIntervalMinMs, Math.min(LIMITS.announceIntervalMaxMs, (seconds ?? 0) * 1_000))

const reasonOf = ({ code, message }: Failure): string => boundedText(`${code}: ${message}`, LIMITS.reasonTextMax)

/** The tracker says where it hears us; what it says again is no news. */
const ownAddress = (
  state: Readonly<TransferState>,
  tracker: string,
  host: string | undefined,
  port: number,
): readonly TransferEvent[] => {
  if (host === undefined || state.ownAddresses.has(showAddress({ host, port }))) return []
  if (state.ownAddresses.size >= LIMITS.ownAddressesMax) return []
  return [{ type: 'external-address-seen', tracker, host, port }]
}

const isHalted = ({ standing: { tags } }: Readonly<TransferState>): boolean =>
  tags.paused === true || tags.failed === true || tags.ending === true

const clampIntervalMs = ({ intervalSeconds, minIntervalSeconds }: AnnounceAnswer): number =>
  Math.max(
    LIMITS.announceIntervalMinMs,
    Math.min(LIMITS.announceIntervalMaxMs, Math.max(intervalSeconds, minIntervalSeconds ?? 0) * 1_000),
  )

/** One that is taken away may still have us on its list. */
const sayFarewell = (state: Readonly<TransferState>, urls: readonly string[]): Decision =>
  decided({
    events: urls.map((url) => ({ type: 'announce-began', tracker: url, event: 'stopped' })),
    effects: urls.map((url) => ({ type: 'announce', tracker: url, request: requestOf(state, 'stopped') })),
  })

/** The user wants these trackers and no others, from now on and in sessions to come. */
export const setTrackers = (state: Readonly<TransferState>, tiers: readonly (readonly string[])[]): Decision => {
  const known = state.tiers.flat()
  const wanted = new Set(tiers.flat())
  const added = [...wanted].filter((url) => trackerOf(state, url) === undefined)
  const gone = known.filter(({ url }) => !wanted.has(url))
  return both(
    sayFarewell(
      state,
      gone.filter(({ started }) => started).map(({ url }) => url),
    ),
    decided({
      events: [
        ...gone.map(({ url }): TransferEvent => ({ type: 'tracker-wished', tracker: url, wanted: false })),
        ...added.map((url): TransferEvent => ({ type: 'tracker-wished', tracker: url, wanted: true })),
        { type: 'trackers-set', tiers },
      ],
      messages: state.standing.tags.active === true ? [{ to: 'trackers', message: { type: 'look-at-time' } }] : [],
    }),
  )
}

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
      return sayFarewell(
        state,
        told.map(({ url }) => url),
      )
    }
    case 'announce-answered': {
      // Taken away meanwhile: it took `started` after all.
      if (trackerOf(state, cause.tracker) === undefined) return sayFarewell(state, [cause.tracker])
      const { peers, complete, incomplete, warning, externalHost } = cause.answer
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
          ...ownAddress(state, cause.tracker, externalHost, cause.port),
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
            reason: reasonOf(cause.failure),
          },
        ],
        messages: [{ to: 'trackers', message: { type: 'look-at-time' } }],
      })
    case 'dht-answered':
      return dhtAnswered(state, cause)
    case 'scrape-asked':
      return scrape(state, circumstances)
    case 'scrape-answered': {
      const { complete, incomplete, downloaded, minIntervalSeconds } = cause.answer
      const counts = { seeds: complete, leechers: incomplete, completed: downloaded }
      const againMs = clampScrapeMs(minIntervalSeconds)
      return decided({ events: [{ type: 'scrape-answered', tracker: cause.tracker, ...counts, againMs }] })
    }
    case 'scrape-failed':
      return decided({
        events: [{ type: 'scrape-failed', tracker: cause.tracker, reason: reasonOf(cause.failure) }],
      })
    default:
      return unreachable(cause)
  }
}
