/**
 * The routing table (BEP 5): nodes that answered us, the more of them the closer they are to us.
 *
 * Strategy: only who answered a question of ours comes in, so nobody can fill the table with addresses that are not
 * there. A host has one place in it (its port counts on loopback only), a /24 one in each bucket, and where a bucket is
 * full, an id that fits its address (BEP 42) takes the place of one that does not. Others wait as spares until somebody
 * falls silent.
 */
import { LIMITS } from '../limits.js'
import type { PeerAddress } from '../values.js'
import { equalBytes, showAddress } from '../values.js'
import type { DhtNode } from '../wire/dhtnode.js'
import { commonPrefixBits, compareDistance, isNodeIdAt, NODE_ID_BYTES } from '../wire/nodeid.js'
import { type Contact, hostName, networkOf } from './contact.js'

interface Bucket {
  contacts: Contact[]
  /** The newest last. */
  spares: Contact[]
  /** When it was last looked after: a node of it answered, or one was looked for. */
  touchedAt: number
}

export const BUCKET_NODES = 8

const isGood = ({ failures }: Contact): boolean => failures === 0

const newContact = (id: Uint8Array, address: PeerAddress, now: number): Contact => ({
  id,
  address,
  verified: isNodeIdAt(id, address.host),
  network: networkOf(address.host),
  heardAt: now,
  failures: 0,
  asked: false,
})

export class RoutingTable {
  readonly id: Uint8Array
  /** The bucket at `i` has ids with `i` first bits like ours, and the last one those with as many or more. */
  readonly #buckets: Bucket[]
  /** Contacts and spares by their hosts. */
  readonly #hosts = new Map<string, Contact>()
  #size = 0

  constructor(id: Uint8Array, now: number) {
    this.id = id
    this.#buckets = [{ contacts: [], spares: [], touchedAt: now }]
  }

  /** Contacts, without spares. */
  get size(): number {
    return this.#size
  }

  *contacts(): Generator<Contact> {
    for (const { contacts } of this.#buckets) yield* contacts
  }

  /** The node answered a question of ours, from this address. */
  answered(id: Uint8Array, address: PeerAddress, now: number): void {
    if (equalBytes(id, this.id)) return
    const known = this.#hosts.get(hostName(address))
    if (known !== undefined) {
      const same = equalBytes(known.id, id) && known.address.port === address.port
      if (same) {
        known.heardAt = now
        known.failures = 0
        known.asked = false
        this.#bucketOf(id).touchedAt = now
        return
      }
      // Another program at the address of one that is there: it may come when that one is gone.
      if (isGood(known) && known.address.port !== address.port) return
      this.#remove(known)
    }
    this.#insert(newContact(id, address, now), now)
  }

  /** It asked us something: that says that it is still there, if it once answered. */
  asked(id: Uint8Array, address: PeerAddress, now: number): void {
    const known = this.#hosts.get(hostName(address))
    if (known === undefined || known.address.port !== address.port) return
    // Under another id than before: whoever is there now is asked.
    if (!equalBytes(known.id, id)) known.heardAt = 0
    else if (isGood(known)) known.heardAt = now
  }

  /** Whether a node that we know by name alone would find a place, and is worth a question. */
  wants(id: Uint8Array, address: PeerAddress): boolean {
    if (equalBytes(id, this.id) || this.#hosts.has(hostName(address))) return false
    const bucket = this.#bucketOf(id)
    if (bucket.contacts.length < BUCKET_NODES || this.#splits(bucket)) return true
    return bucket.spares.length < LIMITS.dhtSparesMax
  }

  /** It did not answer, or not as it should. */
  failed(address: PeerAddress): void {
    const known = this.#hosts.get(hostName(address))
    if (known === undefined || known.address.port !== address.port) return
    known.asked = false
    known.failures++
    const bucket = this.#bucketOf(known.id)
    const isSpare = bucket.spares.includes(known)
    const replaceable = isSpare || bucket.spares.length > 0 || known.failures >= LIMITS.dhtSilencesMax
    if (known.failures >= LIMITS.dhtFailuresMax && replaceable) this.drop(address)
  }

  /** It is no node of the kind that we want. */
  drop(address: PeerAddress): void {
    const known = this.#hosts.get(hostName(address))
    if (known === undefined || known.address.port !== address.port) return
    this.#remove(known)
    const bucket = this.#bucketOf(known.id)
    while (bucket.contacts.length < BUCKET_NODES) {
      const at = bucket.spares.findLastIndex((spare) => this.#hasRoomFor(bucket, spare))
      const [spare] = at < 0 ? [] : bucket.spares.splice(at, 1)
      if (spare === undefined) break
      bucket.contacts.push(spare)
      this.#size++
    }
  }

  /** The closest contacts that have not failed lately, closest first. */
  closest(target: Uint8Array, count = BUCKET_NODES): readonly Contact[] {
    const found: Contact[] = []
    for (const { contacts } of this.#buckets)
      for (const contact of contacts) {
        if (contact.failures >= LIMITS.dhtFailuresMax) continue
        const last = found[found.length - 1]
        if (found.length >= count && last !== undefined && compareDistance(target, contact.id, last.id) >= 0) continue
        let at = found.length
        while (at > 0 && compareDistance(target, contact.id, (found[at - 1] as Contact).id) < 0) at--
        found.splice(at, 0, contact)
        if (found.length > count) found.pop()
      }
    return found
  }

  /** The contact that was silent for longest, where that is so long that nobody knows whether it is there. */
  questionable(now: number): Contact | undefined {
    let oldest: Contact | undefined
    for (const contact of this.contacts()) {
      if (contact.asked || now - contact.heardAt < LIMITS.dhtQuestionableMs * (contact.failures === 0 ? 1 : 0)) continue
      if (oldest === undefined || contact.heardAt < oldest.heardAt) oldest = contact
    }
    return oldest
  }

  /** An id to look for, where nothing was heard of a bucket for so long; the bucket counts as looked after from now on. */
  staleTarget(now: number, chance: () => Uint8Array): Uint8Array | undefined {
    const at = this.#buckets.findIndex(({ touchedAt }) => now - touchedAt >= LIMITS.dhtQuestionableMs)
    const bucket = this.#buckets[at]
    if (bucket === undefined) return undefined
    bucket.touchedAt = now
    return this.#idInBucket(at, chance())
  }

  /** The same nodes around another id of ours. */
  renamed(id: Uint8Array, now: number): RoutingTable {
    const table = new RoutingTable(id, now)
    for (const contact of this.#hosts.values()) table.#insert(contact, now)
    return table
  }

  /** Good nodes, to be remembered. */
  nodes(count: number): readonly DhtNode[] {
    return [...this.contacts()].filter(isGood).slice(0, count)
  }

  #idInBucket(at: number, chance: Uint8Array): Uint8Array {
    const id = chance.slice(0, NODE_ID_BYTES)
    for (let bit = 0; bit <= Math.min(at, NODE_ID_BYTES * 8 - 1); bit++) {
      const byte = bit >> 3
      const mask = 0x80 >> (bit & 7)
      const ours = (this.id[byte] ?? 0) & mask
      // The last bucket has ids that may go on being like ours.
      const wanted = bit < at ? ours : at === this.#buckets.length - 1 ? (id[byte] ?? 0) & mask : ours ^ mask
      id[byte] = ((id[byte] ?? 0) & ~mask) | wanted
    }
    return id
  }

  #bucketAt(id: Uint8Array): number {
    return Math.min(commonPrefixBits(this.id, id), this.#buckets.length - 1)
  }

  #bucketOf(id: Uint8Array): Bucket {
    return this.#buckets[this.#bucketAt(id)] as Bucket // there is one at least
  }

  #splits(bucket: Bucket): boolean {
    return bucket === this.#buckets[this.#buckets.length - 1] && this.#buckets.length < NODE_ID_BYTES * 8
  }

  /** No other of the same network is in the bucket. */
  #hasRoomFor({ contacts }: Bucket, { network }: Contact): boolean {
    return network === undefined || !contacts.some((contact) => contact.network === network)
  }

  #insert(contact: Contact, now: number): void {
    for (;;) {
      const bucket = this.#bucketOf(contact.id)
      if (bucket.contacts.some(({ id }) => equalBytes(id, contact.id))) return // somebody took the id first
      const hasRoom = this.#hasRoomFor(bucket, contact)
      if (hasRoom && bucket.contacts.length >= BUCKET_NODES && this.#splits(bucket)) {
        this.#split(now)
        continue
      }
      if (hasRoom && bucket.contacts.length >= BUCKET_NODES) this.#makeRoom(bucket, contact)
      if (hasRoom && bucket.contacts.length < BUCKET_NODES) {
        bucket.contacts.push(contact)
        bucket.touchedAt = now
        this.#size++
      } else {
        if (bucket.spares.length >= LIMITS.dhtSparesMax) this.#forgetSpare(bucket, contact)
        if (bucket.spares.length >= LIMITS.dhtSparesMax) return
        bucket.spares.push(contact)
      }
      this.#hosts.set(hostName(contact.address), contact)
      return
    }
  }

  /** Who fell silent, or has an id of its own choosing where the new one has not, makes way. */
  #makeRoom(bucket: Bucket, { verified }: Contact): void {
    const worst =
      bucket.contacts.find(({ failures }) => failures >= LIMITS.dhtFailuresMax) ??
      (verified ? bucket.contacts.find((contact) => !contact.verified) : undefined)
    if (worst !== undefined) this.#remove(worst)
  }

  /** The oldest, of those whose ids do not fit first; none where the new one is worse than all. */
  #forgetSpare(bucket: Bucket, { verified }: Contact): void {
    const oldest = bucket.spares.find((spare) => !spare.verified) ?? (verified ? bucket.spares[0] : undefined)
    if (oldest !== undefined) this.#remove(oldest)
  }

  #remove(contact: Contact): void {
    const bucket = this.#bucketOf(contact.id)
    const at = bucket.contacts.indexOf(contact)
    if (at >= 0) {
      bucket.contacts.splice(at, 1)
      this.#size--
    } else bucket.spares = bucket.spares.filter((spare) => spare !== contact)
    const name = hostName(contact.address)
    if (this.#hosts.get(name) === contact) this.#hosts.delete(name)
  }

  #split(now: number): void {
    const last = this.#buckets.length - 1
    const bucket = this.#buckets[last]
    if (bucket === undefined) return
    const next: Bucket = { contacts: [], spares: [], touchedAt: bucket.touchedAt }
    this.#buckets.push(next)
    const goesOn = ({ id }: Contact): boolean => commonPrefixBits(this.id, id) > last
    next.contacts = bucket.contacts.filter(goesOn)
    next.spares = bucket.spares.filter(goesOn)
    bucket.contacts = bucket.contacts.filter((contact) => !goesOn(contact))
    bucket.spares = bucket.spares.filter((contact) => !goesOn(contact))
    if (next.contacts.length === 0) next.touchedAt = now
  }

  /** For tests: what must hold whatever happened. */
  problem(): string | undefined {
    let contacts = 0
    for (const [at, bucket] of this.#buckets.entries()) {
      contacts += bucket.contacts.length
      if (bucket.contacts.length > BUCKET_NODES) return `bucket ${at} is too full`
      if (bucket.spares.length > LIMITS.dhtSparesMax) return `bucket ${at} has too many spares`
      const networks = bucket.contacts.flatMap(({ network }) => network ?? [])
      if (new Set(networks).size < networks.length) return `bucket ${at} has two nodes of one network`
      for (const contact of [...bucket.contacts, ...bucket.spares]) {
        if (this.#bucketOf(contact.id) !== bucket) return `${showAddress(contact.address)} is in bucket ${at}`
        if (this.#hosts.get(hostName(contact.address)) !== contact)
          return `${showAddress(contact.address)} is not known`
      }
    }
    return contacts === this.#size ? undefined : `there are ${contacts} contacts and not ${this.#size}`
  }
}
