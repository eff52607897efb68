/** Serving metadata: which peers get the pieces of `info` that they ask for (BEP 9). */
import type { PeerState, TransferState } from '../events/state.js'
import type { EventOf } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import { metadataPieces } from '../wire/utmetadata.js'
import { closePeer } from './peer-steps.js'
import { type Decision, decided, NOTHING, type PeerInput } from './vocabulary.js'

type Denial = EventOf<'metadata-denied'>['reason']
type Asked = Extract<PeerInput, { readonly type: 'metadata-asked' }>

/** `totalBytes` is how long ours are; 0 where there are none to be had. */
const denialOf = (served: number, { metadataPiece, totalBytes }: Asked): Denial | undefined => {
  if (totalBytes === 0) return 'unknown'
  const pieces = metadataPieces(totalBytes)
  if (metadataPiece >= pieces) return 'no-such-piece'
  return served >= LIMITS.metadataServedTimes * pieces ? 'too-many' : undefined
}

export const metadataAsked = (state: Readonly<TransferState>, peer: Readonly<PeerState>, asked: Asked): Decision => {
  if (peer.standing.tags.open !== true) return NOTHING
  const { key } = peer
  const { metadataPiece } = asked
  const { served, denied } = peer.metadata ?? { served: 0, denied: 0 }
  const reason = denialOf(served, asked)
  if (reason === undefined)
    return decided({
      events: [{ type: 'metadata-served', peer: key, metadataPiece }],
      effects: [{ type: 'serve-metadata', peer: key, metadataPiece }],
    })
  if (denied >= LIMITS.metadataDeniedMax)
    return closePeer(state, peer, 'metadata-flood', `${denied} requests for metadata were denied`)
  return decided({
    events: [{ type: 'metadata-denied', peer: key, metadataPiece, reason }],
    effects: [{ type: 'reject-metadata', peer: key, metadataPiece }],
  })
}
