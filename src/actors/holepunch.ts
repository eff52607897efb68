/**
 * Hole punching (BEP 55): two peers behind routers that let nobody in dial each other at the same moment, over uTP, so
 * that each router takes the other's packets for answers. A peer that knows both of them tells them when.
 *
 * Strategy: whoever names a peer to us and says that it takes part is asked for a rendezvous when that peer cannot be
 * dialed, once for each failed dial, which grow rare. We ask nothing of others that we would not do for them.
 */
import { banName } from '../events/banning.js'
import type { PeerState, TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import { type Instant, isAddress, type PeerAddress, type PeerKey, showAddress } from '../values.js'
import { canonicalHost } from '../wire/compact.js'
import { HOLEPUNCH_NAME, type HolepunchError, type HolepunchMessage } from '../wire/holepunch.js'
import { mayName } from '../wire/hostscope.js'
import { PEX_FLAGS, type PexPeer } from '../wire/pex.js'
import { whyNotDialed } from './connecting.js'
import { type Decision, decided, type Effect, NOTHING } from './vocabulary.js'

const isOpen = (peer: Readonly<PeerState> | undefined): peer is Readonly<PeerState> => peer?.standing.tags.open === true

const takesPart = (peer: Readonly<PeerState> | undefined): peer is Readonly<PeerState> =>
  isOpen(peer) && peer.holepunch > 0

const sendTo = ({ key, holepunch }: Readonly<PeerState>, message: HolepunchMessage): Effect => ({
  type: 'punch',
  peer: key,
  id: holepunch,
  message,
})

/** What the peer's extension handshake changes. */
export const holepunchOffer = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  messages: ReadonlyMap<string, number>,
): readonly TransferEvent[] => {
  const number = state.punching ? messages.get(HOLEPUNCH_NAME) : undefined
  if (number === undefined || number === peer.holepunch) return []
  return [{ type: 'holepunch-offered', peer: peer.key, number }]
}

/** Whom the peer can introduce us to, of those that it names, new or known, where nobody else can. */
export const introductions = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  named: readonly PexPeer[],
  news: ReadonlySet<string>,
): readonly TransferEvent[] => {
  if (!state.punching || !takesPart(peer)) return []
  const addresses = named.filter((address) => {
    if ((address.flags & PEX_FLAGS.holepunch) === 0) return false
    const name = showAddress(address)
    const known = state.candidates.get(name)
    if (known === undefined) return news.has(name)
    return known.peer === undefined && (known.introducer === undefined || !takesPart(state.peers.get(known.introducer)))
  })
  if (addresses.length === 0) return []
  return [
    { type: 'introductions-offered', peer: peer.key, addresses: addresses.map(({ host, port }) => ({ host, port })) },
  ]
}

/** The world's answer to a dial that a rendezvous may still make good. */
const HOPELESS: ReadonlySet<string> = new Set(['BLOCKED', 'PROXY_FAILED', 'PROXY_REFUSED', 'NOT_ENCRYPTED'])

/** The peer could not be dialed: whoever named it is asked to have it dial us, too. */
export const askForRendezvous = (
  state: Readonly<TransferState>,
  dialed: Readonly<PeerState>,
  code: string,
): Decision => {
  if (!state.punching || dialed.punched || HOPELESS.has(code)) return NOTHING
  const key = state.candidates.get(showAddress(dialed.address))?.introducer
  const introducer = key === undefined ? undefined : state.peers.get(key)
  if (!takesPart(introducer)) return NOTHING
  const { host, port } = dialed.address
  return decided({
    events: [{ type: 'rendezvous-asked', peer: introducer.key, host, port }],
    effects: [sendTo(introducer, { kind: 'rendezvous', host, port, error: 'none' })],
  })
}

/** Where others reach the peer over UDP: a connection of uTP comes from there, else it is where it listens. */
const endpointOf = ({ address, transport, incoming, listenPort }: Readonly<PeerState>): PeerAddress | undefined => {
  if (canonicalHost(address.host) === undefined) return undefined
  if (transport === 'utp' || !incoming) return address
  return listenPort === undefined ? undefined : { host: address.host, port: listenPort }
}

const peerAtEndpoint = (state: Readonly<TransferState>, { host, port }: PeerAddress): PeerState | undefined => {
  for (const peer of state.peers.values())
    if (isOpen(peer) && peer.address.host === host && (peer.address.port === port || peer.listenPort === port))
      return peer
  return undefined
}

const relay = (state: Readonly<TransferState>, peer: Readonly<PeerState>, message: HolepunchMessage): Decision => {
  const { host, port } = message
  const refuse = (reason: HolepunchError): Decision =>
    decided({
      events: [{ type: 'rendezvous-refused', peer: peer.key, host, port, reason }],
      effects: [sendTo(peer, { kind: 'error', host, port, error: reason })],
    })
  if (!isAddress({ host, port })) return refuse('no-such-peer')
  if (state.ownAddresses.has(showAddress({ host, port }))) return refuse('no-self')
  const other = peerAtEndpoint(state, { host, port })
  const [from, to] = [endpointOf(peer), other && endpointOf(other)]
  if (other === undefined || other === peer || from === undefined || to === undefined) return refuse('not-connected')
  if (other.holepunch === 0) return refuse('no-support')
  return decided({
    events: [{ type: 'rendezvous-relayed', peer: peer.key, to: other.key }],
    effects: [
      sendTo(peer, { kind: 'connect', ...to, error: 'none' }),
      sendTo(other, { kind: 'connect', ...from, error: 'none' }),
    ],
  })
}

/** The peer says that the other dials us now. Whoever does not want to says nothing (BEP 55). */
const connect = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  { host, port }: HolepunchMessage,
): Decision => {
  const address = { host, port }
  const refuse = (reason: 'not-allowed' | 'banned' | 'connected' | 'no-room'): Decision =>
    decided({ events: [{ type: 'punch-refused', peer: peer.key, host, port, reason }] })
  const isOurs = state.ownAddresses.has(showAddress(address))
  if (isOurs || !isAddress(address) || !mayName(peer.address.host, host)) return refuse('not-allowed')
  if (state.banned.has(banName(address))) return refuse('banned')
  const why = whyNotDialed(state, address)
  if (why !== undefined) return refuse(why)
  const key = state.nextPeer as PeerKey // the next number of this log
  return decided({
    events: [
      { type: 'dial-began', peer: key, host, port },
      { type: 'punch-began', peer: key, relay: peer.key },
    ],
    effects: [{ type: 'dial', peer: key, address, punching: true }],
  })
}

export const holepunchArrived = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  message: HolepunchMessage,
  now: Instant,
): Decision => {
  // Who does not take part is not answered (BEP 55), and we offered it to nobody where we do not.
  if (!state.punching || !takesPart(peer) || state.standing.tags.active !== true) return NOTHING
  const isTooOften = now - peer.punchesSince < LIMITS.punchesMs && peer.punches >= LIMITS.punchesMax
  if (isTooOften)
    return peer.punches > LIMITS.punchesMax
      ? NOTHING // said once
      : decided({ events: [{ type: 'punch-ignored', peer: peer.key, reason: 'too-often' }] })
  if (message.kind === 'rendezvous') return relay(state, peer, message)
  const { host, port, error: reason } = message
  if (message.kind === 'error' && reason !== 'none')
    return decided({ events: [{ type: 'rendezvous-failed', peer: peer.key, host, port, reason }] })
  return connect(state, peer, message)
}
