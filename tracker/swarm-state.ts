/** What a tracker knows: the file index (info-hash to swarm), the peers in each swarm, and when they were last seen. */
import { assert, present } from '../src/assert.js'
import { LIMITS } from '../src/limits.js'
import type { InfoHash } from '../src/values.js'
import { latin1Text } from '../src/wire/bencode.js'
import { PeerTable } from './peer-table.js'
import { Recency } from './recency.js'

export interface SwarmSettings {
  readonly intervalSeconds: number
  readonly peersMax?: number | undefined
  readonly swarmsMax?: number | undefined
  /** Any 32 bits that nobody outside can guess. */
  readonly hashSeed: number
}

export type Family = 'ipv4' | 'ipv6'

/**
 * Peers stand in groups of one kind each, in no order: seeds are not sent to seeds, and an answer over UDP holds
 * addresses of one family only (BEP 15).
 */
const IPV4_LEECHES = 0
const IPV4_SEEDS = 1
const IPV6_LEECHES = 2
const IPV6_SEEDS = 3

export const groupOf = (family: Family, seed: boolean): number =>
  family === 'ipv4' ? (seed ? IPV4_SEEDS : IPV4_LEECHES) : seed ? IPV6_SEEDS : IPV6_LEECHES

export const familyOf = (group: number): Family => (group === IPV4_LEECHES || group === IPV4_SEEDS ? 'ipv4' : 'ipv6')

const isSeedGroup = (group: number): boolean => group === IPV4_SEEDS || group === IPV6_SEEDS

/** A torrent, and who shares it. */
export interface Swarm {
  readonly number: number
  /** The info-hash as latin1 text. */
  readonly key: string
  /** How often it was completed. */
  downloaded: number
  /** Slots of the peer table. */
  readonly groups: readonly number[][]
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
  /** By slot. */
  readonly peersSeen: Recency
  readonly swarms: Map<string, Swarm>
  readonly swarmsByNumber: (Swarm | undefined)[]
  readonly freeNumbers: number[]
  /** Numbers of swarms that nobody is in any more, by the time when the last one left. */
  readonly swarmsLeft: Recency
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
  peersSeen: new Recency(),
  swarms: new Map(),
  swarmsByNumber: [],
  freeNumbers: [],
  swarmsLeft: new Recency(),
  seeds: 0,
  nowMs: 0,
  journal: undefined,
})

/** Clocks may be set back; what was seen was not seen in the future. */
export const advance = (state: SwarmState, nowMs: number): void => {
  state.nowMs = Math.max(state.nowMs, nowMs)
}

export const findSwarm = (state: SwarmState, infoHash: InfoHash): Swarm | undefined =>
  state.swarms.get(latin1Text(infoHash))

/** Undefined where there are as many as there may be. */
export const openSwarm = (state: SwarmState, infoHash: InfoHash): Swarm | undefined => {
  const found = findSwarm(state, infoHash)
  if (found !== undefined || state.swarms.size >= state.swarmsMax) return found
  return addSwarm(state, infoHash)
}

export const addSwarm = (state: SwarmState, infoHash: InfoHash): Swarm => {
  const number = state.freeNumbers.pop() ?? state.swarmsByNumber.length
  const swarm: Swarm = { number, key: latin1Text(infoHash), downloaded: 0, groups: [[], [], [], []] }
  state.swarms.set(swarm.key, swarm)
  state.swarmsByNumber[number] = swarm
  return swarm
}

const sizeOf = ({ groups }: Swarm, group: number): number => groups[group]?.length ?? 0

export const seedsIn = (swarm: Swarm): number => sizeOf(swarm, IPV4_SEEDS) + sizeOf(swarm, IPV6_SEEDS)
export const leechesIn = (swarm: Swarm): number => sizeOf(swarm, IPV4_LEECHES) + sizeOf(swarm, IPV6_LEECHES)
const isEmpty = ({ groups }: Swarm): boolean => groups.every(({ length }) => length === 0)

/** Forgets a swarm without peers; one that was completed is kept for a while, so that a seed may return to its count. */
export const dropIfEmpty = (state: SwarmState, swarm: Swarm): void => {
  if (!isEmpty(swarm)) return
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
  state.swarms.delete(swarm.key)
  state.swarmsByNumber[swarm.number] = undefined
  state.freeNumbers.push(swarm.number)
  // Nobody was told of a swarm that was never completed.
  if (swarm.downloaded > 0) state.journal?.swarmChanged(swarm)
}

const slotsOf = (swarm: Swarm, group: number): number[] => present(swarm.groups[group], 'a group of peers')

/** Puts two slots of a group into each other's place. */
export const swapPlaces = ({ peers }: SwarmState, slots: number[], left: number, right: number): void => {
  const leftSlot = present(slots[left], 'a peer of the group')
  const rightSlot = present(slots[right], 'a peer of the group')
  slots[left] = rightSlot
  slots[right] = leftSlot
  peers.setPlace(rightSlot, left)
  peers.setPlace(leftSlot, right)
}

const enter = (state: SwarmState, swarm: Swarm, slot: number, group: number): void => {
  const slots = slotsOf(swarm, group)
  state.peers.setGroup(slot, group)
  state.peers.setPlace(slot, slots.length)
  slots.push(slot)
  if (isSeedGroup(group)) state.seeds++
}

const exit = (state: SwarmState, swarm: Swarm, slot: number): void => {
  const group = state.peers.groupOf(slot)
  const slots = slotsOf(swarm, group)
  swapPlaces(state, slots, state.peers.placeOf(slot), slots.length - 1)
  assert(slots.pop() === slot, 'the last of a group is the one that leaves it')
  if (isSeedGroup(group)) state.seeds--
}

export const isSeed = (state: SwarmState, slot: number): boolean => isSeedGroup(state.peers.groupOf(slot))

export const hasExpired = (state: SwarmState, slot: number): boolean =>
  state.nowMs - state.peersSeen.seenMs(slot) >= state.expiryMs

/** Whether there is anybody that has, which is rare between two requests: then nobody need be looked at. */
export const hasBacklog = (state: SwarmState): boolean => {
  const { oldest } = state.peersSeen
  return oldest !== undefined && hasExpired(state, oldest)
}

export const addPeer = (state: SwarmState, swarm: Swarm, host: Uint8Array, port: number, seed: boolean): number => {
  const slot = state.peers.add(swarm.number, host, port)
  enter(state, swarm, slot, groupOf(host.length === 4 ? 'ipv4' : 'ipv6', seed))
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
  enter(state, swarm, slot, groupOf(family, seed))
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
  for (let cleared = 0; cleared < LIMITS.trackerExpiredPerCallMax; cleared++) {
    const slot = state.peersSeen.oldest
    if (slot === undefined || !hasExpired(state, slot)) break
    const swarm = present(state.swarmsByNumber[state.peers.swarmOf(slot)], 'the swarm of a peer')
    removePeer(state, swarm, slot)
    dropIfEmpty(state, swarm)
  }
  for (let cleared = 0; cleared < LIMITS.trackerExpiredPerCallMax; cleared++) {
    const number = state.swarmsLeft.oldest
    if (number === undefined || state.nowMs - state.swarmsLeft.seenMs(number) < LIMITS.trackerSwarmKeptMs) break
    const swarm = present(state.swarmsByNumber[number], 'a swarm that nobody is in')
    state.swarmsLeft.forget(number)
    forgetSwarm(state, swarm)
  }
}
