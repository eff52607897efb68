/** Checkers of an engine's queue: each a named function that says in words what does not hold. */
import type { TransferState } from '../src/events/state.js'
import type { EventType, TransferEvent } from '../src/events/vocabulary.js'
import type { QueueLimits } from '../src/queue.js'
import type { Finding } from './checkers.js'

/** A transfer as it stands in the queue. */
export interface Queued {
  readonly name: string
  readonly state: Readonly<TransferState>
}

type Kind = 'downloads' | 'seeds'

const kindOf = ({ standing: { tags }, missing, metadata }: Readonly<TransferState>): Kind => {
  // What is stored and not committed yet is still being downloaded.
  if (tags.active === true) return tags.seeding === true ? 'seeds' : 'downloads'
  return missing > 0 || metadata !== undefined ? 'downloads' : 'seeds'
}

/** 0 is no bound. */
const mostOf = ({ maxDownloads, maxSeeds }: QueueLimits, kind: Kind): number =>
  (kind === 'downloads' ? maxDownloads : maxSeeds) || Number.POSITIVE_INFINITY

/** No more of a kind are active than there may be. */
export const neverTooManyActive = (order: readonly Queued[], bounds: QueueLimits): Finding => {
  for (const kind of ['downloads', 'seeds'] as const) {
    const active = order.filter(({ state }) => state.standing.tags.active === true && kindOf(state) === kind)
    if (active.length > mostOf(bounds, kind)) {
      const names = active.map(({ name }) => name).join(', ')
      return `${active.length} ${kind} are active, and ${mostOf(bounds, kind)} may be: ${names}`
    }
  }
  return undefined
}

/** Those whose turn it is by the order, whatever they make of it: whoever is paused, failed or ends takes nobody's place. */
export const whoseTurn = <Each extends Queued>(order: readonly Each[], bounds: QueueLimits): readonly Each[] => {
  const left = { downloads: mostOf(bounds, 'downloads'), seeds: mostOf(bounds, 'seeds') }
  return order.filter(({ state }) => {
    const { paused, failed, ending } = state.standing.tags
    if (paused === true || failed === true || ending === true) return false
    return left[kindOf(state)]-- > 0
  })
}

/** It makes nothing of its turn: no place is left idle while somebody waits for one. */
export const isIdle = ({ state }: Queued): boolean => {
  const { active, checking } = state.standing.tags
  return active !== true && checking !== true
}

/** Ranks, which are in the logs, say the same order: the next session has nothing else to go by. */
export const ranksAreTheOrder = (order: readonly Queued[]): Finding => {
  for (const [at, { name, state }] of order.entries()) {
    const before = order[at - 1]
    if (before !== undefined && before.state.rank >= state.rank)
      return `${before.name} comes before ${name}, and their ranks are ${before.state.rank} and ${state.rank}`
  }
  return undefined
}

const waits = ({ queued, standing: { tags } }: Readonly<TransferState>): boolean =>
  queued !== undefined && tags.stopped === true

/** Whoever waits for a turn is connected with nobody. */
export const queuedHasNoPeers = (order: readonly Queued[]): Finding => {
  for (const { name, state } of order)
    if (waits(state) && state.peers.size > 0) return `${name} waits for its turn, and has ${state.peers.size} peers`
  return undefined
}

/** What nobody does who waits. */
const LOUD: Partial<Record<EventType, true>> = {
  'dial-began': true,
  'announce-began': true,
  'offers-made': true,
  'blocks-requested': true,
  'block-served': true,
}

/** Whoever waits for a turn dials nobody, and tells trackers no more than that it stopped. */
export const queuedIsQuiet = (state: Readonly<TransferState>, event: TransferEvent): Finding => {
  if (LOUD[event.type] !== true || !waits(state)) return undefined
  if (event.type === 'announce-began' && event.event === 'stopped') return undefined
  return `it waits for its turn, and logs ${event.type}`
}

/** A place in the order of a process that is no more. */
export interface Place {
  readonly name: string
  readonly rank: number
  /** The log surely has its rank. */
  readonly isDurable: boolean
}

/** Whoever's rank was durable, or is there all the same, is where it was, as seen from all others of whom that is true. */
export const orderIsKept = (before: readonly Place[], order: readonly Queued[]): Finding => {
  const rankOf = new Map(order.map(({ name, state }) => [name, state.rank]))
  const kept = before
    .filter(({ name, rank, isDurable }) => rankOf.has(name) && (isDurable || rankOf.get(name) === rank))
    .map(({ name }) => name)
  const names = order.map(({ name }) => name).filter((name) => kept.includes(name))
  return names.join() === kept.join() ? undefined : `the order was ${kept.join(', ')}, and is ${names.join(', ')} now`
}
