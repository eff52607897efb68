/**
 * The peers of each swarm in groups of one kind, packed as answers need them: address, port, a part of the peer id, slot.
 *
 * Strategy: the peers of an answer are neighbours in memory, because looking at 50 records all over the peer table would
 * take longer than all the rest of an announce. Groups share one array, in which each has a run of its own with room for
 * a power of two of peers; a run that is left waits for the next group that needs one of its size. When the array is
 * full, runs move together into one that is twice as long as all of them, so that little is ever lost between them.
 */
import { assert } from '../src/assert.js'
import { LIMITS } from '../src/limits.js'
import { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import type { Family } from '../src/wire/datagram.js'
import { type Chosen, positionOfMark } from './chosen.js'
import type { PeerTable } from './peer-table.js'

/** Seeds are not sent to seeds, and an answer over UDP holds addresses of one family only (BEP 15). */
export const KINDS = 4
const SEEDS = 1
const IPV6 = 2

export const kindOf = (family: Family, seed: boolean): number => (family === 'ipv6' ? IPV6 : 0) | (seed ? SEEDS : 0)
export const familyOf = (kind: number): Family => ((kind & IPV6) === 0 ? 'ipv4' : 'ipv6')
export const isSeedKind = (kind: number): boolean => (kind & SEEDS) !== 0

/** What one peer takes, in words: its compact address, two bytes of its id, and its slot as the last word. */
const IPV4_WORDS = (COMPACT_IPV4_BYTES + 2) / 4 + 1
const IPV6_WORDS = (COMPACT_IPV6_BYTES + 2) / 4 + 1
export const wordsOf = (group: number): number => ((group & IPV6) === 0 ? IPV4_WORDS : IPV6_WORDS)

/** Of a group: where its run begins, how many peers it has, and words of its run (0 for none). */
const FIELDS = 3
const START = 0
const COUNT = 1
const ROOM = 2

const ROOM_LEAST = 2 * IPV6_WORDS
const WORDS_AT_FIRST = 1_024 * ROOM_LEAST
const NO_RUN = -1

const longer = (old: Int32Array, length: number) => {
  const array = new Int32Array(length)
  array.set(old)
  return array
}

/** Where the bytes of a peer's id stand in the `tags`. */
export const tagPlace = (position: number, family: Family): number =>
  position * 2 + (family === 'ipv4' ? COMPACT_IPV4_BYTES : COMPACT_IPV6_BYTES) / 2

/** A group is a swarm's number times `KINDS`, and a kind. A place is where in its group a peer stands, from 0. */
export class PeerGroups {
  #groups = new Int32Array(64 * KINDS * FIELDS)
  #words = new Int32Array(WORDS_AT_FIRST)
  #bytes = new Uint8Array(this.#words.buffer)
  #halves = new Uint16Array(this.#words.buffer)
  /** What is written of an answer, and views of its beginning by their length, as most answers are of few lengths. */
  readonly #list = new Uint16Array((LIMITS.trackerNumwantMax * COMPACT_IPV6_BYTES) / 2)
  readonly #listViews: (Uint8Array | undefined)[] = new Array(LIMITS.trackerNumwantMax * COMPACT_IPV6_BYTES + 1)
  /** Words from here on were never in use. */
  #used = 0
  /** Words of all runs that belong to a group. */
  #held = 0
  /** The first run of each size that waits; each names the next in its first word. */
  readonly #waiting = new Map<number, number>()

  sizeOf(group: number): number {
    return this.#groups[group * FIELDS + COUNT] ?? 0
  }

  /** Where the peer at this place lies: good until the groups change. */
  positionOf(group: number, place: number): number {
    return (this.#groups[group * FIELDS + START] ?? 0) + place * wordsOf(group)
  }

  slotAt(position: number, family: Family): number {
    return this.#words[position + (family === 'ipv4' ? IPV4_WORDS : IPV6_WORDS) - 1] ?? 0
  }

  /** Those of the peer table, each at its `tagPlace`: good until the groups change. */
  get tags(): Uint16Array {
    return this.#halves
  }

  setTag(group: number, place: number, tag: number): void {
    this.#halves[tagPlace(this.positionOf(group, place), familyOf(group))] = tag
  }

  /** Writes those of the chosen who are of this family as compact lists have them (BEP 7, 23). */
  writeCompact({ marks, first, count }: Chosen, family: Family, into: Uint8Array, offset: number): void {
    const written = this.#enlist(marks, first, count, family, 0)
    into.set(this.#listOf(this.#enlist(marks, 0, first, family, written) * 2), offset)
  }

  /** Lists those from one mark up to, but not including, another behind what is listed, and says how long the list is then. */
  #enlist(marks: Int32Array, start: number, end: number, family: Family, listed: number): number {
    const halves = this.#halves
    const list = this.#list
    const isIpv4 = family === 'ipv4'
    let to = listed
    for (let at = start; at < end; at++) {
      const mark = marks[at] ?? 0
      if (mark >= 0 !== isIpv4) continue
      const from = positionOfMark(mark) * 2
      // Fifty times an answer: two bytes at a time and without a loop it takes a third of the time.
      list[to] = halves[from] ?? 0
      list[to + 1] = halves[from + 1] ?? 0
      list[to + 2] = halves[from + 2] ?? 0
      to += COMPACT_IPV4_BYTES / 2
      if (isIpv4) continue
      for (let more = COMPACT_IPV4_BYTES / 2; more < COMPACT_IPV6_BYTES / 2; more++)
        list[to++] = halves[from + more] ?? 0
    }
    return to
  }

  #listOf(bytes: number): Uint8Array {
    const known = this.#listViews[bytes]
    if (known !== undefined) return known
    const view = new Uint8Array(this.#list.buffer, 0, bytes)
    this.#listViews[bytes] = view
    return view
  }

  /** Puts a peer at the end, and gives its place. */
  add(group: number, peers: PeerTable, slot: number): number {
    if ((group + 1) * FIELDS > this.#groups.length) this.#groups = longer(this.#groups, (group + 1) * FIELDS * 2)
    const place = this.sizeOf(group)
    const words = wordsOf(group)
    const room = this.#groups[group * FIELDS + ROOM] ?? 0
    if ((place + 1) * words > room) this.#resize(group, Math.max(room * 2, ROOM_LEAST))
    const position = this.positionOf(group, place)
    peers.writeCompact(slot, familyOf(group), this.#bytes, position * 4)
    this.#words[position + words - 1] = slot
    this.setTag(group, place, peers.tagOf(slot))
    this.#groups[group * FIELDS + COUNT] = place + 1
    return place
  }

  /** Takes the peer at this place out, and gives the slot of the last one, which stands there now. */
  remove(group: number, place: number): number {
    const last = this.sizeOf(group) - 1
    assert(place >= 0 && place <= last, 'a peer that leaves its group is there')
    const words = wordsOf(group)
    const from = this.positionOf(group, last)
    this.#words.copyWithin(this.positionOf(group, place), from, from + words)
    const moved = this.#words[from + words - 1] ?? 0
    this.#groups[group * FIELDS + COUNT] = last
    const room = this.#groups[group * FIELDS + ROOM] ?? 0
    if (last === 0) this.#resize(group, 0)
    else if (room > ROOM_LEAST && last * words * 4 <= room) this.#resize(group, room / 2)
    return moved
  }

  /** Gives the group a run of so many words, with the peers that it has. */
  #resize(group: number, room: number): void {
    const at = group * FIELDS
    const start = room === 0 ? 0 : this.#take(room)
    // Read after it was made room, for which all runs may have moved.
    const [from, old] = [this.#groups[at + START] ?? 0, this.#groups[at + ROOM] ?? 0]
    this.#words.copyWithin(start, from, from + this.sizeOf(group) * wordsOf(group))
    if (old > 0) {
      this.#words[from] = this.#waiting.get(old) ?? NO_RUN
      this.#waiting.set(old, from)
    }
    this.#held += room - old
    this.#groups[at + START] = start
    this.#groups[at + ROOM] = room
  }

  #take(room: number): number {
    const waiting = this.#waiting.get(room) ?? NO_RUN
    if (waiting !== NO_RUN) {
      this.#waiting.set(room, this.#words[waiting] ?? NO_RUN)
      return waiting
    }
    if (this.#used + room > this.#words.length) this.#gather(room)
    this.#used += room
    return this.#used - room
  }

  /** Moves all runs together into a new array, which has as much room again, and so much at least. */
  #gather(room: number): void {
    const words = new Int32Array(Math.max(2 * this.#held + room, WORDS_AT_FIRST))
    let used = 0
    for (let at = 0; at < this.#groups.length; at += FIELDS) {
      const start = this.#groups[at + START] ?? 0
      const length = this.#groups[at + ROOM] ?? 0
      if (length === 0) continue
      words.set(this.#words.subarray(start, start + length), used)
      this.#groups[at + START] = used
      used += length
    }
    this.#words = words
    this.#bytes = new Uint8Array(words.buffer)
    this.#halves = new Uint16Array(words.buffer)
    this.#used = used
    this.#waiting.clear()
  }
}
