/** From the target of an HTTP request to the reply: announce (BEP 3, 7, 23, 24), scrape (BEP 48) and stats. */
import { LIMITS } from '../src/limits.js'
import { type Announce, readAnnounceQuery } from '../src/wire/announce.js'
import { encodeAnnounceAnswer } from '../src/wire/announceanswer.js'
import { encode, latin1Bytes } from '../src/wire/bencode.js'
import { bytesToHost } from '../src/wire/compact.js'
import { encodeScrapeAnswer, readScrapeQuery } from '../src/wire/scrape.js'
import { encodeFailure } from '../src/wire/trackeranswer.js'
import { statsOf, type TrackerCore } from './core.js'
import { announce, announcedPeers, compactPeers, type SwarmAnswer, type SwarmState, scrape } from './swarm.js'

export interface HttpReply {
  readonly status: number
  readonly contentType: 'text/plain' | 'application/json'
  readonly body: Uint8Array
}

const bencoded = (body: Uint8Array): HttpReply => ({ status: 200, contentType: 'text/plain', body })

/** Clients read why only under 200: many take any other status for a tracker that is down. */
const failed = (core: TrackerCore, reason: string): HttpReply => {
  core.counts.failures++
  return bencoded(encodeFailure(reason))
}

const minIntervalSeconds = ({ settings }: SwarmState): number =>
  Math.min(settings.intervalSeconds, LIMITS.trackerMinIntervalSeconds)

/**
 * Compact answers are made from the packed peers as they lie there: naming 50 addresses in text only to read them
 * again would take longer than all the rest. They are the same bytes as `encodeAnnounceAnswer` makes.
 */
const encodeAnswer = (state: SwarmState, asked: Announce, host: Uint8Array, answer: SwarmAnswer): Uint8Array => {
  const { complete, incomplete, downloaded, chosen } = answer
  const { intervalSeconds } = state.settings
  if (asked.compact) {
    const { ipv4, ipv6 } = compactPeers(state, chosen)
    return encode({
      interval: intervalSeconds,
      'min interval': minIntervalSeconds(state),
      complete,
      incomplete,
      downloaded,
      'external ip': host,
      peers: ipv4,
      peers6: ipv6.length === 0 ? undefined : ipv6,
    })
  }
  const peers = announcedPeers(state, chosen)
  const said = { intervalSeconds, minIntervalSeconds: minIntervalSeconds(state), externalHost: bytesToHost(host) }
  return encodeAnnounceAnswer({ ...said, complete, incomplete, downloaded, peers }, asked)
}

const announceReply = (core: TrackerCore, query: string, host: Uint8Array, nowMs: number): HttpReply => {
  core.counts.announces++
  const asked = readAnnounceQuery(query)
  if (asked.type === 'fault') return failed(core, asked.reason)
  // What it says of its own address is passed over: it could name a victim's.
  const answer = announce(core.state, { ...asked, host }, nowMs, core.random)
  if (answer.type === 'refusal') return failed(core, answer.reason)
  return bencoded(encodeAnswer(core.state, asked, host, answer))
}

const scrapeReply = (core: TrackerCore, query: string, nowMs: number): HttpReply => {
  core.counts.scrapes++
  const asked = readScrapeQuery(query)
  if (asked.type === 'fault') return failed(core, asked.reason)
  if (asked.infoHashes.length === 0)
    return failed(core, 'info_hash is missing: this tracker does not list its torrents')
  return bencoded(encodeScrapeAnswer(scrape(core.state, asked.infoHashes, nowMs)))
}

const NOT_FOUND = latin1Bytes('This is a BitTorrent tracker: see /announce, /scrape and /stats.\n')

/** A proxy's way to ask, which every server has to take (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*/i

/** `target` is as it stands in the request line, `host` what the socket says in 4 or 16 bytes. */
export const httpReply = (core: TrackerCore, target: string, host: Uint8Array, nowMs: number): HttpReply => {
  const origin = target.startsWith('/') ? '' : (ORIGIN.exec(target)?.[0] ?? '')
  const question = target.indexOf('?')
  const path = target.slice(origin.length, question < 0 ? undefined : question)
  const query = question < 0 ? '' : target.slice(question + 1)
  switch (path) {
    case '/announce':
      return announceReply(core, query, host, nowMs)
    case '/scrape':
      return scrapeReply(core, query, nowMs)
    case '/stats':
      return {
        status: 200,
        contentType: 'application/json',
        body: latin1Bytes(`${JSON.stringify(statsOf(core, nowMs))}\n`),
      }
    default:
      return {
        status: 404,
        contentType: 'text/plain',
        body: NOT_FOUND,
      }
  }
}
