/** What the page shows of a state: everything that can be seen at once, bounded, as JSON. */
import { blockOfKey, pieceOfKey } from '../../events/geometry.js'
import { giverOf } from '../../events/ledger.js'
import { PEER_WINDOW_MS, rateOf } from '../../events/meter.js'
import type { PeerState, PieceState, TransferState } from '../../events/state.js'
import { type PieceIndex, showAddress, toHex } from '../../values.js'
import type { InFlight, Peer, Standing, State, Tracker } from './page-types.js'

/** Of each kind of thing, so many are listed; how many there are is said beside. */
export const LISTED_MAX = 500

/** What a piece is, in four bits of the map. */
export const PIECE_KINDS = ['missing', 'unwanted', 'in-flight', 'stored', 'announced', 'checking', 'rejected'] as const

const kindOf = (state: Readonly<TransferState>, piece: PieceIndex): number => {
  if (state.checking.has(piece)) return 5
  if (state.announced.has(piece)) return 4
  if (state.stored.has(piece)) return 3
  if (state.pieces.has(piece)) return 2
  if (state.rejections.has(piece)) return 6
  return state.wanted.has(piece) ? 0 : 1
}

/** Two pieces a byte, the first in its upper half, in base64. */
const mapOf = (state: Readonly<TransferState>): string => {
  const { pieceCount } = state.geometry
  const bytes = new Uint8Array(Math.ceil(pieceCount / 2))
  for (let index = 0; index < pieceCount; index++) {
    const kind = kindOf(state, index as PieceIndex) // counted up to the number of pieces
    bytes[index >> 1] = (bytes[index >> 1] ?? 0) | (index % 2 === 0 ? kind << 4 : kind)
  }
  return Buffer.from(bytes).toString('base64')
}

const standingValue = (id: string): Standing => (id.startsWith('{') ? (JSON.parse(id) as Standing) : id) // written as one

const peerOf = (state: Readonly<TransferState>, peer: Readonly<PeerState>): Peer => ({
  key: peer.key,
  address: showAddress(peer.address),
  incoming: peer.incoming,
  standing: standingValue(peer.standing.id),
  since: peer.since,
  id: peer.id === undefined ? null : toHex(peer.id),
  client: peer.client,
  pieces: peer.has.count,
  interesting: peer.interesting,
  downloaded: peer.downloaded.total,
  uploaded: peer.uploaded.total,
  downRate: rateOf(peer.downloaded, state.at, PEER_WINDOW_MS),
  upRate: rateOf(peer.uploaded, state.at, PEER_WINDOW_MS),
  wasted: peer.wastedBytes,
  requested: peer.requested.size,
  target: peer.pipeline.target,
  delayMs: peer.pipeline.delayMs,
  asked: peer.asked.size,
  snubbed: peer.snubbed,
  overdue: peer.overdue,
  lastBlockAt: peer.lastBlockAt,
  optimistic: state.optimistic === peer.key,
})

/** Blocks of all listed pieces together: pieces of 128 MiB have 8,192 each. */
const BLOCKS_MAX = 65_536

/** 0 missing, 1 on order, 2 here, of each block. */
const blocksOf = (ledger: Readonly<PieceState>): string =>
  Array.from(ledger.givers, (giver, block) => (giver > 0 ? '2' : (ledger.orders[block] ?? 0) > 0 ? '1' : '0')).join('')

const inFlightOf = (ledger: Readonly<PieceState>): InFlight => ({
  piece: ledger.piece,
  standing: standingValue(ledger.standing.id),
  since: ledger.since,
  blocks: blocksOf(ledger),
  received: ledger.received,
  givers: [...new Set(Array.from(ledger.givers, (_, block) => giverOf(ledger, block)))].filter(
    (giver) => giver !== undefined,
  ),
})

const listPieces = (state: Readonly<TransferState>) => {
  const listed: InFlight[] = []
  let blocks = 0
  for (const ledger of state.pieces.values()) {
    blocks += ledger.blocks
    if (listed.length === LISTED_MAX || blocks > BLOCKS_MAX) break
    listed.push(inFlightOf(ledger))
  }
  return listed
}

const requestsOf = (state: Readonly<TransferState>): Pick<State, 'total' | 'requests'> => {
  const requests: State['requests'][number][] = []
  let total = 0
  for (const peer of state.peers.values()) {
    total += peer.requested.size
    for (const [key, askedAt] of peer.requested) {
      if (requests.length === LISTED_MAX) break
      const { geometry } = state
      requests.push({ peer: peer.key, piece: pieceOfKey(geometry, key), block: blockOfKey(geometry, key), askedAt })
    }
  }
  return { total, requests }
}

const trackersOf = (state: Readonly<TransferState>): readonly Tracker[] =>
  state.tiers.flatMap((trackers, tier) =>
    trackers.map((tracker) => ({
      tier,
      url: tracker.url,
      announcing: tracker.announcing,
      overdue: tracker.overdue,
      failures: tracker.failures,
      lastAnswerAt: tracker.lastAnswerAt,
      lastError: tracker.lastError,
      intervalMs: tracker.intervalMs,
      seeds: tracker.seeds ?? null,
      leechers: tracker.leechers ?? null,
    })),
  )

const firstOf = <Item>(items: Iterable<Item>): Item[] => {
  const first: Item[] = []
  for (const item of items) {
    if (first.length === LISTED_MAX) break
    first.push(item)
  }
  return first
}

/** All but the event that it is the state after. */
export const pageState = (state: Readonly<TransferState>): Omit<State, 'event'> => ({
  seq: state.nextSeq - 1,
  at: state.at,
  name: state.name,
  folder: state.folder,
  private: state.private,
  standing: standingValue(state.standing.id),
  geometry: state.geometry,
  session: state.session,
  failure: state.failure ?? null,
  map: mapOf(state),
  counts: {
    stored: state.stored.count,
    announced: state.announced.count,
    wanted: state.wanted.count,
    missing: state.missing,
    checking: state.checking.count,
    inFlight: state.pieces.size,
    peers: state.peers.size,
    candidates: state.candidates.size,
    banned: state.banned.size,
  },
  downloaded: state.downloaded.total,
  uploaded: state.uploaded.total,
  downRate: rateOf(state.downloaded, state.at),
  upRate: rateOf(state.uploaded, state.at),
  waste: { ...state.waste },
  limits: state.limits,
  sequential: state.sequential,
  pieces: listPieces(state),
  peers: firstOf(state.peers.values()).map((peer) => peerOf(state, peer)),
  ...requestsOf(state),
  trackers: firstOf(trackersOf(state)),
  banned: firstOf(state.banned),
})
