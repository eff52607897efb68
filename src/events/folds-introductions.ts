/** Folds of introductions: how many offers there were in this session, and what came of them. */
import type { Folds } from './fold.js'
import { stepPeer } from './peers.js'
import type { TransferState } from './state.js'

export const forgetIntroductions = ({ introductions }: TransferState): void => {
  Object.assign(introductions, { offered: 0, answered: 0, received: 0, opened: 0 })
  introductions.failed.clear()
}

export const introductionFolds = {
  'offers-made'({ introductions }, event) {
    introductions.offered += event.introductions.length
  },
  'offer-answered'({ introductions }) {
    introductions.answered++
  },
  'offer-received'({ introductions }) {
    introductions.received++
  },
  'introduction-opened'({ introductions }) {
    introductions.opened++
  },
  'introduction-failed'({ introductions: { failed } }, { reason }) {
    failed.set(reason, (failed.get(reason) ?? 0) + 1)
  },
  'offers-ignored': () => undefined,
  'peer-introduced'(state, event) {
    stepPeer(state, event.peer, event.type).rank = event.rank
  },
} satisfies Partial<Folds>
