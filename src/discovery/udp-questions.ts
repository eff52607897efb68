/** Questions to UDP trackers (BEP 15): announces and scrapes, from what is wanted to what an answer says. */
import type { Answer } from '../ports.js'
import type { InfoHash, PeerAddress } from '../values.js'
import { hostToBytes } from '../wire/compact.js'
import { familyOf } from '../wire/datagram.js'
import type { AnnounceAnswer, AnnounceRequest, TrackerCounts } from '../wire/tracker.js'
import type { UdpAnswer } from '../wire/udpanswer.js'
import type { ConnectionId, UdpAnnounce, UdpScrape } from '../wire/udprequest.js'

/** `host` may be a name. */
export interface UdpTracker extends PeerAddress {
  /** What it is told of its URL (BEP 41). */
  readonly urlData: string
}

/** Undefined for what is no URL of a UDP tracker, with a host and a port. */
export const udpTrackerOf = (url: string): UdpTracker | undefined => {
  if (!URL.canParse(url)) return undefined
  const { hostname, pathname, port, protocol, search } = new URL(url)
  if (protocol !== 'udp:' || hostname === '' || Number(port) === 0) return undefined
  const path = `${pathname}${search}`
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), urlData: path === '/' ? '' : path }
}

/** What is asked once there is a connection: how it is put, and what of an answer answers it. */
export interface UdpQuestion<Value> {
  request(tracker: UdpTracker, head: RequestHead): UdpAnnounce | UdpScrape
  /** Undefined where the answer is one to something else. */
  answer(answer: UdpAnswer): Answer<Value> | undefined
}
interface RequestHead {
  readonly transactionId: number
  readonly connectionId: ConnectionId
  readonly key: number
  readonly to: PeerAddress
}

export const announceOf = (asked: AnnounceRequest): UdpQuestion<AnnounceAnswer> => ({
  request: ({ urlData }, { to, ...head }) => {
    const { downloadedBytes, event, host, infoHash, leftBytes, numwant, peerId, port, uploadedBytes } = asked
    const isIpv4 = host !== undefined && hostToBytes(host)?.length === 4 && familyOf(to.host) === 'ipv4'
    return {
      type: 'announce',
      ...head,
      infoHash,
      peerId,
      downloadedBytes,
      leftBytes,
      uploadedBytes,
      // A pause (BEP 21) has no number over UDP.
      event: event === 'paused' ? undefined : event,
      host: isIpv4 ? host : undefined,
      numwant,
      port,
      urlData,
    }
  },
  answer: (answer) => {
    if (answer.type !== 'announced') return undefined
    const { complete, incomplete, intervalSeconds, peers } = answer
    return { type: 'done', value: { complete, incomplete, intervalSeconds, peers } }
  },
})

/** Counts in the order of the torrents. */
export const scrapeOf = (infoHashes: readonly InfoHash[]): UdpQuestion<readonly TrackerCounts[]> => ({
  request: (_, { transactionId, connectionId }) => ({ type: 'scrape', transactionId, connectionId, infoHashes }),
  answer: (answer) => {
    if (answer.type !== 'scraped') return undefined
    return answer.files.length < infoHashes.length
      ? { type: 'failed', failure: { code: 'GARBAGE', message: 'there are no counts' } }
      : { type: 'done', value: answer.files }
  },
})
