/** Why nobody knows yet what a torrent is of which only the hash is known (BEP 9). */
import type { MetadataState } from '../../events/metadata.js'
import type { PeerState } from '../../events/state.js'
import { showAddress } from '../../values.js'
import { type Claim, claim, type Finding, showMany, type View } from './claim.js'
import { findEvidence, lastOf } from './evidence.js'
import { findingPeers } from './finding-peers.js'
import { isOpen } from './holder.js'

const PEERS_MAX = 10
const ANY_SESSION = { inSession: false }

const ofAttempt = (
  { bytes, givers, received, full, alone }: Readonly<MetadataState>,
  peers: readonly PeerState[],
): readonly Claim[] => {
  if (bytes === 0) return []
  const asked = peers.filter(({ metadata }) => (metadata?.waiting ?? 0) > 0)
  const who = asked.slice(0, PEERS_MAX).map(({ address }) => showAddress(address))
  if (!full && who.length === 0) return []
  const whom = full ? 'their hash is being computed' : `asked of ${who.join(', ')}`
  const came = `${received} of ${showMany(givers.length, 'piece')} of them came; ${whom}`
  const fetched = claim('metadata-coming', came, lastOf('metadata-requested'), lastOf('metadata-received'))
  if (alone === undefined) return [fetched]
  return [
    fetched,
    claim('metadata-on-parole', 'they are fetched from one peer alone', lastOf('metadata-attempt-began')),
  ]
}

const ofOffers = (peers: readonly PeerState[], now: number): readonly Claim[] => {
  const offering = peers.filter(({ metadata }) => (metadata?.bytes ?? 0) > 0)
  if (offering.length === 0) {
    const text = `none of ${showMany(peers.length, 'peer')} has said that it has the metadata`
    return [claim('metadata-nowhere', text, lastOf('extensions-received'), lastOf('handshake-received'))]
  }
  const putOff = offering.filter(({ metadata }) => (metadata?.notBefore ?? 0) > now)
  if (putOff.length < offering.length) return []
  const text = `${showMany(putOff.length, 'peer')} that has them refused or did not answer, and is asked again later`
  return [claim('metadata-refused', text, lastOf('metadata-refused'), lastOf('metadata-overdue'))]
}

const ofRejections = async ({ state, history }: View): Promise<readonly Claim[]> => {
  const rejected = lastOf('metadata-rejected', undefined, { count: PEERS_MAX })
  const banned = lastOf('metadata-liar-banned', undefined, { ...ANY_SESSION, count: PEERS_MAX })
  const times = (await findEvidence(history, state.nextSeq, [rejected])).get(rejected)?.length ?? 0
  if (times === 0) return []
  return [
    claim('metadata-rejected', `their hash was wrong ${times === 1 ? 'once' : `${times} times`}`, rejected, banned),
  ]
}

/** Only of a transfer whose metadata are not known. */
export const explainMetadata = async (view: View, sought: Readonly<MetadataState>): Promise<Finding> => {
  const { state, now } = view
  const peers = [...state.peers.values()].filter(isOpen)
  const text = 'only the hash of the torrent is known; its names, lengths and hashes are asked of peers'
  const claims: Claim[] = [
    claim('metadata-unknown', text, lastOf('transfer-added', undefined, ANY_SESSION), lastOf('metadata-sought')),
  ]
  const coming = ofAttempt(sought, peers)
  claims.push(...coming)
  if (coming.length === 0 && peers.length > 0) claims.push(...ofOffers(peers, now))
  claims.push(...(await ofRejections(view)), ...(await findingPeers(view)))
  return { verdict: coming.length > 0 ? 'progressing' : 'stuck', claims }
}
