/** Why a piece, or a block of it, is as it is. */
import { inFlightMax } from '../../actors/picker.js'
import { blocksOfPiece, pieceOfKey } from '../../events/geometry.js'
import { giverOf, isHere, ordersOf } from '../../events/ledger.js'
import type { PeerState, PieceState, TransferState } from '../../events/state.js'
import type { Range } from '../../events/vocabulary.js'
import { LIMITS } from '../../limits.js'
import { BLOCK_BYTES, type PieceIndex, showAddress } from '../../values.js'
import { type Claim, claim, type Finding, proven, showDuration, showMany, type View } from './claim.js'
import { lastOf } from './evidence.js'
import { findingPeers } from './finding-peers.js'
import { hadItLast } from './had-it-last.js'
import { haltOf } from './halt.js'
import { isBusy, isOpen, isSlow, serves, whyChoked } from './holder.js'
import { rateClaims } from './rate.js'

/** Holders that are told of one by one. */
const HOLDERS_MAX = 10
const REJECTIONS_CITED = 4

const ofPiece =
  (piece: PieceIndex) =>
  (event: { readonly piece: PieceIndex }): boolean =>
    event.piece === piece
const inRanges =
  (piece: PieceIndex, offset: number | undefined) =>
  (range: Readonly<Range>): boolean =>
    range.piece === piece && (offset === undefined || (range.offset <= offset && offset < range.offset + range.length))

const stored = ({ state }: View, piece: PieceIndex): Finding => {
  const proof = [
    lastOf('piece-stored', ofPiece(piece), ANY_SESSION),
    lastOf('piece-checked', ofPiece(piece), ANY_SESSION),
  ]
  const claims = [claim('stored', `piece ${piece} is stored`, ...proof)]
  if (!state.announced.has(piece))
    claims.push(claim('waiting-for-commit', 'it is told to nobody before the log has committed that', ...proof))
  return { verdict: 'complete', claims }
}

const ANY_SESSION = { inSession: false }

const spoiled = (state: Readonly<TransferState>, piece: PieceIndex): readonly Claim[] => {
  const rejections = state.rejections.get(piece)
  const last = rejections?.at(-1)
  if (rejections === undefined || last === undefined) return []
  const givers = [...new Set(last.givers)].filter((giver) => giver !== '')
  const times = rejections.length === 1 ? 'once' : `${rejections.length} times`
  const proof = lastOf('piece-rejected', ofPiece(piece), { ...ANY_SESSION, count: REJECTIONS_CITED })
  return [
    claim('hash-failed', `its hash was wrong ${times}; the last time its blocks came from ${givers.join(', ')}`, proof),
  ]
}

/** What is on order from one peer. */
const ofOrders = (
  { state, now }: View,
  peer: Readonly<PeerState>,
  blocks: readonly number[],
  piece: PieceIndex,
): Claim => {
  const keys = blocks.map((block) => piece * state.geometry.blocksPerPiece + block)
  const since = Math.min(...keys.map((key) => peer.requested.get(key) ?? now))
  const what = `${showMany(blocks.length, 'block')} on order from ${showAddress(peer.address)} for ${showDuration(now - since)}`
  const offset = (blocks[0] ?? 0) * BLOCK_BYTES
  const asked = lastOf(
    'blocks-requested',
    (event) => event.peer === peer.key && event.ranges.some(inRanges(piece, offset)),
  )
  const isIt = (event: { readonly peer: number }): boolean => event.peer === peer.key
  if (peer.snubbed)
    return claim('holder-snubbed', `${what}, which has sent nothing`, asked, lastOf('peer-snubbed', isIt))
  if (isSlow(peer, now)) {
    const silent = `nothing came from it for ${showDuration(now - peer.lastBlockAt)}`
    return claim('holder-slow', `${what}; ${silent}`, asked, lastOf('block-received', isIt))
  }
  return claim(
    'being-fetched',
    what,
    asked,
    lastOf('block-received', (event) => isIt(event) && event.piece === piece),
  )
}

/** Blocks that are on order, by the peer that is to bring them. */
const ordersOfPiece = (view: View, ledger: Readonly<PieceState>, only?: number): readonly Claim[] => {
  const claims: Claim[] = []
  const first = ledger.piece * view.state.geometry.blocksPerPiece
  for (const peer of view.state.peers.values()) {
    const blocks = [...peer.requested.keys()]
      .filter((key) => pieceOfKey(view.state.geometry, key) === ledger.piece)
      .map((key) => key - first)
      .filter((block) => !isHere(ledger, block) && (only === undefined || block === only))
    if (blocks.length > 0) claims.push(ofOrders(view, peer, blocks, ledger.piece))
  }
  return claims
}

const nobodyHasIt = async ({ state, now, history }: View, piece: PieceIndex): Promise<readonly Claim[]> => {
  const open = [...state.peers.values()].filter(isOpen)
  const none = claim('nobody-has-it', `none of ${showMany(open.length, 'peer')} that we are connected to has it`)
  const last = await hadItLast(history, state.nextSeq, piece)
  if (last === undefined) return [none]
  const { had, ended } = last
  const who = showAddress(last)
  const text = `${who} had it last; that connection ended ${showDuration(now - ended.at)} ago`
  return [none, proven('had-it-last', text, had.seq, ended.seq)]
}

/** Why a piece that somebody has is asked of nobody. */
const notAsked = (view: View, piece: PieceIndex, holders: readonly PeerState[]): readonly Claim[] => {
  const { state, now } = view
  const ledger = state.pieces.get(piece)
  const choking = holders.filter((peer) => !serves(peer, piece))
  if (choking.length === holders.length) {
    const what = `all ${holders.length} that have it choke us`
    return [
      claim('choked', holders.length === 1 ? 'the only peer that has it chokes us' : what),
      ...choking.slice(0, HOLDERS_MAX).map((peer) => whyChoked(peer, now)),
    ]
  }
  if (ledger?.parole !== undefined) {
    const peer = state.peers.get(ledger.parole)
    const from = peer === undefined ? 'one peer' : showAddress(peer.address)
    return [
      claim('on-parole', `it is fetched from ${from} alone`, lastOf('piece-rejected', ofPiece(piece), ANY_SESSION)),
    ]
  }
  const claims: Claim[] = []
  const serving = holders.filter((peer) => serves(peer, piece))
  const refused = serving.filter(({ deniedAt }) => now - deniedAt < LIMITS.requestAfterDenialMs)
  for (const { key, address } of refused)
    claims.push(
      claim(
        'refused',
        `${showAddress(address)} refused a request just now`,
        lastOf('block-refused', ({ peer }) => peer === key),
      ),
    )
  for (const peer of serving.filter(isBusy).slice(0, HOLDERS_MAX)) {
    const blocks = showMany(peer.requested.size, 'block')
    const text = `${showAddress(peer.address)} has it, and ${blocks} asked of it before are yet to come`
    claims.push(
      claim(
        'pipeline-full',
        text,
        lastOf('blocks-requested', (event) => event.peer === peer.key),
      ),
    )
  }
  if (ledger === undefined) claims.push(...queueing(state, piece))
  return claims.length > 0 ? claims : [claim('next', 'it is asked for as soon as there is room')]
}

/** What comes before a piece that is not in flight. */
const queueing = (state: Readonly<TransferState>, piece: PieceIndex): readonly Claim[] => {
  const most = inFlightMax(state.geometry.pieceLength)
  if (state.pieces.size >= most)
    return [claim('too-many-in-flight', `${state.pieces.size} pieces are in flight, and there are buffers for ${most}`)]
  if (state.sequential)
    return [claim('in-order', 'pieces are fetched in order', lastOf('pieces-selected', undefined, ANY_SESSION))]
  const { rarity } = state
  const availability = rarity.availability(piece)
  let rarer = 0
  while (rarer < rarity.length && rarity.availability(rarity.at(rarer)) < availability) rarer++
  return rarer === 0 ? [] : [claim('rarer-first', `${showMany(rarer, 'piece')} that fewer peers have come first`)]
}

const missing = async (view: View, piece: PieceIndex): Promise<readonly Claim[]> => {
  const peers = [...view.state.peers.values()].filter(isOpen)
  if (peers.length === 0) return findingPeers(view)
  const holders = peers.filter(({ has }) => has.has(piece))
  return holders.length === 0 ? nobodyHasIt(view, piece) : notAsked(view, piece, holders)
}

const STUCK: ReadonlySet<string> = new Set(['holder-snubbed', 'holder-slow', 'choked', 'nobody-has-it', 'no-peers'])

const verdictOf = (claims: readonly Claim[]): Finding['verdict'] => {
  const codes = claims.map(({ code }) => code)
  if (codes.includes('being-fetched')) return 'progressing'
  return codes.some((code) => STUCK.has(code)) ? 'stuck' : 'waiting'
}

const fetching = async (view: View, piece: PieceIndex, ledger: Readonly<PieceState> | undefined): Promise<Finding> => {
  const orders = ledger === undefined ? [] : ordersOfPiece(view, ledger)
  const open = ledger === undefined || ledger.open > 0 ? await missing(view, piece) : []
  // What keeps the rest from being asked for comes first, where nothing is coming.
  const claims = [...orders, ...open, ...spoiled(view.state, piece), ...rateClaims(view)]
  return { verdict: verdictOf(claims), claims }
}

export const explainPiece = async (view: View, piece: PieceIndex): Promise<Finding> => {
  const { state } = view
  if (state.stored.has(piece)) return stored(view, piece)
  if (!state.wanted.has(piece)) {
    const proof = lastOf('pieces-selected', undefined, ANY_SESSION)
    return { verdict: 'unwanted', claims: [claim('not-selected', 'it is part of no file that was selected', proof)] }
  }
  const ledger = state.pieces.get(piece)
  const halt = await haltOf(view)
  if (halt !== undefined) return { verdict: 'stopped', claims: [halt] }
  // The moment may be in the middle of a turn: the last block came, and what follows from it is the next event.
  if (
    ledger?.standing.tags.hashing === true ||
    (ledger !== undefined && ledger.received === ledger.blocks && ledger.standing.tags.fetching === true)
  ) {
    const proof = [lastOf('piece-filled', ofPiece(piece)), lastOf('block-received', ofPiece(piece))]
    const claims = [claim('waiting-for-hash', 'every block is here, and it is being hashed', ...proof)]
    return { verdict: 'progressing', claims }
  }
  if (ledger?.standing.tags.writing === true) {
    const claims = [
      claim('waiting-for-disk', 'its hash is right, and it is being written', lastOf('piece-verified', ofPiece(piece))),
    ]
    return { verdict: 'progressing', claims }
  }
  return fetching(view, piece, ledger)
}

/** `block` counts from 0, and is one of the piece's. */
export const explainBlock = async (view: View, piece: PieceIndex, block: number): Promise<Finding> => {
  const { state } = view
  const ledger = state.pieces.get(piece)
  const whole = await explainPiece(view, piece)
  if (ledger === undefined || ledger.standing.tags.fetching !== true || whole.verdict === 'stopped') return whole
  const giver = giverOf(ledger, block)
  if (giver !== undefined) {
    const from = ledger.giversBanNames.get(giver) ?? `peer ${giver}`
    const offset = block * BLOCK_BYTES
    const came = lastOf('block-received', (event) => event.piece === piece && event.offset === offset)
    const left = showMany(blocksOfPiece(state.geometry, piece) - ledger.received, 'block')
    const text = `it came from ${from}; ${left} of the piece ${ledger.blocks - ledger.received === 1 ? 'is' : 'are'} missing`
    return { verdict: 'waiting', claims: [claim('block-here', text, came), ...whole.claims] }
  }
  if (ordersOf(ledger, block) === 0) {
    const claims = [...(await missing(view, piece)), ...spoiled(state, piece), ...rateClaims(view)]
    return { verdict: verdictOf(claims), claims }
  }
  const claims = [...ordersOfPiece(view, ledger, block), ...spoiled(state, piece), ...rateClaims(view)]
  return { verdict: verdictOf(claims), claims }
}
