/**
 * The vocabulary: everything that can become true of a transfer, with its meaning, its fields and its number in the log.
 *
 * One table is the documentation, the types and the codec. Numbers and fields of a released version never change; a new
 * field means a new event, or a new version with an upcast in `codec.ts`.
 */
import type { Instant, PeerKey, PieceIndex } from '../values.js'
import { bytes, flag, list, oneOf, optional, type Shape, struct, text, whole } from './fields.js'
import { event } from './table.js'
import { INTRODUCTION_EVENTS } from './vocabulary-introductions.js'
import { METADATA_EVENTS } from './vocabulary-metadata.js'

const peer = whole<PeerKey>()
const piece = whole<PieceIndex>()
const count = whole()
const block = { piece, offset: whole(), length: whole() }
const address = { host: text, port: whole() }

/** Bytes of one piece, of one block or of several that follow each other. */
const range = struct(block)
export type Range = Shape<typeof block>

/** Hashes that we lack: of pieces, a chunk from `piece` on, or of the blocks of `piece`. */
const hashes = { peer, of: oneOf('pieces', 'blocks'), piece }
/** Hashes that others lack, as BEP 52 numbers them. */
const hashRange = { baseLayer: count, index: count, length: count }

/** What the file system says of a file: its size in bytes and when it was last changed, in ms since 1970. */
const stamp = struct({ file: whole(), bytes: whole(), modifiedAt: whole() })

export const VOCABULARY = {
  'transfer-added': event(1, 'A torrent was taken into this log. The first event of every log.', {
    infoHash: bytes,
    name: text,
    folder: text,
    pieceLength: count,
    totalBytes: count,
    private: flag,
  }),
  'session-began': event(2, 'A process took the transfer up. It has no connections yet and no half-filled pieces.', {
    session: count,
    version: text,
    randomSeed: count,
    peerId: bytes,
    machineStartedAt: count,
  }),
  'session-ended': event(3, 'The process let go of the transfer in good order.', {
    reason: oneOf('closed', 'removed', 'failed'),
  }),
  paused: event(4, 'The user paused the transfer: no payload moves until it is resumed.', {}),
  resumed: event(5, 'The user resumed the transfer, after a pause or a failure.', {}),
  'transfer-failed': event(6, 'The world does not let the transfer go on: disk full, read-only, failing.', {
    code: text,
    message: text,
  }),
  'pieces-selected': event(7, 'Which pieces are wanted, as a bitfield, and whether they are fetched in order.', {
    wanted: bytes,
    sequential: flag,
  }),
  'trackers-set': event(8, 'The trackers, in tiers (BEP 12).', { tiers: list(list(text)) }),
  'download-began': event(9, 'Wanted pieces are missing and are being fetched.', {}),
  'seeding-began': event(10, 'Every wanted piece is stored.', {}),
  'download-completed': event(11, 'The last wanted piece was stored and committed, for the first time.', {}),
  'limits-set': event(12, 'Bytes a second that all transfers of the engine may take together; 0 for no limit.', {
    download: count,
    upload: count,
  }),
  'folder-set': event(13, 'The files are looked for in another folder from now on.', { folder: text }),
  'retention-failed': event(25, 'The oldest events could not be compacted: the log goes on growing.', { reason: text }),

  'check-began': event(16, 'Pieces, as a bitfield, are read from disk and hashed.', {
    reason: oneOf('new', 'asked', 'changed', 'unsafe', 'power-lost'),
    pieces: bytes,
  }),
  'piece-checked': event(17, 'A piece on disk was hashed, and is right or not.', { piece, good: flag }),
  'check-ended': event(18, 'Every piece of the check was hashed.', {}),
  'file-changed': event(19, 'A file is not as it was left: its pieces are no longer taken as stored.', {
    file: count,
    reason: oneOf('missing', 'size', 'time'),
  }),
  'session-ending': event(24, 'The process is letting go: connections are closed, writes under way are finished.', {}),
  'files-stamped': event(20, 'Size and time of every file as the session ends, to notice changes by others.', {
    stamps: list(stamp),
  }),
  'session-examined': event(23, 'The files were looked at; from here on this session may write them.', {}),
  'sync-began': event(21, 'What was written so far is being brought to the medium.', {}),
  'sync-ended': event(22, 'Pieces stored before `sync-began` survive a loss of power.', {}),

  'candidates-found': event(32, 'Addresses of peers: from a tracker, from the user, or from the local network.', {
    source: oneOf('tracker', 'user', 'incoming', 'lsd', 'dht', 'pex'),
    addresses: list(struct(address)),
  }),
  'dial-began': event(33, 'A connection to a candidate is being opened.', { peer, ...address }),
  'dial-failed': event(34, 'It could not be opened; it is tried again at a time that grows with each failure.', {
    peer,
    reason: text,
  }),
  'peer-accepted': event(35, 'A peer connected to us and named our info-hash.', { peer, ...address }),
  'peer-connected': event(36, 'A connection that we dialed is open.', { peer }),
  'transport-known': event(
    192,
    'What carries the connection, and what of it is encrypted: said where it is not TCP without encryption.',
    {
      peer,
      transport: oneOf('tcp', 'utp', 'webrtc'),
      protection: oneOf('none', 'handshake', 'rc4', 'dtls'),
    },
  ),
  'utp-failed': event(193, 'There is no uTP: its socket could not be had.', { reason: text }),
  'handshake-received': event(37, 'The peer named itself and what it supports (BEP 3, 6, 10).', {
    peer,
    peerId: bytes,
    fast: flag,
    extensions: flag,
  }),
  'extensions-received': event(38, 'The extension handshake (BEP 10).', {
    peer,
    client: optional(text),
    requestsMax: optional(count),
    listenPort: optional(count),
    uploadOnly: flag,
  }),
  'peer-closed': event(39, 'The connection is gone; `by` says who ended it, `reason` is a stable code.', {
    peer,
    by: oneOf('us', 'them', 'network'),
    reason: text,
    detail: text,
  }),
  'address-banned': event(40, 'This address gave wrong blocks of the piece: no more connections with it.', {
    address: text,
    piece,
  }),
  'keep-alive-sent': event(41, 'Nothing else was sent for two minutes (BEP 3).', { peer }),
  'keep-alive-received': event(42, 'The peer had nothing else to say, and is still there (BEP 3).', { peer }),

  'bitfield-received': event(48, 'Which pieces the peer has, as a bitfield.', { peer, bits: bytes }),
  'have-all-received': event(49, 'The peer is a seed (BEP 6).', { peer }),
  'have-none-received': event(50, 'The peer has nothing yet (BEP 6).', { peer }),
  'have-received': event(51, 'The peer has one more piece.', { peer, piece }),
  'interested-sent': event(52, 'The peer has a piece that we want, and we said so.', { peer }),
  'not-interested-sent': event(53, 'The peer has nothing more that we want, and we said so.', { peer }),
  'interested-received': event(54, 'The peer wants pieces from us.', { peer }),
  'not-interested-received': event(55, 'The peer wants nothing from us.', { peer }),
  'choke-sent': event(56, 'We stopped serving the peer; what it had asked for is dropped.', { peer }),
  'unchoke-sent': event(57, 'We serve the peer from now on.', { peer }),
  'choke-received': event(58, 'The peer stopped serving us; without BEP 6 our requests are void.', { peer }),
  'unchoke-received': event(59, 'The peer serves us from now on.', { peer }),
  'allowed-fast-received': event(60, 'The peer serves this piece even while it chokes us (BEP 6).', { peer, piece }),
  'peer-snubbed': event(62, 'The peer sent no block for a minute although we asked.', { peer }),
  'optimistic-chosen': event(63, 'The peer holds the optimistic slot from now on.', { peer }),
  'choke-round-ended': event(64, 'The choker ranked the peers.', {}),

  'blocks-requested': event(80, 'We asked the peer for these blocks.', { peer, ranges: list(range) }),
  'block-received': event(81, 'A block that we lacked came, and is kept.', { peer, ...block }),
  'block-wasted': event(82, 'A block came that is of no use.', {
    peer,
    ...block,
    kind: oneOf('duplicate', 'late', 'unasked'),
  }),
  'block-refused': event(83, 'The peer will not serve a block that we asked for (BEP 6).', { peer, ...block }),
  'requests-cancelled': event(84, 'Blocks that others brought first are no longer asked of this peer.', {
    peer,
    ranges: list(range),
  }),
  'requests-released': event(85, 'Blocks asked of this peer may be asked of others.', {
    peer,
    reason: oneOf('timeout', 'snubbed', 'web-seed'),
  }),
  'piece-filled': event(86, 'Every block of the piece is here.', { piece }),
  'piece-verified': event(87, 'The hash of the piece is right.', { piece }),
  'piece-rejected': event(88, 'The hash of the piece is wrong; suspects gave its blocks.', {
    piece,
    suspects: list(peer),
    fingerprints: list(whole()),
  }),
  'piece-stored': event(89, 'The piece is written; it may be told and served once this event is committed.', { piece }),
  'piece-dropped': event(90, 'The piece is in flight no longer, and not stored.', {
    piece,
    reason: oneOf('write-failed', 'idle', 'unwanted'),
  }),
  'pieces-announced': event(91, 'The stored pieces are committed: we told peers, and serve them.', {
    pieces: list(piece),
  }),

  'block-progressed': event(92, 'No whole block came for a while, but some of one: the peer is slow, and there.', {
    peer,
  }),

  'request-received': event(96, 'The peer asked for a block that we have, and it will be served.', { peer, ...block }),
  'cancel-received': event(97, 'The peer no longer wants a block it asked for.', { peer, ...block }),
  'request-refused': event(98, 'The peer asked for a block that it does not get.', {
    peer,
    ...block,
    reason: oneOf('choked', 'not-stored', 'too-many', 'unreadable', 'not-revealed'),
  }),
  'block-served': event(99, 'A block was handed to the network.', { peer, ...block }),

  'announce-began': event(112, 'A tracker was told of us.', {
    tracker: text,
    event: oneOf('none', 'started', 'completed', 'stopped', 'paused'),
  }),
  'announce-answered': event(113, 'The tracker answered with peers and an interval.', {
    tracker: text,
    intervalMs: count,
    peers: count,
    seeds: optional(count),
    leechers: optional(count),
    warning: optional(text),
  }),
  'announce-failed': event(114, 'The tracker did not answer, or refused; the next of its tier is tried.', {
    tracker: text,
    reason: text,
  }),
  'announce-overdue': event(115, 'The tracker has been silent for seconds: the next is tried while it is waited for.', {
    tracker: text,
  }),
  'scrape-began': event(116, 'A tracker was asked for its counts (BEP 48, BEP 15).', { tracker: text }),
  'scrape-answered': event(117, 'The tracker counted seeds, other peers, and downloads ever completed.', {
    tracker: text,
    seeds: count,
    leechers: count,
    completed: count,
    againMs: count,
  }),
  'scrape-failed': event(118, 'The tracker gave no counts.', { tracker: text, reason: text }),

  'external-address-seen': event(
    128,
    'A tracker says from which host it hears us (BEP 24); the port is what we tell it.',
    {
      tracker: text,
      ...address,
    },
  ),
  'port-mapped': event(129, 'The router lets others in: its external port leads to our port, for so long.', {
    protocol: oneOf('upnp', 'nat-pmp'),
    port: count,
    externalPort: count,
    externalHost: optional(text),
    lifetimeMs: count,
  }),
  'port-mapping-failed': event(130, 'The router was asked to let others in by this protocol, and did not.', {
    protocol: oneOf('upnp', 'nat-pmp'),
    reason: text,
  }),
  'port-unmapped': event(131, 'The external port of the router leads to us no longer.', {
    protocol: oneOf('upnp', 'nat-pmp'),
    externalPort: count,
    reason: oneOf('closed', 'expired'),
  }),
  'lsd-joined': event(136, 'The local network can be asked for peers from now on (BEP 14), in these groups.', {
    groups: list(text),
  }),
  'lsd-failed': event(137, 'The local network cannot be asked for peers.', { reason: text }),
  'lsd-announced': event(138, 'The local network is told of this torrent, within a minute (BEP 14).', {}),

  'dht-began': event(176, 'The engine is a node of the DHT (BEP 5), at this UDP port.', { port: count }),
  'dht-joined': event(177, 'Nodes of the DHT answered: it can be asked for peers from now on.', { nodes: count }),
  'dht-failed': event(178, 'The DHT cannot be asked for peers; nodes are looked for again later.', { reason: text }),
  'dht-table-lost': event(179, 'What was kept of the DHT from the session before cannot be used.', { reason: text }),
  'dht-address-seen': event(180, 'Most nodes of the DHT that we asked hear us from this address (BEP 42).', address),
  'dht-lookup-began': event(181, 'The DHT is asked who has the torrent, and told that we do.', {}),
  'dht-lookup-ended': event(182, 'Nodes closest to the info-hash named so many peers; so many took our announce.', {
    asked: count,
    answered: count,
    peers: count,
    announced: count,
  }),
  'dht-key-followed': event(
    245,
    'A magnet named a public key, with a salt or none: the DHT has this torrent for it, signed with this number (BEP 46).',
    { publicKey: bytes, salt: bytes, seq: count },
  ),
  'dht-port-received': event(184, 'The peer is a node of the DHT, at this UDP port (BEP 5).', { peer, port: count }),
  'pex-began': event(185, 'Peers are asked for the addresses of others, and told of them (BEP 11).', {}),
  'pex-offered': event(186, 'The peer takes peer exchange, under this number; 0 for no longer.', {
    peer,
    number: count,
  }),
  'pex-sent': event(187, 'The peer was told of peers that came and went: so many, and those up to these numbers.', {
    peer,
    added: count,
    dropped: count,
    openedUpTo: count,
    endedUpTo: count,
  }),
  'pex-received': event(188, 'The peer told us of so many peers that came to it and went.', {
    peer,
    added: count,
    dropped: count,
  }),
  'pex-ignored': event(189, 'The peer tells us of others too often, and is not listened to for a while.', {
    peer,
    reason: oneOf('too-often'),
  }),
  'punching-began': event(194, 'Peers help each other through routers that let nobody in, over uTP (BEP 55).', {}),
  'holepunch-offered': event(195, 'The peer takes part in hole punching, under this number; 0 for no longer.', {
    peer,
    number: count,
  }),
  'introductions-offered': event(196, 'The peer is connected to these, who take part in hole punching.', {
    peer,
    addresses: list(struct(address)),
  }),
  'rendezvous-asked': event(197, 'An address could not be dialed: this peer, who knows it, is to have it dial us.', {
    peer,
    ...address,
  }),
  'rendezvous-failed': event(198, 'The peer cannot have that address dial us, or will not.', {
    peer,
    ...address,
    reason: oneOf('no-such-peer', 'not-connected', 'no-support', 'no-self', 'unknown'),
  }),
  'rendezvous-relayed': event(199, 'The peer asked for another one of ours: each was told to dial the other now.', {
    peer,
    to: peer,
  }),
  'rendezvous-refused': event(200, 'The peer asked for somebody whom we cannot have dial it.', {
    peer,
    ...address,
    reason: oneOf('no-such-peer', 'not-connected', 'no-support', 'no-self'),
  }),
  'punch-began': event(
    201,
    'This dial is one over uTP that the other side begins as well, as another peer told both.',
    {
      peer,
      relay: peer,
    },
  ),
  'punch-refused': event(202, 'The peer says that an address dials us now, and we do not dial it.', {
    peer,
    ...address,
    reason: oneOf('not-allowed', 'banned', 'connected', 'no-room'),
  }),
  'punch-ignored': event(203, 'The peer wants hole punching too often, and is not listened to for a while.', {
    peer,
    reason: oneOf('too-often'),
  }),
  'dht-lookup-failed': event(183, 'No node of the DHT answered the question for peers.', { reason: text }),

  'allowed-fast-sent': event(208, 'The peer is new: these pieces we serve to it even while we choke it (BEP 6).', {
    peer,
    pieces: list(piece),
  }),
  'suggestion-received': event(209, 'The peer suggests that we ask it for this piece (BEP 6).', { peer, piece }),
  'suggestion-sent': event(210, 'We suggested this piece to the peer: it is being read for others (BEP 6).', {
    peer,
    piece,
  }),
  'dont-have-received': event(211, 'The peer no longer has a piece that it had (BEP 54).', { peer, piece }),
  'sharing-set': event(212, 'Whether we show peers our pieces one by one (BEP 16), and suggest what is read (BEP 6).', {
    superSeeding: flag,
    suggesting: flag,
  }),
  'web-seeds-set': event(214, 'The web servers that have the content, by their URLs (BEP 19).', { urls: list(text) }),
  'web-seed-began': event(215, 'A web seed is asked from now on, as if it were a peer that has everything.', {
    peer,
    url: text,
    ...address,
  }),
  'web-seed-failed': event(216, 'The web seed did not give what it was asked for; it is asked again after so long.', {
    peer,
    url: text,
    reason: text,
    detail: text,
    againMs: count,
  }),
  'web-seed-lacks': event(217, 'The web seed does not have a file, so it is not asked for these pieces any more.', {
    peer,
    url: text,
    firstPiece: piece,
    lastPiece: piece,
    reason: text,
  }),
  'address-refused': event(218, 'Nothing is had to do with this address; the first of a session are told.', {
    ...address,
    reason: oneOf('blocklist'),
  }),
  'blocklist-set': event(219, 'So many ranges of addresses are blocked from now on, as the user says.', {
    blocked: count,
    lines: count,
    errors: count,
  }),
  'piece-revealed': event(213, 'As a super-seed we showed the peer one more of our pieces (BEP 16).', { peer, piece }),
  'priorities-set': event(
    224,
    'How much the user wants each file, a byte each (0 skip, 1 low, 2 normal, 3 high; no bytes: all normal), and which pieces come first and last.',
    { priorities: bytes, low: bytes, high: bytes },
  ),
  'deadlines-set': event(225, 'These pieces are due at these times, as somebody reads them; those others no longer.', {
    deadlines: list(struct({ piece, at: whole<Instant>() })),
    cleared: list(piece),
  }),
  'files-kept-apart': event(
    226,
    'These files are not wanted: what their first and last pieces have of them is kept in the part file.',
    { files: list(whole()) },
  ),
  'transfer-limits-set': event(228, 'Bytes a second that this transfer may take by itself; 0 for no limit.', {
    download: count,
    upload: count,
  }),
  'address-barred': event(229, 'The user wants no connection with this address.', { address: text }),
  'address-allowed': event(230, 'The user lets this address in again, whatever it was banned for.', { address: text }),
  'goals-set': event(231, 'Seeding ends at a ratio, in thousandths, or after a time; 0 for neither.', {
    ratioPermille: count,
    seedingMs: count,
  }),
  'goal-reached': event(232, 'Enough was uploaded, or seeded for long enough: the transfer is paused.', {
    goal: oneOf('ratio', 'time'),
  }),
  'bounds-set': event(233, 'The most connections, and peers served at one time; 0 for as many as by default.', {
    peersMax: count,
    uploadSlots: count,
  }),
  queued: event(
    234,
    'The engine lets so many transfers of its kind be active, and others come first: this one waits.',
    {
      of: oneOf('downloads', 'seeds'),
      most: count,
    },
  ),
  'turn-came': event(235, 'There is room for the transfer among those that are active.', {}),
  'place-set': event(
    244,
    'Where it stands in the queue of its engine: those of a lower rank come first. At first it is the time when it was added.',
    { rank: count },
  ),
  'move-began': event(
    236,
    'The files are being brought into this folder, and those of another name than the torrent gives are called so.',
    { folder: text, names: list(struct({ file: whole(), path: text })) },
  ),
  'files-moved': event(237, 'They are all there, and nowhere else.', {}),
  'move-failed': event(238, 'They are all where they were before.', { reason: text }),
  'dial-held': event(240, 'The engine has as many connections as it may: this one waits to be opened.', { peer }),
  'dial-released': event(241, 'There is room: it is being opened now.', { peer }),
  'tracker-wished': event(242, 'The user wants this tracker, or does not, in sessions to come too.', {
    tracker: text,
    wanted: flag,
  }),
  'web-seed-wished': event(243, 'The user wants this web seed, or does not, in sessions to come too.', {
    url: text,
    wanted: flag,
  }),
  'file-placed': event(227, 'What was kept apart of a file is in the file itself.', { file: whole() }),

  'trees-described': event(
    160,
    'The torrent has Merkle trees (BEP 52): its hash of v2, and which pieces hold fewer bytes, as a file ends in them.',
    { hybrid: flag, infoHashV2: bytes, shortPieces: list(struct({ piece, bytes: count })) },
  ),
  'other-hash-known': event(
    172,
    'The torrent is a hybrid, and has this hash beside the one by which it is known here: peers may name either (BEP 52).',
    { otherHash: bytes },
  ),
  'peer-agreed-on-v2': event(161, 'The connection, to a peer of a hybrid, is one of v2 (BEP 52).', { peer }),
  'layers-missing': event(
    162,
    'Of these files, which have so many pieces from one on, the hashes of pieces are not known, and asked of peers (BEP 52).',
    { files: list(struct({ file: count, piece, pieces: count })) },
  ),
  'hashes-requested': event(
    163,
    'We asked the peer for hashes of pieces, from one on, or of the blocks of one (BEP 52).',
    hashes,
  ),
  'hashes-received': event(164, 'The peer sent them, and they prove themselves.', hashes),
  'hashes-refused': event(165, 'The peer did not send them.', { ...hashes, reason: oneOf('rejected', 'timeout') }),
  'hashes-wrong': event(166, 'The peer sent hashes that do not prove themselves.', hashes),
  'hash-request-received': event(167, 'The peer asked for hashes of a file, and will be told (BEP 52).', {
    peer,
    file: count,
    ...hashRange,
  }),
  'hashes-served': event(168, 'The peer was sent them.', { peer, file: count, ...hashRange }),
  'hashes-denied': event(169, 'The peer asked for hashes that it does not get.', {
    peer,
    file: optional(count),
    ...hashRange,
    reason: oneOf('unknown', 'not-stored', 'too-many', 'unreadable'),
  }),
  'piece-doubted': event(
    170,
    'The hash of the piece is wrong; those of its blocks are asked for, to find out which are (BEP 52).',
    { piece, fingerprints: list(whole()) },
  ),
  'blocks-disproved': event(171, 'These blocks of the piece are wrong by their own hashes: they are fetched again.', {
    piece,
    blocks: list(struct({ peer, offset: whole(), length: whole() })),
  }),
  ...METADATA_EVENTS,
  ...INTRODUCTION_EVENTS,
} as const

type Vocabulary = typeof VOCABULARY
export type EventType = keyof Vocabulary
export type EventOf<Type extends EventType> = Type extends EventType
  ? { readonly type: Type } & Shape<Vocabulary[Type]['fields']>
  : never
/** Any event of a transfer: past, without payload bytes. */
export type TransferEvent = EventOf<EventType>

export const EVENT_TYPES = Object.keys(VOCABULARY) as readonly EventType[] // the table's own keys
