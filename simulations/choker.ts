/** Chokers: functions of users that say whom to serve, in place of the engine's own choker. */
import { CHOKER, chooseSlots, fillSlots, isServed, wantsOurs } from '../src/actors/choker.js'
import type { Strategy } from '../src/actors/strategy.js'
import { PEER_WINDOW_MS, rateOf } from '../src/events/meter.js'
import type { PeerState, TransferState } from '../src/events/state.js'
import type { Random } from '../src/random.js'
import type { Instant, PeerKey } from '../src/values.js'
import { AS_EVER, Asked, type Asking, type Judge } from './answers.js'
import { drawOf } from './picker.js'

/** A peer that wants something of ours. */
export interface ChokerPeer {
  /** The number of the connection, by which the choker names it. */
  readonly key: number
  readonly node: number
  /** It is served as things are. */
  readonly isServed: boolean
  /** It owes us blocks, and brought none for long. */
  readonly isSnubbing: boolean
  /** Pieces that it has. */
  readonly pieces: number
  /** Bytes a second that came from it, and that went to it, during the last few seconds. */
  readonly downloadRate: number
  readonly uploadRate: number
  /** Bytes over this connection, there and back. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  readonly connectedSeconds: number
}

/** What a choker may know, for the time of one call. */
export interface ChokerView {
  /** The node that serves; nodes are numbered from 1, the seeds first. */
  readonly node: number
  /** Since the simulation began. */
  readonly seconds: number
  /** The node has every piece that it wants. */
  readonly isSeeding: boolean
  /** Peers that the engine would serve at one time. */
  readonly slots: number
  /** A round, as every ten seconds. Between rounds it is asked when somebody came or went: then nobody is choked. */
  readonly isRound: boolean
  /** All that are interested, in the order in which they came. Made for this call: sort it as you like. */
  readonly peers: ChokerPeer[]
  /** A whole number from 0 up to, but not including, `below`; drawn from the seed. */
  random(below: number): number
}

/** Keys of peers that are to be served, best first; all others are choked. Or `default` for what the engine would do. */
export type Choker = (view: ChokerView) => Iterable<number> | typeof AS_EVER

const chokerPeer = (peer: Readonly<PeerState>, now: Instant, asking: Asking): ChokerPeer => ({
  key: peer.key,
  node: asking.nodeAt(peer.address),
  isServed: isServed(peer),
  isSnubbing: peer.snubbed,
  pieces: peer.has.count,
  downloadRate: rateOf(peer.downloaded, now, PEER_WINDOW_MS),
  uploadRate: rateOf(peer.uploaded, now, PEER_WINDOW_MS),
  downloadedBytes: peer.downloaded.total,
  uploadedBytes: peer.uploaded.total,
  connectedSeconds: (now - peer.since) / 1_000,
})

export const chokerOf = (choker: Choker, asking: Asking): Pick<Strategy, 'chooseSlots' | 'fillSlots'> => {
  const asked = new Asked('choker', choker, asking)
  const ask = (
    state: Readonly<TransferState>,
    eager: readonly PeerState[],
    now: Instant,
    random: Random,
    isRound: boolean,
  ): readonly PeerKey[] | typeof AS_EVER => {
    const view: ChokerView = {
      node: asking.node,
      seconds: asking.seconds(),
      isSeeding: state.standing.tags.seeding === true,
      slots: CHOKER.slots,
      isRound,
      peers: eager.map((peer) => chokerPeer(peer, now, asking)),
      random: drawOf(random, 'choker'),
    }
    const keys = new Set<number>(eager.map(({ key }) => key))
    const judge: Judge = (key) => (keys.has(key) ? undefined : 'which is no key of a peer that it was shown')
    const order = asked.ask<PeerKey>(view, judge)
    return order === AS_EVER ? AS_EVER : [...order]
  }
  return {
    chooseSlots: (state, now, random) => {
      const open = [...state.peers.values()].filter(({ standing }) => standing.tags.open === true)
      const chosen = ask(state, open.filter(wantsOurs), now, random, true)
      if (chosen === AS_EVER) return chooseSlots(state, now, random)
      const served = open.filter(isServed).map(({ key }) => key)
      return {
        unchoke: chosen.filter((key) => !served.includes(key)),
        choke: served.filter((key) => !chosen.includes(key)),
        optimistic: undefined,
      }
    },
    fillSlots: (state, now, random) => {
      const eager = [...state.peers.values()].filter(wantsOurs)
      const served = eager.filter(isServed).map(({ key }) => key)
      if (served.length === eager.length) return []
      const chosen = ask(state, eager, now, random, false)
      if (chosen === AS_EVER) return fillSlots(state, now)
      // So many places are free as it would fill and are not held.
      const free = Math.max(0, chosen.length - served.length)
      return chosen.filter((key) => !served.includes(key)).slice(0, free)
    },
  }
}
