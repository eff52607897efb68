/**
 * evolve: the only writer of a transfer's state, while running and while replaying.
 *
 * A table with one fold for each event; the folds of one subject share a file.
 */

import { assert } from '../assert.js'
import type { Instant } from '../values.js'
import type { LoggedEvent } from './codec.js'
import type { Folds } from './fold.js'
import { connectionFolds } from './folds-connections.js'
import { findingFolds } from './folds-finding.js'
import { goalFolds } from './folds-goals.js'
import { hashFolds } from './folds-hashes.js'
import { hintFolds } from './folds-hints.js'
import { introductionFolds } from './folds-introductions.js'
import { metadataFolds } from './folds-metadata.js'
import { peerFolds } from './folds-peers.js'
import { pieceFolds } from './folds-pieces.js'
import { storageFolds } from './folds-storage.js'
import { trackerFolds } from './folds-trackers.js'
import { transferFolds } from './folds-transfer.js'
import { wantsFolds } from './folds-wants.js'
import { webSeedFolds } from './folds-web-seeds.js'
import type { TransferState } from './state.js'
import type { TransferEvent } from './vocabulary.js'

const folds: Folds = {
  ...transferFolds,
  ...trackerFolds,
  ...findingFolds,
  ...peerFolds,
  ...connectionFolds,
  ...hintFolds,
  ...webSeedFolds,
  ...metadataFolds,
  ...pieceFolds,
  ...wantsFolds,
  ...goalFolds,
  ...storageFolds,
  ...hashFolds,
  ...introductionFolds,
}

/** Throws an assertion at an event that may not follow, and at a gap. */
export const evolve = (state: TransferState, logged: LoggedEvent): TransferState => {
  if (logged.seq !== state.nextSeq) assert(false, `event ${logged.seq} cannot follow ${state.nextSeq - 1}`)
  const fold = folds[logged.event.type] as (state: TransferState, event: TransferEvent, at: Instant) => void // by its type
  fold(state, logged.event, logged.at)
  state.at = logged.at
  state.nextSeq++
  return state
}
