/** Discovery: finds peers by asking trackers, each over the protocol that its URL names. */
import type { Answer, Cancel, Discovery } from '../ports.js'
import type { AnnounceAnswer, AnnounceRequest } from '../wire/announce.js'
import { failed } from './failure.js'
import { type HttpBounds, httpUrl } from './http-get.js'
import { announceOverHttp, TRACKER_BOUNDS } from './http-tracker.js'

/** BEP 15 and WebTorrent's trackers are still to come. */
const UNSUPPORTED = failed('UNSUPPORTED', 'the tracker has no HTTP or HTTPS address')

/** `bounds` are for tests; everyone else takes those in limits. */
export const nodeDiscovery = (bounds: HttpBounds = TRACKER_BOUNDS): Discovery => ({
  announce: (tracker: string, request: AnnounceRequest, done: (answer: Answer<AnnounceAnswer>) => void): Cancel => {
    if (httpUrl(tracker) !== undefined) return announceOverHttp(tracker, request, bounds, done)
    const waiting = setImmediate(done, UNSUPPORTED)
    return () => clearImmediate(waiting)
  },
})
