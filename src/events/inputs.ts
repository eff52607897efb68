/**
 * The vocabulary of inputs: everything that the outside may say to a transfer, with its meaning, its fields and its number
 * in the log.
 *
 * As with events one table is the documentation, the types and the codec, and numbers and fields of a released version
 * never change. Payload is left out: no decision reads it. What hashing it came to is an input of its own.
 */
import type { Failure, FileFinding, FileStamp } from '../outside.js'
import type { InfoHash, Instant, PeerAddress, PeerId, PeerKey, PieceIndex } from '../values.js'
import type { ExtensionHandshake } from '../wire/extension.js'
import type { Fault, FaultCode } from '../wire/fault.js'
import type { Handshake, Reserved } from '../wire/handshake.js'
import type { HolepunchMessage } from '../wire/holepunch.js'
import type { PexMessage, PexPeer } from '../wire/pex.js'
import type { AnnounceAnswer, AnnouncedPeer, TrackerCounts } from '../wire/tracker.js'
import { bytes, type Field, flag, list, oneOf, optional, type Shape, struct, text, whole } from './fields.js'
import { blockRuns, eventOf, number, numbersByName, type PlainMessage, shaped, size, variants } from './input-fields.js'
import type { EventOf, TransferEvent } from './vocabulary.js'

/** What the engine found out that concerns all of its transfers, as the event that each of them logs. */
export type EngineFact = EventOf<
  | 'blocklist-set'
  | 'port-mapped'
  | 'port-mapping-failed'
  | 'port-unmapped'
  | 'lsd-joined'
  | 'lsd-failed'
  | 'utp-failed'
  | 'dht-began'
  | 'dht-joined'
  | 'dht-failed'
  | 'dht-table-lost'
  | 'dht-address-seen'
  | 'dht-key-followed'
  | 'pex-began'
  | 'punching-began'
>

/** What became of an introduction by a tracker, as the event that its transfer logs. */
export type IntroductionNews = EventOf<
  'offers-made' | 'offer-answered' | 'offer-received' | 'introduction-opened' | 'introduction-failed' | 'offers-ignored'
>

const peer = whole<PeerKey>()
const piece = whole<PieceIndex>()
const count = whole()
const failure = shaped<Failure>({ code: text, message: text })
const address = shaped<PeerAddress>({ host: text, port: count })
const range = struct({ piece, offset: count, length: count })
/** A stranger's numbers: they may be of no piece of ours. */
const anyRange = { piece: count, offset: count, length: count }

const hashes = { of: oneOf('pieces', 'blocks'), piece }
/** A stranger's numbers. */
const anyHashes = { baseLayer: count, index: count, length: count }

const finding = shaped<FileFinding>({
  file: count,
  length: count,
  firstPiece: number, // an empty file's last piece lies before its first
  lastPiece: number,
  stamp: optional(shaped<FileStamp>({ bytes: number, modifiedAt: number })),
})

const fault = shaped<Fault>({ type: oneOf('fault'), code: text as Field<FaultCode>, reason: text })

const handshake = shaped<Handshake>({
  infoHash: bytes as Field<InfoHash>, // written from one
  peerId: bytes as Field<PeerId>, // written from one
  reserved: shaped<Reserved>({ extensions: flag, fast: flag, dht: flag }),
})

const extensions = shaped<ExtensionHandshake>({
  type: oneOf('extension-handshake'),
  messages: numbersByName,
  client: optional(text),
  port: optional(count),
  requestsMax: optional(count),
  yourIp: optional(bytes),
  metadataBytes: optional(count),
  uploadOnly: optional(flag),
})

const message = variants<PlainMessage>({
  'keep-alive': {},
  choke: {},
  unchoke: {},
  interested: {},
  'not-interested': {},
  have: { piece: count },
  bitfield: { bits: bytes },
  request: anyRange,
  cancel: anyRange,
  port: { port: count },
  'suggest-piece': { piece: count },
  'have-all': {},
  'have-none': {},
  'reject-request': anyRange,
  'allowed-fast': { piece: count },
  extended: { id: count, payload: size },
  unknown: { id: count, length: count },
})

const answer = shaped<AnnounceAnswer>({
  intervalSeconds: number,
  minIntervalSeconds: optional(number),
  complete: optional(number),
  incomplete: optional(number),
  downloaded: optional(number),
  trackerId: optional(text),
  warning: optional(text),
  externalHost: optional(text),
  peers: list(shaped<AnnouncedPeer>({ host: text, port: count, peerId: optional(bytes as Field<PeerId>) })),
})

const pex = shaped<PexMessage>({
  added: list(shaped<PexPeer>({ host: text, port: count, flags: count })),
  dropped: list(address),
})

const holepunch = shaped<HolepunchMessage>({
  kind: oneOf('rendezvous', 'connect', 'error'),
  host: text,
  port: count,
  error: oneOf('no-such-peer', 'not-connected', 'no-support', 'no-self', 'unknown', 'none'),
})

const counts = shaped<TrackerCounts>({
  complete: number,
  incomplete: number,
  downloaded: number,
  minIntervalSeconds: optional(number),
})

const input = <Of extends Readonly<Record<string, Field<unknown>>>>(tag: number, meaning: string, fields: Of) => ({
  tag,
  meaning,
  fields,
})

/** By who hears them. */
export const INPUTS = {
  transfer: {
    'files-examined': input(1, 'The files of the torrent were looked at, before anything else.', {
      files: list(finding),
    }),
    'piece-checked': input(2, 'A piece was read from disk and hashed.', { piece, good: flag }),
    'check-asked': input(3, 'The user wants every piece hashed again.', {}),
    'pause-asked': input(4, 'The user wants no payload to move.', {}),
    'resume-asked': input(5, 'The user wants the transfer to go on.', {}),
    'end-asked': input(6, 'Let go of everything; `stamps-taken` follows when nothing is under way any more.', {}),
    'stamps-taken': input(7, 'Size and time of every file, as the last thing.', {
      stamps: list(struct({ file: count, bytes: number, modifiedAt: number })),
      reason: oneOf('closed', 'removed', 'failed'),
    }),
    'pieces-selected': input(8, 'The user wants these pieces, as a bitfield.', { wanted: bytes, sequential: flag }),
    'peers-found': input(9, 'Addresses of peers.', {
      source: oneOf('tracker', 'user', 'lsd', 'dht'),
      addresses: list(address),
    }),
    'peer-accepted': input(10, 'A peer connected to us and named our info-hash.', { peer, address }),
    'log-committed': input(11, 'Every event below this number is committed.', { committedSeq: count }),
    'storage-failed': input(12, 'The disk does not let the transfer go on.', { failure }),
    'sync-finished': input(13, 'What was written before is on the medium.', {}),
    woken: input(14, 'The clock has reached the time that was asked for.', {}),
    'addresses-refused': input(211, 'The user blocked these addresses, which tried to connect or were connected.', {
      addresses: list(address),
    }),
    'web-seeds-wished': input(210, 'The user wants these web seeds, and no others.', { urls: list(text) }),
    'fact-found': input(15, 'The engine found out what concerns all of its transfers.', {
      fact: eventOf<EngineFact>(),
    }),
    'introduction-told': input(260, 'Something became of introductions by trackers (WebRTC).', {
      news: eventOf<IntroductionNews>(),
    }),
    'retention-failed': input(25, 'The oldest events of the log could not be compacted.', { failure }),
    'files-prioritized': input(224, 'The user wants files more or less, which comes to these pieces and priorities.', {
      priorities: bytes,
      wanted: bytes,
      low: bytes,
      high: bytes,
      apart: list(count),
      place: list(count),
    }),
    'deadlines-asked': input(225, 'Somebody reads: these pieces are due, and those others no longer.', {
      deadlines: list(struct({ piece, at: whole<Instant>() })),
      cleared: list(piece),
      place: list(count),
    }),
    'file-placed': input(226, 'What was kept apart of a file was brought into the file itself.', { file: count }),
    'limits-asked': input(228, 'The user limits the rates of this transfer, or of all of the engine.', {
      own: flag,
      download: count,
      upload: count,
    }),
    'trackers-asked': input(229, 'The user wants these trackers, in tiers.', { tiers: list(list(text)) }),
    'drop-asked': input(230, 'The user wants connections with this address to end, and those to come barred or not.', {
      address: text,
      barred: optional(flag),
    }),
    'goals-asked': input(231, 'The user says when seeding is enough.', { ratioPermille: count, seedingMs: count }),
    'bounds-asked': input(232, 'The user bounds connections and slots.', { peersMax: count, uploadSlots: count }),
    'queue-asked': input(234, 'So many transfers of its kind may be active in the engine, and others come first.', {
      of: oneOf('downloads', 'seeds'),
      most: count,
    }),
    'turn-given': input(235, 'There is room for the transfer in the engine.', {}),
    'place-asked': input(244, 'It has another place in the queue of the engine.', { rank: count }),
    'move-asked': input(236, 'The user wants the files in this folder, and those of other names called so.', {
      folder: text,
      names: list(struct({ file: count, path: text })),
    }),
    'files-moved': input(237, 'They are all there.', {}),
    'move-failed': input(238, 'They could not be moved, and are where they were.', { failure }),
    'peer-turned-away': input(242, 'A peer connected to us, and the engine has as many connections as it may.', {
      peer,
      address,
    }),
    'order-asked': input(227, 'The user wants the pieces in order, or no longer.', { sequential: flag }),
    'metadata-wanted': input(147, 'The session has begun, and only the hash of the torrent is known.', {}),
    'metadata-hashed': input(148, 'All pieces of the metadata together have a wrong hash.', {
      fingerprints: list(count),
    }),
    'metadata-unusable': input(149, 'The hash is right, but these metadata cannot be used, or not be kept.', {
      code: text,
      message: text,
    }),
    'metadata-kept': input(150, 'The hash is right and the metadata are kept: these facts follow from them.', {
      facts: list(eventOf<TransferEvent>()),
      fingerprints: list(count),
    }),
  },
  peer: {
    connected: input(32, 'A connection that we dialed is open.', {}),
    'dial-held': input(240, 'The engine has as many connections as it may, and this one waits.', {}),
    'dial-released': input(241, 'There is room: the connection is being opened now.', {}),
    'dial-failed': input(33, 'It could not be opened.', { failure }),
    'transport-known': input(192, 'The connection is not TCP without encryption.', {
      transport: oneOf('tcp', 'utp', 'webrtc'),
      protection: oneOf('none', 'handshake', 'rc4', 'dtls'),
    }),
    introduced: input(261, 'An introduction by a tracker brought it (WebRTC).', { introduction: count, rank: count }),
    'handshake-arrived': input(34, 'The handshake of BEP 3.', { handshake }),
    'extensions-arrived': input(35, 'The extension handshake of BEP 10.', { extensions }),
    'message-arrived': input(36, 'A message of BEP 3, 6 or 10 that is no block.', { message }),
    'blocks-arrived': input(37, 'Blocks that came in a row.', { blocks: blockRuns }),
    'block-part-arrived': input(38, 'Some of a block came, and not its end.', {}),
    'fault-found': input(39, 'What the peer sent is against the protocol.', { fault }),
    'connection-lost': input(40, 'The connection is gone.', { failure }),
    'blocks-flushed': input(41, 'Blocks that we serve left this process.', { ranges: list(range) }),
    'block-withdrawn': input(42, 'A block that was still waiting will not be sent.', { range }),
    'hashes-asked': input(
      161,
      'It wants hashes of a file; of no file of ours, or not of that one, where none is named.',
      {
        file: optional(count),
        piece: optional(piece),
        ...anyHashes,
        proofLayers: count,
      },
    ),
    'hashes-arrived': input(162, 'Hashes that we asked for, which prove themselves or do not.', {
      ...hashes,
      good: flag,
    }),
    'hashes-rejected': input(163, 'It will not tell hashes that we asked for.', hashes),
    'hashes-told': input(164, 'It was told hashes, or they could not be read.', {
      file: count,
      ...anyHashes,
      done: flag,
    }),
    'v2-agreed': input(160, 'The connection to a peer of a hybrid is one of v2 (BEP 52).', {}),
    'metadata-asked': input(144, 'The peer asks for a piece of metadata (BEP 9); ours have so many bytes.', {
      metadataPiece: count,
      totalBytes: count,
    }),
    'metadata-arrived': input(145, 'A piece of metadata, and how many bytes all of them have as the peer says.', {
      metadataPiece: count,
      totalBytes: count,
      bytes: size,
    }),
    'metadata-reject-arrived': input(146, 'The peer will not hand over a piece of metadata.', { metadataPiece: count }),
    'block-unreadable': input(43, 'A block that was to be served cannot be read.', { range, failure }),
    'pex-arrived': input(177, 'The peer tells of peers that came to it and went (BEP 11).', { message: pex }),
    'punch-arrived': input(194, 'The peer asks for a rendezvous, tells us to dial, or cannot help (BEP 55).', {
      message: holepunch,
    }),
    'web-seed-stumbled': input(209, 'A web seed did not give what it was asked for, of a file with these pieces.', {
      failure,
      retryAfterMs: optional(count),
      firstPiece: piece,
      lastPiece: piece,
    }),
    'dont-have-arrived': input(208, 'The peer says that it has a piece no longer (BEP 54).', { piece: count }),
  },
  piece: {
    'piece-hashed': input(
      64,
      'The piece is right or wrong; of each block a fingerprint where somebody may be to blame.',
      {
        good: flag,
        fingerprints: list(count),
      },
    ),
    'piece-written': input(65, 'The piece is written.', {}),
    'blocks-judged': input(165, 'Its blocks were compared with their hashes: these are wrong.', { wrong: list(count) }),
    'write-failed': input(66, 'The piece could not be written.', { failure }),
  },
  trackers: {
    'announce-answered': input(80, 'A tracker answered; `port` is the one that it was told of.', {
      tracker: text,
      answer,
      port: count,
    }),
    'announce-failed': input(81, 'A tracker did not answer, or refused.', { tracker: text, failure }),
    'scrape-asked': input(82, 'The user wants the counts of trackers.', {}),
    'scrape-answered': input(83, 'A tracker gave its counts.', { tracker: text, answer: counts }),
    'scrape-failed': input(84, 'A tracker gave no counts.', { tracker: text, failure }),
    'dht-answered': input(176, 'The DHT was asked for peers; those that it named came before, as `peers-found`.', {
      asked: count,
      answered: count,
      peers: count,
      announced: count,
    }),
  },
} as const

type Table = typeof INPUTS
export type Hearer = keyof Table
type OneOf<Of> = {
  readonly [Type in keyof Of]: Of[Type] extends {
    readonly fields: infer Fields extends Readonly<Record<string, Field<unknown>>>
  }
    ? { readonly type: Type } & Shape<Fields>
    : never
}[keyof Of]

export type TransferInput = OneOf<Table['transfer']>
export type PeerInput = OneOf<Table['peer']>
export type PieceInput = OneOf<Table['piece']>
export type TrackersInput = OneOf<Table['trackers']>

export type Input =
  | { readonly to: 'transfer'; readonly input: TransferInput }
  | { readonly to: 'peer'; readonly peer: PeerKey; readonly input: PeerInput }
  | { readonly to: 'piece'; readonly piece: PieceIndex; readonly input: PieceInput }
  | { readonly to: 'trackers'; readonly input: TrackersInput }
