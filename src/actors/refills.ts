/** Refills: who is told that there may be something new to ask for. */
import type { PeerState, TransferState } from '../events/state.js'
import type { PeerKey } from '../values.js'
import { hasRoom } from './orders.js'
import type { Message } from './vocabulary.js'

/** Those who serve us, but some, may have something new to ask for. */
export const refillAll = (
  state: Readonly<TransferState>,
  isLeftOut: (peer: Readonly<PeerState>) => boolean,
): readonly Message[] => {
  const messages: Message[] = []
  for (const peer of state.peers.values())
    if (hasRoom(peer) && !isLeftOut(peer)) messages.push({ to: 'peer', peer: peer.key, message: { type: 'refill' } })
  return messages
}

/** As `refillAll`, of everybody but one. */
export const refillOthers = (state: Readonly<TransferState>, one: PeerKey): readonly Message[] =>
  refillAll(state, ({ key }) => key === one)
