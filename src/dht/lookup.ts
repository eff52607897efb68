/**
 * A look-up (BEP 5): asks the nodes closest to a target for closer ones, until the closest that there are have answered.
 *
 * Strategy: ids that do not fit their addresses (BEP 42) are asked, but do not count when it comes to being done: the
 * look-up ends when the eight closest of all have answered and the eight closest that fit, so nobody can gather around a
 * target and keep others from being found. A host has one place, a /24 has two; one that gives another id than it was
 * named with gets the place of that id.
 */
import { LIMITS } from '../limits.js'
import { equalBytes, type PeerAddress } from '../values.js'
import { compareDistance, isNodeIdAt } from '../wire/nodeid.js'
import { hostName, networkOf } from './contact.js'
import { BUCKET_NODES } from './table.js'

export interface LookupNode {
  /** Unknown of those that we are told to begin with. */
  id: Uint8Array | undefined
  readonly address: PeerAddress
  readonly network: string | undefined
  verified: boolean
  state: 'new' | 'asked' | 'late' | 'answered' | 'failed'
  token: Uint8Array | undefined
}

export class Lookup {
  readonly target: Uint8Array
  /** Closest first; those without an id before all. */
  #nodes: LookupNode[] = []
  readonly #hosts = new Map<string, LookupNode>()
  /** Questions that were sent. */
  asked = 0
  answered = 0

  constructor(target: Uint8Array) {
    this.target = target
  }

  /** Somebody named the node, or it is one to begin with. */
  add(id: Uint8Array | undefined, address: PeerAddress): void {
    const name = hostName(address)
    const known = this.#hosts.get(name)
    if (known !== undefined) {
      // Who is named at a port where nobody is must not be kept from being found at another.
      if (known.state !== 'failed' || known.address.port === address.port) return
      this.#nodes.splice(this.#nodes.indexOf(known), 1)
    }
    const network = networkOf(address.host)
    const node: LookupNode = {
      id,
      address,
      network,
      verified: id !== undefined && isNodeIdAt(id, address.host),
      state: 'new',
      token: undefined,
    }
    if (network !== undefined && !this.#hasRoomFor(network)) return
    this.#hosts.set(name, node)
    this.#place(node)
    if (this.#nodes.length > LIMITS.dhtLookupNodesMax) this.#forgetFarthest()
  }

  /** Nodes to be asked now, and counts them as asked. */
  next(): readonly LookupNode[] {
    const asked: LookupNode[] = []
    let room = LIMITS.dhtLookupAlpha - this.#count('asked')
    for (const node of this.#needed()) {
      if (room <= 0 || this.asked >= LIMITS.dhtLookupQuestionsMax) break
      if (node.state !== 'new') continue
      node.state = 'asked'
      this.asked++
      room--
      asked.push(node)
    }
    return asked
  }

  /** Nobody is left to be asked, and nobody is waited for. */
  get done(): boolean {
    const isUnderWay = this.#needed().some(({ state }) => state === 'asked' || state === 'late')
    const isLeft = this.asked < LIMITS.dhtLookupQuestionsMax && this.#needed().some(({ state }) => state === 'new')
    return !isUnderWay && !isLeft
  }

  /** The node has been silent for a while: somebody else is asked beside it. */
  late(node: LookupNode): void {
    if (node.state === 'asked') node.state = 'late'
  }

  failed(node: LookupNode): void {
    if (node.state === 'asked' || node.state === 'late') node.state = 'failed'
  }

  /** The node answered as this id. */
  heard(node: LookupNode, id: Uint8Array, token: Uint8Array | undefined): void {
    if (node.state !== 'asked' && node.state !== 'late') return
    node.state = 'answered'
    node.token = token
    this.answered++
    if (node.id !== undefined && equalBytes(node.id, id)) return
    this.#nodes.splice(this.#nodes.indexOf(node), 1)
    node.id = id
    node.verified = isNodeIdAt(id, node.address.host)
    this.#place(node)
  }

  /** Where to store something: the closest that gave a token, and of those whose ids fit their addresses as many. */
  stores(): readonly LookupNode[] {
    const willing = this.#nodes.filter(
      ({ state, token, id }) => state === 'answered' && token !== undefined && id !== undefined,
    )
    const fitting = willing.filter(({ verified }) => verified).slice(0, BUCKET_NODES)
    return [...new Set([...fitting, ...willing.slice(0, BUCKET_NODES)])]
  }

  /** The closest of all, and the closest that fit, without those that failed. */
  #needed(): readonly LookupNode[] {
    const needed: LookupNode[] = []
    let all = 0
    let fitting = 0
    for (const node of this.#nodes) {
      if (node.state === 'failed') continue
      const isFirst = all < BUCKET_NODES
      const isFitting = node.verified && fitting < BUCKET_NODES
      if (isFirst || isFitting) needed.push(node)
      if (node.id !== undefined) all++
      if (node.verified) fitting++
      if (all >= BUCKET_NODES && fitting >= BUCKET_NODES) break
    }
    return needed
  }

  #count(state: LookupNode['state']): number {
    let count = 0
    for (const node of this.#nodes) if (node.state === state) count++
    return count
  }

  #hasRoomFor(network: string): boolean {
    let count = 0
    for (const node of this.#nodes) if (node.network === network && node.state !== 'failed') count++
    return count < LIMITS.dhtLookupNodesPerNetworkMax
  }

  #place(node: LookupNode): void {
    const { id } = node
    let at = this.#nodes.length
    for (; at > 0; at--) {
      const before = this.#nodes[at - 1]?.id
      if (id !== undefined && (before === undefined || compareDistance(this.target, before, id) <= 0)) break
    }
    this.#nodes.splice(at, 0, node)
  }

  /** Whoever is farthest and not being asked. */
  #forgetFarthest(): void {
    const at = this.#nodes.findLastIndex(({ state }) => state !== 'asked' && state !== 'late')
    const [gone] = at < 0 ? [] : this.#nodes.splice(at, 1)
    // Its host is remembered where it was asked, so that nobody is asked twice.
    if (gone !== undefined && gone.state === 'new') this.#hosts.delete(hostName(gone.address))
  }
}
