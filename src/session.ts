/** A session's beginning: the events by which a process takes a transfer up. */
import type { AddOptions } from './api.js'
import type { TransferState } from './events/state.js'
import type { EventOf, TransferEvent } from './events/vocabulary.js'
import { readBounds, readGoals } from './goals.js'
import { LIMITS } from './limits.js'
import { mix } from './random.js'
import { equalBytes, type PieceIndex } from './values.js'
import { type PieceWishes, selectedFiles, wishesOf } from './wanted.js'
import { Bitfield } from './wire/bitfield.js'
import type { Metainfo } from './wire/metainfo.js'
import { makePeerId } from './wire/peerid.js'
import { webSeedUrl } from './wire/web-seed.js'

export interface Beginning {
  readonly metainfo: Metainfo
  readonly add: AddOptions
  readonly version: string
  /** 16 bytes that nobody can foretell. */
  readonly entropy: Uint8Array
  readonly machineStartedAt: number
  readonly limits: TransferState['limits']
  /** Files of which hashes of pieces are not known (BEP 52). */
  readonly missing: EventOf<'layers-missing'>['files']
  readonly ownLimits: TransferState['limits']
}

/** What comes first in a log, or where it is known, what is new about where its files are. */
const arrival = (state: Readonly<TransferState>, { metainfo, add }: Beginning): readonly TransferEvent[] => {
  if (state.nextSeq > 0) return state.folder === add.path ? [] : [{ type: 'folder-set', folder: add.path }]
  const { infoHash, name, pieceLength, totalBytes } = metainfo
  const added = { infoHash, name, folder: add.path, pieceLength, totalBytes, private: metainfo.private }
  return [{ type: 'transfer-added', ...added }]
}

/** What is in the log of no version before trees were known is said by the next one that is. */
const description = (state: Readonly<TransferState>, { metainfo }: Beginning): readonly TransferEvent[] => {
  const { version, infoHashV2, shortPieces } = metainfo
  if (version === state.version || infoHashV2 === undefined) return []
  const pieces = [...shortPieces].map(([piece, bytes]) => ({ piece: piece as PieceIndex, bytes })) // of the torrent
  return [{ type: 'trees-described', hybrid: version === 'hybrid', infoHashV2, shortPieces: pieces }]
}

/** In an order of chance, so that not everybody asks the first tracker of a tier (BEP 12). */
const shuffled = (tier: readonly string[], seed: number): readonly string[] =>
  tier
    .map((url, place) => ({ url, rank: mix(seed, place) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ url }) => url)

const trackers = (
  state: Readonly<TransferState>,
  { metainfo, add }: Beginning,
  seed: number,
): readonly TransferEvent[] => {
  const tiers = [...metainfo.trackers, ...(add.trackers ?? []).map((url) => [url])]
  const known = state.tiers.map((tier) => tier.map(({ url }) => url).sort())
  // A tracker that answered moved to the front of its tier, and stays there.
  const same = JSON.stringify(known) === JSON.stringify(tiers.map((tier) => [...tier].sort()))
  return same ? [] : [{ type: 'trackers-set', tiers: tiers.map((tier) => shuffled(tier, seed)) }]
}

/** What was wanted last, but for what somebody was reading. */
const selectedBefore = (state: Readonly<TransferState>): PieceWishes => {
  const wanted = state.wanted.clone()
  for (const piece of state.demanded) wanted.clear(piece)
  return { wanted, low: state.low, high: state.high }
}

/** What users add comes first. Of protocols that we do not speak nothing is kept (BEP 19). */
const webSeeds = (state: Readonly<TransferState>, { metainfo, add }: Beginning): readonly TransferEvent[] => {
  const named = [...(add.webSeeds ?? []), ...metainfo.webSeeds].filter((url) => webSeedUrl(url) !== undefined)
  const urls = [...new Set(named)].slice(0, LIMITS.webSeedsMax)
  const known = [...state.webSeeds.keys()]
  return JSON.stringify(known) === JSON.stringify(urls) ? [] : [{ type: 'web-seeds-set', urls }]
}

/** Throws `OPTION_INVALID` where the selection fits no file. */
const selection = (state: Readonly<TransferState>, { metainfo, add }: Beginning): readonly TransferEvent[] => {
  const isNew = state.nextSeq === 0
  const sequential = add.sequential === true
  const keep = add.select === undefined && !isNew
  const priorities = keep ? state.filePriorities : selectedFiles(metainfo, add.select)
  const { wanted, low, high } = keep ? selectedBefore(state) : wishesOf(metainfo, priorities)
  const before = isNew ? Bitfield.filled(metainfo.pieceCount) : state.wanted
  const events: TransferEvent[] = []
  if (sequential !== state.sequential || !equalBytes(wanted.bytes, before.bytes))
    events.push({ type: 'pieces-selected', wanted: wanted.bytes, sequential })
  if (!keep && !equalBytes(priorities, state.filePriorities))
    events.push({ type: 'priorities-set', priorities, low: low.bytes, high: high.bytes })
  return events
}

const limits = (
  state: Readonly<TransferState>,
  { limits: { download, upload } }: Beginning,
): readonly TransferEvent[] =>
  state.limits.download === download && state.limits.upload === upload ? [] : [{ type: 'limits-set', download, upload }]

const sharing = (state: Readonly<TransferState>, { add }: Beginning): readonly TransferEvent[] => {
  const superSeeding = add.superSeeding === true
  const suggesting = add.suggestPieces === true
  const same = superSeeding === state.superSeeding && suggesting === state.suggesting
  return same ? [] : [{ type: 'sharing-set', superSeeding, suggesting }]
}

const ownLimits = (
  state: Readonly<TransferState>,
  { ownLimits: { download, upload } }: Beginning,
): readonly TransferEvent[] =>
  state.ownLimits.download === download && state.ownLimits.upload === upload
    ? []
    : [{ type: 'transfer-limits-set', download, upload }]

/** When seeding is enough, and how many connections there may be; what is left out stays as it was. */
const bounds = (state: Readonly<TransferState>, { add }: Beginning): readonly TransferEvent[] => {
  const events: TransferEvent[] = []
  const { ratioPermille, seedingMs } = readGoals(add.goals ?? {}, state.goals)
  if (ratioPermille !== state.goals.ratioPermille || seedingMs !== state.goals.seedingMs)
    events.push({ type: 'goals-set', ratioPermille, seedingMs })
  const { peersMax, uploadSlots } = readBounds(add.bounds ?? {}, state.bounds)
  if (peersMax !== state.bounds.peersMax || uploadSlots !== state.bounds.uploadSlots)
    events.push({ type: 'bounds-set', peersMax, uploadSlots })
  return events
}

/** In order, to be recorded one after the other. Throws `OPTION_INVALID`. */
export const beginningOf = (state: Readonly<TransferState>, beginning: Beginning): readonly TransferEvent[] => {
  const { entropy, version, machineStartedAt } = beginning
  const randomSeed = new DataView(entropy.buffer, entropy.byteOffset).getUint32(0)
  return [
    ...arrival(state, beginning),
    {
      type: 'session-began',
      session: state.session + 1,
      version,
      randomSeed,
      peerId: makePeerId(version, entropy.subarray(4, 16)),
      machineStartedAt,
    },
    ...description(state, beginning),
    ...(beginning.missing.length === 0 ? [] : [{ type: 'layers-missing', files: beginning.missing } as const]),
    ...trackers(state, beginning, randomSeed),
    ...webSeeds(state, beginning),
    ...selection(state, beginning),
    ...limits(state, beginning),
    ...ownLimits(state, beginning),
    ...bounds(state, beginning),
    ...sharing(state, beginning),
    ...((beginning.add.paused ?? state.paused) ? [{ type: 'paused' } as const] : []),
  ]
}
