/** The vocabulary of metadata: how a torrent of which only the hash is known comes to its `info` (BEP 9). */
import type { PeerKey } from '../values.js'
import { bytes, flag, list, oneOf, optional, text, whole } from './fields.js'
import { event } from './table.js'

const peer = whole<PeerKey>()
const count = whole()
/** Pieces of metadata are not those of the content, and are never called the same. */
const metadataPiece = count

export const METADATA_EVENTS = {
  'metadata-sought': event(144, 'Only the hash of the torrent is known: peers are asked for its metadata (BEP 9).', {}),
  'metadata-offered': event(145, 'The peer has metadata, of so many bytes as it says.', { peer, bytes: count }),
  'metadata-attempt-began': event(
    146,
    'Metadata of this length are fetched from now on: of all who offer them, or of one peer alone to find a liar.',
    { bytes: count, alone: optional(peer) },
  ),
  'metadata-requested': event(147, 'We asked the peer for these pieces of metadata.', {
    peer,
    metadataPieces: list(metadataPiece),
  }),
  'metadata-received': event(148, 'A piece of metadata that we lacked came, and is kept.', { peer, metadataPiece }),
  'metadata-wasted': event(149, 'A piece of metadata came that is of no use any more.', { peer, metadataPiece }),
  'metadata-refused': event(150, 'The peer will not hand over a piece of metadata now.', { peer, metadataPiece }),
  'metadata-overdue': event(151, 'The peer has not answered in time: others are asked for these pieces of metadata.', {
    peer,
    metadataPieces: list(metadataPiece),
  }),
  'metadata-filled': event(152, 'Every piece of the metadata is here.', {}),
  'metadata-rejected': event(153, 'The hash of the metadata is wrong; suspects gave the pieces.', {
    suspects: list(peer),
    fingerprints: list(count),
  }),
  'metadata-completed': event(154, 'The hash is right, and the metadata are kept: the torrent is known.', {
    name: text,
    pieceLength: count,
    totalBytes: count,
    private: flag,
  }),
  'metadata-liar-banned': event(155, 'This address gave wrong metadata: no more connections with it.', {
    address: text,
    kind: oneOf('wrong-piece', 'wrong-size'),
  }),
  'metadata-served': event(156, 'The peer asked for a piece of metadata, and was sent it.', { peer, metadataPiece }),
  'metadata-denied': event(157, 'The peer asked for a piece of metadata that it does not get.', {
    peer,
    metadataPiece: count,
    reason: oneOf('unknown', 'no-such-piece', 'too-many'),
  }),
  'early-bitfield-received': event(
    158,
    'Which pieces the peer has, as a bitfield; how many there are is not known yet, and will judge it.',
    { peer, early: bytes },
  ),
  'early-have-received': event(159, 'The peer has one more piece; how many there are is not known yet.', {
    peer,
    index: count,
  }),
} as const
