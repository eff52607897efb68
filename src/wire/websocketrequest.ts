/**
 * What is asked of a tracker over WebSocket: announce, scrape, and the answer to another's offer, in both directions.
 *
 * The protocol of WebTorrent, which no BEP has: objects in JSON, with bytes as latin1 text. Peers are not told addresses,
 * but offers of each other (SDP), which the tracker passes on, and answers to them.
 */
import { LIMITS } from '../limits.js'
import { type InfoHash, infoHash } from '../values.js'
import type { AnnounceEvent, AnnounceRequest } from './announce.js'
import { latin1Bytes, latin1Text } from './bencode.js'

/** Latin1 text of 20 bytes: peer ids, and ids of offers, which only who made them understands. */
export type WebId = string

export interface WebOffer {
  readonly offerId: WebId
  readonly sdp: string
}
export interface WebAnnounce {
  readonly type: 'announce'
  readonly infoHash: InfoHash
  readonly peerId: WebId
  readonly leftBytes: number
  readonly event: AnnounceEvent | undefined
  /** How many peers are to have one of the offers. */
  readonly numwant: number
  /** Whether it may be passed offers of others: not where it asks for no peers, and brings no offers. */
  readonly takesOffers: boolean
  readonly offers: readonly WebOffer[]
  /** Offers beyond the bound, which were not read. */
  readonly offersLeft: number
}
export interface WebReply {
  readonly type: 'answer'
  readonly infoHash: InfoHash
  readonly peerId: WebId
  /** Whose offer it answers, and which. */
  readonly toPeerId: WebId
  readonly offerId: WebId
  readonly sdp: string
}
export interface WebScrape {
  readonly type: 'scrape'
  readonly infoHashes: readonly InfoHash[]
}
export interface WebFault {
  readonly type: 'fault'
  readonly reason: string
  /** What it was to be, as far as that could be read. */
  readonly action: 'announce' | 'scrape' | undefined
  readonly infoHash: InfoHash | undefined
}
export type WebRequest = WebAnnounce | WebReply | WebScrape | WebFault

/** An object in JSON, which may have any fields. */
export type WebFields = Readonly<Record<string, unknown>>
/** What could not be read, in words. */
export class Unreadable extends Error {}

const fail = (reason: string): never => {
  throw new Unreadable(reason)
}

const ID_CHARACTERS = 20
const BEYOND_LATIN1 = /[\u0100-\uffff]/

export const readId = (value: unknown, name: string): WebId => {
  if (typeof value !== 'string') return fail(`${name} is no text`)
  if (BEYOND_LATIN1.test(value)) return fail(`${name} has characters that are no bytes`)
  return value.length === ID_CHARACTERS ? value : fail(`${name} has ${value.length} bytes and not ${ID_CHARACTERS}`)
}

const readHash = (value: unknown): InfoHash => infoHash(latin1Bytes(readId(value, 'info_hash')))

export const isFields = (value: unknown): value is WebFields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const readDescription = (value: unknown, type: 'offer' | 'answer'): string => {
  const { sdp, type: said } = isFields(value) ? value : fail(`the ${type} is no object`)
  if (said !== type || typeof sdp !== 'string') return fail(`the ${type} has no sdp, or another type`)
  const charactersMax = LIMITS.trackerWebDescriptionCharactersMax
  return sdp.length <= charactersMax ? sdp : fail(`the ${type} is longer than ${charactersMax} characters`)
}

const readOffer = (value: unknown): WebOffer => {
  const { offer, offer_id: id } = isFields(value) ? value : fail('an offer is no object')
  return { offerId: readId(id, 'offer_id'), sdp: readDescription(offer, 'offer') }
}

const readOffers = (value: unknown): readonly unknown[] => {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : fail('offers is no list')
}

/** Whoever has no metadata yet does not know, and says so by `null`. */
const readLeft = (value: unknown): number => {
  if (value === undefined || value === null) return Number.MAX_SAFE_INTEGER
  if (typeof value !== 'number' || value < 0) return fail('left is no number of bytes')
  return Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER)
}

const readEvent = (value: unknown): AnnounceEvent | undefined => {
  switch (value) {
    case 'started':
    case 'completed':
    case 'stopped':
    case 'paused':
      return value
    case undefined:
    case null:
    case '':
    case 'empty':
    case 'update':
      return undefined
    default:
      return fail('event is none of started, completed, stopped, paused and update')
  }
}

/** A wish that cannot be read is no wish: then each offer is to find somebody. */
const readNumwant = (value: unknown, offers: number): number =>
  typeof value === 'number' && value >= 0 ? Math.min(Math.floor(value), offers) : offers

const readAnnounce = (fields: WebFields, hash: InfoHash): WebAnnounce | WebReply => {
  const peerId = readId(fields.peer_id, 'peer_id')
  if (fields.answer !== undefined && fields.answer !== null) {
    return {
      type: 'answer',
      infoHash: hash,
      peerId,
      toPeerId: readId(fields.to_peer_id, 'to_peer_id'),
      offerId: readId(fields.offer_id, 'offer_id'),
      sdp: readDescription(fields.answer, 'answer'),
    }
  }
  const all = readOffers(fields.offers)
  const offers = all.slice(0, LIMITS.trackerWebOffersMax).map(readOffer)
  const wanted = readNumwant(fields.numwant, offers.length)
  return {
    type: 'announce',
    infoHash: hash,
    peerId,
    leftBytes: readLeft(fields.left),
    event: readEvent(fields.event),
    numwant: wanted,
    takesOffers: fields.numwant !== 0 || all.length > 0,
    offers,
    offersLeft: all.length - offers.length,
  }
}

const readScrape = (hashes: unknown): WebScrape => {
  const all: readonly unknown[] = Array.isArray(hashes) ? hashes : [hashes]
  const hashesMax = LIMITS.trackerScrapeHashesMax
  if (hashes === undefined || all.length === 0)
    return fail('info_hash is missing: this tracker does not list its torrents')
  if (all.length > hashesMax) return fail(`there are more than ${hashesMax} info_hash`)
  return { type: 'scrape', infoHashes: all.map(readHash) }
}

const parse = (text: string): WebFields => {
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : fail('the message is no object')
  } catch (error) {
    if (error instanceof SyntaxError) return fail('the message is no JSON')
    throw error
  }
}

export const readWebRequest = (text: string): WebRequest => {
  let action: WebFault['action']
  let hash: InfoHash | undefined
  try {
    const fields = parse(text)
    if (fields.action !== 'announce' && fields.action !== 'scrape') return fail('action is neither announce nor scrape')
    action = fields.action
    if (action === 'scrape') return readScrape(fields.info_hash)
    hash = readHash(fields.info_hash)
    return readAnnounce(fields, hash)
  } catch (error) {
    if (error instanceof Unreadable) return { type: 'fault', reason: error.message, action, infoHash: hash }
    throw error
  }
}

/**
 * With no wish at all it is of a peer that answers no offers: it has come to be counted. Whoever wishes for peers is passed
 * the offers of others, and brings its own.
 */
export const encodeWebAnnounce = (request: AnnounceRequest, numwant = 0, offers: readonly WebOffer[] = []): string =>
  JSON.stringify({
    action: 'announce',
    info_hash: latin1Text(request.infoHash),
    peer_id: latin1Text(request.peerId),
    uploaded: request.uploadedBytes,
    downloaded: request.downloadedBytes,
    left: request.leftBytes,
    event: request.event,
    numwant,
    offers:
      offers.length === 0
        ? undefined
        : offers.map(({ offerId, sdp }) => ({ offer: { type: 'offer', sdp }, offer_id: offerId })),
  })

/** What we answer to an offer, for the tracker to pass on. */
export const encodeWebReply = ({ infoHash, peerId, toPeerId, offerId, sdp }: Omit<WebReply, 'type'>): string =>
  JSON.stringify({
    action: 'announce',
    info_hash: latin1Text(infoHash),
    peer_id: peerId,
    to_peer_id: toPeerId,
    offer_id: offerId,
    answer: { type: 'answer', sdp },
  })

export const encodeWebScrapeRequest = (infoHash: InfoHash): string =>
  JSON.stringify({ action: 'scrape', info_hash: latin1Text(infoHash) })
