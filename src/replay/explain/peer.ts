/** Why a peer is as it is to us, and we to it. */
import { slotsOf } from '../../actors/choker.js'
import { banName } from '../../events/banning.js'
import { PEER_WINDOW_MS, rateOf } from '../../events/meter.js'
import type { PeerState, TransferState } from '../../events/state.js'
import { BLOCK_BYTES, type PeerAddress, showAddress } from '../../values.js'
import { type Claim, claim, type Finding, showDuration, showMany, showRate, type View } from './claim.js'
import { findEvidence, lastOf } from './evidence.js'
import { haltOf } from './halt.js'
import { isSilent, isSlow, requestsMost, whyChoked } from './holder.js'
import { rateClaims } from './rate.js'
import { ofWebSeed } from './web-seeds.js'

const ANY_SESSION = { inSession: false }
/** A round trip below this holds nobody back, and so few requests as a peer may let wait do. */
const LONG_DELAY_MS = 50
const NEARLY_ALL = 0.8

const isAt =
  (address: PeerAddress) =>
  (event: { readonly host: string; readonly port: number }): boolean =>
    event.host === address.host && event.port === address.port

/** The connection at this address: where there are several, the open one, or the latest. */
export const peerAt = (state: Readonly<TransferState>, address: PeerAddress): PeerState | undefined => {
  const name = showAddress(address)
  const there = [...state.peers.values()].filter(
    (peer) =>
      showAddress(peer.address) === name || (peer.address.host === address.host && peer.listenPort === address.port),
  )
  return there.find(({ standing }) => standing.tags.open === true) ?? there.at(-1)
}

const blockedAt = async ({ state, history }: View, address: PeerAddress): Promise<readonly Claim[]> => {
  if (state.refused === 0) return []
  const refused = lastOf('address-refused', isAt(address))
  const found = (await findEvidence(history, state.nextSeq, [refused])).get(refused)
  if (found === undefined || found.length === 0) return []
  return [claim('blocked', `${showAddress(address)} is on the blocklist`, lastOf('blocklist-set'), refused)]
}

/** What came of those who might have had it dial us (BEP 55). */
const ofRendezvous = async ({ state, history }: View, address: PeerAddress): Promise<readonly Claim[]> => {
  if (!state.punching) return []
  const asked = lastOf('rendezvous-asked', isAt(address))
  const failed = lastOf('rendezvous-failed', isAt(address))
  const found = await findEvidence(history, state.nextSeq, [asked, failed])
  if (found.get(asked)?.length !== 1) return []
  const name = showAddress(address)
  return [
    claim('rendezvous-asked', `a peer that knows ${name} was asked to have it dial us`, asked),
    ...(found.get(failed)?.length === 1
      ? [claim('rendezvous-failed', `that peer cannot have ${name} dial us`, failed)]
      : []),
  ]
}

const ofPunch = ({ key, punched, address }: Readonly<PeerState>): readonly Claim[] =>
  punched
    ? [
        claim(
          'hole-punched',
          `${showAddress(address)} and we dialed each other at the same moment`,
          lastOf('punch-began', ({ peer }) => peer === key),
        ),
      ]
    : []

const ofIntroduction = ({ key, rank, address }: Readonly<PeerState>): readonly Claim[] =>
  rank === 0
    ? []
    : [
        claim(
          'introduced',
          `a tracker introduced ${showAddress(address)} and us`,
          lastOf('peer-introduced', ({ peer }) => peer === key),
        ),
      ]

/** Nobody is connected there: what became of it. */
const absent = async (view: View, address: PeerAddress): Promise<Finding> => {
  const { state, now } = view
  const name = showAddress(address)
  const candidate = state.candidates.get(name)
  const met = await keysAt(view, address)
  const blocked = await blockedAt(view, address)
  if (candidate === undefined && met.size === 0 && blocked.length === 0)
    return { verdict: 'unknown', claims: [claim('never-met', `nobody has named ${name}, and it never came`)] }
  const isIt = (event: { readonly peer: number }): boolean => met.has(event.peer)
  const claims: Claim[] = [...blocked]
  const host = banName(address)
  if (state.banned.has(host))
    claims.push(
      claim(
        'banned',
        `${host} sent wrong blocks and is banned`,
        lastOf('address-banned', (event) => event.address === host, ANY_SESSION),
        lastOf('piece-rejected', (event) => event.suspects.some((suspect) => met.has(suspect)), ANY_SESSION),
      ),
    )
  claims.push(
    claim(
      'closed',
      `its last connection of ${met.size} ended`,
      lastOf('peer-closed', isIt, ANY_SESSION),
      lastOf('dial-failed', isIt, ANY_SESSION),
    ),
  )
  if (met.size === 0) claims.pop()
  if (candidate !== undefined && candidate.failures > 0) {
    const left = Math.max(0, candidate.nextDialAt - now)
    const again = left === 0 ? 'at once' : `in ${showDuration(left)}`
    const text = `${showMany(candidate.failures, 'attempt')} to connect came to nothing or ended; the next is due ${again}`
    claims.push(
      claim('dial-failed', text, lastOf('dial-failed', isIt, ANY_SESSION)),
      ...(await ofRendezvous(view, address)),
    )
  } else if (candidate !== undefined && met.size === 0)
    claims.push(
      claim('not-connected', `${name} was named by ${SOURCES[candidate.source]} and not dialed yet`, named(address)),
    )
  const halt = await haltOf(view)
  return { verdict: 'stopped', claims: halt === undefined ? claims : [halt, ...claims] }
}

const SOURCES = {
  tracker: 'a tracker',
  user: 'the user',
  incoming: 'the peer itself',
  lsd: 'the local network',
  dht: 'the DHT',
  pex: 'another peer',
} as const

const named = (address: PeerAddress) =>
  lastOf('candidates-found', ({ addresses }) => addresses.some(isAt(address)), ANY_SESSION)

/** The numbers of all connections there ever were with it. */
const keysAt = async ({ history, state }: View, address: PeerAddress): Promise<ReadonlySet<number>> => {
  const keys = new Set<number>()
  const fits = isAt(address)
  for await (const events of history.backwards(state.nextSeq))
    for (const { event } of events)
      if ((event.type === 'dial-began' || event.type === 'peer-accepted') && fits(event)) keys.add(event.peer)
  return keys
}

const whatItGives = (view: View, peer: Readonly<PeerState>): readonly Claim[] => {
  const { state, now } = view
  const { key, address } = peer
  const { tags } = peer.standing
  const name = showAddress(address)
  const isIt = (event: { readonly peer: number }): boolean => event.peer === key
  if (state.missing === 0) return []
  if (peer.interesting === 0) {
    const said = peer.saidPieces
      ? `of its ${showMany(peer.has.count, 'piece')} we lack none`
      : 'it has not said what it has'
    const proof = [
      lastOf('not-interested-sent', isIt),
      lastOf('bitfield-received', isIt),
      lastOf('have-none-received', isIt),
    ]
    return [claim('nothing-for-us', `${name} has nothing that we want: ${said}`, ...proof)]
  }
  if (tags.peerChoking === true && peer.requested.size === 0) return [whyChoked(peer, now)]
  const asked = lastOf('blocks-requested', isIt)
  if (peer.snubbed)
    return [
      claim(
        'snubs-us',
        `${name} has sent no block for ${showDuration(now - peer.lastBlockAt)}`,
        lastOf('peer-snubbed', isIt),
        asked,
      ),
    ]
  const rate = rateOf(peer.downloaded, now, PEER_WINDOW_MS)
  const text = `${name} gives us ${showRate(rate)}; ${showMany(peer.requested.size, 'block')} on order`
  const claims = [claim('serves-us', text, lastOf('unchoke-received', isIt), lastOf('block-received', isIt), asked)]
  const most = requestsMost(peer)
  const { delayMs, target } = peer.pipeline
  if (target >= NEARLY_ALL * most && peer.requested.size >= NEARLY_ALL * most && delayMs >= LONG_DELAY_MS) {
    const bound = showRate((most * BLOCK_BYTES * 1_000) / delayMs)
    const why = `it lets ${showMany(most, 'request')} wait, and a block takes ${showDuration(delayMs)}: at most ${bound}`
    claims.push(claim('round-trips', why, lastOf('extensions-received', isIt), asked))
  } else if (isSlow(peer, now) && peer.requested.size > 0)
    claims.push(
      claim(
        'holder-slow',
        `nothing came for ${showDuration(now - peer.lastBlockAt)}`,
        asked,
        lastOf('block-received', isIt),
      ),
    )
  return claims
}

const whatItGets = ({ state, now }: View, peer: Readonly<PeerState>): readonly Claim[] => {
  const { key, address } = peer
  const { tags } = peer.standing
  const name = showAddress(address)
  const isIt = (event: { readonly peer: number }): boolean => event.peer === key
  if (tags.peerInterested !== true)
    return [
      claim(
        'wants-nothing',
        `${name} wants nothing from us`,
        lastOf('not-interested-received', isIt),
        lastOf('handshake-received', isIt),
      ),
    ]
  if (tags.amChoking === true) {
    const served = [...state.peers.values()].filter(
      ({ standing }) => standing.tags.open === true && standing.tags.amChoking !== true,
    )
    const text = `we choke ${name}: ${served.length} of ${slotsOf(state)} slots are given to others`
    return [
      claim(
        'we-choke-it',
        text,
        lastOf('choke-sent', isIt),
        lastOf('choke-round-ended'),
        lastOf('interested-received', isIt),
      ),
    ]
  }
  const rate = showRate(rateOf(peer.uploaded, now, PEER_WINDOW_MS))
  const slot = state.optimistic === key ? ', in the optimistic slot' : ''
  const claims = [
    claim('we-serve-it', `we give ${name} ${rate}${slot}`, lastOf('unchoke-sent', isIt), lastOf('block-served', isIt)),
  ]
  if (peer.asked.size > 0)
    claims.push(
      claim(
        'waits-for-us',
        `${showMany(peer.asked.size, 'block')} that it asked for are yet to go out`,
        lastOf('request-received', isIt),
      ),
    )
  return claims
}

const sentWaste = (peer: Readonly<PeerState>): readonly Claim[] => {
  if (peer.wastedBytes === 0) return []
  const isIt = (event: { readonly peer: number }): boolean => event.peer === peer.key
  return [
    claim(
      'sent-waste',
      `${peer.wastedBytes} bytes of what it sent were of no use`,
      lastOf('block-wasted', isIt, { count: 5 }),
    ),
  ]
}

export const explainPeer = async (view: View, address: PeerAddress): Promise<Finding> => {
  const peer = peerAt(view.state, address)
  if (peer === undefined) return absent(view, address)
  if (peer.webSeed !== undefined) return ofWebSeed(view, peer)
  const { tags } = peer.standing
  const { key, since } = peer
  const isIt = (event: { readonly peer: number }): boolean => event.peer === key
  const begun = [lastOf('dial-began', isIt), lastOf('peer-accepted', isIt)]
  const age = showDuration(view.now - since)
  if (tags.dialing === true)
    return {
      verdict: 'waiting',
      claims: [claim('dialing', `a connection has been opening for ${age}`, ...begun), ...ofPunch(peer)],
    }
  if (tags.handshaking === true) {
    const text = `the connection has been open for ${age}, and no handshake came`
    return { verdict: 'waiting', claims: [claim('shaking-hands', text, ...begun, lastOf('peer-connected', isIt))] }
  }
  const claims = [
    ...whatItGives(view, peer),
    ...whatItGets(view, peer),
    ...ofPunch(peer),
    ...ofIntroduction(peer),
    ...sentWaste(peer),
    ...rateClaims(view),
  ]
  const codes = new Set(claims.map(({ code }) => code))
  const stalls = codes.has('holder-slow') && isSilent(peer, view.now)
  const moves = (codes.has('serves-us') && !stalls) || codes.has('we-serve-it')
  const stuck = stalls || codes.has('snubs-us') || codes.has('chokes-us')
  return { verdict: moves ? 'progressing' : stuck ? 'stuck' : 'waiting', claims }
}
