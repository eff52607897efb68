/**
 * Metadata: of whom the torrent's `info` is asked while only its hash is known (BEP 9), and who lied about it.
 *
 * Peers say how long their metadata are, and most of those who can be asked settle which length is tried. Pieces are asked
 * of all who say the same, a few of each; the hash judges the whole alone. Where it is wrong and several gave pieces, the
 * next attempt is made with one peer by itself: if that comes out wrong too, it lied; if right, what others gave before is
 * compared with it. So an honest peer is never banned, and each attempt that fails costs liars one of theirs.
 */
import { banName } from '../events/banning.js'
import { earlyBits, type MetadataRejection, type MetadataState } from '../events/metadata.js'
import type { PeerState, TransferState } from '../events/state.js'
import type { EventOf, TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Failure } from '../outside.js'
import type { Instant, PeerKey } from '../values.js'
import type { ExtensionHandshake } from '../wire/extension.js'
import { UT_METADATA } from '../wire/utmetadata.js'
import { closePeer } from './peer-steps.js'
import {
  both,
  type CloseReason,
  type Decision,
  decided,
  type Effect,
  type Message,
  NOTHING,
  type PeerInput,
} from './vocabulary.js'

const fill: Message = { to: 'transfer', message: { type: 'fill-metadata' } }

const close = (peer: PeerKey, reason: CloseReason, detail: string): Message => ({
  to: 'peer',
  peer,
  message: { type: 'close', reason, detail },
})

/** What the peer's handshake says of metadata, where that is of use and news. */
export const offerOf = (
  { metadata }: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  { messages, metadataBytes }: ExtensionHandshake,
): Pick<Decision, 'events' | 'messages'> => {
  const offers = metadata !== undefined && metadataBytes !== undefined && (messages.get(UT_METADATA) ?? 0) > 0
  if (!offers || peer.metadata?.bytes === metadataBytes) return NOTHING
  return { events: [{ type: 'metadata-offered', peer: peer.key, bytes: metadataBytes }], messages: [fill] }
}

/** A peer that can be asked, for metadata of the length that it says. */
interface Source {
  readonly peer: Readonly<PeerState>
  readonly bytes: number
  /** On order from it, with what this decision adds. */
  waiting: number
  readonly asked: number[]
}

const sourceOf = (peer: Readonly<PeerState>, now: Instant): Source | undefined => {
  const { metadata, standing } = peer
  if (standing.tags.open !== true || metadata === undefined || metadata.bytes === 0) return undefined
  return metadata.notBefore > now ? undefined : { peer, bytes: metadata.bytes, waiting: metadata.waiting, asked: [] }
}

const isPartOf = ({ bytes, alone }: MetadataState, source: { readonly bytes: number }, key: PeerKey): boolean =>
  source.bytes === bytes && (alone === undefined || alone === key)

/** Somebody brings pieces, or could. */
const goesOn = (state: Readonly<TransferState>, sought: MetadataState, sources: readonly Source[]): boolean => {
  if (sought.bytes === 0) return false
  if (sources.some((source) => isPartOf(sought, source, source.peer.key))) return true
  for (const { key, metadata } of state.peers.values())
    if (metadata !== undefined && metadata.waiting > 0 && isPartOf(sought, metadata, key)) return true
  return false
}

/** The length that most of them say, and of several the one that was said first. */
const mostSaid = (sources: readonly Source[]): number => {
  const votes = new Map<number, number>()
  for (const { bytes } of sources) votes.set(bytes, (votes.get(bytes) ?? 0) + 1)
  let best = { bytes: 0, votes: 0 }
  for (const [bytes, count] of votes) if (count > best.votes) best = { bytes, votes: count }
  return best.bytes
}

/** Somebody who is not suspected, where there is one: what comes right from there convicts the others. */
const soleSource = ({ rejections }: MetadataState, sources: readonly Source[]): Source | undefined => {
  const suspects = new Set(rejections.flatMap(({ givers }) => givers))
  return sources.find(({ peer }) => !suspects.has(banName(peer.address))) ?? sources[0]
}

const beginAttempt = (sought: MetadataState, sources: readonly Source[]): Decision => {
  const sole = sought.rejections.length > 0 ? soleSource(sought, sources) : undefined
  const bytes = sole?.bytes ?? mostSaid(sources)
  if (bytes === 0) return NOTHING // nobody has it
  return decided({
    events: [{ type: 'metadata-attempt-began', bytes, alone: sole?.peer.key }],
    effects: [{ type: 'drop-metadata' }],
    messages: [fill],
  })
}

const mayAsk = ({ peer, waiting }: Source, piece: number): boolean =>
  waiting < LIMITS.metadataRequestsMax && peer.metadata?.asked.get(piece)?.overdue !== false

/** Pieces that nobody was asked for, each of whoever has the fewest on order. */
const askForRest = ({ givers, orders }: MetadataState, sources: readonly Source[]): void => {
  let room = sources.reduce((sum, { waiting }) => sum + Math.max(0, LIMITS.metadataRequestsMax - waiting), 0)
  for (let piece = 0; piece < givers.length && room > 0; piece++) {
    if (givers[piece] !== 0 || orders[piece] !== 0) continue
    let least: Source | undefined
    for (const source of sources)
      if (mayAsk(source, piece) && source.waiting < (least?.waiting ?? Number.POSITIVE_INFINITY)) least = source
    if (least === undefined) continue
    least.asked.push(piece)
    least.waiting++
    room--
  }
}

/** Those who have nothing to do are asked for what others owe: the last pieces come from whoever is quicker. */
const askAgain = ({ givers, orders }: MetadataState, sources: readonly Source[]): void => {
  for (const source of sources) {
    if (source.waiting > 0) continue
    for (let piece = 0; piece < givers.length && source.waiting < LIMITS.metadataRequestsMax; piece++) {
      const isOwed = givers[piece] === 0 && (orders[piece] ?? 0) > 0 && (orders[piece] ?? 0) < LIMITS.metadataOrdersMax
      if (!isOwed || !mayAsk(source, piece)) continue
      source.asked.push(piece)
      source.waiting++
    }
  }
}

/** Asks as much of as many as may be asked now. */
export const fillMetadata = (state: Readonly<TransferState>, now: Instant): Decision => {
  const sought = state.metadata
  if (sought === undefined || sought.full || state.standing.tags.seeking !== true) return NOTHING
  const sources: Source[] = []
  for (const peer of state.peers.values()) {
    const source = sourceOf(peer, now)
    if (source !== undefined) sources.push(source)
  }
  if (!goesOn(state, sought, sources)) return beginAttempt(sought, sources)
  const part = sources.filter((source) => isPartOf(sought, source, source.peer.key))
  askForRest(sought, part)
  if (sought.alone === undefined && part.every(({ asked }) => asked.length === 0)) askAgain(sought, part)
  const asking = part.filter(({ asked }) => asked.length > 0)
  return decided({
    events: asking.map(({ peer, asked }) => ({ type: 'metadata-requested', peer: peer.key, metadataPieces: asked })),
    effects: asking.map(({ peer, asked }) => ({ type: 'ask-metadata', peer: peer.key, metadataPieces: asked })),
  })
}

/** What was not answered in time is asked of others; it may still come. */
export const lookAtMetadata = (state: Readonly<TransferState>, now: Instant): Decision => {
  if (state.metadata === undefined || state.standing.tags.seeking !== true) return NOTHING
  const events: TransferEvent[] = []
  for (const { key, metadata } of state.peers.values()) {
    if (metadata === undefined || metadata.waiting === 0) continue
    const late = [...metadata.asked].filter(([, { at, overdue }]) => !overdue && now - at > LIMITS.metadataTimeoutMs)
    if (late.length > 0)
      events.push({ type: 'metadata-overdue', peer: key, metadataPieces: late.map(([piece]) => piece) })
  }
  return decided({ events, messages: [fill] })
}

type Arrived = Extract<PeerInput, { readonly type: 'metadata-arrived' }>

export const metadataArrived = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  { metadataPiece, totalBytes, bytes }: Arrived,
): Decision => {
  const { metadata: own, key } = peer
  if (peer.standing.tags.open !== true) return NOTHING
  const fault = (detail: string): Decision => closePeer(state, peer, 'protocol-fault', detail)
  if (own?.asked.has(metadataPiece) !== true) return fault(`piece ${metadataPiece} of metadata was not asked for`)
  if (totalBytes !== own.bytes) return fault(`metadata of ${totalBytes} bytes, which were ${own.bytes} before`)
  const sought = state.metadata
  const isOfUse =
    sought !== undefined && !sought.full && isPartOf(sought, own, key) && sought.givers[metadataPiece] === 0
  if (!isOfUse) return decided({ events: [{ type: 'metadata-wasted', peer: key, metadataPiece }], messages: [fill] })
  const received: Decision = decided({
    events: [{ type: 'metadata-received', peer: key, metadataPiece }],
    effects: [{ type: 'keep-metadata', metadataPiece, bytes }],
  })
  if (sought.received + 1 < sought.givers.length) return both(received, decided({ messages: [fill] }))
  return both(
    received,
    decided({
      events: [{ type: 'metadata-filled' }],
      effects: [{ type: 'assemble-metadata', bytes: sought.bytes }],
    }),
  )
}

export const metadataRejected = (peer: Readonly<PeerState>, metadataPiece: number): Decision =>
  peer.standing.tags.open === true && peer.metadata?.asked.has(metadataPiece) === true
    ? decided({ events: [{ type: 'metadata-refused', peer: peer.key, metadataPiece }], messages: [fill] })
    : NOTHING

/** Those are banned, and hung up on. */
const ban = (
  state: Readonly<TransferState>,
  names: ReadonlySet<string>,
  kind: EventOf<'metadata-liar-banned'>['kind'],
): Decision => {
  const liars = [...names].filter((name) => name !== '' && !state.banned.has(name))
  const gone = [...state.peers.values()].filter(({ address }) => liars.includes(banName(address)))
  return decided({
    events: liars.map((address) => ({ type: 'metadata-liar-banned', address, kind })),
    messages: gone.map(({ key }) => close(key, 'banned', 'metadata')),
  })
}

/** The whole is wrong. Where one peer gave all of it, that peer lied. */
export const metadataWrong = (state: Readonly<TransferState>, fingerprints: readonly number[]): Decision => {
  const sought = state.metadata
  if (sought === undefined || !sought.full) return NOTHING
  const suspects = [...new Set(sought.givers)].map((giver) => (giver - 1) as PeerKey) // as `metadata-received` put it in
  const names = new Set(suspects.map((peer) => sought.giversBanNames.get(peer) ?? ''))
  return both(
    decided({ events: [{ type: 'metadata-rejected', suspects, fingerprints }], effects: [{ type: 'drop-metadata' }] }),
    names.size === 1 ? ban(state, names, 'wrong-piece') : NOTHING,
    decided({ messages: [fill] }),
  )
}

/** Who gave other pieces than those that were right. */
const convicted = ({ rejections }: MetadataState, right: readonly number[]): readonly [Set<string>, Set<string>] => {
  const [wrongPiece, wrongSize] = [new Set<string>(), new Set<string>()]
  const isRightLength = ({ fingerprints }: MetadataRejection): boolean => fingerprints.length === right.length
  for (const rejection of rejections)
    rejection.givers.forEach((giver, piece) => {
      if (!isRightLength(rejection)) wrongSize.add(giver)
      else if (rejection.fingerprints[piece] !== right[piece]) wrongPiece.add(giver)
    })
  return [wrongPiece, wrongSize]
}

/** Of private torrents only trackers may name peers (BEP 27), which nobody could know before. */
const mayStay = (state: Readonly<TransferState>, peer: Readonly<PeerState>): boolean => {
  for (const { peer: key, source } of state.candidates.values())
    if (key === peer.key) return source === 'tracker' || source === 'user'
  return true
}

/** Why a peer cannot stay, now that the torrent is known. */
const objection = (
  state: Readonly<TransferState>,
  peer: Readonly<PeerState>,
  { pieceLength, totalBytes, private: isPrivate }: EventOf<'metadata-completed'>,
): readonly [reason: CloseReason, detail: string] | undefined => {
  const { early } = peer
  const isOther =
    early !== undefined && !early.all && earlyBits(early, Math.ceil(totalBytes / pieceLength)) === undefined
  if (isOther) return ['protocol-fault', 'bitfield-size-wrong: what it has is of another torrent']
  return isPrivate && !mayStay(state, peer) ? ['private', ''] : undefined
}

/** The torrent is known: these facts follow, liars are found, and others hear that they can have the metadata of us. */
export const metadataKnown = (
  state: Readonly<TransferState>,
  facts: readonly TransferEvent[],
  fingerprints: readonly number[],
): Decision => {
  const sought = state.metadata
  if (sought === undefined) return NOTHING
  const completed = facts.find((fact) => fact.type === 'metadata-completed')
  const [messages, effects]: [Message[], Effect[]] = [[], []]
  for (const peer of state.peers.values()) {
    const wrong = completed && objection(state, peer, completed)
    if (wrong !== undefined) messages.push(close(peer.key, ...wrong))
    else if (peer.standing.tags.open === true && peer.extensions)
      effects.push({
        type: 'extend',
        peer: peer.key,
        uploadOnly: false,
        pex: state.pex.on && completed?.private !== true,
        punching: state.punching,
      })
  }
  const [wrongPiece, wrongSize] = convicted(sought, fingerprints)
  return both(
    decided({ events: facts, messages, effects }),
    ban(state, wrongPiece, 'wrong-piece'),
    ban(state, wrongSize, 'wrong-size'),
  )
}

/** What the hash belongs to cannot be downloaded, whoever hands it over. */
export const metadataUnusable = ({ code, message }: Failure): EventOf<'transfer-failed'> => ({
  type: 'transfer-failed',
  code,
  message,
})
