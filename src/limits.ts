/** Every bound in one place, each with its reason. */

const KIB = 1_024
const MIB = 1_024 * KIB

export const LIMITS = {
  /** A .torrent of 100,000 files and 100,000 pieces takes about 12 MiB. */
  torrentBytesMax: 64 * MIB,
  /** libtorrent stops at 100 too; real torrents nest 5 deep. */
  bencodeDepthMax: 64,
  /** Integers, strings, lists and dictionaries together; 100,000 files take about 1.2 million, and each may cost 150 bytes. */
  bencodeTokensMax: 4_000_000,
  /** 2^64 has 20 digits; making a number of a million digits would take minutes. */
  bencodeIntegerDigitsMax: 20,
  /** Files in one torrent. */
  filesMax: 200_000,
  /** Pieces in one torrent: 2^21, which bounds a bitfield to 256 KiB. */
  piecesMax: 2_097_152,
  /** Smallest and largest piece that we take; libtorrent takes up to 512 MiB, but a piece must fit into memory here. */
  pieceLengthMin: 1 * KIB,
  pieceLengthMax: 128 * MIB,
  /** Pieces of torrents made here: libtorrent takes no power of two below 16 KiB, nor does anybody need one. */
  newPieceLengthMin: 16 * KIB,
  /** Content is read so much at a time while a torrent is made of it, into one of two buffers. */
  contentReadBytes: 1 * MIB,
  /** Hashes in one message of BEP 52: blocks of the largest piece, and two for the proof of each layer. */
  hashesPerMessageMax: 8_192,
  hashProofLayersMax: 64,
  /** Hashes of pieces that are asked for at one time: BEP 52 says that no more should be. */
  hashesAskedMax: 512,
  /** Requests for hashes that wait for an answer, of one transfer and of one peer: 16 KiB each. */
  hashOrdersMax: 64,
  hashOrdersPerPeerMax: 8,
  /** A seed has to read a piece for some of them; others can be asked meanwhile. */
  hashRequestTimeoutMs: 5_000,
  /** A peer that refused so many is asked for no more. */
  hashRefusalsMax: 32,
  /** Requests for hashes of one peer that are being answered. */
  hashesServedMax: 16,
  /** Names are cut by no one but the file system: 255 bytes is what ext4, APFS and NTFS hold. */
  fileNameBytesMax: 255,
  filePathPartsMax: 64,
  /** Linux takes 4,096 bytes for a whole path; the rest is for the download folder. */
  filePathBytesMax: 3 * KIB,
  /** A `piece` message with a block of 128 KiB, which is the most that old clients ask for. */
  blockBytesServedMax: 128 * KIB,
  /** An extension message (BEP 10) other than metadata: handshakes take a few hundred bytes. */
  extendedBytesMax: 1 * MIB,
  /** Metadata that peers hand over (BEP 9): as long as a .torrent may be. It is kept as it comes, not as it is claimed. */
  metadataBytesMax: 64 * MIB,
  /** Pieces of metadata asked of one peer at a time: libtorrent lets what goes past ten wait for a second. */
  metadataRequestsMax: 8,
  /** Peers that are asked for the same piece of metadata, where some have nothing else to do. */
  metadataOrdersMax: 2,
  /** How long a piece of metadata may take before another peer is asked. */
  metadataTimeoutMs: 5_000,
  /** A peer that refuses or lets us wait is asked again after this, each time after twice as long. */
  metadataRetryMs: 5_000,
  metadataRetryMaxMs: 120_000,
  /** How often a peer may have all of the metadata, and requests for it that may go unserved before we hang up. */
  metadataServedTimes: 3,
  metadataDeniedMax: 1_000,
  /** Values in an extension handshake; real ones have under 50. */
  extensionHandshakeTokensMax: 1_000,
  extensionHandshakeDepthMax: 8,
  /** Extensions that are remembered of one peer, and the bytes of their names; real peers offer under 12. */
  extensionsMax: 64,
  extensionNameBytesMax: 64,
  /** What a peer calls itself is kept in the log and shown to people. */
  clientNameCharactersMax: 64,
  /** A tracker's answer; 10,000 peers take 180 KiB. */
  trackerAnswerBytesMax: 2 * MIB,
  trackerRedirectsMax: 5,
  trackerTimeoutMs: 20_000,
  trackersMax: 1_000,
  /** BEP 15: how long a UDP tracker is waited for the first time; each time it is twice as long, up to this often. */
  udpTrackerRetransmissionMs: 15_000,
  udpTrackerRetransmissionsMax: 8,
  /** An announce over UDP is given up when two tries had no answer (15 and 30 s), as the next tracker waits for it. */
  udpTrackerTimeoutMs: 45_000,
  /** How long a connection id may be used (BEP 15), and how many are remembered, of a tracker each. */
  udpTrackerConnectionMs: 60_000,
  udpTrackerConnectionsMax: 1_000,
  /** How long a tracker may be silent before the next one is asked too: most answer within a second. */
  trackerSilenceMs: 5_000,
  /** Counts of a tracker are asked for no more often than this, whatever it allows. */
  scrapeIntervalMinMs: 300_000,
  /** Trackers of one torrent that are asked for their counts at one time. */
  scrapesMax: 20,
  /** How long a scrape waits for those of other transfers at the same tracker, to ask with them. */
  scrapeGatherMs: 50,
  /** Addresses of ours that trackers and the router tell: one of each family, and some that have changed. */
  ownAddressesMax: 8,
  /** BEP 14: how often a torrent is announced on the local network, and how far apart any two announces are. */
  localAnnounceIntervalMs: 300_000,
  localAnnounceGapMs: 60_000,
  /** How long the first torrent waits for others, to be announced with them. */
  localAnnounceGatherMs: 500,
  /** BEP 14: what is sent fits 1,400 bytes, which 24 torrents do; more than a usual link carries is not read. */
  localAnnounceHashesMax: 24,
  localAnnounceBytesMax: 1_500,
  localAnnounceCookieCharactersMax: 128,
  /** Peers that the local network names within the interval, over all torrents: whoever wants to may send any number. */
  localPeersMax: 1_000,
  /** A message of the DHT: those of today have 1,500 bytes at most, as BEP 32 has 1,024 and BEP 44 a value of 1,000. */
  krpcBytesMax: 2_048,
  /** Values in one: 100 peers, and some; a value of BEP 44 may be a list of a few hundred. */
  krpcTokensMax: 1_024,
  krpcDepthMax: 32,
  /** Most nodes choose 2 or 4 bytes, and libtorrent takes as many as come. */
  krpcTransactionBytesMax: 64,
  krpcMethodBytesMax: 64,
  /** Real tokens have 4 to 20 bytes. */
  dhtTokenBytesMax: 128,
  /** BEP 44: a value, bencoded, and a salt. */
  dhtValueBytesMax: 1_000,
  dhtSaltBytesMax: 64,
  /** Nodes taken from one answer, of each family: 8 are usual (BEP 5), some send 16. */
  dhtNodesPerAnswerMax: 16,
  /** Peers taken from one answer: as many as fit a datagram. */
  dhtPeersPerAnswerMax: 100,
  /** Nodes that wait for a place in a bucket of the routing table. */
  dhtSparesMax: 8,
  /** BEP 5: a node that was silent for so long may be gone. */
  dhtQuestionableMs: 900_000,
  /** Questions in a row that a node leaves unanswered before another takes its place; without another, so many. */
  dhtFailuresMax: 2,
  dhtSilencesMax: 10,
  /** How long a secret holds of which tokens are made: a token holds once or twice as long (BEP 5). */
  dhtTokenTurnMs: 300_000,
  /** Questions a second that are answered, of one host and of all; and how much may come at once: five seconds' worth. */
  dhtQuestionsPerHostSecond: 10,
  dhtQuestionsPerSecond: 500,
  dhtBurstMs: 5_000,
  /** Hosts whose rate is known: 100 bytes each. */
  dhtRatedHostsMax: 8_192,
  /** Where we are seen from outside: so many networks' last words count, and so many are needed. */
  dhtVotesKept: 50,
  dhtVotesNeeded: 5,
  /** Peers that others announced to us: kept for half an hour, as others do; 200 bytes each. */
  dhtPeerKeptMs: 1_800_000,
  dhtPeersPerTorrentMax: 500,
  dhtPeersMax: 50_000,
  dhtTorrentsMax: 5_000,
  /** Peers in an answer of ours, so that it stays below 1,024 bytes (BEP 32). */
  dhtPeersSentMax: { ipv4: 50, ipv6: 25 },
  /** Info-hashes in an answer of ours (BEP 51), and how long they are the same. */
  dhtSamplesMax: 20,
  dhtSamplesIntervalSeconds: 21_600,
  /** Torrents that one look through the peers may go over. */
  dhtSweptPerCallMax: 100,
  /** BEP 44: kept for two hours; 1.3 KiB each. */
  dhtItemKeptMs: 7_200_000,
  dhtItemsMax: 2_000,
  /** Nodes that one look-up knows, those that it may ask at one time and in all, and those of one /24 among them. */
  dhtLookupNodesMax: 100,
  dhtLookupAlpha: 4,
  dhtLookupQuestionsMax: 150,
  dhtLookupNodesPerNetworkMax: 2,
  /** Questions of ours that wait for an answer; how many of them before we ask nobody out of curiosity. */
  dhtTransactionsMax: 512,
  dhtPingsMax: 64,
  /** A node that is silent for so long does not hold the others back; and is given up after so long. */
  dhtLateMs: 1_000,
  dhtTimeoutMs: 6_000,
  /** How often the node looks at the clock: while it waits for answers, and else. */
  dhtBusyTickMs: 250,
  dhtIdleTickMs: 5_000,
  /** Routers and nodes of before that a look-up may begin with, and below how many nodes it does. */
  dhtEntriesMax: 200,
  dhtEntriesNeededBelow: 16,
  /** Searches at one time, and how far apart they begin: 1,000 torrents take four minutes, and each is announced again
   * after a quarter of an hour. */
  dhtSearchesMax: 16,
  dhtSearchGapMs: 250,
  /** Peers of one search. */
  dhtPeersPerSearchMax: 500,
  /** When nodes are looked for again where few answered; each time twice as long, up to the second. */
  dhtJoinRetryMs: 10_000,
  dhtJoinRetryMaxMs: 600_000,
  /** Nodes of each family that are kept for the next session, how often, and the most that the file may have. */
  dhtNodesSavedMax: 400,
  dhtSaveMs: 600_000,
  dhtSavedBytesMax: 64 * KIB,
  /** How long a node without an engine waits for the first answer. */
  dhtOpenMs: 15_000,
  /** How often a transfer is announced in the DHT: a peer is forgotten after half an hour (BEP 5). */
  dhtAnnounceIntervalMs: 900_000,
  /** Soonest that a transfer without any connection asks again; each time twice as long, up to the interval. */
  dhtLookupRetryMs: 60_000,
  /** Nodes that a .torrent may name (`nodes`, BEP 5). */
  torrentNodesMax: 100,
  /** Peers taken from each list of one message of peer exchange: BEP 11 allows 50, and more in the first one. */
  pexPeersMax: 100,
  /** BEP 11: we tell each peer no more often, and of so many peers at a time. */
  pexIntervalMs: 60_000,
  pexSentMax: 50,
  /** A peer that tells us more often than every minute is not listened to; its clock may run a little fast. */
  pexHeardIntervalMs: 45_000,
  /** Peers that were connected to us and are gone, and that others are yet to be told of. */
  pexEndingsKept: 100,
  /** What one peer may want of hole punching in so long (BEP 55): each brings a message to another peer, or a dial. */
  punchesMax: 30,
  punchesMs: 60_000,
  /** Of the candidates, those that came by peer exchange: liars must leave room for others. */
  pexCandidatesMax: 1_000,
  /** BEP 40: a peer with whom nothing went on for so long makes way for one of higher priority where all places are taken. */
  idlePeerMs: 60_000,
  /** A message of it has a dozen values. */
  pexTokensMax: 200,
  /** How long the router is asked to let others in, unless a setting says otherwise: asked again after half of it. */
  portMappingLeaseMs: 3_600_000,
  /** A lease that is shorter fails before it can be renewed; RFC 6886 has at most so long. */
  portMappingLeaseMinMs: 10_000,
  portMappingLeaseMaxMs: 604_800_000,
  /** When a router that did not let others in is asked again; each time twice as long, up to the second. */
  portMappingRetryMs: 60_000,
  portMappingRetryMaxMs: 7_200_000,
  /** A closing engine waits so long for the router to take the mapping away. */
  portUnmapMs: 5_000,
  /** A router is waited for so long: to be found, to describe itself, and to answer. */
  upnpTimeoutMs: 10_000,
  upnpSearchMs: 4_000,
  upnpSearchAgainMs: 1_000,
  /** What a router says of itself: real ones take 5 KiB. */
  upnpAnswerBytesMax: 256 * KIB,
  /** Heap of the thread that UPnP is spoken in, in MiB. */
  upnpHeapMiB: 64,
  /** RFC 6886: a router is asked again after 250 ms, each time twice as long; it says nine times, which is two minutes. */
  natPmpRetransmissionMs: 250,
  natPmpTries: 5,
  /** Trackers of which progress says that they fail or warn: nobody reads more, and some torrents have hundreds. */
  trackerTroublesMax: 16,
  /** WebSocket trackers that the transfers of one process are at, a socket each. */
  webSocketTrackersMax: 256,
  /** A message of a WebSocket tracker: what it passes on of other peers may be long. */
  webSocketMessageBytesMax: 1 * MIB,
  /** How long after a socket to a tracker was lost it is tried again: doubled each time, and half of it by chance. */
  webSocketRetryMs: 10_000,
  webSocketRetryMaxMs: 3_600_000,
  /** Offers of one announce over WebSocket, as many as WebTorrent makes: each takes sockets of its own. */
  webRtcOffersMax: 5,
  /** How long an offer is waited for by the announce that is to bring it: addresses are asked of STUN servers. */
  webRtcDescribeMs: 5_000,
  /** How long an offer may be answered: WebTorrent gives its own up after 50 s, and trackers forget them after 60 s. */
  webRtcOfferMs: 50_000,
  /** From an answer until there is a connection: addresses are tried in pairs, 50 ms apart. */
  webRtcConnectMs: 30_000,
  /** Offers and answers of all transfers that are under way: 64 take 4 MiB. */
  webRtcAttemptsMax: 64,
  /** Offers of others are answered, by tracker and minute: each costs a socket and keys, and is told in the log. */
  webRtcAnswersPerMinute: 300,
  /** Addresses of one description that are tried: browsers tell less than ten. */
  webRtcCandidatesMax: 20,
  /** Servers that are asked where this machine is: one is enough, and each is asked by each offer. */
  webRtcStunServersMax: 4,
  /** A message over a data channel: every browser takes as much as this. */
  webRtcMessageBytes: 16 * KIB,
  /** What one connection hands over to be sent before it waits: more is copied about for nothing. */
  webRtcUnsentBytes: 256 * KIB,
  /** What comes while nobody reads, as a data channel cannot be told to wait: all that we may have asked for, and more. */
  webRtcUnreadBytesMax: 40 * MIB,
  /** Addresses of one name that are tried. */
  trackerAddressesMax: 8,
  /** A CID of SHA-256 in base 2 takes 289 characters; reading some bases takes time with the square of the length. */
  cidTextMax: 512,
  /** 1,000 trackers of ordinary length. */
  magnetTextMax: 64 * KIB,
  /** Peers named in a magnet URI (`x.pe`). */
  magnetPeersMax: 100,
  /** What a magnet calls its torrent (`dn`) is shown and logged. */
  magnetNameCharactersMax: 255,
  /** Web seeds in one torrent (BEP 19); real torrents name under 50. */
  webSeedsMax: 1_000,
  /** Web seeds that one transfer asks at one time, and what each of them is asked for at one time: 8 MiB. */
  webSeedsAtOnceMax: 4,
  webSeedBlocksMax: 500,
  /** A run of blocks that is asked for with one request, where one file has it. */
  webSeedRunBlocks: 256,
  /** Requests to one web seed at one time: while one ends the next is on its way. */
  webSeedRequestsMax: 2,
  webSeedRedirectsMax: 5,
  /** A web seed that says nothing for so long is given up; and one that takes longer than this for a block. */
  webSeedSilenceMs: 20_000,
  webSeedSlowMs: 60_000,
  /** A web seed that failed is asked again after this, each time twice as long, up to the second. */
  webSeedRetryMs: 5_000,
  webSeedRetryMaxMs: 1_800_000,
  /** One that will hardly be of use later either, and the longest that a server may ask us to wait. */
  webSeedUselessMs: 3_600_000,
  webSeedRetryAfterMaxMs: 86_400_000,
  trackerUrlBytesMax: 4 * KIB,
  /** One read from a socket, into the one buffer that all connections of a process share. */
  socketReadBytesMax: 256 * KIB,
  /** What a datagram can hold over IPv4: 65,535 bytes with its headers of 20 and 8. The same for IPv6, which holds 20 more. */
  datagramBytesMax: 65_507,
  /** Datagrams of one socket that this process has not got rid of: 16 MiB at most, in practice 350 KiB. */
  datagramsUnsentMax: 256,
  /** Files that one disk keeps open; macOS gives a process 256 descriptors unless it asks for more. */
  openFilesMax: 64,
  /** Zeros written at a time where a file's space is taken at the start. */
  preallocateBytes: 1 * MIB,
  /** Peers taken from one answer of a tracker. */
  trackerPeersMax: 2_000,
  /** 2,000 peers as dictionaries take 14,000 values, and what a tracker adds to them as many again. */
  trackerAnswerTokensMax: 100_000,
  /** Characters of a tracker's words that are shown or logged. */
  trackerTextMax: 512,
  /** Where a tracker names no interval, this is what most of them use; a day is the longest that is obeyed. */
  trackerIntervalSecondsDefault: 1_800,
  trackerIntervalSecondsMax: 86_400,
  /** What trackers usually give to a peer that asks for no number, and the most that they give. */
  trackerNumwantDefault: 50,
  trackerNumwantMax: 200,
  /** Clients send 8 hexadecimal digits. */
  trackerKeyBytesMax: 64,
  trackerIdBytesMax: 256,
  /** A scrape of 74 torrents takes 5.5 KiB when every byte is percent-encoded. */
  trackerQueryBytesMax: 8 * KIB,
  /** As many as fit a scrape of a UDP tracker (BEP 15). */
  trackerScrapeHashesMax: 74,
  /** How soon our tracker may be asked again, where its interval is longer: newcomers find each other within this. */
  trackerMinIntervalSeconds: 60,
  /** Intervals without a word after which our tracker forgets a peer: one announce may be lost. */
  trackerExpiryIntervals: 2,
  /** Peers and torrents that our tracker holds before it refuses more: about 110 bytes and 500 bytes each. */
  trackerSwarmPeersMax: 4_000_000,
  trackerSwarmsMax: 1_000_000,
  /** How long it remembers how often a torrent was completed after the last peer left: over a night or a weekend. */
  trackerSwarmKeptMs: 259_200_000,
  /** Peers, and torrents, that one request may find expired and clear away: about 10 us of work. */
  trackerExpiredPerCallMax: 64,
  /** Draws of a sample that may meet a peer that is not sent: the asker itself, or one that has expired. */
  trackerSpareDrawsMax: 64,
  /** A query, and headers: browsers send under 2 KiB of those, clients of BitTorrent under 300 bytes. */
  trackerRequestHeadBytesMax: 16 * KIB,
  /** Sockets that the HTTP front of our tracker holds: memory of about 20 KiB each. */
  trackerConnectionsMax: 10_000,
  /** From the first byte of a request to its last. */
  trackerRequestTimeoutMs: 10_000,
  /** How long a connection waits for its next request. */
  trackerKeepAliveMs: 15_000,
  /** A client may take this long to read an answer to bytes that were no request. */
  trackerLingerMs: 2_000,
  /** What is on its way when a tracker stops is answered within this: longer than a store may take, shorter than the ten
   * seconds after which most supervisors kill. */
  trackerDrainMs: 6_000,
  /** A million info-hashes, a line each. */
  trackerAllowBytesMax: 64 * MIB,
  /** How long a connection id of our UDP tracker holds at least (BEP 15), and at most twice as long. */
  trackerConnectionIdMs: 120_000,
  /** What the system keeps of datagrams while our tracker is busy: some thousands of announces, where it allows so much. */
  trackerReceiveBufferBytes: 4 * MIB,
  /** An answer over UDP that no route need cut up: 1,280 bytes of IPv6, less 48 of headers. 67 peers of IPv6, 202 of IPv4. */
  trackerAnswerDatagramBytesMax: 1_232,
  /** Requests a second of one address: many share one, and so many suffice for 90,000 torrents, each every half an hour. */
  trackerRatePerSecond: 100,
  trackerRatePerSecondMax: 1_000_000,
  /** How many seconds' worth an address may ask at once: with 100 a second, 2,000 torrents that a client starts with. */
  trackerRateBurstSeconds: 20,
  /** Addresses whose rate is known, in each of two tables: 2 MiB each. */
  trackerRateAddressesMax: 131_072,
  /** How often the command looks whether its list and its keys have changed; they are read when they rest. */
  trackerReloadMs: 5_000,
  /** A tracker's log of events: what is packed into one chunk, and how long the first record of one waits. */
  trackerEventChunkBytes: 256 * KIB,
  trackerEventDelayMs: 1_000,
  /** Chunks that wait to be written: beyond that the medium is too slow, and records are let go. */
  trackerEventPendingBytesMax: 32 * MIB,
  /** Of addresses whose requests were not looked at, a chunk names so many: who writes it may make them up. */
  trackerEventDismissedMax: 1_024,
  /** What the log takes, unless a setting says otherwise: about 2.8 million announces with 50 peers each. */
  trackerEventBytesMax: 1_024 * MIB,
  trackerEventBytesMin: 4 * MIB,
  /** It is a row of files, of which the oldest goes: so a sixteenth of it is forgotten at a time. */
  trackerEventFiles: 16,
  /** More files than that are of trackers that ended soon. */
  trackerEventFilesMax: 1_000,
  /** How long what changed in a tracker's swarms waits to be written: what a SIGKILL may cost. */
  trackerStoreDelayMs: 1_000,
  /** Records of peers in one write, 2 ms of packing: announces are answered between two of them. */
  trackerStoreBatchMax: 1_000,
  /** A message over WebSocket: 20 offers of 3 KiB each, which is what a browser makes. Other trackers take as much. */
  trackerWebMessageBytesMax: 64 * KIB,
  /** Parts in which a message may come, of the protocol's or of the network's: each takes memory of its own. */
  trackerWebPartsMax: 1_024,
  /** Offers of one announce that are passed on: browsers make 5 or 10. */
  trackerWebOffersMax: 20,
  /** Of one offer or answer (SDP): 2,000 characters, and 100 more for each address that a machine has. */
  trackerWebDescriptionCharactersMax: 16 * KIB,
  /** How long an offer may be answered: browsers give theirs up after 50 s. And how many of one peer are remembered. */
  trackerWebOfferMs: 60_000,
  trackerWebOffersKept: 40,
  /** Browsers meet only while they announce, since offers hold for so short a time. */
  trackerWebIntervalSeconds: 120,
  /** Sockets that our tracker holds over WebSocket: about 15 KiB each. Many browsers may share an address. */
  trackerWebSocketsMax: 20_000,
  trackerWebSocketsPerAddressMax: 512,
  /** Torrents that one socket may share: 400 bytes each. And all of all sockets. */
  trackerWebPeersPerSocketMax: 1_000,
  trackerWebPeersMax: 200_000,
  /** Bytes that wait for a client to read them, beyond which what is for it is lost. */
  trackerWebUnsentBytesMax: 64 * KIB,
  /** A socket that was not heard of is asked whether it is there, and let go where it does not say so in time. */
  trackerWebPingMs: 30_000,
  trackerWebSilenceMs: 60_000,
  /** A socket that is in no swarm is let go after so long. */
  trackerWebIdleMs: 120_000,
  /** How often sockets are looked at; and how long one that asks too often is not read. */
  trackerWebLookMs: 1_000,
  /** Announces that wait for a tracker's Redis at one time: about a second's worth, and 10 MB. */
  trackerStoreWaitingMax: 10_000,
  /** How long one of them waits before it is told to ask again later. */
  trackerStoreTimeoutMs: 5_000,
  /** How far apart a Redis server that is gone is tried again, at most. */
  trackerStoreRetryMs: 1_000,
  /** Swarms that one announce over Redis looks through for peers that have expired. */
  trackerStoreSwarmsPerCallMax: 8,
  /** A JWT with an RSA signature and a list of 40 torrents takes 2.5 KiB; it stands in the query of an announce. */
  trackerTokenBytesMax: 4 * KIB,
  /** Tokens that were verified and are remembered until they expire: 5 KiB each at most. */
  trackerTokensKept: 10_000,
  /** A token is verified again after so long: a key that was taken away counts no more. */
  trackerTokenKeptMs: 600_000,
  /** Keys of a private tracker; an identity provider has under ten, of 500 bytes each. */
  trackerKeysBytesMax: 1 * MIB,
  /** Entries of the catalogue, unless a setting says otherwise: at most 25 KiB of memory each, typically 5. */
  catalogueEntriesMax: 20_000,
  /** The most that a setting may say. */
  catalogueEntriesCeiling: 1_000_000,
  /** A .torrent that is published: 15,000 files or 100,000 pieces. Reading a hostile one takes half a second at worst. */
  catalogueTorrentBytesMax: 2 * MIB,
  /** All .torrents of a catalogue together. */
  catalogueStoredBytesMax: 1_024 * MIB,
  /** Of bodies that are on their way at one time. */
  catalogueBodiesBytesMax: 64 * MIB,
  /** From the first byte of a request with a body to its last: 2 MiB over a line of 35 KB/s. */
  catalogueBodyTimeoutMs: 60_000,
  catalogueTagsMax: 16,
  catalogueTagCharactersMax: 32,
  /** Files of a torrent that the catalogue names and finds; all of them are in the .torrent. */
  catalogueFilesMax: 100,
  cataloguePathsCharactersMax: 8 * KIB,
  /** What somebody types to search. */
  catalogueQueryCharactersMax: 256,
  catalogueWordsMax: 8,
  /** The share of this process's time that searching may take, where there is other work; and what may come at once. */
  catalogueSearchShare: 0.25,
  catalogueSearchBurstMs: 1_000,
  /** The same for reading what is published. */
  cataloguePublishShare: 0.25,
  cataloguePublishBurstMs: 2_000,
  /** .torrents up to this are read at once: 15 ms, whatever is in them. Longer ones have a thread, which a hostile one of
   * 2 MiB keeps for a second. */
  catalogueReadAtOnceBytesMax: 32 * KIB,
  /** .torrents that wait for the thread, how long it may take for one, in which heap, and how long it stays. */
  catalogueReadingsWaitingMax: 8,
  /** What the thread may spend at once: ten hostile .torrents, or a hundred others. */
  catalogueThreadBurstMs: 10_000,
  catalogueReadMs: 60_000,
  catalogueReaderHeapMiB: 1_024,
  catalogueReaderIdleMs: 30_000,
  /** Words of names are cut there: longer ones are hashes and other numbers. */
  catalogueWordCharactersMax: 64,
  /** Entries of one page. */
  cataloguePageDefault: 50,
  cataloguePageMax: 200,
  catalogueCursorCharactersMax: 256,
  /** Samples of a swarm's health: 16 bytes each. They thin out with age, by about a tenth of it. */
  catalogueSamplesMax: 128,
  catalogueSampleMs: 60_000,
  /** How often those who watch are told, and how many swarms are looked at each time. */
  catalogueLiveMs: 2_000,
  catalogueSweepMax: 1_000,
  /** Browsers that watch at one time, and what may wait for one that is slow to read. */
  catalogueWatchersMax: 500,
  catalogueWatcherBytesMax: 256 * KIB,
  /** Events in one record of the log: 64 bytes of hashes are shared by so many, and so many are lost to one bad byte. */
  logRecordEventsMax: 256,
  /** A record is closed early where its events are long (bitfields take up to 256 KiB), as it is read in one go. */
  logRecordBytesMax: 256 * KIB,
  /** Recorded inputs that make no event wait for one until they are so many, far from where the engine pauses. */
  logRecordInputsMax: 8_192,
  /** Full records that are committed together where nothing is urgent. */
  logCommitRecords: 16,
  /**
   * How long an event waits for others to be committed with, where nothing depends on it. A crash takes such events with
   * it, and what they told of blocks in half-filled pieces is lost with those anyway; each commit costs as much as a
   * hundred events.
   */
  logCommitDelayMs: 250,
  /** How long a stored piece waits for others to be committed and told with: a commit costs as much as a few blocks. */
  logStoredDelayMs: 10,
  /** How far apart `have` is sent, for each peer that there is: telling one costs 10 us, so a twentieth of a core at most. */
  haveGapPerPeerMs: 0.2,
  /** Events appended and not yet committed at which the engine takes no more input: about 2 MB, a second at full speed. */
  logPendingEventsPause: 32_768,
  /** The most there may ever be: room for the turns that were under way when the engine paused. */
  logPendingEventsMax: 131_072,
  /** Checkpoints kept of one log, spread over it: a state anywhere is a fold of about one 32nd of the log at most. */
  checkpointsKept: 64,
  /** The newest checkpoints, which are never thinned out: where one is damaged, the one before is near. */
  checkpointsNewestKept: 4,
  /** How often a snapshot of a log is tried: its owner changes the list of its files every few seconds at most. */
  logSnapshotAttemptsMax: 20,
  /** Bytes of records read from the database at a time. */
  logReadBytes: 256 * KIB,
  /** A log that is kept within bounds is looked at each time it grew by so much at least, and each time so long passed. */
  retentionStepBytesMin: 16 * KIB,
  retentionPeriodMinMs: 60_000,
  retentionPeriodMaxMs: 3_600_000,
  /** Parts of a log that is measured to be bounded: it is cut to a 64th of its bound. */
  retentionParts: 64,
  /** Events folded at one go while peers are waiting: four milliseconds. */
  foldEventsAtOnce: 2_048,
  /** Requests that an unknown client lets wait: libtorrent 1.0 and Transmission kept 250 and more. */
  requestsUnknownMax: 250,
  /** Requests that a peer may let us keep waiting at most, whatever it says (`reqq`, BEP 10). */
  requestsMax: 2_000,
  /** Blocks on order from one peer: 8 MiB, which no piece buffer budget should exceed. */
  requestsOutstandingMax: 500,
  /** Requests of a peer that wait to be served; what we say in `reqq`. 32 KiB of state a peer. */
  requestsServedMax: 500,
  /** Blocks handed to one connection and not flushed yet: 1 MiB, enough to keep a fast socket busy. */
  blocksInSocketMax: 64,
  /** A slow connection is handed what it lets go of in so long, as none of that can be cancelled. */
  blocksInSocketMs: 1_000,
  /** Bytes that wait for a peer to read them beyond which we read nothing of it: those blocks, and half as much again. */
  unreadBytesPause: 1_536 * KIB,
  /** Requests given up that are remembered, so that their late blocks can be told from garbage. */
  releasedRequestsMax: 1_024,
  /** Pieces that a peer may allow us while it chokes us; BEP 6 speaks of 10. */
  allowedFastMax: 64,
  /** Pieces that we allow a new peer while we choke it: what BEP 6 has, too. */
  allowedFastGiven: 10,
  /** Connected peers that must have a piece before we allow it to all who come; fewer, and its few copies are dear. */
  allowedFastHoldersMin: 4,
  /** Pieces that one peer may suggest, and that we suggest to one. */
  suggestionsMax: 32,
  /** Pieces that a super-seed shows to one peer before others have them: one that is sent, and one to be asked for next. */
  revealedAtOnceMax: 2,
  /** A super-seed waits so long for a piece to be seen at another peer: they may have no way to each other. */
  revealedPatienceMs: 120_000,
  /** Blocks that a peer may send unasked before it is taken for garbage. */
  unaskedBlocksMax: 16,
  /** Addresses of peers kept to try. libtorrent keeps 3,000. */
  candidatesMax: 3_000,
  /** One that could not be reached so often makes way where there are too many. */
  candidateFailuresMax: 3,
  /** Ranges of a blocklist, of IPv4 and IPv6: lists that people use have under a million. 8 bytes and 100 bytes each. */
  blocklistRangesMax: 2_000_000,
  blocklistRanges6Max: 200_000,
  /** A blocklist unpacked; a million lines take 50 MiB. */
  blocklistBytesMax: 512 * MIB,
  blocklistLineCharactersMax: 1_024,
  /** Lines that were not understood are counted, and so many of them shown. */
  blocklistErrorsTold: 10,
  blocklistErrorCharactersMax: 120,
  /** Addresses that were turned away are told one by one so often in a session: whoever has many could fill the log. */
  refusalsTold: 256,
  /** Connections with one host, loopback aside: peers share an address, but not so many, and nobody needs all places. */
  peersPerHostMax: 12,
  /** Of those who have not said which transfer they are for, so many may be of one host: 20 s each, as slow as they like. */
  arrivalsPerHostMax: 32,
  /** Messages of a peer that change nothing for long (refused, taken back, said and unsaid), within so long. */
  chatterMax: 4_000,
  chatterMs: 10_000,
  /** Connections of one transfer, dialed ones and accepted ones together. */
  peersMax: 80,
  /** A path of a folder, and that of a file below it, as users name them: no system has longer ones. */
  folderTextMax: 32_768,
  filePathTextMax: 4_096,
  /**
   * Connections of all transfers of an engine, and those of them that are being opened, where users say nothing: beside the
   * files that are open, most systems let a process have 1,024 descriptors; and routers remember only so many attempts.
   */
  engineConnectionsMax: 500,
  engineHalfOpenMax: 100,
  connectionsCeiling: 1_000_000,
  /** More transfers than an engine can hold: a bound beyond is a mistake of whoever set it. */
  queueBoundMax: 1_000_000,
  /**
   * Ranks in the queue for each millisecond in which a transfer may have been added: as many as others can be moved in between
   * without moving anybody else ten times over, and few enough for ranks to be safe numbers up to the year 2248.
   */
  queueRanksPerMs: 1_024,
  /** The most connections of one transfer that a setting may allow: each holds a bitfield and some KiB. */
  peersCeiling: 2_000,
  /** Of those, how many we dial ourselves, so that others find a place. */
  peersDialedMax: 50,
  /** Connections being opened at one time. */
  dialsMax: 16,
  dialTimeoutMs: 10_000,
  /** Of TCP and uTP one is tried first, the other so long after it: a round trip to nearly anywhere. */
  dialHeadStartMs: 250,
  /** And where TCP was refused, uTP has so long left: its first packet went out before, or goes to a near machine. */
  dialAfterRefusalMs: 500,
  /** A first packet and two more. */
  utpDialTimeoutMs: 5_000,
  handshakeTimeoutMs: 20_000,
  /** A packet of uTP with its header: what tunnels of 1,400 bytes take over IPv4. No route need cut it up. */
  utpPacketBytes: 1_372,
  /** What is tried on loopback: what fits 16 KiB of the kernel's memory with its own notes, and what macOS sends at most. */
  utpLoopbackPacketBytes: [15_872, 9_000],
  /** What may be on its way of one connection: 400 Mbit/s over a tenth of a second; and how much at first. */
  utpWindowBytesMax: 4 * MIB,
  utpWindowFirstPackets: 4,
  /** Losses make it smaller no oftener than this: they come in bursts. */
  utpLossApartMs: 100,
  /** Packets of one connection on their way: as many as fill that. */
  utpPacketsMax: 4_096,
  /** What one connection keeps of what came and cannot be passed on yet; the window that others are told of. */
  utpReceiveBytesMax: 4 * MIB,
  /** Nothing came back for so long, at least and at most, or before anything was known: it is sent again (BEP 29). */
  utpTimeoutMinMs: 500,
  utpTimeoutMaxMs: 30_000,
  utpTimeoutFirstMs: 1_000,
  /**
   * How often that happens in a row before a connection is given up, as libutp does it: a quarter of a minute after the first.
   * Who waits for longer than the other side talks to nobody, and dials anew that much later.
   */
  utpTimeoutsMax: 4,
  /** How long an acknowledgement waits for a second packet, or for something to say beside it: longer costs speed. */
  utpAckDelayMs: 5,
  /** How long others let theirs wait: libutp a tenth of a second. */
  utpAckAwaitedMs: 110,
  /** Routers forget who spoke over UDP after half a minute. */
  utpKeepAliveMs: 29_000,
  /** Connections of one socket, of both sides; and those that others began and that have not proved their address. */
  utpConnectionsMax: 2_000,
  utpHalfOpenMax: 256,
  utpHalfOpenMs: 10_000,
  /** A connection that we closed still sends what it has and says so, for so long. */
  utpLingerMs: 5_000,
  /** Answers a second to packets of connections that we do not have. */
  utpResetsPerSecond: 100,
  /** The kernel drops what finds no room while this process is busy. */
  utpReceiveBufferBytes: 4 * MIB,
  /** Message stream encryption: padding of one kind; what is said ahead (a handshake and what fits beside it). */
  encryptionPaddingBytesMax: 512,
  encryptionAheadBytesMax: 16 * KIB,
  /** Who does not answer an encrypted handshake in so long is tried without, where that may be. */
  encryptionTimeoutMs: 5_000,
  /** BEP 3: connections that say nothing for two minutes may be closed; ours say something before that. */
  keepAliveMs: 110_000,
  silenceMaxMs: 240_000,
  /** Who owes us blocks and says nothing for so long is sent a keep-alive, which a peer that is gone cannot acknowledge. */
  silenceAskedMs: 5_000,
  /** BEP 3's anti-snubbing: a minute without a block. */
  snubbedMs: 60_000,
  /** When a peer brings nothing for so long, what is on order from it may be asked of somebody else. */
  requestTimeoutMs: 30_000,
  /** Blocks that take longer than this show so often that they grow. */
  blockPartMs: 10_000,
  /** A peer that refuses, or chokes us while we wait, is asked again after this, or it could have us ask in a circle. */
  requestAfterDenialMs: 1_000,
  /** Likewise a block that the peer passes over while it brings others. */
  requestPassedOverMs: 60_000,
  /** Failed attempts at one piece whose blocks are remembered to find the culprit. */
  rejectionsKept: 4,
  /** Bytes of pieces in flight in one transfer: half-filled, being hashed, or being written. */
  pieceBuffersBytesMax: 32 * MIB,
  /** However long pieces are, so many may be in flight. */
  piecesInFlightMin: 3,
  piecesInFlightMax: 512,
  /** Pieces that somebody reads have so many buffers beside those: a reader does not wait for a place. */
  urgentPiecesExtra: 2,
  /** Of those, the first are asked of a second peer where the first would be late, but not before it had so long. */
  urgentPiecesDoubled: 4,
  urgentPatienceMs: 1_000,
  /** Pieces whose deadlines a program sets itself. */
  deadlinesMax: 1_024,
  /** Streams of one transfer that are open at one time: a player has a few. */
  streamsMax: 64,
  /** What is ahead of a reader is due in so many bytes and pieces, each piece so much later than the one before. */
  streamAheadBytes: 8 * MIB,
  streamPiecesMax: 32,
  streamPieceMs: 500,
  /** A stream is read so much at a time. */
  streamReadBytes: 64 * KIB,
  /** Blocks asked of one more peer at a time in the endgame. */
  endgameBlocksMax: 4,
  /** Peers that are asked for the same block in the endgame. */
  endgameOrdersMax: 3,
  /** Blocks that are decided in one turn: what a chunk of 1 MiB holds, and each adds a few steps at most. */
  blocksInTurnMax: 64,
  /** Steps of one turn: beyond it actors talk to each other for ever, which is a bug. */
  turnStepsMax: 100_000,
  /** How often an active transfer looks at the clock: choke rounds, timeouts and announces are exact to this. */
  lookAtTimeMs: 1_000,
  /** Peers asked of a tracker. */
  announcePeersWanted: 80,
  /** Whatever a tracker says, announces come no closer and no further apart than this. */
  announceIntervalMinMs: 10_000,
  announceIntervalMaxMs: 86_400_000,
  /** Reasons in the log are for reading: of a stranger's text, this many characters. */
  reasonTextMax: 300,
  /** What was written is brought to the medium this often; so much is re-checked after a loss of power. */
  syncIntervalMs: 30_000,
  /** A file written last by us may be a little newer than our last event: commits take a moment, clocks have grains. */
  stampSlackMs: 2_000,
  /** Read from disk at one time for peers that ask for blocks. */
  readChunkBytes: 1 * MIB,
  /** Kept of what was read for peers, in one transfer. */
  readCacheBytesMax: 8 * MIB,
  /** Memory of chunks that is kept to be read into, beside those that are cached. */
  readSpareBytesMax: 2 * MIB,
  /** Pieces read and hashed at one time while files are checked. */
  checksAtOnceMax: 2,
  /** A closing transfer waits so long for trackers to hear of it. */
  farewellMs: 2_000,
  /** Samples of metrics that are computed from a log: 20 values each, all in memory until they are written. */
  metricsSamplesMax: 20_000,
  /** Events between two checkpoints: folding so many takes some thirty milliseconds. */
  checkpointEveryEvents: 25_000,
  /** Large ones, as of a torrent of 100,000 pieces (2 MiB), are further apart: what they add to the log for each event. */
  checkpointBytesPerEvent: 16,
  /** How often a listener hears of progress. */
  progressIntervalMs: 250,
  /** Connections that have not said yet which transfer they are for. */
  arrivalsMax: 128,
  /** Records of a capsule are gathered in blocks of about this, some 1,000 events: so many are lost to one bad byte. */
  capsuleBlockBytes: 16 * KIB,
  /** Torrents and snapshots of a capsule are cut into blocks of this. */
  capsuleChunkBytes: 256 * KIB,
  /** A record may be long (sizes of 200,000 files take 3 MiB), and a root lists every block. */
  capsuleBlockBytesMax: 4 * MIB,
  /** Blocks of records in a capsule: at 16 KiB each 0.9 GiB, some 60 million events. */
  capsuleBlocksMax: 60_000,
  /** Values of CBOR in one block: four for each of so many blocks, and some. */
  capsuleValuesMax: 300_000,
  capsuleDepthMax: 16,
  /** A snapshot in a capsule; one of a torrent of 2^21 pieces with 80 peers takes 33 MiB. */
  capsuleSnapshotBytesMax: 64 * MIB,
  /** Peers that the events of a capsule may have connected at one time: each costs a bitfield. */
  capsulePeersMax: 1_000,
  /** Different names, addresses and texts that are replaced in one capsule: each is remembered. */
  capsuleNamesMax: 2_000_000,
  /** Events of a capsule that is merged with another: what was said is kept of both, some 200 bytes a message. */
  mergeEventsMax: 2_000_000,
} as const
