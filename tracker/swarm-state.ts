/** What a tracker knows: the file index (info-hash to swarm), the peers in each swarm, and when they were last seen. */
import { present } from '../src/assert.js'
import { LIMITS } from '../src/limits.js'
import type { InfoHash, PeerId } from '../src/values.js'
import { latin1Text } from '../src/wire/bencode.js'
import type { Family } from '../src/wire/datagram.js'
import { Chosen } from './chosen.js'
import { familyOf, isSeedKind, KINDS, kindOf, PeerGroups } from './peer-groups.js'
import { PeerTable } from './peer-table.js'
import { Recency } from './recency.js'
import { SwarmIndex } from './swarm-index.js'

export interface SwarmSettings {
  readonly intervalSeconds: number
  readonly peersMax?: number | undefined
  readonly swarmsMax?: number | undefined
  /** Any 32 bits that nobody outside can guess. */
  readonly hashSeed: number
}

/** A torrent, and who shares it. */
export interface Swarm {
  readonly number: number
  /** The info-hash as latin1 text. */
  readonly key: string
  /** How often it was completed. */
  downloaded: number
}

/** Hears of what changes, for a store that keeps it. Slots and swarms are as they are in the state then. */
export interface SwarmJournal {
  /** A peer that was not there. */
  peerCame(swarm: Swarm, slot: number): void
  peerSeen(slot: number): void
  /** It is still there, for the last time. */
  peerLeft(swarm: Swarm, slot: number): void
  /** Its count of completions, or that nobody is in it any more, or that it is forgotten. */
  swarmChanged(swarm: Swarm): void
}

export interface SwarmState {
  readonly settings: SwarmSettings
  readonly expiryMs: number
  readonly peersMax: number
  readonly swarmsMax: number
  readonly peers: PeerTable
  readonly groups: PeerGroups
  /** By slot. */
  readonly peersSeen: Recency
  readonly index: SwarmIndex
  /** By number. */
  readonly swarms: (Swarm | undefined)[]
  /** Numbers of swarms that nobody is in any more, by the time when the last one left. */
  readonly swarmsLeft: Recency
  /** Of the last announce. */
  readonly chosen: Chosen
  seeds: number
  nowMs: number
  journal: SwarmJournal | undefined
}

export const createSwarmState = (settings: SwarmSettings): SwarmState => ({
  settings,
  expiryMs: settings.intervalSeconds * 1_000 * LIMITS.trackerExpiryIntervals,
  peersMax: settings.peersMax ?? LIMITS.trackerSwarmPeersMax,
  swarmsMax: settings.swarmsMax ?? LIMITS.trackerSwarmsMax,
  peers: new PeerTable(settings.hashSeed),
  groups: new PeerGroups(),
  peersSeen: new Recency(),
  index: new SwarmIndex(settings.hashSeed),
  swarms: [],
  swarmsLeft: new Recency(),
  chosen: new Chosen(),
  seeds: 0,
  nowMs: 0,
  journal: undefined,
})

/** Clocks may be set back; what was seen was not seen in the future. */
export const advance = (state: SwarmState, nowMs: number): void => {
  state.nowMs = Math.max(state.nowMs, nowMs)
}

export const findSwarm = (state: SwarmState, infoHash: InfoHash): Swarm | undefined => {
  const number = state.index.find(infoHash)
  return number === undefined ? undefined : state.swarms[number]
}

/** Undefined where there are as many as there may be. */
export const openSwarm = (state: SwarmState, infoHash: InfoHash): Swarm | undefined => {
  const found = findSwarm(state, infoHash)
  if (found !== undefined || state.index.count >= state.swarmsMax) return found
  return addSwarm(state, infoHash)
}

export const addSwarm = (state: SwarmState, infoHash: InfoHash): Swarm => {
  const number = state.index.add(infoHash)
  const swarm: Swarm = { number, key: latin1Text(infoHash), downloaded: 0 }
  state.swarms[number] = swarm
  return swarm
}

const sizeOf = ({ groups }: SwarmState, { number }: Swarm, family: Family, seed: boolean): number =>
  groups.sizeOf(number * KINDS + kindOf(family, seed))

export const seedsIn = (state: SwarmState, swarm: Swarm): number =>
  sizeOf(state, swarm, 'ipv4', true) + sizeOf(state, swarm, 'ipv6', true)
export const leechesIn = (state: SwarmState, swarm: Swarm): number =>
  sizeOf(state, swarm, 'ipv4', false) + sizeOf(state, swarm, 'ipv6', false)
const isEmpty = (state: SwarmState, swarm: Swarm): boolean => seedsIn(state, swarm) + leechesIn(state, swarm) === 0

/** Forgets a swarm without peers; one that was completed is kept for a while, so that a seed may return to its count. */
export const dropIfEmpty = (state: SwarmState, swarm: Swarm): void => {
  if (!isEmpty(state, swarm)) return
  if (swarm.downloaded > 0) {
    state.swarmsLeft.see(swarm.number, state.nowMs)
    state.journal?.swarmChanged(swarm)
  } else forgetSwarm(state, swarm)
}

export const countDownload = (state: SwarmState, swarm: Swarm): void => {
  swarm.downloaded++
  state.journal?.swarmChanged(swarm)
}

const forgetSwarm = (state: SwarmState, swarm: Swarm): void => {
  state.index.remove(swarm.number)
  state.swarms[swarm.number] = undefined
  // Nobody was told of a swarm that was never completed.
  if (swarm.downloaded > 0) state.journal?.swarmChanged(swarm)
}

const enter = (state: SwarmState, swarm: Swarm, slot: number, kind: number): void => {
  state.peers.setGroup(slot, kind)
  state.peers.setPlace(slot, state.groups.add(swarm.number * KINDS + kind, state.peers, slot))
  if (isSeedKind(kind)) state.seeds++
}

const exit = (state: SwarmState, swarm: Swarm, slot: number): void => {
  const kind = state.peers.groupOf(slot)
  const place = state.peers.placeOf(slot)
  const moved = state.groups.remove(swarm.number * KINDS + kind, place)
  state.peers.setPlace(moved, place)
  if (isSeedKind(kind)) state.seeds--
}

export const setPeerId = ({ peers, groups }: SwarmState, swarm: Swarm, slot: number, id: PeerId): void => {
  peers.setId(slot, id)
  groups.setTag(swarm.number * KINDS + peers.groupOf(slot), peers.placeOf(slot), peers.tagOf(slot))
}

export const isSeed = (state: SwarmState, slot: number): boolean => isSeedKind(state.peers.groupOf(slot))

export const hasExpired = (state: SwarmState, slot: number): boolean =>
  state.nowMs - state.peersSeen.seenMs(slot) >= state.expiryMs

/** Whether there is anybody that has, which is rare between two requests: then nobody need be looked at. */
export const hasBacklog = (state: SwarmState): boolean => state.peersSeen.hasSeenBy(state.nowMs - state.expiryMs)

export const addPeer = (state: SwarmState, swarm: Swarm, host: Uint8Array, port: number, seed: boolean): number => {
  const slot = state.peers.add(swarm.number, host, port)
  enter(state, swarm, slot, kindOf(host.length === 4 ? 'ipv4' : 'ipv6', seed))
  if (state.swarmsLeft.has(swarm.number)) state.swarmsLeft.forget(swarm.number)
  state.journal?.peerCame(swarm, slot)
  return slot
}

export const seePeer = (state: SwarmState, slot: number): void => {
  state.peersSeen.see(slot, state.nowMs)
  state.journal?.peerSeen(slot)
}

export const setSeed = (state: SwarmState, swarm: Swarm, slot: number, seed: boolean): void => {
  if (isSeed(state, slot) === seed) return
  const family = familyOf(state.peers.groupOf(slot))
  exit(state, swarm, slot)
  enter(state, swarm, slot, kindOf(family, seed))
}

/** Leaves the swarm as it is, even if it was the last: see `dropIfEmpty`. */
export const removePeer = (state: SwarmState, swarm: Swarm, slot: number): void => {
  state.journal?.peerLeft(swarm, slot)
  exit(state, swarm, slot)
  state.peersSeen.forget(slot)
  state.peers.remove(slot)
}

/**
 * Clears away what has expired, a bounded part of it each time: the work is spread over the requests, and nothing that
 * waits for it is ever sent to anybody.
 */
export const clearExpired = (state: SwarmState): void => {
  for (let cleared = 0; cleared < LIMITS.trackerExpiredPerCallMax && hasBacklog(state); cleared++) {
    const slot = present(state.peersSeen.oldest, 'the peer that has expired')
    const swarm = present(state.swarms[state.peers.swarmOf(slot)], 'the swarm of a peer')
    removePeer(state, swarm, slot)
    dropIfEmpty(state, swarm)
  }
  const keptSinceMs = state.nowMs - LIMITS.trackerSwarmKeptMs
  for (let cleared = 0; cleared < LIMITS.trackerExpiredPerCallMax; cleared++) {
    if (!state.swarmsLeft.hasSeenBy(keptSinceMs)) break
    const number = present(state.swarmsLeft.oldest, 'the swarm that was left')
    const swarm = present(state.swarms[number], 'a swarm that nobody is in')
    state.swarmsLeft.forget(number)
    forgetSwarm(state, swarm)
  }
}
