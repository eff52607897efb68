/** Finding peers: why a transfer has no connection, from what trackers, dials and the router came to. */
import type { Candidate, TrackerState, TransferState } from '../../events/state.js'
import { NO_WAY_OUT } from '../../outside.js'
import { type Claim, claim, showDuration, showMany, type View } from './claim.js'
import { findEvidence, lastOf, type Sought } from './evidence.js'
import { ofIntroductions } from './introductions.js'

/** Trackers that are told of one by one. */
const TRACKERS_MAX = 16
const DIALS_CITED = 5
const ANY_SESSION = { inSession: false }

const ofTracker = (tracker: Readonly<TrackerState>, now: number): Claim | undefined => {
  const { url, announcing, failures, lastError, lastWarning, lastAnswerAt } = tracker
  const isIt = (event: { readonly tracker: string }): boolean => event.tracker === url
  if (failures > 0) {
    const times = failures > 1 ? `, ${failures} times in a row` : ''
    return claim('tracker-failed', `${url}: ${lastError}${times}`, lastOf('announce-failed', isIt))
  }
  if (announcing) return claim('tracker-asked', `${url} was asked and is silent so far`, lastOf('announce-began', isIt))
  if (lastAnswerAt === 0) return undefined
  const ago = `${showDuration(now - lastAnswerAt)} ago`
  const warns = lastWarning === '' ? '' : `; it warns: ${lastWarning}`
  const answer = lastOf('announce-answered', isIt)
  return tracker.seeds === 0 && (tracker.leechers ?? 0) <= 1
    ? claim('tracker-knows-nobody', `${url} answered ${ago} and knows nobody else${warns}`, answer)
    : claim('tracker-answered', `${url} answered ${ago}${warns}`, answer)
}

const ofTrackers = ({ tiers }: Readonly<TransferState>, now: number): readonly Claim[] => {
  const trackers = tiers.flat()
  if (trackers.length === 0)
    return [claim('no-trackers', 'the torrent has no tracker', lastOf('transfer-added', undefined, ANY_SESSION))]
  return trackers.slice(0, TRACKERS_MAX).flatMap((tracker) => ofTracker(tracker, now) ?? [])
}

/** What the DHT came to, where we are a node of it and may ask. */
const ofDht = (state: Readonly<TransferState>): readonly Claim[] => {
  const { port, joined, looking, lastError, answered, peers } = state.dht
  if (port === 0 || state.private) return []
  if (!joined)
    return [claim('dht-unreached', 'no node of the DHT has answered', lastOf('dht-began'), lastOf('dht-failed'))]
  if (looking) return [claim('dht-asked', 'the DHT is being asked for peers', lastOf('dht-lookup-began'))]
  if (lastError !== '')
    return [claim('dht-failed', `the DHT was asked for peers: ${lastError}`, lastOf('dht-lookup-failed'))]
  if (answered === 0) return []
  const nodes = `${showMany(answered, 'node')} of the DHT answered`
  const ended = lastOf('dht-lookup-ended')
  return peers === 0
    ? [claim('dht-knows-nobody', `${nodes} and named no peer`, ended)]
    : [claim('dht-answered', `${nodes} and named ${showMany(peers, 'peer')}`, ended)]
}

const ofDials = (state: Readonly<TransferState>, now: number): readonly Claim[] => {
  const candidates: readonly Candidate[] = [...state.candidates.values()]
  const failed = candidates.filter(({ failures }) => failures > 0)
  if (failed.length === 0) return []
  const next = Math.min(...failed.map(({ nextDialAt }) => nextDialAt))
  const known = `${showMany(candidates.length, 'address', 'addresses')} known`
  return [
    claim(
      'dials-failed',
      `${failed.length} of ${known} could not be reached or were let go`,
      lastOf('dial-failed', undefined, { count: DIALS_CITED }),
    ),
    ...(next > now && state.peers.size === 0
      ? [claim('waiting-to-dial', `the next attempt is in ${showDuration(next - now)}`)]
      : []),
  ]
}

/** Why dials failed that says more than that they did. */
const ofReasons = async ({ state, history }: View): Promise<readonly Claim[]> => {
  const failedFor = (...reasons: readonly string[]) =>
    lastOf('dial-failed', ({ reason }) => reasons.includes(reason), { count: DIALS_CITED })
  const proxy = failedFor('PROXY_FAILED', 'PROXY_REFUSED')
  // Only where it is required does a dial fail for it.
  const encryption = failedFor('NOT_ENCRYPTED')
  const wayless = lastOf('dial-failed', ({ reason }) => NO_WAY_OUT.has(reason))
  const [last, reached] = [lastOf('dial-failed'), lastOf('peer-connected')]
  const found = await findEvidence(history, state.nextSeq, [proxy, encryption, wayless, last, reached])
  const newest = (sought: Sought): number => found.get(sought)?.at(-1) ?? -1
  return [
    ...(newest(wayless) > newest(reached) && newest(wayless) === newest(last)
      ? [claim('no-way-out', 'this machine has no way to the peers that it dialed last', wayless)]
      : []),
    ...(found.get(proxy)?.length ? [claim('proxy-failed', 'the proxy could not be reached, or refused', proxy)] : []),
    ...(found.get(encryption)?.length
      ? [claim('encryption-refused', 'peers that were reached have no encryption', encryption)]
      : []),
  ]
}

const ofBanned = ({ banned }: Readonly<TransferState>): readonly Claim[] => {
  if (banned.size === 0) return []
  const text = `${showMany(banned.size, 'address', 'addresses')} sent wrong blocks and ${banned.size === 1 ? 'is' : 'are'} banned`
  return [claim('banned-peers', text, lastOf('address-banned', undefined, { ...ANY_SESSION, count: DIALS_CITED }))]
}

const ofBlocked = ({ refused, blockedRanges }: Readonly<TransferState>): readonly Claim[] => {
  if (refused === 0) return []
  const text = `${showMany(refused, 'address', 'addresses')} on the blocklist of ${showMany(blockedRanges, 'range')} turned away`
  return [
    claim(
      'addresses-blocked',
      text,
      lastOf('blocklist-set'),
      lastOf('address-refused', undefined, { count: DIALS_CITED }),
    ),
  ]
}

/** Whether others can reach us: who came shows it, and what a router said. */
const ofReach = async ({ state, history }: View): Promise<readonly Claim[]> => {
  if (state.mapping !== undefined) return []
  const came = lastOf('peer-accepted')
  if ((await findEvidence(history, state.nextSeq, [came])).get(came)?.length !== 0) return []
  const text = 'nobody connected to us in this session, and no router is known to let others in'
  const failed = lastOf('port-mapping-failed', undefined, { count: 2 })
  return [claim('port-unreachable', text, failed, lastOf('port-unmapped'))]
}

/** What stands between a transfer without connections and its peers; empty where it has one. */
export const findingPeers = async (view: View): Promise<readonly Claim[]> => {
  const { state, now } = view
  const peers = [...state.peers.values()].filter(({ webSeed }) => webSeed === undefined)
  if (peers.some(({ standing }) => standing.tags.open === true)) return []
  const none = claim('no-peers', 'there is no connection to any peer', lastOf('peer-closed', undefined, ANY_SESSION))
  if (peers.length > 0) {
    const text = `${showMany(peers.length, 'connection')} being opened`
    const held = peers.filter((peer) => peer.held).length
    const full = claim('connections-full', `${showMany(held, 'connection')} to be opened wait`, lastOf('dial-held'))
    const connecting = claim('connecting', text, lastOf('dial-began'), lastOf('peer-connected'))
    return [none, connecting, ...(held > 0 ? [full] : []), ...(await ofReasons(view))]
  }
  return [
    none,
    ...ofTrackers(state, now),
    ...ofIntroductions(state),
    ...ofDht(state),
    ...(state.private
      ? [
          claim(
            'private',
            'the torrent is private: only its trackers may name peers',
            lastOf('transfer-added', undefined, ANY_SESSION),
          ),
        ]
      : []),
    ...ofDials(state, now),
    ...(await ofReasons(view)),
    ...ofBanned(state),
    ...ofBlocked(state),
    ...(await ofReach(view)),
  ]
}
