/** The transfer actor: what concerns the torrent as a whole: starting, checking, choking, announcing, ending. */
import { unreachable } from '../assert.js'
import { storageErrorCode } from '../errors.js'
import { banNameOfPeer } from '../events/banning.js'
import type { TransferState } from '../events/state.js'
import type { Range, TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import { boundedText, type Instant, type PeerKey } from '../values.js'
import { CHOKER } from './choker.js'
import { accept, dial, refuseAddresses, turnAway } from './connecting.js'
import { drop, goalReached, setBounds } from './goals.js'
import {
  askForCheck,
  begin,
  fillConnections,
  halt,
  pieceChecked,
  resume,
  seek,
  takeTurn,
  toEachPeer,
  toTrackers,
  waitForTurn,
  wakeSoon,
} from './going.js'
import { askForHashes, askMissing } from './hashes.js'
import { fillMetadata, lookAtMetadata, metadataKnown, metadataUnusable, metadataWrong } from './metadata.js'
import { isDue } from './peer.js'
import { checkAfterExamining } from './recheck.js'

import { prioritize, select, setDeadlines, setOrder, settleFiles } from './select.js'

import { beginMove, endMove, giveMoveUp } from './storage.js'
import { suggest } from './suggesting.js'
import { reveal } from './super-seeding.js'
import { setTrackers } from './trackers.js'
import { sayUploadOnly } from './upload-only.js'
import {
  both,
  type Circumstances,
  type Decision,
  decided,
  type Effect,
  type Message,
  NOTHING,
  type TransferInput,
  type TransferMessage,
} from './vocabulary.js'
import { askWebSeeds, setWebSeeds, webSeedsDue } from './web-seeds.js'

const unchoke = (peers: readonly PeerKey[]): Decision =>
  decided({
    events: peers.map((peer) => ({ type: 'unchoke-sent', peer })),
    effects: peers.map((peer) => ({ type: 'send', peer, message: { type: 'unchoke' } })),
  })

const lostByChoke = (state: Readonly<TransferState>, key: PeerKey): readonly Range[] => {
  const peer = state.peers.get(key)
  return peer === undefined ? [] : [...peer.asked.values()].filter(({ piece }) => !peer.fastGiven.has(piece))
}

/**
 * A choked peer's requests are dropped, but for those that it is allowed all the same (BEP 6). What was waiting still comes back as withdrawn, and is refused by name (BEP 6);
 * what the network has taken already goes out.
 */
const choke = (state: Readonly<TransferState>, peers: readonly PeerKey[]): Decision =>
  decided({
    events: peers.map((peer) => ({ type: 'choke-sent', peer })),
    effects: peers.flatMap((peer): Effect[] => [
      ...lostByChoke(state, peer).map((range): Effect => ({ type: 'withdraw', peer, range })),
      { type: 'send', peer, message: { type: 'choke' } },
    ]),
  })

const chokeRound = (state: Readonly<TransferState>, { now, random, strategy }: Circumstances): Decision => {
  if (now - state.chokeRoundAt < CHOKER.roundMs || state.peers.size === 0) return NOTHING
  const slots = strategy.chooseSlots(state, now, random)
  const optimistic: readonly TransferEvent[] =
    slots.optimistic === undefined ? [] : [{ type: 'optimistic-chosen', peer: slots.optimistic }]
  return both(
    choke(state, slots.choke),
    unchoke(slots.unchoke),
    decided({ events: [...optimistic, { type: 'choke-round-ended' }] }),
    suggest(state),
  )
}

/** What was stored and is now committed is told to everybody who lacks it. */
const announceStored = (state: Readonly<TransferState>, committedSeq: number): Decision => {
  const pieces = state.unannounced.filter(({ seq }) => seq < committedSeq).map(({ piece }) => piece)
  if (pieces.length === 0) return NOTHING
  const peers: PeerKey[] = []
  for (const { key, standing, seed } of state.peers.values()) if (standing.tags.open === true && !seed) peers.push(key)
  const allAnnounced = pieces.length === state.unannounced.length
  const complete = state.missing === 0 && state.standing.tags.downloading === true && allAnnounced
  const announced = decided({
    events: [{ type: 'pieces-announced', pieces }],
    effects: peers.length === 0 ? [] : [{ type: 'tell-pieces', peers, pieces }],
  })
  if (!complete) return announced
  const first: readonly TransferEvent[] = state.completed ? [] : [{ type: 'download-completed' }]
  return both(
    announced,
    decided({
      events: [...first, { type: 'seeding-began' }],
      effects: sayUploadOnly(state, true),
      messages: [
        toTrackers('look-at-time'),
        ...toEachPeer(state, { type: 'review-interest' }),
        ...toEachPeer(state, { type: 'look-at-time' }),
      ],
    }),
  )
}

const sync = (state: Readonly<TransferState>, now: Instant): Decision => {
  if (state.unsynced.length === 0 || state.syncing.length > 0 || now - state.syncAt < LIMITS.syncIntervalMs)
    return NOTHING
  return decided({ events: [{ type: 'sync-began' }], effects: [{ type: 'sync', pieces: state.unsynced.slice() }] })
}

/** Most of many peers wait for nothing. */
const lookAtDue = (state: Readonly<TransferState>, now: Instant): readonly Message[] => {
  const messages: Message[] = []
  for (const peer of state.peers.values())
    if (isDue(state, peer, now)) messages.push({ to: 'peer', peer: peer.key, message: { type: 'look-at-time' } })
  return messages
}

const woken = (state: Readonly<TransferState>, circumstances: Circumstances): Decision => {
  const { now } = circumstances
  if (state.standing.tags.active !== true) return NOTHING // `begin` wakes again
  const goal = goalReached(state, now)
  if (goal !== undefined) return halt(state, [{ type: 'goal-reached', goal }, { type: 'paused' }], 'paused')
  return both(
    chokeRound(state, circumstances),
    reveal(state, circumstances),
    sync(state, now),
    state.layers.size > 0 || state.hashOrders.size > 0 ? decided({ messages: [askForHashes] }) : NOTHING,
    lookAtMetadata(state, now),
    decided({
      messages: [...lookAtDue(state, now), toTrackers('look-at-time'), fillConnections, ...webSeedsDue(state, now)],
      effects: [wakeSoon(now)],
    }),
  )
}

const fail = (state: Readonly<TransferState>, { code, message }: { code: string; message: string }): Decision =>
  state.failure !== undefined
    ? NOTHING // one failure is told; those of writes that were under way with it are no news
    : halt(
        state,
        [
          {
            type: 'transfer-failed',
            code: storageErrorCode(code),
            message: boundedText(message.startsWith(code) ? message : `${code}: ${message}`, LIMITS.reasonTextMax),
          },
        ],
        'failed',
      )

export const decideTransfer = (
  state: Readonly<TransferState>,
  cause: TransferInput | TransferMessage,
  circumstances: Circumstances,
): Decision => {
  const { now, random, strategy } = circumstances
  switch (cause.type) {
    case 'log-committed':
      return announceStored(state, cause.committedSeq)
    case 'fill-slots':
      return state.standing.tags.active === true ? unchoke(strategy.fillSlots(state, now, random)) : NOTHING
    case 'ask-for-hashes':
      return state.standing.tags.downloading === true ? askMissing(state, now) : NOTHING
    case 'fill-connections':
      // Whoever owed metadata may be gone.
      return state.metadata === undefined ? dial(state, now) : both(dial(state, now), fillMetadata(state, now))
    case 'ask-web-seeds':
      return askWebSeeds(state, now)
    case 'addresses-refused':
      return refuseAddresses(state, cause.addresses)
    case 'web-seeds-wished':
      return setWebSeeds(state, cause.urls)
    case 'reveal':
      return reveal(state, circumstances)
    case 'ban': {
      const names = cause.addresses.filter((address) => !state.banned.has(address))
      const gone = [...state.peers.values()].filter((peer) => names.includes(banNameOfPeer(peer)))
      return decided({
        events: names.map((address) => ({ type: 'address-banned', address, piece: cause.piece })),
        messages: gone.map(({ key }) => ({
          to: 'peer',
          peer: key,
          message: { type: 'close', reason: 'banned', detail: `piece ${cause.piece}` },
        })),
      })
    }
    case 'fail':
    case 'storage-failed':
      return fail(state, cause.failure)
    case 'files-examined': {
      if (state.standing.tags.ending === true) return NOTHING
      const check = checkAfterExamining(state, cause.files)
      const examined = both(decided({ events: [{ type: 'session-examined' }] }), settleFiles(state, cause.files))
      // Paused already: `resume` begins what is found to be necessary.
      if (state.standing.tags.stopped !== true) return both(decided({ events: check.events }), examined)
      return check.effects.length > 0 ? both(check, examined) : both(check, examined, begin(state, state.missing, now))
    }
    case 'piece-checked':
      return pieceChecked(state, cause.piece, cause.good, now)
    case 'check-asked':
      return askForCheck(state)
    case 'pause-asked':
      if (state.standing.tags.paused === true || state.standing.tags.failed === true) return NOTHING
      return halt(state, [{ type: 'paused' }], 'paused')
    case 'resume-asked':
      return resume(state, now)
    case 'end-asked':
      return halt(state, [{ type: 'session-ending' }], 'ended')
    case 'stamps-taken':
      return decided({
        events: [
          { type: 'files-stamped', stamps: cause.stamps },
          { type: 'session-ended', reason: cause.reason },
        ],
      })
    case 'pieces-selected':
      return select(state, cause.wanted, cause.sequential)
    case 'files-prioritized':
      return prioritize(state, cause)
    case 'deadlines-asked':
      return setDeadlines(state, cause)
    case 'file-placed':
      return state.apart.has(cause.file) ? decided({ events: [{ type: 'file-placed', file: cause.file }] }) : NOTHING
    case 'limits-asked': {
      const { own, download, upload } = cause
      return decided({ events: [{ type: own ? 'transfer-limits-set' : 'limits-set', download, upload }] })
    }
    case 'trackers-asked':
      return setTrackers(state, cause.tiers)
    case 'drop-asked':
      return drop(state, cause)
    case 'goals-asked':
      return decided({
        events: [{ type: 'goals-set', ratioPermille: cause.ratioPermille, seedingMs: cause.seedingMs }],
      })
    case 'bounds-asked':
      return setBounds(state, cause)
    case 'queue-asked':
      return waitForTurn(state, cause)
    case 'turn-given':
      return takeTurn(state, now)
    case 'place-asked':
      return decided({ events: [{ type: 'place-set', rank: cause.rank }] })
    case 'move-asked':
      return beginMove(state, cause)
    case 'files-moved':
      return endMove(state)
    case 'move-failed':
      return giveMoveUp(state, cause)
    case 'order-asked':
      return setOrder(state, cause.sequential)
    case 'peers-found':
      return decided({
        events: [{ type: 'candidates-found', source: cause.source, addresses: cause.addresses }],
        messages: [fillConnections],
      })
    case 'fact-found':
      return decided({ events: [cause.fact], messages: [toTrackers('look-at-time')] })
    case 'introduction-told':
      return decided({ events: [cause.news] })
    case 'retention-failed': {
      const reason = boundedText(cause.failure.message, LIMITS.reasonTextMax)
      return decided({ events: [{ type: 'retention-failed', reason }] })
    }
    case 'peer-accepted':
      return accept(state, cause.peer, cause.address, now)
    case 'peer-turned-away':
      return turnAway(cause.peer, cause.address)
    case 'metadata-wanted':
      return state.standing.tags.stopped === true && state.metadata !== undefined ? seek(state, now) : NOTHING
    case 'fill-metadata':
      return fillMetadata(state, now)
    case 'metadata-hashed':
      return metadataWrong(state, cause.fingerprints)
    case 'metadata-kept':
      return metadataKnown(state, cause.facts, cause.fingerprints)
    case 'metadata-unusable':
      return state.failure === undefined ? halt(state, [metadataUnusable(cause)], 'failed') : NOTHING
    case 'sync-finished':
      return decided({ events: [{ type: 'sync-ended' }] })
    case 'woken':
      return woken(state, circumstances)
    default:
      return unreachable(cause)
  }
}
