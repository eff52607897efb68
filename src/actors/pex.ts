/**
 * Peer exchange (BEP 11): what we tell a peer of those whom we are connected to, and what we believe of what it tells.
 *
 * Strategy: connections are numbered as they open and as they end. How far a peer was told of both is two numbers, so
 * nobody's list of peers is kept for anybody else, and whoever came and went in between is never told of.
 */
import type { PeerState, TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import { type Instant, isAddress, type PeerAddress, showAddress } from '../values.js'
import { canonicalHost } from '../wire/compact.js'
import { mayName } from '../wire/hostscope.js'
import { PEX_FLAGS, type PexMessage, type PexPeer } from '../wire/pex.js'
import { introductions } from './holepunch.js'
import { type Decision, decided, NOTHING } from './vocabulary.js'

/** Where others can dial the peer, as far as is known. */
const listenAddressOf = ({
  address: { host, port },
  incoming,
  listenPort,
}: Readonly<PeerState>): PeerAddress | undefined => {
  const known = incoming ? listenPort : port
  const isIp = canonicalHost(host) !== undefined
  return known === undefined || !isIp ? undefined : { host, port: known }
}

const flagsOf = (peer: Readonly<PeerState>): number =>
  (peer.protection === 'rc4' ? PEX_FLAGS.prefersEncryption : 0) |
  (peer.seed || peer.uploadOnly ? PEX_FLAGS.seed : 0) |
  (peer.transport === 'utp' ? PEX_FLAGS.utp : 0) |
  (peer.holepunch > 0 ? PEX_FLAGS.holepunch : 0) |
  (peer.incoming ? 0 : PEX_FLAGS.reachable)

/** Whether there may be something to tell the peer by now. */
export const isPexDue = ({ pex }: Readonly<TransferState>, peer: Readonly<PeerState>, now: number): boolean => {
  if (peer.pex === 0 || now - peer.pexSentAt < LIMITS.pexIntervalMs) return false
  const news = pex.opened - peer.pexOpened - (peer.openedAs > peer.pexOpened ? 1 : 0)
  return news > 0 || pex.ended > peer.pexEnded
}

export const exchangePeers = (state: Readonly<TransferState>, peer: Readonly<PeerState>, now: Instant): Decision => {
  if (!isPexDue(state, peer, now)) return NOTHING
  const isNew = (other: Readonly<PeerState>): boolean =>
    other !== peer && other.openedAs > peer.pexOpened && other.standing.tags.open === true
  const opened = [...state.peers.values()].filter(isNew).sort((left, right) => left.openedAs - right.openedAs)
  const told = opened.slice(0, LIMITS.pexSentMax)
  const openedUpTo = told.length < opened.length ? (told.at(-1)?.openedAs ?? 0) : state.pex.opened
  const added = told.flatMap((other): readonly PexPeer[] => {
    const address = listenAddressOf(other)
    return address === undefined ? [] : [{ ...address, flags: flagsOf(other) }]
  })
  const names = new Set(added.map(showAddress))
  const gone = state.pex.endings.filter(({ ended, opened: at }) => ended > peer.pexEnded && at <= peer.pexOpened)
  const dropped = gone.slice(0, LIMITS.pexSentMax).filter(({ address }) => !names.has(showAddress(address)))
  const endedUpTo = gone.length > LIMITS.pexSentMax ? (gone[LIMITS.pexSentMax - 1]?.ended ?? 0) : state.pex.ended
  const counts = { added: added.length, dropped: dropped.length }
  const message = { added, dropped: dropped.map(({ address }) => address) }
  const isEmpty = added.length + dropped.length === 0
  return decided({
    events: [{ type: 'pex-sent', peer: peer.key, ...counts, openedUpTo, endedUpTo }],
    effects: isEmpty ? [] : [{ type: 'exchange-peers', peer: peer.key, id: peer.pex, message }],
  })
}

/** Of peers that others name only so many are kept, so that they leave room for those that trackers name. */
const roomFor = ({ candidates }: Readonly<TransferState>): number => {
  let named = 0
  for (const { source } of candidates.values()) if (source === 'pex') named++
  return Math.max(0, LIMITS.pexCandidatesMax - named)
}

export const pexArrived = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  { added, dropped }: PexMessage,
  now: Instant,
): Decision => {
  if (!state.pex.on || peer.standing.tags.open !== true) return NOTHING // we asked nobody for it
  if (peer.pexHeardAt !== 0 && now - peer.pexHeardAt < LIMITS.pexHeardIntervalMs)
    return peer.pexIgnored
      ? NOTHING // said once
      : decided({ events: [{ type: 'pex-ignored', peer: peer.key, reason: 'too-often' }] })
  const useful = added.filter(
    ({ host, port, flags }) =>
      isAddress({ host, port }) &&
      mayName(peer.address.host, host) &&
      // Two seeds have nothing for each other.
      (state.missing > 0 || (flags & PEX_FLAGS.seed) === 0) &&
      !state.candidates.has(showAddress({ host, port })),
  )
  const addresses = useful.slice(0, roomFor(state)).map(({ host, port }) => ({ host, port }))
  const counts = { added: added.length, dropped: dropped.length }
  return decided({
    events: [
      { type: 'pex-received', peer: peer.key, ...counts },
      ...(addresses.length === 0 ? [] : [{ type: 'candidates-found' as const, source: 'pex' as const, addresses }]),
      ...introductions(state, peer, added, new Set(addresses.map(showAddress))),
    ],
    messages: [{ to: 'transfer', message: { type: 'fill-connections' } }],
  })
}
