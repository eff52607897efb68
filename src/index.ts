/** Public names of `torrewind`. */
export type {
  AddOptions,
  BlocklistSource,
  ByteSource,
  ByteStream,
  CommittedOptions,
  ConnectionBounds,
  ConnectionLimits,
  Engine,
  EngineOptions,
  FileChoice,
  FilePriority,
  PieceDeadline,
  PieceRange,
  Progress,
  QueueBounds,
  RateLimits,
  SeedingGoals,
  StreamOptions,
  TrackerCount,
  TrackerTrouble,
  Transfer,
  TransferFile,
  TransferPhase,
} from './api.js'
export { type CreatedTorrent, type CreateOptions, type CreateProgress, createTorrent } from './create.js'
export { createEngine } from './create-engine.js'
export { ERROR_CODES, type ErrorCode, TorrewindError } from './errors.js'
export type { LoggedEvent } from './events/codec.js'
export type { TransferState } from './events/state.js'
export type { EventOf, EventType, TransferEvent } from './events/vocabulary.js'
export { type DhtItem, type DhtNode, type DhtOptions, openDht, type PutItem, type PutResult } from './open-dht.js'
export type { Retention } from './replay/compact.js'
export type { Difference } from './replay/diff.js'
export type { CauseCode } from './replay/explain/causes.js'
export type { Verdict } from './replay/explain/claim.js'
export type { Cause, Explanation, Question } from './replay/explain/explain.js'
export type { Moment } from './replay/history.js'
export type { InspectionEvent } from './replay/inspection.js'
export type { Topic } from './replay/topic.js'
export type { InfoHash, PeerAddress, PeerId, PeerKey, PieceIndex } from './values.js'
export { VERSION } from './version.js'
export type { BlocklistError, BlocklistReport } from './wire/blocklist.js'
export { cidText } from './wire/identity.js'
export { type Metainfo, parseTorrent, type TorrentFile } from './wire/metainfo.js'
export type { LocalRequests } from './wire/networks.js'
