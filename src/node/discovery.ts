/** Discovery: finds peers by asking trackers, each over the protocol that its URL names. */
import { lookup } from 'node:dns'
import { udpTrackerOf } from '../discovery/udp-questions.js'
import { UdpTrackers } from '../discovery/udp-trackers.js'
import { WebSocketTrackers, webSocketTrackerOf } from '../discovery/websocket-trackers.js'
import type { Answer, Cancel, Clock, Datagrams, Discovery, ResolveHost } from '../ports.js'
import type { InfoHash } from '../values.js'
import type { AnnounceAnswer, AnnounceRequest } from '../wire/announce.js'
import { scrapeUrl, type TrackerCounts } from '../wire/scrape.js'
import { failed, failureOf } from './failure.js'
import { type HttpBounds, httpUrl } from './http-get.js'
import { announceOverHttp, scrapeOverHttp, TRACKER_BOUNDS } from './http-tracker.js'
import { entropy } from './machine.js'
import { nodeWebSockets } from './web-sockets.js'

const UNSUPPORTED = failed('UNSUPPORTED', 'the tracker has no address of HTTP, HTTPS, WebSocket, or UDP with a port')

/** BEP 48: the last part of its address does not begin with `announce`. */
const NO_SCRAPE = failed('UNSUPPORTED', 'the tracker has no address to be asked for its counts')

/** The addresses of a name, as the system says. */
export const resolve: ResolveHost = (host, done) => {
  lookup(host, { all: true }, (error, addresses) => {
    if (error === null) done({ type: 'done', value: addresses.map(({ address }) => address) })
    else done({ type: 'failed', failure: failureOf(error) })
  })
}

/** `bounds` are for tests; everyone else takes those in limits. */
export const nodeDiscovery = (clock: Clock, datagrams: Datagrams, bounds: HttpBounds = TRACKER_BOUNDS): Discovery => {
  const udpTrackers = new UdpTrackers({ clock, datagrams, entropy, resolve })
  const webSocketTrackers = new WebSocketTrackers({ clock, webSockets: nodeWebSockets(), entropy })
  return {
    announce: (url: string, request: AnnounceRequest, done: (answer: Answer<AnnounceAnswer>) => void): Cancel => {
      if (httpUrl(url) !== undefined) return announceOverHttp(url, request, bounds, done)
      const udpTracker = udpTrackerOf(url)
      if (udpTracker !== undefined) return udpTrackers.announce(udpTracker, request, done)
      const webSocketTracker = webSocketTrackerOf(url)
      if (webSocketTracker !== undefined) return webSocketTrackers.announce(webSocketTracker, request, done)
      const waiting = setImmediate(done, UNSUPPORTED)
      return () => clearImmediate(waiting)
    },
    scrape: (tracker: string, infoHash: InfoHash, done: (answer: Answer<TrackerCounts>) => void): Cancel => {
      const url = httpUrl(scrapeUrl(tracker, [infoHash]) ?? '')
      if (url !== undefined) return scrapeOverHttp(url, infoHash, bounds, done)
      const udpTracker = udpTrackerOf(tracker)
      if (udpTracker !== undefined) return udpTrackers.scrape(udpTracker, infoHash, done)
      const webSocketTracker = webSocketTrackerOf(tracker)
      if (webSocketTracker !== undefined) return webSocketTrackers.scrape(webSocketTracker, infoHash, done)
      const waiting = setImmediate(done, NO_SCRAPE)
      return () => clearImmediate(waiting)
    },
  }
}
