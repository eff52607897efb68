/**
 * Simulated data channels (WebRTC): offers and answers that name each other, and the `DataChannels` port of each process.
 *
 * What comes of an offer and its answer is a connection of the network, so that lines, losses, partitions and resets are
 * its own. Nobody reads what is encrypted, so no manners are put on it and no checker follows what is said.
 */
import type { DataChannelAttempt, DataChannelEvents, DataChannels, Failure } from '../src/ports.js'
import { PassingConnection } from '../src/transports/passing.js'
import type { Endpoint } from './endpoint.js'
import type { Host } from './host.js'
import type { NatKind } from './nat.js'
import type { SimulatedNetwork } from './network.js'
import { US_PER_SECOND } from './world.js'

/** Until all addresses of a machine are known. */
const DESCRIBE_US = 20_000
/** Until every pair of addresses was tried. */
const PAIRS_US = 10 * US_PER_SECOND

const UNREADABLE: Failure = { code: 'EPROTO', message: 'no description that names another' }
const UNREACHED: Failure = { code: 'ECONNRESET', message: 'no pair of addresses leads to the other side' }

/** With a port for each who is sent to, nobody can be told by which to come in; so the other side must let all ports in. */
const STRICT: readonly NatKind[] = ['port-restricted', 'symmetric']

const meets = ({ settings: { nat: one } }: Host, { settings: { nat: other } }: Host): boolean =>
  one !== 'blocked' &&
  other !== 'blocked' &&
  !(one === 'symmetric' && STRICT.includes(other)) &&
  !(other === 'symmetric' && STRICT.includes(one))

/** All attempts of a world, by the numbers that descriptions name. */
export class Channels {
  readonly #attempts = new Map<number, Attempt>()
  #numbers = 0

  constructor(readonly network: SimulatedNetwork) {}

  /** How many are under way. */
  get size(): number {
    return this.#attempts.size
  }

  add(attempt: Attempt): number {
    this.#attempts.set(++this.#numbers, attempt)
    return this.#numbers
  }

  find(number: number): Attempt | undefined {
    return this.#attempts.get(number)
  }

  remove(number: number): void {
    this.#attempts.delete(number)
  }
}

class Attempt implements DataChannelAttempt {
  readonly number: number
  readonly #owner: ProcessDataChannels
  readonly #offer: string | undefined
  /** Nobody any more, once it is over. */
  #events: DataChannelEvents | undefined
  /** Ours, while the other side is yet to hear of it. */
  #endpoint: Endpoint | undefined

  constructor(owner: ProcessDataChannels, offer: string | undefined, events: DataChannelEvents) {
    this.#owner = owner
    this.#offer = offer
    this.#events = events
    this.number = owner.channels.add(this)
  }

  get isOver(): boolean {
    return this.#events === undefined
  }

  get host(): Host {
    return this.#owner.host
  }

  describe(): void {
    const theirs = /^offer (\d+)$/.exec(this.#offer ?? '')?.[1]
    if (this.#offer === undefined) this.#events?.described(`offer ${this.number}`)
    else if (theirs === undefined) this.fail(UNREADABLE)
    else this.#events?.described(`answer ${this.number} to ${theirs}`)
  }

  answered(sdp: string): void {
    const [, number, ours] = /^answer (\d+) to (\d+)$/.exec(sdp) ?? []
    const { network } = this.#owner.channels
    if (Number(ours) !== this.number) network.later(this.host.node, () => this.fail(UNREADABLE))
    else this.#meet(this.#owner.channels.find(Number(number)))
  }

  close(): void {
    this.#endpoint?.close()
    this.#leave()
  }

  open(endpoint: Endpoint): void {
    const events = this.#leave()
    const hearer = events?.opened(new ChannelConnection(endpoint))
    if (hearer === undefined) endpoint.close()
    else endpoint.hear(hearer)
  }

  fail(failure: Failure): void {
    this.#leave()?.failed(failure)
  }

  /** Of one that is gone nothing is heard any more. */
  #meet(other: Attempt | undefined): void {
    if (other === undefined) return
    const { channels } = this.#owner
    const { network } = channels
    const [from, to] = [this.host, other.host]
    if (!meets(from, to)) {
      for (const attempt of [this, other]) this.#owner.later(PAIRS_US, () => attempt.fail(UNREACHED))
      return
    }
    network.after(from, to, () => {
      if (this.isOver || other.isOver) return
      const [near, far] = channels.network.pair(from, to)
      this.#endpoint = near
      other.open(far)
      network.after(to, from, () => this.open(near))
    })
  }

  #leave(): DataChannelEvents | undefined {
    const events = this.#events
    this.#events = undefined
    this.#endpoint = undefined
    this.#owner.channels.remove(this.number)
    this.#owner.attempts.delete(this)
    return events
  }
}

class ChannelConnection extends PassingConnection {
  override get transport(): 'webrtc' {
    return 'webrtc'
  }
  override get protection(): 'dtls' {
    return 'dtls'
  }
}

export class ProcessDataChannels implements DataChannels {
  readonly attempts = new Set<Attempt>()

  constructor(
    readonly channels: Channels,
    readonly host: Host,
  ) {}

  open(offer: string | undefined, events: DataChannelEvents): DataChannelAttempt {
    const attempt = new Attempt(this, offer, events)
    this.attempts.add(attempt)
    this.later(DESCRIBE_US, () => attempt.describe())
    return attempt
  }

  /** The process is gone; connections are the network's to end. */
  stop(): void {
    for (const attempt of [...this.attempts]) attempt.close()
  }

  later(us: number, act: () => void): void {
    this.channels.network.later(this.host.node, act, us)
  }
}
