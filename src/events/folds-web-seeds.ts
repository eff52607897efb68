/** Folds of web seeds: which there are, which are being asked, and what they lack (BEP 19). */
import { LIMITS } from '../limits.js'
import type { PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import type { Folds } from './fold.js'
import { losePiece } from './folds-hints.js'
import { endParole, learnPieces, leave, newPeer, releaseRequests, stepPeer } from './peers.js'
import type { TransferState, WebSeedState } from './state.js'

const newWebSeed = (url: string): WebSeedState => ({
  url,
  failures: 0,
  nextAskAt: 0,
  lastError: '',
  peer: undefined,
  lacks: undefined,
  nextPiece: 0,
})

/** A session, or a user who resumes, tries every web seed anew; none is being asked. */
export const askAnew = (state: TransferState): void => {
  for (const webSeed of state.webSeeds.values()) {
    webSeed.peer = undefined
    webSeed.nextAskAt = 0
    webSeed.failures = 0
    webSeed.lacks = undefined
  }
}

const hasOf = (state: TransferState, { lacks }: WebSeedState): Bitfield => {
  const has = Bitfield.filled(state.geometry.pieceCount)
  if (lacks !== undefined) for (const piece of lacks.indices()) has.clear(piece)
  return has
}

export const webSeedFolds = {
  'web-seeds-set'(state, event) {
    const known = new Map(state.webSeeds)
    state.webSeeds.clear()
    for (const url of event.urls) state.webSeeds.set(url, known.get(url) ?? newWebSeed(url))
  },
  'web-seed-began'(state, event, at) {
    const address = { host: event.host, port: event.port }
    const peer = newPeer(state, event.peer, address, false, at, event.url)
    state.peers.set(event.peer, peer)
    state.nextPeer = event.peer + 1
    stepPeer(state, event.peer, event.type)
    peer.requestsMax = LIMITS.webSeedBlocksMax
    const webSeed = state.webSeeds.get(event.url)
    if (webSeed !== undefined) webSeed.peer = event.peer
    learnPieces(state, peer, webSeed === undefined ? Bitfield.filled(state.geometry.pieceCount) : hasOf(state, webSeed))
  },
  'web-seed-failed'(state, event, at) {
    const peer = stepPeer(state, event.peer, event.type)
    const webSeed = state.webSeeds.get(event.url)
    if (webSeed !== undefined) {
      webSeed.failures = peer.downloaded.total > 0 ? 1 : webSeed.failures + 1
      webSeed.nextAskAt = at + event.againMs
      webSeed.lastError = `${event.reason}: ${event.detail}`
      webSeed.peer = undefined
    }
    leave(state, peer)
  },
  'web-seed-lacks'(state, event) {
    const peer = stepPeer(state, event.peer, event.type)
    const webSeed = state.webSeeds.get(event.url)
    releaseRequests(state, peer)
    endParole(state, peer)
    for (let index = event.firstPiece as number; index <= event.lastPiece; index++) {
      const piece = index as PieceIndex // vetted, or the layout's own
      losePiece(state, peer, piece)
      if (webSeed === undefined) continue
      webSeed.lacks ??= new Bitfield(state.geometry.pieceCount)
      webSeed.lacks.set(piece)
    }
    if (webSeed !== undefined) webSeed.lastError = event.reason
  },
} satisfies Partial<Folds>
