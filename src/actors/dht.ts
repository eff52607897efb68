/** What a transfer has of the DHT (BEP 5): when it asks for peers and announces itself, and what came of it. */
import type { PeerState, TransferState } from '../events/state.js'
import { type Circumstances, type Decision, decided, NOTHING, type TrackersInput } from './vocabulary.js'

/** Of private torrents only their trackers may know (BEP 27). */
export const lookAtDht = (state: Readonly<TransferState>, { now }: Circumstances): Decision => {
  const { joined, looking, lookUpAt } = state.dht
  if (!joined || looking || state.private || lookUpAt > now) return NOTHING
  return decided({
    events: [{ type: 'dht-lookup-began' }],
    effects: [{ type: 'look-up' }],
  })
}

/** Whether peers are told that we are a node of the DHT. */
export const isDhtNode = (state: Readonly<TransferState>): boolean => state.dht.port !== 0 && !state.private

/** The peer says that it is a node (BEP 5): the first time only, or it could have us ask any number of ports. */
export const dhtPortHeard = (state: Readonly<TransferState>, peer: Readonly<PeerState>, port: number): Decision => {
  if (!isDhtNode(state) || port === 0 || peer.dhtPort !== 0) return NOTHING
  return decided({
    events: [{ type: 'dht-port-received', peer: peer.key, port }],
    effects: [{ type: 'meet-node', address: { host: peer.address.host, port } }],
  })
}

export const dhtAnswered = (
  state: Readonly<TransferState>,
  { asked, answered, peers, announced }: Extract<TrackersInput, { type: 'dht-answered' }>,
): Decision => {
  if (!state.dht.looking) return NOTHING
  if (answered > 0) return decided({ events: [{ type: 'dht-lookup-ended', asked, answered, peers, announced }] })
  const reason = asked === 0 ? 'no node is known' : `none of ${asked} nodes answered`
  return decided({ events: [{ type: 'dht-lookup-failed', reason }] })
}
