/** Connecting: whom a transfer dials, and whom it lets in. */
import { banName } from '../events/banning.js'
import type { Candidate, PeerState, TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import { type Instant, type PeerAddress, type PeerKey, showAddress } from '../values.js'
import { kindOfHost } from '../wire/networks.js'
import { isDhtNode } from './dht.js'
import { dialedMaxOf, peersMaxOf } from './goals.js'
import { closePeer } from './peer-steps.js'
import { chosenOf, whoMakesWay } from './priorities.js'
import { both, type CloseReason, type Decision, decided, type Effect, NOTHING } from './vocabulary.js'

type PeersByHost = Map<string, readonly Pick<PeerState, 'address' | 'listenPort'>[]>

/** Candidates are many, and most are connected already: to go through all peers for each took longer than the rest. */
const peersByHost = (state: Readonly<TransferState>): PeersByHost => {
  const peers = new Map<string, Pick<PeerState, 'address' | 'listenPort'>[]>()
  for (const peer of state.peers.values()) {
    const others = peers.get(peer.address.host)
    if (others === undefined) peers.set(peer.address.host, [peer])
    else others.push(peer)
  }
  return peers
}

/** Nobody has all places, and no host is dialed at each of its ports because somebody named them; this machine may be. */
const isCrowded = (connections: number, host: string): boolean =>
  connections >= LIMITS.peersPerHostMax && kindOfHost(host) !== 'loopback'

const isConnected = (peers: PeersByHost, { host, port }: PeerAddress): boolean =>
  peers.get(host)?.some(({ address, listenPort }) => address.port === port || listenPort === port) === true

const mayDial = (
  state: Readonly<TransferState>,
  peers: PeersByHost,
  candidate: Readonly<Candidate>,
  now: Instant,
): boolean =>
  candidate.peer === undefined &&
  candidate.nextDialAt <= now &&
  !state.banned.has(banName(candidate.address)) &&
  !isConnected(peers, candidate.address) &&
  !isCrowded(peers.get(candidate.address.host)?.length ?? 0, candidate.address.host)

/** How many dials may begin: by those under way, those that we dialed, and all that are connected. */
const roomToDial = (state: Readonly<TransferState>): number => {
  let dialing = 0
  let dialed = 0
  for (const peer of state.peers.values()) {
    if (!peer.incoming) dialed++
    if (peer.standing.tags.dialing === true) dialing++
  }
  return Math.min(LIMITS.dialsMax - dialing, dialedMaxOf(state) - dialed, peersMaxOf(state) - state.peers.size)
}

/** Of an address that somebody wants us to dial now. */
export const whyNotDialed = (
  state: Readonly<TransferState>,
  address: PeerAddress,
): 'connected' | 'no-room' | undefined => {
  const peers = peersByHost(state)
  if (isConnected(peers, address)) return 'connected'
  const isFull = roomToDial(state) <= 0 || isCrowded(peers.get(address.host)?.length ?? 0, address.host)
  return isFull ? 'no-room' : undefined
}

export const dial = (state: Readonly<TransferState>, now: Instant): Decision => {
  if (state.standing.tags.active !== true) return NOTHING
  const room = roomToDial(state)
  if (room <= 0) return NOTHING
  const events: TransferEvent[] = []
  const effects: Effect[] = []
  let key = state.nextPeer
  const peers = peersByHost(state)
  const willing: Readonly<Candidate>[] = []
  // Without priorities the first ones are as good as any.
  const most = state.ownAddresses.size === 0 ? room : Number.POSITIVE_INFINITY
  // Our own addresses are us.
  for (const [name, candidate] of state.candidates)
    if (!state.ownAddresses.has(name) && mayDial(state, peers, candidate, now) && willing.push(candidate) === most)
      break
  for (const candidate of chosenOf(state, willing, room)) {
    // Counted with those that are there, for the candidates after it.
    const { host } = candidate.address
    const there = peers.get(host) ?? []
    if (isCrowded(there.length, host)) continue
    peers.set(host, [...there, { address: candidate.address, listenPort: undefined }])
    const peer = key++ as PeerKey // the next number of this log
    events.push({ type: 'dial-began', peer, ...candidate.address })
    effects.push({ type: 'dial', peer, address: candidate.address, punching: false })
  }
  return decided({ events, effects })
}

/** Let in by nobody but the log, which says why not. */
const refusal = (peer: PeerKey, address: PeerAddress, reason: CloseReason): Decision =>
  decided({
    events: [
      { type: 'peer-accepted', peer, ...address },
      { type: 'peer-closed', peer, by: 'us', reason, detail: '' },
    ],
    effects: [{ type: 'hang-up', peer }],
  })

/** The engine has as many connections as it may. */
export const turnAway = (peer: PeerKey, address: PeerAddress): Decision => refusal(peer, address, 'engine-full')

export const accept = (state: Readonly<TransferState>, peer: PeerKey, address: PeerAddress, now: Instant): Decision => {
  const event: TransferEvent = { type: 'peer-accepted', peer, ...address }
  const refuse = (reason: CloseReason): Decision => refusal(peer, address, reason)
  if (state.standing.tags.active !== true) {
    const { checking, paused, failed } = state.standing.tags
    if (checking === true) return refuse('checking')
    if (paused === true || failed === true) return refuse(paused === true ? 'paused' : 'failed')
    return refuse(state.queued === undefined ? 'ended' : 'queued')
  }
  if (state.banned.has(banName(address))) return refuse('banned')
  let ofHost = 0
  for (const peer of state.peers.values()) if (peer.address.host === address.host) ofHost++
  if (isCrowded(ofHost, address.host)) return refuse('too-many-of-host')
  const isFull = state.peers.size >= peersMaxOf(state)
  const idle = isFull ? whoMakesWay(state, address, now) : undefined
  if (isFull && idle === undefined) return refuse('too-many-peers')
  const left = idle === undefined ? NOTHING : closePeer(state, idle, 'too-many-peers', `for peer ${peer}`)
  return both(
    left,
    decided({ events: [event], effects: [{ type: 'greet', peer, peerId: state.peerId, dht: isDhtNode(state) }] }),
  )
}

/** The user blocked them: those that are connected are let go, and the first of all are told. */
export const refuseAddresses = (state: Readonly<TransferState>, addresses: readonly PeerAddress[]): Decision => {
  const room = Math.max(0, LIMITS.refusalsTold - state.refused)
  const names = new Set(addresses.map(showAddress))
  const gone = [...state.peers.values()].filter(({ address }) => names.has(showAddress(address)))
  return decided({
    events: addresses
      .slice(0, room)
      .map(({ host, port }) => ({ type: 'address-refused', host, port, reason: 'blocklist' })),
    messages: gone.map(({ key }) => ({
      to: 'peer',
      peer: key,
      message: { type: 'close', reason: 'blocked', detail: '' },
    })),
  })
}
