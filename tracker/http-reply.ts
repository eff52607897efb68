/** From the target of an HTTP request to the reply: announce (BEP 3, 7, 23, 24), scrape (BEP 48) and stats. */
import { type Announce, readAnnounceQuery } from '../src/wire/announce.js'
import { encodeAnnounceAnswer, encodeCompactAnswer } from '../src/wire/announceanswer.js'
import { latin1Bytes } from '../src/wire/bencode.js'
import { bytesToHost } from '../src/wire/compact.js'
import { encodeScrapeAnswer, readScrapeQuery } from '../src/wire/scrape.js'
import { encodeFailure } from '../src/wire/trackeranswer.js'
import { readToken } from './access.js'
import type { TrackerCore } from './core.js'
import { orRefusal, type Soon, type StoreAnswer, soon } from './store.js'

export interface HttpReply {
  readonly status: number
  readonly contentType: 'text/plain' | 'application/json'
  readonly body: Uint8Array
}

const bencoded = (body: Uint8Array): HttpReply => ({ status: 200, contentType: 'text/plain', body })

/** Clients read why only under 200: many take any other status for a tracker that is down. */
const failed = (reason: string): HttpReply => bencoded(encodeFailure(reason))

/**
 * Compact answers are made from the packed peers as they lie there: naming 50 addresses in text only to read them
 * again would take longer than all the rest. They are the same bytes as `encodeAnnounceAnswer` makes.
 */
const encodeAnswer = (core: TrackerCore, asked: Announce, host: Uint8Array, answer: StoreAnswer): Uint8Array => {
  const { complete, incomplete, downloaded } = answer
  const { intervalSeconds, minIntervalSeconds } = core
  if (asked.compact) {
    const said = { intervalSeconds, minIntervalSeconds, complete, incomplete, downloaded, externalHost: host }
    const { bytes, ipv4At, ipv6At } = encodeCompactAnswer(
      said,
      answer.compactBytes('ipv4'),
      answer.compactBytes('ipv6'),
    )
    answer.writeCompact('ipv4', bytes, ipv4At)
    answer.writeCompact('ipv6', bytes, ipv6At)
    return bytes
  }
  const said = { intervalSeconds, minIntervalSeconds, externalHost: bytesToHost(host) }
  return encodeAnnounceAnswer({ ...said, complete, incomplete, downloaded, peers: answer.named() }, asked)
}

const announceReply = (core: TrackerCore, query: string, host: Uint8Array, token?: string): Soon<HttpReply> => {
  const asked = readAnnounceQuery(query)
  if (asked.type === 'fault') {
    core.dismiss('http', 'announce', host, 'malformed')
    return failed(asked.reason)
  }
  return soon(core.announce('http', { ...asked, host: core.hostOf(asked.host, host) }, token), (answer) =>
    answer.type === 'refusal' ? failed(answer.reason) : bencoded(encodeAnswer(core, asked, host, answer)),
  )
}

const scrapeReply = (core: TrackerCore, query: string, host: Uint8Array, token?: string): Soon<HttpReply> => {
  const asked = readScrapeQuery(query)
  const refused =
    asked.type === 'fault'
      ? asked.reason
      : asked.infoHashes.length === 0
        ? 'info_hash is missing: this tracker does not list its torrents'
        : undefined
  if (asked.type === 'fault' || refused !== undefined) {
    core.dismiss('http', 'scrape', host, 'malformed')
    return failed(refused ?? '')
  }
  return soon(core.denied(asked.infoHashes, token), (reason) => {
    if (reason !== undefined) {
      core.dismiss('http', 'scrape', host, 'denied')
      return failed(reason)
    }
    return soon(core.scrape('http', asked.infoHashes, token), (files) =>
      'reason' in files ? failed(files.reason) : bencoded(encodeScrapeAnswer(files)),
    )
  })
}

/** The status is for what stands between; clients that read the body all the same are told in how many minutes to come. */
const TOO_OFTEN: HttpReply = { ...bencoded(encodeFailure('you ask too often: wait a minute', 1)), status: 429 }

const NOT_FOUND = latin1Bytes('This is a BitTorrent tracker: see /announce, /scrape and /stats.\n')

/** The reply to what is nowhere. */
export const notThere = (): HttpReply => ({ status: 404, contentType: 'text/plain', body: NOT_FOUND })

/** A proxy's way to ask, which every server has to take (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*/i

/** `target` is as it stands in the request line, `host` what the socket says in 4 or 16 bytes. */
export const httpReply = (core: TrackerCore, target: string, host: Uint8Array): Soon<HttpReply> => {
  const origin = target.startsWith('/') ? '' : (ORIGIN.exec(target)?.[0] ?? '')
  const question = target.indexOf('?')
  const path = target.slice(origin.length, question < 0 ? undefined : question)
  const query = question < 0 ? '' : target.slice(question + 1)
  // Looked for only where one is needed: it takes a tenth of the time of an announce.
  const token = core.access && readToken(target.slice(origin.length))
  switch (token === undefined ? path : path.replace(`/${token}/`, '/')) {
    case '/announce':
      return core.takes('http', host) ? announceReply(core, query, host, token) : TOO_OFTEN
    case '/scrape':
      return core.takes('http', host) ? scrapeReply(core, query, host, token) : TOO_OFTEN
    case '/stats':
      return soon(orRefusal(core.stats()), (stats) =>
        'reason' in stats
          ? { status: 503, contentType: 'text/plain', body: latin1Bytes(`${stats.reason}\n`) }
          : { status: 200, contentType: 'application/json', body: latin1Bytes(`${JSON.stringify(stats)}\n`) },
      )
    default:
      return notThere()
  }
}
