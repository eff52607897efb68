/** Why a transfer as a whole is as it is. */
import { rateOf } from '../../events/meter.js'
import type { PeerState, TransferState } from '../../events/state.js'
import { type PieceIndex, showAddress } from '../../values.js'
import { showRanges } from '../diff.js'
import { type WasteKind, wasteOf } from '../waste.js'
import { type Claim, claim, type Finding, proven, showDuration, showMany, showRate, type View } from './claim.js'
import { lastOf } from './evidence.js'
import { findingPeers } from './finding-peers.js'
import { hadItLast } from './had-it-last.js'
import { haltOf } from './halt.js'
import { isOpen, isSlow, serves, whyChoked } from './holder.js'
import { explainMetadata } from './metadata.js'
import { rateClaims } from './rate.js'
import { ofWebSeeds } from './web-seeds.js'

const PEERS_MAX = 10
const ANY_SESSION = { inSession: false }
/** Of what came, this share is worth a word. */
const WASTE_SHARE = 0.05
const WASTERS_MAX = 10
/** Nothing came for so long: it stands still. */
const STILL_MS = 10_000
const RANGES_CHARACTERS_MAX = 120

const isMissing = (state: Readonly<TransferState>, piece: number): boolean =>
  state.wanted.has(piece) && !state.stored.has(piece)

/** Missing pieces that no peer has. */
const withoutHolder = (state: Readonly<TransferState>): readonly PieceIndex[] => {
  if (state.seedsConnected > 0) return []
  const pieces: PieceIndex[] = []
  for (let index = 0; index < state.geometry.pieceCount; index++) {
    const piece = index as PieceIndex // within the torrent
    if (isMissing(state, piece) && state.rarity.availability(piece) === 0) pieces.push(piece)
  }
  return pieces
}

const shortened = (text: string): string =>
  text.length <= RANGES_CHARACTERS_MAX ? text : `${text.slice(0, text.lastIndexOf(',', RANGES_CHARACTERS_MAX))}, ...`

const holderless = async ({ state, now, history }: View): Promise<readonly Claim[]> => {
  const pieces = withoutHolder(state)
  const [first] = pieces
  if (first === undefined) return []
  const text = `${showMany(pieces.length, 'missing piece')} no peer has: ${shortened(showRanges(pieces))}`
  const last = await hadItLast(history, state.nextSeq, first)
  if (last === undefined) return [claim('nobody-has-it', text)]
  const ago = `${showDuration(now - last.ended.at)} ago`
  const who = `piece ${first} was had last by ${showAddress(last)}, whose connection ended ${ago}`
  return [claim('nobody-has-it', text), proven('had-it-last', who, last.had.seq, last.ended.seq)]
}

const chokers = ({ state, now }: View): readonly Claim[] => {
  const holders = [...state.peers.values()].filter((peer) => isOpen(peer) && peer.interesting > 0)
  const servesUs = (peer: PeerState): boolean =>
    peer.standing.tags.peerChoking !== true ||
    [...peer.allowedFast].some((piece) => isMissing(state, piece) && serves(peer, piece))
  if (holders.length === 0 || holders.some(servesUs)) return []
  const what = holders.length === 1 ? 'the only peer' : `all ${holders.length} peers`
  return [
    claim('choked', `${what} with something for us ${holders.length === 1 ? 'chokes' : 'choke'} us`),
    ...holders.slice(0, PEERS_MAX).map((peer) => whyChoked(peer, now)),
  ]
}

/** Whoever is asked for blocks says something now and then, if only that we are choked. */
const allSilent = ({ state, now }: View): readonly Claim[] => {
  const open = [...state.peers.values()].filter(({ standing }) => standing.tags.open === true)
  const last = Math.max(...open.map(({ lastReceivedAt }) => lastReceivedAt))
  if (!open.some(({ requested }) => requested.size > 0) || now - last < STILL_MS) return []
  const whom = open.length === 1 ? 'the only peer' : `any of ${open.length} peers`
  return [
    claim(
      'all-silent',
      `nothing at all has come from ${whom} for ${showDuration(now - last)}`,
      lastOf('block-received'),
    ),
  ]
}

/** Peers that owe us blocks, and bring none. */
const stalled = ({ state, now }: View): readonly Claim[] =>
  [...state.peers.values()]
    .filter((peer) => peer.snubbed || (peer.requested.size > 0 && isSlow(peer, now)))
    .slice(0, PEERS_MAX)
    .map(({ key, address, lastBlockAt, snubbed, requested }) => {
      const isIt = (event: { readonly peer: number }): boolean => event.peer === key
      const silent = `${showAddress(address)} has sent nothing for ${showDuration(now - lastBlockAt)}`
      if (snubbed) return claim('snubs-us', silent, lastOf('peer-snubbed', isIt))
      const owed = `${showMany(requested.size, 'block')} on order`
      return claim(
        'holder-slow',
        `${silent}, and has ${owed}`,
        lastOf('blocks-requested', isIt),
        lastOf('block-received', isIt),
      )
    })

const wasteful = async ({ state, history }: View): Promise<readonly Claim[]> => {
  const { sessionWasted, sessionDownloaded, nextSeq } = state
  if (sessionWasted < WASTE_SHARE * Math.max(1, sessionDownloaded)) return []
  const share = `${Math.round((100 * sessionWasted) / Math.max(1, sessionDownloaded))} %`
  const most = (await wasteOf(history, { seq: nextSeq - 1 })).slice(0, WASTERS_MAX)
  return [
    claim('wasteful', `${share} of what came in this session was of no use`),
    ...most.map(({ peer, kind, bytes, events }) =>
      proven('sent-waste', `${bytes} bytes of ${peer}: ${WASTE[kind]}`, ...events),
    ),
  ]
}

/** In words. */
const WASTE: Readonly<Record<WasteKind, string>> = {
  'hash-failed': 'of pieces whose hash was wrong',
  endgame: 'asked of two peers at the end, and the other was first',
  duplicate: 'here already',
  late: 'given up before they came',
  unasked: 'never asked for',
}

const complete = ({ state }: View): Finding => {
  const text = `every piece that is wanted is stored: ${showMany(state.wanted.count, 'piece')}`
  const proof = [lastOf('download-completed', undefined, ANY_SESSION), lastOf('seeding-began', undefined, ANY_SESSION)]
  return { verdict: 'complete', claims: [claim('complete', text, ...proof)] }
}

const downloading = async (view: View): Promise<Finding> => {
  const { state, now } = view
  const rate = rateOf(state.downloaded, now)
  const newest = Math.max(
    0,
    ...[...state.peers.values()].map(({ downloaded, lastBlockAt }) => (downloaded.total > 0 ? lastBlockAt : 0)),
  )
  const moves = rate > 0 && now - newest < STILL_MS
  const left = showMany(state.missing, 'piece')
  const claims: Claim[] = moves
    ? [claim('downloading', `${showRate(rate)} come; ${left} missing`, lastOf('block-received'))]
    : []
  if (state.moving !== undefined)
    claims.push(claim('being-moved', `the files are being moved to ${state.moving.folder}`, lastOf('move-began')))
  claims.push(...(await findingPeers(view)), ...ofWebSeeds(view), ...chokers(view))
  if ([...state.peers.values()].some(isOpen)) claims.push(...(await holderless(view)))
  claims.push(...(moves ? [] : [...allSilent(view), ...stalled(view)]), ...rateClaims(view), ...(await wasteful(view)))
  if (claims.length === 0)
    claims.push(
      claim(
        'downloading',
        `${newest === 0 ? 'nothing came yet' : `nothing came for ${showDuration(now - newest)}`}; ${left} missing`,
        lastOf('blocks-requested'),
        lastOf('download-began'),
      ),
    )
  return {
    verdict: moves ? 'progressing' : claims.some(({ code }) => code === 'downloading') ? 'waiting' : 'stuck',
    claims,
  }
}

export const explainTransfer = async (view: View): Promise<Finding> => {
  const halt = await haltOf(view)
  const { metadata } = view.state
  if (metadata !== undefined)
    return halt === undefined ? explainMetadata(view, metadata) : { verdict: 'stopped', claims: [halt] }
  if (view.state.missing === 0 && (halt === undefined || halt.code === 'not-running')) {
    const done = complete(view)
    return halt === undefined ? done : { ...done, claims: [...done.claims, halt] }
  }
  return halt === undefined ? downloading(view) : { verdict: 'stopped', claims: [halt] }
}
