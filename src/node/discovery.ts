/** Discovery: finds peers by asking trackers, each over the protocol that its URL names. */
import { lookup } from 'node:dns'
import { present } from '../assert.js'
import { Introductions } from '../discovery/introductions.js'
import { type AskMany, ScrapeBatches } from '../discovery/scrape-batches.js'
import { udpTrackerOf } from '../discovery/udp-questions.js'
import { UdpTrackers } from '../discovery/udp-trackers.js'
import { WebSocketTrackers, webSocketTrackerOf } from '../discovery/websocket-trackers.js'
import type { Answer, Cancel, Clock, DataChannels, Datagrams, Discovery, Meeting, ResolveHost } from '../ports.js'
import type { ProxyServer } from '../wire/proxy.js'
import { scrapeUrl } from '../wire/scrape.js'
import { type AskingRules, NO_RULES, type Refused, refusalOf } from './asked-server.js'
import { failed, failureOf } from './failure.js'
import { type HttpBounds, httpUrl } from './http-get.js'
import { announceOverHttp, scrapeOverHttp, TRACKER_BOUNDS } from './http-tracker.js'
import { entropy } from './machine.js'
import { nodeWebSockets } from './web-sockets.js'

const UNSUPPORTED = failed('UNSUPPORTED', 'the tracker has no address of HTTP, HTTPS, WebSocket, or UDP with a port')

const NOT_THROUGH = failed('UNSUPPORTED', 'only trackers of HTTP and HTTPS are asked through a proxy')

const later = (done: (answer: Answer<never>) => void, answer: Answer<never>): Cancel => {
  const waiting = setImmediate(done, answer)
  return () => clearImmediate(waiting)
}

/** BEP 48: the last part of its address does not begin with `announce`. */
const NO_SCRAPE = failed('UNSUPPORTED', 'the tracker has no address to be asked for its counts')

/** The addresses of a name, as the system says. */
export const resolve: ResolveHost = (host, done) => {
  lookup(host, { all: true }, (error, addresses) => {
    if (error === null) done({ type: 'done', value: addresses.map(({ address }) => address) })
    else done({ type: 'failed', failure: failureOf(error) })
  })
}

/** Names of trackers on a stranger's word lead nowhere that a stranger may not have us ask. */
const resolveFor =
  (rules: AskingRules, trusted: boolean): ResolveHost =>
  (host, done) =>
    resolve(host, (answer) => {
      if (answer.type === 'failed') {
        done(answer)
        return
      }
      let refused: Refused | undefined
      const allowed = answer.value.filter((address) => {
        const refusal = refusalOf(address, UDP, { what: 'tracker', trusted, redirectedFromGlobal: false }, rules)
        refused ??= refusal
        return refusal === undefined
      })
      if (allowed.length === 0 && refused !== undefined) done(failed(refused.code, refused.message))
      else done({ type: 'done', value: allowed })
    })

/** Whatever its URL, a tracker over UDP is sent the same. */
const UDP = new URL('udp://tracker.invalid/')

export interface NodeDiscoveryOptions {
  readonly rules?: AskingRules
  /** Trackers are asked through it, or not at all. */
  readonly proxy?: ProxyServer | undefined
  /** By which peers are met whom WebSocket trackers introduce; they are not, where it is left out. */
  readonly channels?: DataChannels | undefined
  /** For tests; everyone else takes those in limits. */
  readonly bounds?: HttpBounds
}

export const nodeDiscovery = (
  clock: Clock,
  datagrams: Datagrams,
  { rules = NO_RULES, proxy, channels, bounds = TRACKER_BOUNDS }: NodeDiscoveryOptions = {},
): Discovery => {
  let introductions: Introductions | undefined
  // What the user named apart from what strangers named: neither shares a socket or an address with the other.
  const made = [false, true].map((trusted) => {
    const udpTrackers = new UdpTrackers({ clock, datagrams, entropy, resolve: resolveFor(rules, trusted) })
    const http = { rules, proxy, asking: { what: 'tracker', trusted, redirectedFromGlobal: false } } as const
    const askForCounts: AskMany = (tracker, infoHashes, done) => {
      const url = httpUrl(scrapeUrl(tracker, infoHashes) ?? '')
      if (url !== undefined) return scrapeOverHttp(url, infoHashes, { ...bounds, ...http }, done)
      if (proxy !== undefined) return later(done, NOT_THROUGH)
      const udpTracker = udpTrackerOf(tracker)
      if (udpTracker !== undefined) return udpTrackers.scrape(udpTracker, infoHashes, done)
      const waiting = setImmediate(done, NO_SCRAPE)
      return () => clearImmediate(waiting)
    }
    return {
      udpTrackers,
      http,
      webSocketTrackers: new WebSocketTrackers({
        ...{ clock, entropy, webSockets: nodeWebSockets(rules, trusted) },
        introductions: () => introductions,
      }),
      scrapes: new ScrapeBatches(clock, askForCounts),
    }
  })
  const trackersOf = (trusted: boolean): (typeof made)[number] =>
    present(made[Number(trusted)], 'trackers of this trust')
  return {
    ...(channels === undefined
      ? {}
      : {
          meet: (meeting: Meeting): Cancel => {
            const ours = new Introductions({ clock, channels, entropy, meeting })
            introductions = ours
            return () => {
              introductions = undefined
              ours.close()
            }
          },
        }),
    announce: (url, request, done, trusted = true) => {
      const { udpTrackers, webSocketTrackers, http } = trackersOf(trusted)
      if (httpUrl(url) !== undefined) return announceOverHttp(url, request, { ...bounds, ...http }, done)
      if (proxy !== undefined) return later(done, NOT_THROUGH)
      const udpTracker = udpTrackerOf(url)
      if (udpTracker !== undefined) return udpTrackers.announce(udpTracker, request, done)
      const webSocketTracker = webSocketTrackerOf(url)
      if (webSocketTracker !== undefined) return webSocketTrackers.announce(webSocketTracker, request, done)
      const waiting = setImmediate(done, UNSUPPORTED)
      return () => clearImmediate(waiting)
    },
    scrape: (tracker, infoHash, done, trusted = true) => {
      const { webSocketTrackers, scrapes } = trackersOf(trusted)
      if (proxy !== undefined && httpUrl(tracker) === undefined) return later(done, NOT_THROUGH)
      const webSocketTracker = webSocketTrackerOf(tracker)
      if (webSocketTracker !== undefined) return webSocketTrackers.scrape(webSocketTracker, infoHash, done)
      return scrapes.scrape(tracker, infoHash, done)
    },
  }
}
