/** The peer actor: one connection's side of the protocol, from the first attempt to the end (BEP 3, 6, 10). */
import { unreachable } from '../assert.js'
import { areBothComplete } from '../events/peers.js'
import type { PeerState, TransferState } from '../events/state.js'
import { isSuperSeed } from '../events/super-seed.js'
import { LIMITS } from '../limits.js'
import { compareBytes, equalBytes, type PeerKey } from '../values.js'
import { PEX_NAME } from '../wire/pex.js'
import { welcome } from './allowed-fast.js'
import { blocksArrived } from './blocks.js'
import { isDhtNode } from './dht.js'
import { askForHashes, askWithPieces, hashesArrived, hashesAsked, hashesRejected, hashesTold } from './hashes.js'
import { askForRendezvous, holepunchArrived, holepunchOffer } from './holepunch.js'
import { metadataArrived, metadataRejected, offerOf } from './metadata.js'
import { hasRoom, orderTarget, usualBlockMs } from './orders.js'
import { dontHave, heard } from './peer-messages.js'
import { closePeer, declareInterest, isUploadOnly } from './peer-steps.js'
import { exchangePeers, isPexDue, pexArrived } from './pex.js'
import { refillOthers } from './refills.js'
import { metadataAsked } from './serve-metadata.js'
import {
  both,
  type Circumstances,
  type Decision,
  decided,
  type Effect,
  NOTHING,
  type PeerInput,
  type PeerRequest,
} from './vocabulary.js'
import { decideWebSeed } from './web-seed.js'

/** Asks for as many blocks as bring the peer back to its target. */
const refill = (
  state: Readonly<TransferState>,
  peer: PeerState,
  { now, random, strategy }: Circumstances,
): Decision => {
  if (!hasRoom(peer) || state.standing.tags.downloading !== true) return NOTHING
  if (now - peer.deniedAt < LIMITS.requestAfterDenialMs) return NOTHING
  const { ranges, drop } = strategy.pickBlocks(state, peer, orderTarget(peer) - peer.requested.size, random, now)
  const dropped: Decision =
    drop === undefined
      ? NOTHING
      : decided({
          events: [{ type: 'piece-dropped', piece: drop, reason: 'idle' }],
          effects: [{ type: 'drop', piece: drop }],
        })
  if (ranges.length === 0) return dropped
  const requested = decided({
    events: [{ type: 'blocks-requested', peer: peer.key, ranges }],
    effects: [{ type: 'request', peer: peer.key, ranges }],
  })
  return state.vigilant
    ? both(dropped, askWithPieces(state, peer, new Set(ranges.map(({ piece }) => piece))), requested)
    : both(dropped, requested)
}

/**
 * Both sides of two connections between the same two peers must agree on which to keep: the one that is not WebRTC, which
 * both accepted, or that of the larger id. Of two by introductions both began with an offer, and neither was dialed: they
 * go by rank, while both are new.
 */
const keepsNew = (
  state: Readonly<TransferState>,
  known: Readonly<PeerState>,
  arriving: Readonly<PeerState>,
): boolean => {
  if (known.id === undefined) return false
  if (known.transport !== arriving.transport && [known.transport, arriving.transport].includes('webrtc'))
    return known.transport === 'webrtc'
  if (known.rank > 0 && arriving.rank > 0)
    return arriving.since - known.since < LIMITS.webRtcConnectMs && arriving.rank < known.rank
  if (known.incoming === arriving.incoming) return false
  const weAreLarger = compareBytes(state.peerId, known.id) > 0
  return arriving.incoming !== weAreLarger
}

const greetBack = (state: Readonly<TransferState>, peer: PeerKey, fast: boolean): readonly Effect[] => {
  const send = (message: Extract<Effect, { type: 'send' }>['message']): readonly Effect[] => [
    { type: 'send', peer, message },
  ]
  if (isSuperSeed(state)) return fast ? send({ type: 'have-none' }) : []
  if (fast && state.announced.count === 0) return send({ type: 'have-none' })
  if (fast && state.announced.full) return send({ type: 'have-all' })
  return state.announced.count === 0 ? [] : send({ type: 'bitfield', bits: state.announced.bytes.slice() })
}

/** A peer of a hybrid may name either hash (BEP 52). */
const isOurs = ({ infoHash, otherHash, version, infoHashV2 }: Readonly<TransferState>, named: Uint8Array): boolean =>
  equalBytes(named, infoHash) ||
  (otherHash !== undefined && equalBytes(named, otherHash)) ||
  (version === 'hybrid' && infoHashV2 !== undefined && equalBytes(named, infoHashV2.subarray(0, named.length)))

const handshake = (
  state: Readonly<TransferState>,
  peer: PeerState,
  input: Extract<PeerInput, { type: 'handshake-arrived' }>,
): Decision => {
  const { infoHash, peerId, reserved } = input.handshake
  if (!isOurs(state, infoHash)) return closePeer(state, peer, 'wrong-info-hash', '')
  if (equalBytes(peerId, state.peerId)) return closePeer(state, peer, 'self-connection', '')
  let replaced: Decision = NOTHING
  for (const known of state.peers.values()) {
    if (known === peer || known.id === undefined || !equalBytes(known.id, peerId)) continue
    if (!keepsNew(state, known, peer)) return closePeer(state, peer, 'duplicate-connection', `peer ${known.key}`)
    replaced = closePeer(state, known, 'duplicate-connection', `peer ${peer.key}`)
  }
  const arrived = decided({
    events: [
      {
        type: 'handshake-received',
        peer: peer.key,
        peerId: peerId.slice(),
        fast: reserved.fast,
        extensions: reserved.extensions,
      },
    ],
    effects: [
      ...greetBack(state, peer.key, reserved.fast),
      ...(reserved.dht && isDhtNode(state)
        ? [{ type: 'send', peer: peer.key, message: { type: 'port', port: state.dht.port } } as const]
        : []),
      ...(reserved.extensions
        ? [
            {
              type: 'extend',
              peer: peer.key,
              uploadOnly: isUploadOnly(state),
              pex: state.pex.on,
              punching: state.punching,
            } as const,
          ]
        : []),
    ],
  })
  return both(replaced, arrived)
}

/** A peer that dialed us says where it can be dialed; peers of private torrents come from trackers only (BEP 27). */
const extensions = (
  state: Readonly<TransferState>,
  peer: PeerState,
  { extensions: said }: Extract<PeerInput, { type: 'extensions-arrived' }>,
): Decision => {
  const listening = said.port
  const pex = state.pex.on ? said.messages.get(PEX_NAME) : undefined
  const offer = offerOf(state, peer, said)
  return decided({
    events: [
      {
        type: 'extensions-received',
        peer: peer.key,
        client: said.client,
        requestsMax: said.requestsMax,
        listenPort: listening,
        uploadOnly: said.uploadOnly ?? peer.uploadOnly,
      },
      ...(pex === undefined || pex === peer.pex ? [] : [{ type: 'pex-offered' as const, peer: peer.key, number: pex }]),
      ...holepunchOffer(state, peer, said.messages),
      // The first time only, or one peer could fill the list of candidates with ports of its own.
      ...(peer.incoming && listening !== undefined && peer.listenPort === undefined && !state.private
        ? [
            {
              type: 'candidates-found' as const,
              source: 'incoming' as const,
              addresses: [{ host: peer.address.host, port: listening }],
            },
          ]
        : []),
      ...offer.events,
    ],
    messages: offer.messages,
  })
}

/** A block over a slow connection takes longer than silence and idleness may last: some of it shows life, too. */
const blockPartArrived = (peer: Readonly<PeerState>, now: number): Decision =>
  peer.standing.tags.open !== true || now - peer.lastBlockAt < LIMITS.blockPartMs
    ? NOTHING
    : decided({ events: [{ type: 'block-progressed', peer: peer.key }] })

/**
 * Why what is on order from the peer is waited for no longer, if it is not: it brings nothing, or passes a block over.
 * A slow peer has twice the time that it took for others before.
 */
const givenUpFor = (peer: Readonly<PeerState>, now: number): 'snubbed' | 'timeout' | undefined => {
  const [oldest] = peer.requested.values()
  if (oldest === undefined) return undefined
  const usualMs = 2 * (usualBlockMs(peer) ?? 0)
  const slowMs = Math.min(usualMs, LIMITS.silenceMaxMs)
  if (!peer.snubbed && now - peer.lastBlockAt > Math.max(LIMITS.snubbedMs, slowMs)) return 'snubbed'
  const idle = now - Math.max(oldest, peer.lastBlockAt) > Math.max(LIMITS.requestTimeoutMs, slowMs)
  if (idle) return 'timeout'
  const isPassedOver = now - oldest > Math.max(LIMITS.requestPassedOverMs, usualMs * peer.requested.size)
  return isPassedOver && usualMs > 0 ? 'timeout' : undefined
}

/** BEP 21: two that want no more than they have keep no connection. */
const haveNothingForEachOther = (state: Readonly<TransferState>, peer: Readonly<PeerState>): boolean =>
  isUploadOnly(state) && areBothComplete(state, peer)

/** Whether there may be anything for `look-at-time` to do. */
export const isDue = (state: Readonly<TransferState>, peer: Readonly<PeerState>, now: number): boolean => {
  const { tags } = peer.standing
  if (tags.webSeed === true) return true
  if (tags.open !== true) return tags.handshaking === true && now - peer.since > LIMITS.handshakeTimeoutMs
  if (peer.requested.size > 0 || hasRoom(peer)) return true
  const isSilent = now - peer.lastReceivedAt > LIMITS.silenceMaxMs || now - peer.lastSentAt > LIMITS.keepAliveMs
  return isSilent || haveNothingForEachOther(state, peer) || isPexDue(state, peer, now)
}

/** One that owes us blocks and is silent is spoken to: whether it is there at all shows only when something is sent to it. */
const patienceWith = (peer: Readonly<PeerState>, now: number): number =>
  peer.requested.size > 0 && now - peer.lastReceivedAt > LIMITS.silenceAskedMs
    ? LIMITS.silenceAskedMs
    : LIMITS.keepAliveMs

const lookAtTime = (state: Readonly<TransferState>, peer: PeerState, circumstances: Circumstances): Decision => {
  const { now } = circumstances
  const { tags } = peer.standing
  if (tags.handshaking === true && now - peer.since > LIMITS.handshakeTimeoutMs)
    return closePeer(state, peer, 'handshake-timeout', '')
  if (tags.open !== true) return NOTHING
  if (now - peer.lastReceivedAt > LIMITS.silenceMaxMs) return closePeer(state, peer, 'silence', '')
  if (haveNothingForEachOther(state, peer)) return closePeer(state, peer, 'both-complete', '')
  const decisions: Decision[] = []
  if (now - peer.lastSentAt > patienceWith(peer, now))
    decisions.push(
      decided({
        events: [{ type: 'keep-alive-sent', peer: peer.key }],
        effects: [{ type: 'send', peer: peer.key, message: { type: 'keep-alive' } }],
      }),
    )
  decisions.push(exchangePeers(state, peer, now))
  const reason = givenUpFor(peer, now)
  if (reason !== undefined)
    decisions.push(
      decided({
        events: [
          ...(reason === 'snubbed' ? [{ type: 'peer-snubbed', peer: peer.key } as const] : []),
          { type: 'requests-released', peer: peer.key, reason },
        ],
        messages: refillOthers(state, peer.key),
      }),
    )
  else decisions.push(refill(state, peer, circumstances))
  return both(...decisions)
}

const cancelBlock = (peer: PeerState, { range }: Extract<PeerRequest, { type: 'cancel-block' }>): Decision =>
  decided({
    events: [{ type: 'requests-cancelled', peer: peer.key, ranges: [range] }],
    effects: [{ type: 'send', peer: peer.key, message: { type: 'cancel', ...range } }],
    messages: [{ to: 'peer', peer: peer.key, message: { type: 'refill' } }],
  })

export const decidePeer = (
  state: Readonly<TransferState>,
  key: PeerKey,
  cause: PeerInput | PeerRequest,
  circumstances: Circumstances,
): Decision => {
  const peer = state.peers.get(key)
  if (peer === undefined) return NOTHING // closed meanwhile
  if (peer.webSeed !== undefined) return decideWebSeed(state, peer, cause, circumstances)
  switch (cause.type) {
    case 'refill':
      return refill(state, peer, circumstances)
    case 'pex-arrived':
      return pexArrived(state, peer, cause.message, circumstances.now)
    case 'punch-arrived':
      return holepunchArrived(state, peer, cause.message, circumstances.now)
    case 'block-part-arrived':
      return blockPartArrived(peer, circumstances.now)
    case 'blocks-arrived':
      return blocksArrived(state, peer, cause.blocks)
    case 'message-arrived':
      return heard(state, peer, cause.message, circumstances.now)
    case 'blocks-flushed':
      return decided({ events: cause.ranges.map((range) => ({ type: 'block-served', peer: key, ...range })) })
    case 'block-withdrawn':
      return peer.fast
        ? decided({ effects: [{ type: 'send', peer: key, message: { type: 'reject-request', ...cause.range } }] })
        : NOTHING
    case 'block-unreadable':
      return decided({
        events: [{ type: 'request-refused', peer: key, ...cause.range, reason: 'unreadable' }],
        messages: [{ to: 'transfer', message: { type: 'fail', failure: cause.failure } }],
      })
    case 'connected':
      return decided({
        events: [{ type: 'peer-connected', peer: key }],
        effects: [{ type: 'greet', peer: key, peerId: state.peerId, dht: isDhtNode(state) }],
      })
    case 'dial-held':
    case 'dial-released':
      return decided({ events: [{ type: cause.type, peer: key }] })
    case 'introduced': {
      const { introduction, rank } = cause
      return decided({ events: [{ type: 'peer-introduced', peer: key, introduction, rank }] })
    }
    case 'transport-known':
      return decided({ events: [{ ...cause, peer: key }] })
    case 'dial-failed':
      return both(
        decided({
          events: [
            { type: 'dial-failed', peer: key, reason: cause.failure.code },
            ...(cause.failure.code === 'BLOCKED' && state.refused < LIMITS.refusalsTold
              ? [{ type: 'address-refused' as const, ...peer.address, reason: 'blocklist' as const }]
              : []),
          ],
          messages: [{ to: 'transfer', message: { type: 'fill-connections' } }],
        }),
        askForRendezvous(state, peer, cause.failure.code),
      )
    case 'handshake-arrived':
      return handshake(state, peer, cause)
    case 'v2-agreed':
      return peer.standing.tags.open === true && !peer.v2
        ? decided({ events: [{ type: 'peer-agreed-on-v2', peer: key }], messages: [askForHashes] })
        : NOTHING
    case 'hashes-asked':
      return hashesAsked(state, peer, cause)
    case 'hashes-arrived':
      return hashesArrived(state, peer, cause)
    case 'hashes-rejected':
      return hashesRejected(state, peer, cause)
    case 'hashes-told':
      return hashesTold(peer, cause)
    case 'extensions-arrived':
      return extensions(state, peer, cause)
    case 'web-seed-stumbled':
      return NOTHING // said of web seeds only
    case 'dont-have-arrived':
      return dontHave(state, peer, cause.piece)
    case 'welcome':
      return welcome(state, peer)
    case 'metadata-asked':
      return metadataAsked(state, peer, cause)
    case 'metadata-arrived':
      return metadataArrived(state, peer, cause)
    case 'metadata-reject-arrived':
      return metadataRejected(peer, cause.metadataPiece)
    case 'fault-found':
      return closePeer(state, peer, 'protocol-fault', `${cause.fault.code}: ${cause.fault.reason}`)
    case 'connection-lost':
      return decided({
        events: [
          {
            type: 'peer-closed',
            peer: key,
            by: cause.failure.code === 'EOF' ? 'them' : 'network',
            reason: cause.failure.code,
            detail: cause.failure.message,
          },
        ],
        messages: [
          ...refillOthers(state, key),
          { to: 'transfer', message: { type: 'fill-slots' } },
          { to: 'transfer', message: { type: 'fill-connections' } },
        ],
      })
    case 'review-interest':
      return declareInterest(state, peer)
    case 'cancel-block':
      return peer.standing.tags.open === true ? cancelBlock(peer, cause) : NOTHING
    case 'look-at-time':
      return lookAtTime(state, peer, circumstances)
    case 'close':
      return closePeer(state, peer, cause.reason, cause.detail)
    default:
      return unreachable(cause)
  }
}
