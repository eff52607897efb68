/** Going and halting: how a transfer begins to fetch, to seed or to look for metadata, and how it leaves off. */

import type { TransferState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Instant, PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { askForHashes } from './hashes.js'
import { checkOf } from './recheck.js'
import {
  both,
  type CloseReason,
  type Decision,
  decided,
  type Effect,
  type Message,
  NOTHING,
  type TransferInput,
} from './vocabulary.js'

export const toTrackers = (type: 'look-at-time' | 'say-stopped'): Message => ({ to: 'trackers', message: { type } })
export const fillConnections: Message = { to: 'transfer', message: { type: 'fill-connections' } }
const askWebSeedsNow: Message = { to: 'transfer', message: { type: 'ask-web-seeds' } }

export const toEachPeer = (
  state: Readonly<TransferState>,
  message: Extract<Message, { to: 'peer' }>['message'],
): Message[] => [...state.peers.keys()].map((peer) => ({ to: 'peer', peer, message }))

const closeAll = (state: Readonly<TransferState>, reason: CloseReason): readonly Message[] =>
  toEachPeer(state, { type: 'close', reason, detail: '' })

export const wakeSoon = (now: Instant): Effect => ({ type: 'wake', at: (now + LIMITS.lookAtTimeMs) as Instant })

/** Fetches or seeds from now on, whatever waits for a turn. */
const beginNow = (state: Readonly<TransferState>, missing: number, now: Instant): Decision =>
  decided({
    events: [{ type: missing === 0 ? 'seeding-began' : 'download-began' }],
    messages: [
      fillConnections,
      askWebSeedsNow,
      toTrackers('look-at-time'),
      ...toEachPeer(state, { type: 'review-interest' }),
      ...(state.layers.size > 0 ? [askForHashes] : []),
    ],
    effects: [wakeSoon(now)],
  })

/** Every piece is looked at: now fetch or seed, if it is its turn. `missing` is that of the state that will be. */
export const begin = (state: Readonly<TransferState>, missing: number, now: Instant): Decision =>
  state.queued === undefined ? beginNow(state, missing, now) : NOTHING

const seekNow = (now: Instant): Decision =>
  decided({
    events: [{ type: 'metadata-sought' }],
    messages: [fillConnections, toTrackers('look-at-time')],
    effects: [{ type: 'drop-metadata' }, wakeSoon(now)],
  })

export const halt = (state: Readonly<TransferState>, events: readonly TransferEvent[], reason: CloseReason): Decision =>
  decided({
    events,
    messages: [...closeAll(state, reason), toTrackers('say-stopped')],
    effects: [{ type: 'stop-checking' }],
  })

/** Only the hash is known: peers are asked what it is of, if it is its turn. */
export const seek = (state: Readonly<TransferState>, now: Instant): Decision =>
  state.queued === undefined ? seekNow(now) : NOTHING

/** Nothing halts it any more. */
const goOn = (state: Readonly<TransferState>, now: Instant): Decision => {
  if (state.metadata !== undefined) return seekNow(now)
  if (!state.examined) return NOTHING // the files are being looked at, and what they are found to be says how to go on
  // The last piece came to the disk while it was halted.
  const isCompleted = state.missing === 0 && !state.completed && state.sessionDownloaded > 0
  const completed: readonly TransferEvent[] = isCompleted ? [{ type: 'download-completed' }] : []
  return both(decided({ events: completed }), beginNow(state, state.missing, now))
}

/** A check goes on whether or not it is its turn. */
export const resume = (state: Readonly<TransferState>, now: Instant): Decision => {
  const { paused, failed } = state.standing.tags
  if (paused !== true && failed !== true) return NOTHING
  const resumed = decided({ events: [{ type: 'resumed' }] })
  if (state.examined && state.checking.count > 0) return both(resumed, checkOf(state.checking, 'unsafe'))
  return state.queued === undefined ? both(resumed, goOn(state, now)) : resumed
}

/** Others of the engine come first, for now. */
export const waitForTurn = (
  state: Readonly<TransferState>,
  { of, most }: Extract<TransferInput, { readonly type: 'queue-asked' }>,
): Decision => {
  const { active, ending } = state.standing.tags
  if (ending === true || (state.queued?.of === of && state.queued.most === most)) return NOTHING
  const queued: TransferEvent = { type: 'queued', of, most }
  return active === true ? halt(state, [queued], 'queued') : decided({ events: [queued] })
}

export const takeTurn = (state: Readonly<TransferState>, now: Instant): Decision => {
  const { ending, stopped } = state.standing.tags
  if (ending === true || state.queued === undefined) return NOTHING
  const came = decided({ events: [{ type: 'turn-came' }] })
  return stopped === true ? both(came, goOn(state, now)) : came
}

/** Pieces that are being hashed or written now need no check; what is only begun is begun anew. */
const recheck = (state: Readonly<TransferState>): Decision => {
  const pieces = Bitfield.filled(state.geometry.pieceCount)
  const dropped: PieceIndex[] = []
  for (const { piece, standing } of state.pieces.values())
    if (standing.tags.fetching === true) dropped.push(piece)
    else pieces.clear(piece)
  return both(
    decided({
      events: dropped.map((piece) => ({ type: 'piece-dropped', piece, reason: 'idle' })),
      effects: dropped.map((piece) => ({ type: 'drop', piece })),
      messages: closeAll(state, 'checking'),
    }),
    checkOf(pieces, 'asked'),
  )
}

/** Now, whatever it is doing; of one that failed when it is resumed, as its disk may not answer. */
export const askForCheck = (state: Readonly<TransferState>): Decision => {
  const { active, checking, paused, failed, stopped } = state.standing.tags
  if (active === true || checking === true) return recheck(state)
  if (!state.examined || state.metadata !== undefined) return NOTHING
  if (paused === true || stopped === true) return recheck(state)
  if (failed !== true) return NOTHING
  const asked = recheck(state)
  return { ...asked, effects: asked.effects.filter(({ type }) => type !== 'check') }
}

export const pieceChecked = (
  state: Readonly<TransferState>,
  piece: PieceIndex,
  good: boolean,
  now: Instant,
): Decision => {
  const { checking, paused } = state.standing.tags
  if ((checking !== true && paused !== true) || !state.checking.has(piece)) return NOTHING // the check was given up
  const checked = decided({ events: [{ type: 'piece-checked', piece, good }] })
  if (state.checking.count > 1) return checked
  const ended = both(checked, decided({ events: [{ type: 'check-ended' }] }))
  if (paused === true) return ended
  return both(ended, begin(state, state.missing - (good && state.wanted.has(piece) ? 1 : 0), now))
}
