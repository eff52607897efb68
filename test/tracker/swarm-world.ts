/** What the tests of the swarm have in common: peers by number, a clock of their own and chance with a seed. */
import { type InfoHash, infoHash, type PeerId, peerId } from '../../src/values.js'
import { bytesToHost, hostToBytes } from '../../src/wire/compact.js'
import {
  announce,
  announcedPeers,
  createSwarmState,
  type Draw,
  type Refusal,
  type SwarmAnswer,
  type SwarmRequest,
  type SwarmSettings,
  type SwarmState,
} from '../../tracker/swarm.js'

export const hashOf = (number: number): InfoHash => {
  const bytes = new Uint8Array(20)
  new DataView(bytes.buffer).setUint32(16, number)
  return infoHash(bytes)
}

export const idOf = (number: number): PeerId => {
  const bytes = new Uint8Array(20).fill(0x41)
  new DataView(bytes.buffer).setUint32(16, number)
  return peerId(bytes)
}

export const host = (text: string): Uint8Array => {
  const bytes = hostToBytes(text)
  if (bytes === undefined) throw new Error(`${text} is no address`)
  return bytes
}

/** Mulberry32: well spread, and the same for the same seed everywhere. */
export const seeded = (seed: number): Draw => {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b_79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000) * below)
  }
}

/** Peer `number` of torrent 1: one address each, all on port 6881. */
export const peer = (number: number, more: Partial<SwarmRequest> = {}): SwarmRequest => ({
  infoHash: hashOf(1),
  peerId: idOf(number),
  host: Uint8Array.of(10, number >> 16, (number >> 8) & 0xff, number & 0xff),
  port: 6_881,
  leftBytes: 1,
  event: undefined,
  numwant: 50,
  ...more,
})

/** The same over IPv6. */
export const peer6 = (number: number, more: Partial<SwarmRequest> = {}): SwarmRequest =>
  peer(number, { host: host(`2001:db8::${number.toString(16)}`), ...more })

export const INTERVAL_SECONDS = 100
export const EXPIRY_MS = INTERVAL_SECONDS * 2_000

export interface World {
  readonly state: SwarmState
  nowMs: number
  ask(request: SwarmRequest): SwarmAnswer | Refusal
  /** Asks, and must not be refused. */
  tell(request: SwarmRequest): SwarmAnswer
  /** Numbers of the peers in an answer, as their ids say. */
  numbers(answer: SwarmAnswer): number[]
  /** `HOST:PORT` of the peers in an answer, in order. */
  addresses(answer: SwarmAnswer): string[]
}

export const world = (settings: Partial<SwarmSettings> = {}, random: Draw = seeded(1)): World => {
  const state = createSwarmState({
    intervalSeconds: INTERVAL_SECONDS,
    peersMax: 100_000,
    swarmsMax: 10_000,
    hashSeed: 99,
    ...settings,
  })
  const self: World = {
    state,
    nowMs: 1_000,
    ask: (request) => announce(state, request, self.nowMs, random),
    tell: (request) => {
      const answer = self.ask(request)
      if (answer.type === 'refusal') throw new Error(answer.reason)
      return answer
    },
    numbers: ({ chosen }) =>
      announcedPeers(state, chosen)
        .map(({ peerId: id = peerId(new Uint8Array(20)) }) => new DataView(id.buffer).getUint32(16))
        .sort((left, right) => left - right),
    addresses: ({ chosen }) =>
      announcedPeers(state, chosen)
        .map((one) => `${bytesToHost(host(one.host))}:${one.port}`)
        .sort(),
  }
  return self
}
