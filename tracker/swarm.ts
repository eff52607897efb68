/** The pure tracker: announces and scrapes against what it knows, with time and chance given from outside. */
import { LIMITS } from '../src/limits.js'
import type { InfoHash } from '../src/values.js'
import type { Announce } from '../src/wire/announce.js'
import type { AnnouncedPeer } from '../src/wire/announceanswer.js'
import { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import type { Family } from '../src/wire/datagram.js'
import type { ScrapeCounts, ScrapeFile } from '../src/wire/scrape.js'
import { Chosen, familyOfMark, positionOfMark } from './chosen.js'
import { type Draw, samplePeers } from './sample.js'
import {
  addPeer,
  advance,
  clearExpired,
  countDownload,
  dropIfEmpty,
  findSwarm,
  isSeed,
  leechesIn,
  openSwarm,
  removePeer,
  type Swarm,
  type SwarmState,
  seedsIn,
  seePeer,
  setPeerId,
  setSeed,
} from './swarm-state.js'

export type { Family } from '../src/wire/datagram.js'
export type { Draw } from './sample.js'
export { createSwarmState, type SwarmSettings, type SwarmState } from './swarm-state.js'

/** What of an announce matters here, whichever protocol it came by. */
export interface SwarmRequest
  extends Pick<Announce, 'infoHash' | 'peerId' | 'port' | 'leftBytes' | 'event' | 'numwant'> {
  /** 4 or 16 bytes: where the announce came from, and not what it says. */
  readonly host: Uint8Array
  /** Which peers the answer can hold; both families, where it is left out. */
  readonly families?: readonly Family[] | undefined
}

export interface SwarmAnswer extends ScrapeCounts {
  readonly type: 'answer'
  readonly chosen: Chosen
}

/** Why a request is refused, as it is counted: of the protocol, of the list and tokens, of limits, and of the store. */
export type RefusalCode =
  | 'malformed'
  | 'not_connected'
  | 'not_served'
  | 'denied'
  | 'torrents_full'
  | 'peers_full'
  | 'busy'
  | 'store_failed'

export interface Refusal {
  readonly type: 'refusal'
  readonly code: RefusalCode
  /** In words, for whoever asked. */
  readonly reason: string
}

export const TORRENTS_FULL: Refusal = {
  type: 'refusal',
  code: 'torrents_full',
  reason: 'this tracker is full: it takes no more torrents',
}
export const PEERS_FULL: Refusal = {
  type: 'refusal',
  code: 'peers_full',
  reason: 'this tracker is full: it takes no more peers',
}

export interface SwarmStats {
  /** With peers, or with a count of completions that is still kept. */
  readonly torrents: number
  readonly peers: number
  readonly seeds: number
  /** Those of them that are over WebSocket, where there is such a front. A torrent that is there both ways counts twice. */
  readonly web?: WebStats | undefined
}

export interface WebStats {
  readonly torrents: number
  readonly peers: number
  readonly seeds: number
}

const BOTH: readonly Family[] = ['ipv4', 'ipv6']
const NOBODY: ScrapeCounts = { complete: 0, incomplete: 0, downloaded: 0 }
const NONE = new Chosen()

const countsOf = (state: SwarmState, swarm: Swarm): ScrapeCounts => ({
  complete: seedsIn(state, swarm),
  incomplete: leechesIn(state, swarm),
  downloaded: swarm.downloaded,
})

/** Written out, since one is made for each announce. */
const answerOf = (state: SwarmState, swarm: Swarm, chosen: Chosen): SwarmAnswer => ({
  type: 'answer',
  complete: seedsIn(state, swarm),
  incomplete: leechesIn(state, swarm),
  downloaded: swarm.downloaded,
  chosen,
})

const stopped = (state: SwarmState, { infoHash, host, port }: SwarmRequest): SwarmAnswer => {
  const swarm = findSwarm(state, infoHash)
  if (swarm === undefined) return { type: 'answer', ...NOBODY, chosen: NONE }
  const slot = state.peers.find(swarm.number, host, port)
  if (slot !== undefined) removePeer(state, swarm, slot)
  const answer = answerOf(state, swarm, NONE)
  dropIfEmpty(state, swarm)
  return answer
}

/** Enters the peer, or what is new of it; undefined where there is no room. */
const enrol = (state: SwarmState, swarm: Swarm, request: SwarmRequest): number | undefined => {
  const { host, port, event } = request
  const seed = request.leftBytes === 0
  const known = state.peers.find(swarm.number, host, port)
  if (known === undefined && state.peers.count >= state.peersMax) return undefined
  const wasSeed = known !== undefined && isSeed(state, known)
  const slot = known ?? addPeer(state, swarm, host, port, seed)
  if (known !== undefined) setSeed(state, swarm, slot, seed)
  setPeerId(state, swarm, slot, request.peerId)
  seePeer(state, slot)
  // Once only, however often it is said.
  if (event === 'completed' && seed && !wasSeed) countDownload(state, swarm)
  return slot
}

export const announce = (
  state: SwarmState,
  request: SwarmRequest,
  nowMs: number,
  random: Draw,
): SwarmAnswer | Refusal => {
  advance(state, nowMs)
  clearExpired(state)
  if (request.event === 'stopped') return stopped(state, request)
  const swarm = openSwarm(state, request.infoHash)
  if (swarm === undefined) return TORRENTS_FULL
  const slot = enrol(state, swarm, request)
  if (slot === undefined) {
    dropIfEmpty(state, swarm)
    return PEERS_FULL
  }
  const asker = { slot, seed: request.leftBytes === 0 }
  const numwant = Math.min(request.numwant, LIMITS.trackerNumwantMax)
  const chosen = samplePeers(state, swarm, asker, request.families ?? BOTH, numwant, random)
  return answerOf(state, swarm, chosen)
}

/** Torrents that nobody announced have no peers, which is an answer. */
export const scrape = (state: SwarmState, infoHashes: readonly InfoHash[], nowMs: number): readonly ScrapeFile[] => {
  advance(state, nowMs)
  clearExpired(state)
  return infoHashes.map((infoHash) => {
    const swarm = findSwarm(state, infoHash)
    return { infoHash, ...(swarm === undefined ? NOBODY : countsOf(state, swarm)) }
  })
}

export const swarmStats = (state: SwarmState, nowMs: number): SwarmStats => {
  advance(state, nowMs)
  clearExpired(state)
  return { torrents: state.index.count, peers: state.peers.count, seeds: state.seeds }
}

export const compactBytes = (chosen: Chosen, family: Family): number =>
  chosen.countOf(family) * (family === 'ipv4' ? COMPACT_IPV4_BYTES : COMPACT_IPV6_BYTES)

/** Writes the chosen peers of this family, `compactBytes` of them. */
export const writeCompact = (
  { groups }: SwarmState,
  chosen: Chosen,
  family: Family,
  into: Uint8Array,
  offset: number,
): void => groups.writeCompact(chosen, family, into, offset)

/** The chosen peers one by one. */
export const announcedPeers = ({ groups, peers }: SwarmState, { marks, count }: Chosen): readonly AnnouncedPeer[] =>
  Array.from(marks.subarray(0, count), (mark) => {
    const slot = groups.slotAt(positionOfMark(mark), familyOfMark(mark))
    return { host: peers.hostOf(slot), port: peers.portOf(slot), peerId: peers.idOf(slot) }
  })
