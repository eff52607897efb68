/**
 * The peer index: every peer of every swarm, found by swarm and address.
 *
 * Strategy: a peer is a record in one array (about 80 bytes, its places in the hash table included) and never an
 * object, so that a million peers cost the garbage collector nothing. A peer is who it is by its address and port: by
 * its peer id, which all of its swarm know, anybody could sign it off. The seed of the hash is secret, so that nobody can
 * tell which addresses fall into one place. Doubling the arrays at a million peers takes some tens of milliseconds, once.
 */
import { assert } from '../src/assert.js'
import { mix } from '../src/random.js'
import { type PeerId, peerId } from '../src/values.js'
import { bytesToHost, COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import { Buckets, NO_SLOT } from './buckets.js'

const HOST_BYTES = 16
const HOST_WORDS = HOST_BYTES / 4
const ID_BYTES = 20
const SLOTS_AT_FIRST = 1_024

/**
 * A record: 64 bytes, of which 52 are in use. What an announce looks at are the first 48 of them, for which the port and
 * the group share a word: they are one line of the processor's cache, where the array begins 16 bytes into one, too.
 */
const WORDS = 16
const BYTES = WORDS * 4
const HOST = 0
const ID = 4
const SWARM = 9
const PORT_AND_GROUP = 10
const PLACE = 11
const HASH = 12
/** The group stands above the port's bits. */
const PORT_BITS = 16
const PORT_MASK = 0xffff

/** IPv4 addresses are kept as mapped ones (RFC 4291), so that one kind of record does for both. */
const MAPPED = new Int32Array(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff).buffer)

export class PeerTable {
  #capacity = SLOTS_AT_FIRST
  /** Slots below this one were in use at some time. */
  #used = 0
  /** The first of the slots given back; each names the next in its `PLACE`. */
  #free = NO_SLOT
  #words = new Int32Array(SLOTS_AT_FIRST * WORDS)
  #bytes = new Uint8Array(this.#words.buffer)
  readonly #buckets = new Buckets((slot) => this.#word(slot, HASH))
  readonly #wantedBytes = new Uint8Array(HOST_BYTES)
  readonly #wantedWords = new Int32Array(this.#wantedBytes.buffer)
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  get count(): number {
    return this.#buckets.count
  }

  /** `host` has 4 or 16 bytes. */
  find(swarm: number, host: Uint8Array, port: number): number | undefined {
    this.#want(host)
    return this.#find(this.#hash(swarm, port), swarm, port)
  }

  /** Gives the slot of a peer that was not there. */
  add(swarm: number, host: Uint8Array, port: number): number {
    if (this.count === this.#capacity) this.#grow()
    this.#want(host)
    const hash = this.#hash(swarm, port)
    assert(this.#find(hash, swarm, port) === undefined, 'a peer is in its swarm once')
    const slot = this.#free === NO_SLOT ? this.#used++ : this.#free
    if (slot === this.#free) this.#free = this.#word(slot, PLACE)
    const at = slot * WORDS
    for (let word = 0; word < HOST_WORDS; word++) this.#words[at + HOST + word] = this.#wantedWords[word] ?? 0
    this.#words[at + PORT_AND_GROUP] = port
    this.#words[at + SWARM] = swarm
    this.#words[at + HASH] = hash
    this.#buckets.add(slot)
    return slot
  }

  remove(slot: number): void {
    this.#buckets.remove(slot)
    this.#words[slot * WORDS + PLACE] = this.#free
    this.#free = slot
  }

  swarmOf(slot: number): number {
    return this.#word(slot, SWARM)
  }

  groupOf(slot: number): number {
    return this.#word(slot, PORT_AND_GROUP) >>> PORT_BITS
  }

  setGroup(slot: number, group: number): void {
    this.#words[slot * WORDS + PORT_AND_GROUP] = (group << PORT_BITS) | this.portOf(slot)
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
    const bytes = this.#bytes
    const start = slot * BYTES + ID * 4
    for (let at = 0; at < ID_BYTES; at++) bytes[start + at] = id[at] ?? 0
  }

  /** Two bytes of its peer id, by which most that differ are told apart: the first ones name the client. */
  tagOf(slot: number): number {
    const last = this.#word(slot, ID + ID_BYTES / 4 - 1)
    return (last ^ (last >>> 16)) & 0xffff
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
    return this.#word(slot, PORT_AND_GROUP) & PORT_MASK
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
    const start = HOST_BYTES - host.length
    const words = this.#wantedWords
    for (let word = 0; word * 4 < start; word++) words[word] = MAPPED[word] ?? 0
    const bytes = this.#wantedBytes
    for (let at = start; at < HOST_BYTES; at++) bytes[at] = host[at - start] ?? 0
  }

  #hash(swarm: number, port: number): number {
    const wanted = this.#wantedWords
    let hash = mix(this.#seed, swarm)
    for (let at = 0; at < HOST_WORDS; at++) hash = mix(hash, wanted[at] ?? 0)
    return mix(hash, port)
  }

  /** The peer that is wanted. */
  #find(hash: number, swarm: number, port: number): number | undefined {
    for (let bucket = this.#buckets.first(hash); ; bucket = this.#buckets.next(bucket)) {
      const slot = this.#buckets.at(bucket)
      if (slot === NO_SLOT) return undefined
      if (this.#isWanted(slot, swarm, port)) return slot
    }
  }

  #isWanted(slot: number, swarm: number, port: number): boolean {
    const words = this.#words
    const wanted = this.#wantedWords
    const start = slot * WORDS
    if (words[start + SWARM] !== swarm || ((words[start + PORT_AND_GROUP] ?? 0) & PORT_MASK) !== port) return false
    for (let at = 0; at < HOST_WORDS; at++) if (words[start + HOST + at] !== wanted[at]) return false
    return true
  }

  #word(slot: number, field: number): number {
    return this.#words[slot * WORDS + field] ?? 0
  }

  #grow(): void {
    this.#capacity *= 2
    const words = new Int32Array(this.#capacity * WORDS)
    words.set(this.#words)
    this.#words = words
    this.#bytes = new Uint8Array(words.buffer)
  }
}
