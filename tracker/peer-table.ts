/**
 * The peer index: every peer of every swarm, found by swarm and address.
 *
 * Strategy: a peer is a record in one array (about 80 bytes, its places in the hash table included) and never an
 * object, so that a million peers cost the garbage collector nothing. A peer is who it is by its address and port: by
 * its peer id, which all of its swarm know, anybody could sign it off. The hash table uses linear probing and shifts
 * back on removal, so there are no tombstones to clear away; its seed is secret, so that nobody can tell which
 * addresses fall into one place. Doubling the arrays at a million peers takes some tens of milliseconds, once.
 */
import { assert } from '../src/assert.js'
import { mix } from '../src/random.js'
import { type PeerId, peerId } from '../src/values.js'
import { bytesToHost, COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'

const HOST_BYTES = 16
const ID_BYTES = 20
const SLOTS_AT_FIRST = 1_024
const NO_SLOT = -1

/** A record: 64 bytes, of which 52 are in use, so that looking at a peer costs one line of the processor's cache. */
const WORDS = 16
const BYTES = WORDS * 4
const HOST = 0
const ID = 4
const PORT = 9
const SWARM = 10
const GROUP = 11
const PLACE = 12
const HASH = 13

/** IPv4 addresses are kept as mapped ones (RFC 4291), so that one kind of record does for both. */
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

export class PeerTable {
  #capacity = SLOTS_AT_FIRST
  #count = 0
  /** Slots below this one were in use at some time. */
  #used = 0
  /** The first of the slots given back; each names the next in its `PLACE`. */
  #free = NO_SLOT
  #words = new Int32Array(SLOTS_AT_FIRST * WORDS)
  #bytes = new Uint8Array(this.#words.buffer)
  /** Slot and one, or 0 for none; its length is a power of two, and at least half of it is empty. */
  #buckets = new Int32Array(SLOTS_AT_FIRST * 2)
  readonly #wantedBytes = new Uint8Array(HOST_BYTES)
  readonly #wantedWords = new Int32Array(this.#wantedBytes.buffer)
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  get count(): number {
    return this.#count
  }

  /** `host` has 4 or 16 bytes. */
  find(swarm: number, host: Uint8Array, port: number): number | undefined {
    this.#want(host)
    const bucket = this.#bucketOf(this.#hash(swarm, port), swarm, port)
    const slot = (this.#buckets[bucket] ?? 0) - 1
    return slot === NO_SLOT ? undefined : slot
  }

  /** Gives the slot of a peer that was not there. */
  add(swarm: number, host: Uint8Array, port: number): number {
    if (this.#count === this.#capacity) this.#grow()
    this.#want(host)
    const hash = this.#hash(swarm, port)
    const bucket = this.#bucketOf(hash, swarm, port)
    assert(this.#buckets[bucket] === 0, 'a peer is in its swarm once')
    const slot = this.#free === NO_SLOT ? this.#used++ : this.#free
    if (slot === this.#free) this.#free = this.#word(slot, PLACE)
    this.#words.set(this.#wantedWords, slot * WORDS + HOST)
    this.#words[slot * WORDS + PORT] = port
    this.#words[slot * WORDS + SWARM] = swarm
    this.#words[slot * WORDS + HASH] = hash
    this.#buckets[bucket] = slot + 1
    this.#count++
    return slot
  }

  remove(slot: number): void {
    const mask = this.#buckets.length - 1
    let hole = this.#word(slot, HASH) & mask
    while (this.#buckets[hole] !== slot + 1) {
      assert(this.#buckets[hole] !== 0, 'a peer that is removed is there')
      hole = (hole + 1) & mask
    }
    // Whoever stands behind the hole only because it was filled moves into it, and leaves the next hole.
    for (let at = (hole + 1) & mask; this.#buckets[at] !== 0; at = (at + 1) & mask) {
      const other = (this.#buckets[at] ?? 0) - 1
      const home = this.#word(other, HASH) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      this.#buckets[hole] = other + 1
      hole = at
    }
    this.#buckets[hole] = 0
    this.#words[slot * WORDS + PLACE] = this.#free
    this.#free = slot
    this.#count--
  }

  swarmOf(slot: number): number {
    return this.#word(slot, SWARM)
  }

  groupOf(slot: number): number {
    return this.#word(slot, GROUP)
  }

  setGroup(slot: number, group: number): void {
    this.#words[slot * WORDS + GROUP] = group
  }

  /** Where it stands in its group. */
  placeOf(slot: number): number {
    return this.#word(slot, PLACE)
  }

  setPlace(slot: number, place: number): void {
    this.#words[slot * WORDS + PLACE] = place
  }

  idOf(slot: number): PeerId {
    const start = slot * BYTES + ID * 4
    return peerId(this.#bytes.slice(start, start + ID_BYTES))
  }

  setId(slot: number, id: PeerId): void {
    this.#bytes.set(id, slot * BYTES + ID * 4)
  }

  /** Whether both have the same peer id. */
  areSame(left: number, right: number): boolean {
    const [one, other] = [left * WORDS + ID, right * WORDS + ID]
    // From the end: the first bytes name the client, and are the same for most.
    for (let at = ID_BYTES / 4 - 1; at >= 0; at--) if (this.#words[one + at] !== this.#words[other + at]) return false
    return true
  }

  hostOf(slot: number): string {
    return bytesToHost(this.#bytes.subarray(slot * BYTES, slot * BYTES + HOST_BYTES))
  }

  portOf(slot: number): number {
    return this.#word(slot, PORT)
  }

  /** Writes the address as compact lists have it (BEP 7, 23), of the family that it is of. */
  writeCompact(slot: number, family: 'ipv4' | 'ipv6', into: Uint8Array, offset: number): void {
    const length = family === 'ipv4' ? COMPACT_IPV4_BYTES - 2 : COMPACT_IPV6_BYTES - 2
    const start = slot * BYTES + HOST_BYTES - length
    for (let at = 0; at < length; at++) into[offset + at] = this.#bytes[start + at] ?? 0
    const port = this.portOf(slot)
    into[offset + length] = port >> 8
    into[offset + length + 1] = port & 0xff
  }

  #want(host: Uint8Array): void {
    assert(host.length === 4 || host.length === HOST_BYTES, 'an IP address has 4 or 16 bytes')
    if (host.length === HOST_BYTES) this.#wantedBytes.set(host)
    else {
      this.#wantedBytes.set(MAPPED)
      this.#wantedBytes.set(host, MAPPED.length)
    }
  }

  #hash(swarm: number, port: number): number {
    let hash = mix(this.#seed, swarm)
    for (let at = 0; at < HOST_BYTES / 4; at++) hash = mix(hash, this.#wantedWords[at] ?? 0)
    return mix(hash, port)
  }

  /** The bucket of the peer that is wanted, or the empty one where it would stand. */
  #bucketOf(hash: number, swarm: number, port: number): number {
    const mask = this.#buckets.length - 1
    let bucket = hash & mask
    for (;;) {
      const slot = (this.#buckets[bucket] ?? 0) - 1
      if (slot === NO_SLOT || this.#isWanted(slot, swarm, port)) return bucket
      bucket = (bucket + 1) & mask
    }
  }

  #isWanted(slot: number, swarm: number, port: number): boolean {
    if (this.#word(slot, SWARM) !== swarm || this.#word(slot, PORT) !== port) return false
    for (let at = 0; at < HOST_BYTES / 4; at++) if (this.#word(slot, HOST + at) !== this.#wantedWords[at]) return false
    return true
  }

  #word(slot: number, field: number): number {
    return this.#words[slot * WORDS + field] ?? 0
  }

  #grow(): void {
    const capacity = this.#capacity * 2
    const words = new Int32Array(capacity * WORDS)
    words.set(this.#words)
    this.#words = words
    this.#bytes = new Uint8Array(words.buffer)
    this.#capacity = capacity
    // Every slot is in use here, or there would have been room.
    this.#buckets = new Int32Array(capacity * 2)
    const mask = this.#buckets.length - 1
    for (let slot = 0; slot < this.#used; slot++) {
      let bucket = this.#word(slot, HASH) & mask
      while (this.#buckets[bucket] !== 0) bucket = (bucket + 1) & mask
      this.#buckets[bucket] = slot + 1
    }
  }
}
