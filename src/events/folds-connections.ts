import { LIMITS } from '../limits.js'
import { NO_WAY_OUT } from '../outside.js'
import { type Instant, type PeerId, type PeerKey, showAddress } from '../values.js'
import { banName } from './banning.js'
import type { Folds } from './fold.js'
import { areBothComplete, chat, hear, leave, newPeer, say, stepPeer } from './peers.js'
import type { Candidate, PeerState, TransferState } from './state.js'
import type { EventType } from './vocabulary.js'

const candidateOf = (state: TransferState, peer: PeerState): Candidate | undefined =>
  state.candidates.get(showAddress(peer.address))

/** Others were told of the peer, and are to hear that it is gone. */
const noteEnding = (state: TransferState, peer: PeerState): void => {
  const { address, incoming, listenPort, openedAs } = peer
  const port = incoming ? listenPort : address.port
  if (openedAs === 0 || port === undefined) return
  const { pex } = state
  pex.endings.push({ address: { host: address.host, port }, opened: openedAs, ended: ++pex.ended })
  if (pex.endings.length > LIMITS.pexEndingsKept) pex.endings.shift()
}

/** Where there is no room for more: somebody whom nobody could reach time and again. */
const forgetUnreachable = (state: TransferState): void => {
  for (const [name, { failures, peer, source }] of state.candidates)
    if (failures >= LIMITS.candidateFailuresMax && peer === undefined && source !== 'user') {
      state.candidates.delete(name)
      return
    }
}

/** How long a candidate is left alone after each failure in a row; and where somebody waits for it, or it is not to blame. */
const RETRY_MS = { first: 3_000, most: 1_800_000, mostAwaited: 30_000 } as const

/** A network that is away comes back while a user waits for it; that of a seed is back when others come. */
const isCutOff = (state: TransferState, reason: string): boolean =>
  NO_WAY_OUT.has(reason) &&
  state.standing.tags.seeding !== true &&
  ![...state.peers.values()].some(({ standing }) => standing.tags.open === true)

const putOff = (state: TransferState, candidate: Candidate, at: Instant, reason: string): void => {
  const isAwaited = candidate.source === 'user' || isCutOff(state, reason)
  const most = isAwaited ? RETRY_MS.mostAwaited : RETRY_MS.most
  candidate.nextDialAt = at + Math.min(most, RETRY_MS.first * 2 ** Math.min(candidate.failures, 16))
  candidate.failures++
  candidate.peer = undefined
}

/** Whoever is no peer is asked again when there is something to ask for. */
const stopAsking = (state: TransferState, peer: PeerState): void => {
  const webSeed = state.webSeeds.get(peer.webSeed ?? '')
  if (webSeed !== undefined) webSeed.peer = undefined
}

/** What a peer wants of hole punching is counted. */
const countPunch = (peer: PeerState, at: Instant): void => {
  if (at - peer.punchesSince >= LIMITS.punchesMs) {
    peer.punchesSince = at
    peer.punches = 0
  }
  peer.punches++
}

const wantPunch = (state: TransferState, event: { type: EventType; peer: PeerKey }, at: Instant): void =>
  countPunch(hear(state, event, at), at)

export const connectionFolds = {
  'candidates-found'(state, event) {
    for (const address of event.addresses) {
      const name = showAddress(address)
      const known = state.candidates.get(name)
      if (known !== undefined) {
        // Told anew, so worth a try; but no sooner than its failures allow.
        if (event.source === 'user') known.nextDialAt = 0
        continue
      }
      if (state.candidates.size >= LIMITS.candidatesMax) forgetUnreachable(state)
      if (state.candidates.size >= LIMITS.candidatesMax) continue
      state.candidates.set(name, {
        address,
        source: event.source,
        failures: 0,
        nextDialAt: 0,
        bothComplete: false,
        peer: undefined,
        introducer: undefined,
      })
    }
  },
  'dial-began'(state, event, at) {
    const address = { host: event.host, port: event.port }
    state.peers.set(event.peer, newPeer(state, event.peer, address, false, at))
    state.nextPeer = event.peer + 1
    const candidate = state.candidates.get(showAddress(address))
    if (candidate !== undefined) candidate.peer = event.peer
  },
  'dial-held'(state, event) {
    stepPeer(state, event.peer, event.type).held = true
  },
  'dial-released'(state, event) {
    stepPeer(state, event.peer, event.type).held = false
  },
  'dial-failed'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    const candidate = candidateOf(state, peer)
    if (candidate !== undefined) putOff(state, candidate, at, event.reason)
    state.peers.delete(event.peer)
  },
  'peer-accepted'(state, event, at) {
    const address = { host: event.host, port: event.port }
    state.peers.set(event.peer, newPeer(state, event.peer, address, true, at))
    state.nextPeer = event.peer + 1
    stepPeer(state, event.peer, event.type)
  },
  'peer-connected'(state, event) {
    stepPeer(state, event.peer, event.type)
  },
  'transport-known'(state, event) {
    const peer = stepPeer(state, event.peer, event.type)
    peer.transport = event.transport
    peer.protection = event.protection
  },
  'handshake-received'(state, event, at) {
    const peer = hear(state, event, at)
    peer.id = event.peerId as PeerId // 20 bytes of the handshake
    peer.fast = event.fast
    peer.extensions = event.extensions
    if (state.pex.on) {
      peer.openedAs = ++state.pex.opened
      peer.pexEnded = state.pex.ended
    }
  },
  'extensions-received'(state, event, at) {
    const peer = hear(state, event, at)
    chat(peer, at)
    peer.client = event.client ?? ''
    peer.listenPort = event.listenPort ?? peer.listenPort
    peer.uploadOnly = event.uploadOnly
    if (event.requestsMax !== undefined) peer.requestsMax = Math.max(1, Math.min(event.requestsMax, LIMITS.requestsMax))
  },
  'peer-closed'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    const candidate = candidateOf(state, peer)
    if (peer.webSeed !== undefined) stopAsking(state, peer)
    else if (candidate !== undefined) {
      if (peer.downloaded.total > 0 || peer.uploaded.total > 0) candidate.failures = 0
      putOff(state, candidate, at, event.reason)
      // Two seeds have nothing for each other, whoever of them said so first.
      candidate.bothComplete = areBothComplete(state, peer)
      // Not so a duplicate: a client of another rule than ours may have closed the other connection at the same time.
      if (candidate.bothComplete || event.reason === 'self-connection') candidate.nextDialAt = at + RETRY_MS.most
    }
    noteEnding(state, peer)
    leave(state, peer)
  },
  'address-banned'(state, event) {
    state.banned.add(event.address)
    for (const [name, { address }] of state.candidates)
      if (banName(address) === event.address) state.candidates.delete(name)
  },
  'address-refused'(state, event) {
    state.refused++
    state.candidates.delete(showAddress(event))
  },
  'pex-offered'(state, event) {
    stepPeer(state, event.peer, event.type).pex = event.number
  },
  'pex-sent'(state, event, at) {
    const peer = say(state, event, at)
    peer.pexSentAt = at
    peer.pexOpened = event.openedUpTo
    peer.pexEnded = event.endedUpTo
  },
  'pex-received'(state, event, at) {
    const peer = hear(state, event, at)
    peer.pexHeardAt = at
    peer.pexIgnored = false
  },
  'pex-ignored'(state, event, at) {
    hear(state, event, at).pexIgnored = true
  },
  'holepunch-offered'(state, event) {
    stepPeer(state, event.peer, event.type).holepunch = event.number
  },
  'introductions-offered'(state, event, at) {
    hear(state, event, at)
    for (const address of event.addresses) {
      const candidate = state.candidates.get(showAddress(address))
      if (candidate !== undefined) candidate.introducer = event.peer
    }
  },
  'rendezvous-asked': (state, event, at) => void say(state, event, at),
  'rendezvous-failed'(state, event, at) {
    wantPunch(state, event, at)
    const candidate = state.candidates.get(showAddress(event))
    if (candidate?.introducer === event.peer) candidate.introducer = undefined
  },
  'rendezvous-relayed': wantPunch,
  'rendezvous-refused': wantPunch,
  'punch-began'(state, event, at) {
    stepPeer(state, event.peer, event.type).punched = true
    const relay = state.peers.get(event.relay)
    if (relay !== undefined) countPunch(relay, at)
  },
  'punch-refused': wantPunch,
  'punch-ignored': wantPunch,
  'dht-port-received'(state, event, at) {
    hear(state, event, at).dhtPort = event.port
  },
} satisfies Partial<Folds>
