/** Upload only: peers hear that we fetch nothing, or that we do again (BEP 21). */
import type { TransferState } from '../events/state.js'
import type { Effect } from './vocabulary.js'

/** Peers that were told otherwise hear whether we want any more (BEP 21): handshakes of BEP 10 add up. */
export const sayUploadOnly = (state: Readonly<TransferState>, uploadOnly: boolean): readonly Effect[] =>
  [...state.peers.values()].flatMap((peer): Effect[] =>
    peer.standing.tags.open === true && peer.extensions
      ? [{ type: 'extend', peer: peer.key, uploadOnly, pex: state.pex.on, punching: state.punching }]
      : [],
  )
