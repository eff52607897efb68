/** Folds of what the user allows a transfer: when seeding is enough, how many connections, and with whom. */

import { transferLifecycle } from '../actors/transfer.machine.js'
import { LIMITS } from '../limits.js'
import type { Instant } from '../values.js'
import { banName } from './banning.js'
import type { Folds } from './fold.js'
import { askAnew } from './folds-web-seeds.js'
import { newMetadata } from './metadata.js'
import type { TransferState } from './state.js'

export const beginSeeding = ({ seeded }: TransferState, at: Instant): void => {
  if (seeded.since === 0) seeded.since = at
}

/** Nothing is seeded from now on, or was since the last event. */
export const endSeeding = ({ seeded }: TransferState, at: Instant): void => {
  if (seeded.since === 0) return
  seeded.totalMs += Math.max(0, at - seeded.since)
  seeded.since = 0
}

/** As if it had begun just now. */
export const lookForPeersAnew = (state: TransferState): void => {
  if (state.metadata !== undefined) state.metadata = newMetadata()
  state.announceNext.at = 0
  state.announceNext.rounds = 0
  for (const candidate of state.candidates.values()) {
    candidate.nextDialAt = 0
    candidate.failures = 0
  }
  askAnew(state)
}

/** The newest count, and there are no more of them than of trackers. */
const wish = (wishes: Map<string, boolean>, url: string, wanted: boolean): void => {
  wishes.delete(url)
  wishes.set(url, wanted)
  for (const oldest of wishes.keys()) {
    if (wishes.size <= LIMITS.trackersMax) return
    wishes.delete(oldest)
  }
}

export const goalFolds = {
  'address-barred'(state, event) {
    state.banned.add(event.address)
    for (const [name, { address }] of state.candidates)
      if (banName(address) === event.address) state.candidates.delete(name)
  },
  'address-allowed'(state, event) {
    state.banned.delete(event.address)
  },
  'goals-set'(state, { ratioPermille, seedingMs }) {
    state.goals = { ratioPermille, seedingMs }
  },
  'tracker-wished'(state, { tracker, wanted }) {
    wish(state.wishedTrackers, tracker, wanted)
  },
  'web-seed-wished'(state, { url, wanted }) {
    wish(state.wishedWebSeeds, url, wanted)
  },
  'goal-reached': () => undefined,
  queued(state, { type, of, most }, at) {
    endSeeding(state, at)
    state.standing = transferLifecycle.step(state.standing, type)
    state.queued = { of, most }
  },
  'turn-came'(state, { type }) {
    state.standing = transferLifecycle.step(state.standing, type)
    state.queued = undefined
    lookForPeersAnew(state)
  },
  'place-set'(state, { rank }) {
    state.rank = rank
  },
  'bounds-set'(state, { peersMax, uploadSlots }) {
    state.bounds = { peersMax, uploadSlots }
  },
} satisfies Partial<Folds>
