/** Folds of what trackers are asked and answer. */
import { LIMITS } from '../limits.js'
import type { Instant } from '../values.js'
import type { Folds } from './fold.js'
import type { TrackerState, TransferState } from './state.js'

export const trackerOf = (state: Readonly<TransferState>, url: string): TrackerState | undefined => {
  for (const tier of state.tiers) for (const tracker of tier) if (tracker.url === url) return tracker
  return undefined
}

const newTracker = (url: string): TrackerState => ({
  url,
  failures: 0,
  announcing: false,
  askedAt: 0,
  overdue: false,
  tellsCompleted: false,
  started: false,
  completed: false,
  intervalMs: 0,
  lastAnswerAt: 0,
  lastError: '',
  lastWarning: '',
  seeds: undefined,
  leechers: undefined,
  downloads: undefined,
  scraping: false,
  scrapeAt: 0,
})

/** First time that an announce which found no answer anywhere is tried again, doubled each time up to the most. */
const ANNOUNCE_RETRY_MS = { first: 5_000, most: 900_000 } as const

/** The address of the next tracker to try after the one that failed; the same tracker again, later, after the last. */
const tryNextTracker = (state: TransferState, at: Instant): void => {
  const next = state.announceNext
  next.tracker++
  if (next.tracker >= (state.tiers[next.tier]?.length ?? 0)) {
    next.tier++
    next.tracker = 0
  }
  next.at = at
  if (next.tier < state.tiers.length) return
  next.tier = 0
  next.at = at + Math.min(ANNOUNCE_RETRY_MS.most, ANNOUNCE_RETRY_MS.first * 2 ** Math.min(next.rounds, 16))
  next.rounds++
}

/** A tracker that answered moves to the front of its tier (BEP 12). */
const moveToFront = (state: TransferState, tracker: TrackerState): void => {
  for (const tier of state.tiers) {
    const at = tier.indexOf(tracker)
    if (at > 0) tier.unshift(...tier.splice(at, 1))
  }
}

/** No tracker of a new session has heard of it. */
export const forgetAnnounces = ({ announceNext, tiers }: TransferState): void => {
  Object.assign(announceNext, { tier: 0, tracker: 0, at: 0, rounds: 0 })
  const unheard = { started: false, announcing: false, overdue: false, scraping: false, failures: 0, lastWarning: '' }
  for (const tracker of tiers.flat()) Object.assign(tracker, unheard)
}

export const trackerFolds = {
  'trackers-set'(state, event) {
    const known = new Map(state.tiers.flat().map((tracker) => [tracker.url, tracker]))
    state.tiers = event.tiers.map((tier) => tier.map((url) => known.get(url) ?? newTracker(url)))
    state.announceNext.tier = 0
    state.announceNext.tracker = 0
    // Whoever changes them while peers are looked for wants to hear of the new ones now.
    if (state.standing.tags.active === true) state.announceNext.at = 0
  },
  'announce-began'(state, event, at) {
    const tracker = trackerOf(state, event.tracker)
    if (tracker === undefined) return
    if (event.event === 'stopped') {
      tracker.started = false
      return
    }
    tracker.announcing = true
    tracker.askedAt = at
    tracker.overdue = false
    // Who hears of us for the first time is told next that we did not have everything from the beginning.
    tracker.tellsCompleted = state.completed && (event.event !== 'started' || state.sessionDownloaded === 0)
    state.announceNext.at = at
  },
  'announce-answered'(state, event, at) {
    const tracker = trackerOf(state, event.tracker)
    if (tracker === undefined) return
    tracker.announcing = false
    tracker.overdue = false
    tracker.started = true
    tracker.completed ||= tracker.tellsCompleted
    tracker.failures = 0
    tracker.lastError = ''
    tracker.lastWarning = event.warning ?? ''
    tracker.lastAnswerAt = at
    tracker.intervalMs = event.intervalMs
    tracker.seeds = event.seeds
    tracker.leechers = event.leechers
    moveToFront(state, tracker)
    state.announceNext.tier = 0
    state.announceNext.tracker = 0
    state.announceNext.rounds = 0
    // What was completed while the tracker was about to answer is told at once.
    state.announceNext.at = state.completed && !tracker.completed ? at : at + event.intervalMs
  },
  'announce-failed'(state, event, at) {
    const tracker = trackerOf(state, event.tracker)
    if (tracker === undefined) return
    tracker.announcing = false
    tracker.failures++
    tracker.lastError = event.reason
    if (!tracker.overdue) tryNextTracker(state, at)
    tracker.overdue = false
  },
  'announce-overdue'(state, event, at) {
    const tracker = trackerOf(state, event.tracker)
    if (tracker === undefined) return
    tracker.overdue = true
    tryNextTracker(state, at)
  },
  'scrape-began'(state, event) {
    const tracker = trackerOf(state, event.tracker)
    if (tracker !== undefined) tracker.scraping = true
  },
  'scrape-answered'(state, event, at) {
    const tracker = trackerOf(state, event.tracker)
    if (tracker === undefined) return
    tracker.scraping = false
    tracker.scrapeAt = at + event.againMs
    tracker.seeds = event.seeds
    tracker.leechers = event.leechers
    tracker.downloads = event.completed
  },
  'scrape-failed'(state, event, at) {
    const tracker = trackerOf(state, event.tracker)
    if (tracker === undefined) return
    tracker.scraping = false
    tracker.scrapeAt = at + LIMITS.scrapeIntervalMinMs
  },
} satisfies Partial<Folds>
