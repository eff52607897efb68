/** Folds of what the user allows a transfer: when seeding is enough, how many connections, and with whom. */
import type { Instant } from '../values.js'
import { banName } from './banning.js'
import type { Folds } from './fold.js'
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
  'goal-reached': () => undefined,
  'bounds-set'(state, { peersMax, uploadSlots }) {
    state.bounds = { peersMax, uploadSlots }
  },
} satisfies Partial<Folds>
