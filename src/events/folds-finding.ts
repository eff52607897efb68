/** Folds of how peers are found beside trackers, and find us: the DHT, the local network, peer exchange, mapped ports. */
import { LIMITS } from '../limits.js'
import { type Instant, type PeerAddress, showAddress } from '../values.js'
import type { Folds } from './fold.js'
import type { TransferState } from './state.js'

/** A liar could name any host: only so many count. */
const learnOwnAddress = (state: TransferState, address: PeerAddress): void => {
  if (state.ownAddresses.size < LIMITS.ownAddressesMax) state.ownAddresses.add(showAddress(address))
}

const forgetDht = ({ dht }: TransferState): void => {
  Object.assign(dht, { port: 0, joined: false, looking: false, lookUpAt: 0 })
  Object.assign(dht, { inVain: 0, lastError: '', answered: 0, peers: 0 })
}

/** Sooner where nobody is there yet, but each time later. */
const askDhtLater = (state: TransferState, at: Instant): void => {
  const { dht } = state
  dht.looking = false
  dht.inVain = state.peers.size === 0 ? dht.inVain + 1 : 0
  const soonest = LIMITS.dhtLookupRetryMs * 2 ** Math.min(Math.max(0, dht.inVain - 1), 16)
  dht.lookUpAt =
    at + (dht.inVain === 0 ? LIMITS.dhtAnnounceIntervalMs : Math.min(soonest, LIMITS.dhtAnnounceIntervalMs))
}

/** A new session begins with nobody found. */
export const forgetFinding = (state: TransferState): void => {
  state.lsd.joined = false
  state.lsd.announceAt = 0
  forgetDht(state)
  Object.assign(state.pex, { on: false, opened: 0, ended: 0, endings: [] })
  state.punching = false
  state.mapping = undefined
  state.ownAddresses.clear()
}

export const findingFolds = {
  'external-address-seen'(state, event) {
    learnOwnAddress(state, event)
  },
  'port-mapped'(state, event) {
    const { protocol, port, externalPort, externalHost } = event
    const toldPort = state.mapping?.externalPort ?? port
    state.mapping = { protocol, port, externalPort, externalHost }
    if (externalHost !== undefined) learnOwnAddress(state, { host: externalHost, port: externalPort })
    // Trackers name another port than the one that leads to us.
    if (toldPort !== externalPort) state.announceNext.at = 0
  },
  'port-mapping-failed': () => undefined,
  'port-unmapped'(state) {
    state.mapping = undefined
  },
  'lsd-joined'(state) {
    state.lsd.joined = true
  },
  'lsd-failed': () => undefined,
  'lsd-announced'(state, _event, at) {
    state.lsd.announceAt = at + LIMITS.localAnnounceIntervalMs
  },

  'dht-began'(state, event) {
    state.dht.port = event.port
  },
  'dht-joined'(state) {
    state.dht.joined = true
  },
  'dht-failed'(state) {
    state.dht.joined = false
  },
  'pex-began'(state) {
    state.pex.on = !state.private
  },
  'punching-began'(state) {
    state.punching = true
  },
  'dht-table-lost': () => undefined,
  'dht-address-seen'(state, event) {
    learnOwnAddress(state, event)
  },
  'dht-lookup-began'(state) {
    state.dht.looking = true
  },
  'dht-lookup-ended'(state, event, at) {
    askDhtLater(state, at)
    const { answered, peers } = event
    Object.assign(state.dht, { answered, peers, lastError: '' })
  },
  'dht-lookup-failed'(state, event, at) {
    askDhtLater(state, at)
    state.dht.lastError = event.reason
  },
} satisfies Partial<Folds>
