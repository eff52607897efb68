/**
 * Choosing the peers of an answer: each that may be sent is as likely as any other, at a cost of the answer's size.
 *
 * Strategy: where there are few more than are wanted, all of them are listed, and as many as are too many are taken out
 * by chance. Where there are many more, it is a partial Fisher-Yates shuffle of their places, in an order that is put
 * back afterwards. Either way, nothing but the groups is looked at, which hold all that an answer needs, and they stay as
 * they are.
 */
import { LIMITS } from '../src/limits.js'
import type { Family } from '../src/wire/datagram.js'
import { type Chosen, markOf } from './chosen.js'
import { familyOf, KINDS, kindOf, tagPlace, wordsOf } from './peer-groups.js'
import { hasBacklog, hasExpired, type Swarm, type SwarmState } from './swarm-state.js'

/** A whole number from 0 up to, but not including, `below`. */
export type Draw = (below: number) => number

export interface Asker {
  readonly slot: number
  readonly seed: boolean
}

/** Who is drawn from, and for whom. */
interface Course {
  readonly state: SwarmState
  /** The first group of the swarm, and which of its kinds are drawn from, of which some may have nobody. */
  readonly firstGroup: number
  readonly kinds: readonly number[]
  readonly asker: number
  readonly askerTag: number
  readonly backlog: boolean
  readonly random: Draw
}

/** Those that an asker is sent: seeds have nothing to say to each other. */
const kindsFor = (families: readonly Family[], seed: boolean): readonly number[] =>
  families.flatMap((family) => [kindOf(family, false), ...(seed ? [] : [kindOf(family, true)])])

/** Written down once, since each announce asks: by the families of the answer, those for a seed and for anybody else. */
const kindsBothFor = (...families: Family[]) => ({ seed: kindsFor(families, true), leech: kindsFor(families, false) })
const KINDS_FOR = { ipv4: kindsBothFor('ipv4'), ipv6: kindsBothFor('ipv6'), both: kindsBothFor('ipv4', 'ipv6') }

/** Neither the asker, nor another address of it (it may have announced over IPv4 and IPv6, BEP 7), nor one that has expired. */
const maySend = ({ state, asker, askerTag, backlog }: Course, position: number, family: Family): boolean => {
  const { groups, peers } = state
  if (groups.tags[tagPlace(position, family)] === askerTag && peers.areSame(groups.slotAt(position, family), asker))
    return false
  return !backlog || !hasExpired(state, groups.slotAt(position, family))
}

/** All that may be sent are listed, and as many as are too many taken out. */
const leaveOut = (course: Course, numwant: number, chosen: Chosen): void => {
  const { state, firstGroup, kinds, askerTag, backlog, random } = course
  const { tags } = state.groups
  const { marks } = chosen
  let count = 0
  for (const kind of kinds) {
    const group = firstGroup + kind
    const family = familyOf(group)
    const step = wordsOf(group)
    let position = state.groups.positionOf(group, 0)
    const end = position + step * state.groups.sizeOf(group)
    const places = step * 2
    for (let tagAt = tagPlace(position, family); position < end; position += step, tagAt += places) {
      marks[count] = markOf(position, family)
      if (tags[tagAt] !== askerTag && !backlog) count++
      else if (maySend(course, position, family)) count++
    }
  }
  chosen.count = count
  chosen.keep(numwant, random)
}

/** Draws one after the other of all that are left. */
const draw = (course: Course, all: number, numwant: number, chosen: Chosen): void => {
  const { state, firstGroup, kinds, random } = course
  const order = chosen.orderOf(all)
  const drawsMax = Math.min(numwant + LIMITS.trackerSpareDrawsMax, all)
  let draws = 0
  while (chosen.count < numwant && draws < drawsMax) {
    const at = draws + random(all - draws)
    const drawn = order[at] ?? 0
    order[at] = order[draws] ?? 0
    order[draws++] = drawn
    let place = drawn
    let next = 0
    let group = firstGroup + (kinds[next] ?? 0)
    for (let size = state.groups.sizeOf(group); place >= size; size = state.groups.sizeOf(group)) {
      place -= size
      group = firstGroup + (kinds[++next] ?? 0)
    }
    const family = familyOf(group)
    const position = state.groups.positionOf(group, place)
    if (maySend(course, position, family)) chosen.add(markOf(position, family))
  }
  // Each number that left its place was drawn, or stands where one was drawn to.
  for (let at = 0; at < draws; at++) {
    const drawn = order[at] ?? 0
    if (drawn >= draws) order[drawn] = drawn
  }
  for (let at = 0; at < draws; at++) order[at] = at
}

/** Up to `numwant` peers for one that asks. */
export const samplePeers = (
  state: SwarmState,
  swarm: Swarm,
  asker: Asker,
  families: readonly Family[],
  numwant: number,
  random: Draw,
): Chosen => {
  const { chosen } = state
  chosen.clear()
  if (numwant === 0 || families.length === 0) return chosen
  const firstGroup = swarm.number * KINDS
  const forFamilies = families.length > 1 ? KINDS_FOR.both : KINDS_FOR[families[0] ?? 'ipv4']
  const kinds = asker.seed ? forFamilies.seed : forFamilies.leech
  let all = 0
  for (const kind of kinds) all += state.groups.sizeOf(firstGroup + kind)
  const askerTag = state.peers.tagOf(asker.slot)
  const course = { state, firstGroup, kinds, asker: asker.slot, askerTag, backlog: hasBacklog(state), random }
  if (all <= numwant + LIMITS.trackerSpareDrawsMax) leaveOut(course, numwant, chosen)
  else draw(course, all, numwant, chosen)
  return chosen
}
