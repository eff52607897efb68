/** What a tracker says over WebSocket: answers, failures, and what peers say to each other through it, in both directions. */
import { LIMITS } from '../limits.js'
import type { InfoHash } from '../values.js'
import type { AnnounceAnswer } from './announceanswer.js'
import { latin1Text } from './bencode.js'
import type { ScrapeFile, TrackerCounts } from './scrape.js'
import { showableText } from './trackeranswer.js'
import {
  isFields,
  readDescription,
  readId,
  Unreadable,
  type WebFields,
  type WebId,
  type WebOffer,
  type WebReply,
} from './websocketrequest.js'

/** An answer to an announce, which holds no peers: those are passed on one by one. */
export type WebAnswer = Pick<AnnounceAnswer, 'intervalSeconds' | 'complete' | 'incomplete' | 'warning'>

export const encodeWebAnswer = (infoHash: InfoHash, answer: WebAnswer): string =>
  JSON.stringify({
    action: 'announce',
    info_hash: latin1Text(infoHash),
    interval: answer.intervalSeconds,
    complete: answer.complete,
    incomplete: answer.incomplete,
    'warning message': answer.warning,
  })

/** Clients take what has no action for a fault of the connection, and an announce without an info-hash for another's. */
export const encodeWebFailure = (reason: string, action?: 'announce' | 'scrape', infoHash?: InfoHash): string =>
  JSON.stringify({
    action: action === 'announce' && infoHash === undefined ? undefined : action,
    info_hash: infoHash && latin1Text(infoHash),
    'failure reason': reason,
  })

export const encodeWebScrape = (files: readonly ScrapeFile[], minRequestIntervalSeconds: number): string =>
  JSON.stringify({
    action: 'scrape',
    files: Object.fromEntries(
      files.map(({ infoHash, complete, incomplete, downloaded }) => [
        latin1Text(infoHash),
        { complete, incomplete, downloaded },
      ]),
    ),
    flags: { min_request_interval: minRequestIntervalSeconds },
  })

/** An offer of one peer for another. */
export const encodeRelayedOffer = (infoHash: InfoHash, from: WebId, { offerId, sdp }: WebOffer): string =>
  JSON.stringify({
    action: 'announce',
    info_hash: latin1Text(infoHash),
    peer_id: from,
    offer_id: offerId,
    offer: { type: 'offer', sdp },
  })

export const encodeRelayedAnswer = ({ infoHash, peerId, offerId, sdp }: WebReply): string =>
  JSON.stringify({
    action: 'announce',
    info_hash: latin1Text(infoHash),
    peer_id: peerId,
    offer_id: offerId,
    answer: { type: 'answer', sdp },
  })

/** `infoHash` is latin1 text, as it is compared with what was asked about. */
export type ReadWebAnswer =
  | { readonly type: 'answer'; readonly infoHash: string; readonly answer: WebAnswer }
  /** Of a torrent, of scraping, or of whatever was asked. */
  | {
      readonly type: 'failure'
      readonly infoHash: string | undefined
      readonly isScrape: boolean
      readonly reason: string
    }
  | { readonly type: 'scraped'; readonly files: ReadonlyMap<string, TrackerCounts> }
  /** What another peer offers us, or answers to an offer of ours. */
  | {
      readonly type: 'offered' | 'replied'
      readonly infoHash: string
      readonly peerId: WebId
      readonly offerId: WebId
      readonly sdp: string
    }
  /** What a later version of the protocol may have, or another peer says that makes no sense: the tracker cannot help it. */
  | { readonly type: 'other' }
  | { readonly type: 'fault'; readonly reason: string }

const shown = (value: unknown): string => (typeof value === 'string' ? showableText(value) : '')

const readCount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

const readInterval = (fields: WebFields): number => {
  const seconds = readCount(fields.interval) || readCount(fields['min interval'])
  return Math.min(seconds || LIMITS.trackerIntervalSecondsDefault, LIMITS.trackerIntervalSecondsMax)
}

const readScraped = (files: unknown, flags: unknown): ReadonlyMap<string, TrackerCounts> => {
  const least = isFields(flags) ? readCount(flags.min_request_interval) : undefined
  const minIntervalSeconds = least && Math.min(least, LIMITS.trackerIntervalSecondsMax)
  const counts = new Map<string, TrackerCounts>()
  for (const [infoHash, file] of Object.entries(isFields(files) ? files : {})) {
    if (!isFields(file)) continue
    const countOf = (name: string): number => readCount(file[name]) ?? 0
    counts.set(infoHash, {
      ...{ complete: countOf('complete'), incomplete: countOf('incomplete'), downloaded: countOf('downloaded') },
      minIntervalSeconds,
    })
  }
  return counts
}

const parse = (text: string): WebFields | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

const readRelayed = (type: 'offered' | 'replied', infoHash: string, fields: WebFields): ReadWebAnswer => {
  try {
    const sdp = type === 'offered' ? readDescription(fields.offer, 'offer') : readDescription(fields.answer, 'answer')
    return {
      ...{ type, infoHash, sdp },
      peerId: readId(fields.peer_id, 'peer_id'),
      offerId: readId(fields.offer_id, 'offer_id'),
    }
  } catch (error) {
    if (error instanceof Unreadable) return { type: 'other' }
    throw error
  }
}

export const readWebAnswer = (text: string): ReadWebAnswer => {
  const fields = parse(text)
  if (fields === undefined) return { type: 'fault', reason: 'the answer is no object in JSON' }
  const infoHash = typeof fields.info_hash === 'string' ? fields.info_hash : undefined
  const failure = fields['failure reason']
  if (failure !== undefined) {
    return {
      type: 'failure',
      infoHash,
      isScrape: fields.action === 'scrape',
      reason: shown(failure) || 'the tracker gave no reason',
    }
  }
  if (fields.action === 'scrape') return { type: 'scraped', files: readScraped(fields.files, fields.flags) }
  if (fields.action !== 'announce' || infoHash === undefined) return { type: 'other' }
  if (isFields(fields.offer)) return readRelayed('offered', infoHash, fields)
  if (isFields(fields.answer)) return readRelayed('replied', infoHash, fields)
  return {
    type: 'answer',
    infoHash,
    answer: {
      intervalSeconds: readInterval(fields),
      complete: readCount(fields.complete),
      incomplete: readCount(fields.incomplete),
      warning: shown(fields['warning message']) || undefined,
    },
  }
}
