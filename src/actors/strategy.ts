/** A strategy: what an engine decides of whom it asks for what, and whom it serves; others may put theirs in place of ours. */
import type { PeerState, TransferState } from '../events/state.js'
import type { Random } from '../random.js'
import type { Instant, PeerKey } from '../values.js'
import { chooseSlots, fillSlots, type Slots } from './choker.js'
import { type Pick, pickBlocks } from './picker.js'

export interface Strategy {
  /** At most `count` blocks to ask of this peer, which is open. */
  pickBlocks(state: Readonly<TransferState>, peer: PeerState, count: number, random: Random, now: Instant): Pick
  /** Whom to serve until the next round. */
  chooseSlots(state: Readonly<TransferState>, now: Instant, random: Random): Slots
  /** Whom to serve besides, between rounds. */
  fillSlots(state: Readonly<TransferState>, now: Instant, random: Random): readonly PeerKey[]
}

export const OURS: Strategy = { pickBlocks, chooseSlots, fillSlots }
