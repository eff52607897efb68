/**
 * Choosing the peers of an answer: each that may be sent is as likely as any other, at a cost of the answer's size.
 *
 * Strategy: a partial Fisher-Yates shuffle over the groups as if they were one list: every draw picks one of all that
 * are left, which is then moved to the front of its own group. Groups stay apart, and their order means nothing.
 */
import { present } from '../src/assert.js'
import { LIMITS } from '../src/limits.js'
import {
  type Family,
  groupOf,
  hasBacklog,
  hasExpired,
  removePeer,
  type Swarm,
  type SwarmState,
  swapPlaces,
} from './swarm-state.js'

/** A whole number from 0 up to, but not including, `below`. */
export type Draw = (below: number) => number

export interface Asker {
  readonly slot: number
  readonly seed: boolean
}

/** A group that is drawn from, and how many of its front were drawn already. */
interface Deck {
  readonly slots: number[]
  drawn: number
}

const decksOf = (swarm: Swarm, seed: boolean, families: readonly Family[]): Deck[] => {
  const decks: Deck[] = []
  for (const family of families) {
    // Seeds have nothing to say to each other.
    for (const seeds of seed ? [false] : [false, true]) {
      const slots = present(swarm.groups[groupOf(family, seeds)], 'a group of peers')
      if (slots.length > 0) decks.push({ slots, drawn: 0 })
    }
  }
  return decks
}

/**
 * Slots of up to `numwant` peers for one that asks. Neither the asker nor another address of it (it may have announced
 * over IPv4 and IPv6, BEP 7) is among them, nor one that has expired: that one is cleared away on this occasion.
 */
export const samplePeers = (
  state: SwarmState,
  swarm: Swarm,
  asker: Asker,
  families: readonly Family[],
  numwant: number,
  random: Draw,
): number[] => {
  const decks = decksOf(swarm, asker.seed, families)
  const backlog = hasBacklog(state)
  const chosen: number[] = []
  let left = 0
  for (const { slots } of decks) left += slots.length
  for (let draws = numwant + LIMITS.trackerSpareDrawsMax; draws > 0 && left > 0 && chosen.length < numwant; draws--) {
    let at = random(left)
    let next = 0
    let deck = present(decks[next], 'a deck')
    while (at >= deck.slots.length - deck.drawn) {
      at -= deck.slots.length - deck.drawn
      deck = present(decks[++next], 'a deck that has the peer that was drawn')
    }
    left--
    const place = deck.drawn + at
    const slot = present(deck.slots[place], 'the peer that was drawn')
    if (backlog && slot !== asker.slot && hasExpired(state, slot)) {
      removePeer(state, swarm, slot)
      continue
    }
    swapPlaces(state, deck.slots, deck.drawn++, place)
    if (!state.peers.areSame(slot, asker.slot)) chosen.push(slot)
  }
  return chosen
}
