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
  /** Names are cut by no one but the file system: 255 bytes is what ext4, APFS and NTFS hold. */
  fileNameBytesMax: 255,
  filePathPartsMax: 64,
  /** Linux takes 4,096 bytes for a whole path; the rest is for the download folder. */
  filePathBytesMax: 3 * KIB,
  /** A `piece` message with a block of 128 KiB, which is the most that old clients ask for. */
  blockBytesServedMax: 128 * KIB,
  /** An extension message (BEP 10) other than metadata: handshakes take a few hundred bytes. */
  extendedBytesMax: 1 * MIB,
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
  /** A CID of SHA-256 in base 2 takes 289 characters; reading some bases takes time with the square of the length. */
  cidTextMax: 512,
  /** 1,000 trackers of ordinary length. */
  magnetTextMax: 64 * KIB,
  /** Peers named in a magnet URI (`x.pe`). */
  magnetPeersMax: 100,
  /** Web seeds in one torrent (BEP 19); real torrents name under 50. */
  webSeedsMax: 1_000,
  trackerUrlBytesMax: 4 * KIB,
  /** One read from a socket, into the one buffer that all connections of a process share. */
  socketReadBytesMax: 256 * KIB,
  /** Files that one disk keeps open; macOS gives a process 256 descriptors unless it asks for more. */
  openFilesMax: 64,
  /** Zeros written at a time where a file's space is taken at the start. */
  preallocateBytes: 1 * MIB,
  /** Peers taken from one answer of a tracker. */
  trackerPeersMax: 2_000,
} as const
