/** A session's beginning: the events by which a process takes a transfer up. */
import type { AddOptions, FileChoice } from './api.js'
import type { TransferState } from './events/state.js'
import type { EventOf, TransferEvent } from './events/vocabulary.js'
import { readBounds, readGoals } from './goals.js'
import { LIMITS } from './limits.js'
import { mix } from './random.js'
import { equalBytes, type InfoHash, type PieceIndex } from './values.js'
import { type PieceWishes, selectedFiles, wishesOf } from './wanted.js'
import { Bitfield } from './wire/bitfield.js'
import { wireHashesOf } from './wire/identity.js'
import { nameOfMagnet, subjectOfMagnet, type TorrentSubject } from './wire/kept.js'
import type { Magnet } from './wire/magnet.js'
import type { Metainfo } from './wire/metainfo.js'
import { makePeerId } from './wire/peerid.js'
import { webSeedUrl } from './wire/web-seed.js'

export interface Beginning {
  /** By which peers, trackers and the log know the torrent. */
  readonly infoHash: InfoHash
  /** Undefined while only its hash is known. */
  readonly metainfo: Metainfo | undefined
  /** What it was named by, where that was no .torrent. */
  readonly magnet: Magnet | undefined
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

/**
 * Where the files are: some of them may be on their way to the folder that the user names; and who crashed after they were
 * moved may have had no time to note where they are.
 */
export const folderOf = ({ folder, moving, movedFrom }: Readonly<TransferState>, named: string): string =>
  moving?.folder === named || movedFrom === named ? folder : named

/** What comes first in a log, or where it is known, what is new about where its files are. */
const arrival = (
  state: Readonly<TransferState>,
  { infoHash, metainfo, magnet, add }: Beginning,
): readonly TransferEvent[] => {
  if (state.nextSeq > 0)
    return folderOf(state, add.path) === state.folder ? [] : [{ type: 'folder-set', folder: add.path }]
  const name = metainfo?.name ?? (magnet === undefined ? '' : nameOfMagnet(magnet))
  const { pieceLength, totalBytes, private: isPrivate } = metainfo ?? { pieceLength: 0, totalBytes: 0, private: false }
  return [{ type: 'transfer-added', infoHash, name, folder: add.path, pieceLength, totalBytes, private: isPrivate }]
}

/** What is in the log of no version before trees were known is said by the next one that is. */
const description = (
  state: Readonly<TransferState>,
  metainfo: Metainfo,
  missing: Beginning['missing'],
): readonly TransferEvent[] => {
  const { version, infoHashV2, shortPieces } = metainfo
  const layers: readonly TransferEvent[] = missing.length === 0 ? [] : [{ type: 'layers-missing', files: missing }]
  if (version === state.version || infoHashV2 === undefined) return layers
  const pieces = [...shortPieces].map(([piece, bytes]) => ({ piece: piece as PieceIndex, bytes })) // of the torrent
  return [{ type: 'trees-described', hybrid: version === 'hybrid', infoHashV2, shortPieces: pieces }, ...layers]
}

/** A hybrid that is known by its hash of v2, or of which only the hashes are known. */
const otherHash = (
  state: Readonly<TransferState>,
  key: InfoHash,
  identity: Pick<TorrentSubject, 'version' | 'infoHash' | 'infoHashV2' | 'pieceLength'>,
): readonly TransferEvent[] => {
  if (state.otherHash !== undefined || (identity.pieceLength > 0 && equalBytes(identity.infoHash, key))) return []
  const other = wireHashesOf(identity).find((hash) => !equalBytes(hash, key))
  return other === undefined ? [] : [{ type: 'other-hash-known', otherHash: other }]
}

/** In an order of chance, so that not everybody asks the first tracker of a tier (BEP 12). */
const shuffled = (tier: readonly string[], seed: number): readonly string[] =>
  tier
    .map((url, place) => ({ url, rank: mix(seed, place) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ url }) => url)

/** What the user added in a session before, and nobody names now. */
const addedOf = (wishes: ReadonlyMap<string, boolean>, named: readonly string[]): readonly string[] =>
  [...wishes].flatMap(([url, wanted]) => (wanted && !named.includes(url) ? [url] : []))

/** Without what the user took away in a session before, and does not name now. */
const keptOf = (
  wishes: ReadonlyMap<string, boolean>,
  urls: readonly string[],
  named: readonly string[] = [],
): readonly string[] => urls.filter((url) => wishes.get(url) !== false || named.includes(url))

const trackers = (
  state: Readonly<TransferState>,
  { metainfo, magnet, add }: Beginning,
  seed: number,
): readonly TransferEvent[] => {
  const own = [...(metainfo?.trackers ?? []), ...(add.trackers ?? []).map((url) => [url])]
  const told = new Set(own.flat())
  const all = [...own, ...(magnet?.trackers ?? []).filter((url) => !told.has(url)).map((url) => [url])]
  const tiers = [
    ...addedOf(state.wishedTrackers, all.flat()).map((url) => [url]),
    ...all.map((tier) => keptOf(state.wishedTrackers, tier, add.trackers)).filter((tier) => tier.length > 0),
  ]
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
const webSeeds = (state: Readonly<TransferState>, { metainfo, magnet, add }: Beginning): readonly TransferEvent[] => {
  const named = [...(add.webSeeds ?? []), ...(metainfo?.webSeeds ?? []), ...(magnet?.webSeeds ?? [])]
  const { wishedWebSeeds } = state
  const told = [...addedOf(wishedWebSeeds, named), ...keptOf(wishedWebSeeds, named, add.webSeeds)]
  const urls = [...new Set(told.filter((url) => webSeedUrl(url) !== undefined))].slice(0, LIMITS.webSeedsMax)
  const known = [...state.webSeeds.keys()]
  return JSON.stringify(known) === JSON.stringify(urls) ? [] : [{ type: 'web-seeds-set', urls }]
}

/** What the user wants of a torrent, and what the magnet says. */
export interface Selecting {
  readonly select: FileChoice | undefined
  readonly sequential: boolean
  readonly magnet: Magnet | undefined
}

/** Throws `OPTION_INVALID` where the selection fits no file. */
const selection = (
  state: Readonly<TransferState>,
  metainfo: Metainfo,
  { select, sequential, magnet }: Selecting,
  isNew: boolean,
): readonly TransferEvent[] => {
  const keep = select === undefined && !isNew
  const priorities = keep ? state.filePriorities : selectedFiles(metainfo, select, magnet?.selectOnly)
  const { wanted, low, high } = keep ? selectedBefore(state) : wishesOf(metainfo, priorities)
  const before = isNew ? Bitfield.filled(metainfo.pieceCount) : state.wanted
  const events: TransferEvent[] = []
  if (sequential !== state.sequential || !equalBytes(wanted.bytes, before.bytes))
    events.push({ type: 'pieces-selected', wanted: wanted.bytes, sequential })
  if (!keep && !equalBytes(priorities, state.filePriorities))
    events.push({ type: 'priorities-set', priorities, low: low.bytes, high: high.bytes })
  return events
}

/** What follows once the metadata are known. Throws `OPTION_INVALID` where the selection fits no file. */
export const factsOf = (
  state: Readonly<TransferState>,
  metainfo: Metainfo,
  selecting: Selecting,
  missing: Beginning['missing'],
): readonly TransferEvent[] => {
  const { name, pieceLength, totalBytes, private: isPrivate } = metainfo
  return [
    { type: 'metadata-completed', name, pieceLength, totalBytes, private: isPrivate },
    ...description(state, metainfo, missing),
    ...otherHash(state, state.infoHash, metainfo),
    ...selection(state, metainfo, selecting, true),
  ]
}

const content = (
  state: Readonly<TransferState>,
  { infoHash, metainfo, add, magnet, missing }: Beginning,
): readonly TransferEvent[] => {
  if (metainfo === undefined) return magnet === undefined ? [] : otherHash(state, infoHash, subjectOfMagnet(magnet))
  const selecting = { select: add.select, sequential: add.sequential === true, magnet }
  return state.metadata === undefined
    ? [
        ...description(state, metainfo, missing),
        ...otherHash(state, infoHash, metainfo),
        ...selection(state, metainfo, selecting, state.nextSeq === 0),
      ]
    : factsOf(state, metainfo, selecting, missing)
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
    ...trackers(state, beginning, randomSeed),
    ...webSeeds(state, beginning),
    ...content(state, beginning),
    ...limits(state, beginning),
    ...ownLimits(state, beginning),
    ...bounds(state, beginning),
    ...sharing(state, beginning),
    ...((beginning.add.paused ?? state.paused) ? [{ type: 'paused' } as const] : []),
  ]
}
