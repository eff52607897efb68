/**
 * Dialing: one attempt to reach a peer, over each way that there is, encrypted where that is wished.
 *
 * Strategy: ways are tried beside each other, the second a moment after the first or as soon as that has failed, and the
 * first to open wins. Encryption is tried on the way that won; where it fails and may be left out, that way is dialed
 * once more, since who does not understand the first bytes hangs up. Whoever dials hears of one connection or one failure.
 */
import { LIMITS } from '../limits.js'
import type { Cancel, Clock, Connection, ConnectionEvents, Failure, Network } from '../ports.js'
import type { InfoHash, Instant, PeerAddress } from '../values.js'
import type { EncryptionMethod } from '../wire/encryption.js'
import { Securing } from './securing.js'

/** `prefer` tries it first, and does without where that fails. */
export type Encryption = 'off' | 'prefer' | 'require'

/** In order of liking: where others may choose, all that follows the handshake goes unencrypted, as it is quicker. */
export const methodsOf = (encryption: Encryption): readonly EncryptionMethod[] =>
  encryption === 'require' ? ['rc4'] : ['handshake', 'rc4']

/** `punching`: over uTP alone, as the other side dials us at the same moment. */
export type Dialer = (
  address: PeerAddress,
  infoHash: InfoHash,
  events: ConnectionEvents,
  punching: boolean,
) => Pick<Connection, 'close'>

export interface Way {
  readonly network: Pick<Network, 'dial'>
  /** How long after the first it is tried, unless that has failed before. */
  readonly delayMs: number
  readonly timeoutMs: number
}

export interface DialOptions {
  readonly clock: Clock
  entropy(length: number): Uint8Array
  readonly encryption: Encryption
  /** In the order in which they are begun. */
  readonly ways: readonly Way[]
  readonly address: PeerAddress
  readonly infoHash: InfoHash
  readonly events: ConnectionEvents
}

/** One way, while it is tried and after it has won. */
class Leg implements ConnectionEvents {
  readonly way: Way
  readonly #dial: Dial
  failure: Failure | undefined
  /** What to close: an attempt, or what became of it. */
  handle: Pick<Connection, 'close'> | undefined
  /** Who hears of the connection once it is open. */
  hearer: ConnectionEvents | undefined

  constructor(dial: Dial, way: Way) {
    this.#dial = dial
    this.way = way
  }

  opened(connection: Connection): void {
    this.#dial.won(this, connection)
  }

  received(chunk: Uint8Array): void {
    this.hearer?.received(chunk)
  }

  closed(failure: Failure): void {
    if (this.hearer !== undefined) this.hearer.closed(failure)
    else this.#dial.lost(this, failure)
  }
}

export class Dial implements Pick<Connection, 'close'> {
  readonly #options: DialOptions
  readonly #legs: readonly Leg[]
  #later: Cancel | undefined
  #begun = 0
  #encrypts: boolean

  constructor(options: DialOptions) {
    this.#options = options
    this.#encrypts = options.encryption !== 'off'
    this.#legs = options.ways.map((way) => new Leg(this, way))
    this.#next()
  }

  /** Ends what is under way; nobody hears of it. */
  close(): void {
    this.#later?.()
    for (const leg of this.#legs) leg.handle?.close()
  }

  won(leg: Leg, connection: Connection): void {
    this.#later?.()
    this.#begun = this.#legs.length
    for (const other of this.#legs) {
      if (other === leg) continue
      other.handle?.close()
      other.handle = undefined
    }
    const { events } = this.#options
    if (!this.#encrypts) {
      leg.handle = connection
      leg.hearer = events
      events.opened(connection)
      return
    }
    const securing = new Securing(
      {
        ...this.#options,
        entropy: (length) => this.#options.entropy(length),
        methods: methodsOf(this.#options.encryption),
        failed: (failure) => this.#notSecured(leg, failure),
      },
      connection,
    )
    leg.handle = securing
    leg.hearer = securing
  }

  lost(leg: Leg, failure: Failure): void {
    leg.failure = failure
    leg.handle = undefined
    this.#later?.()
    if (this.#begun < this.#legs.length) this.#next()
    if (this.#legs.every((each) => each.handle === undefined)) this.#failed()
    // Where somebody says that nobody listens, others of the same port do not listen either, or answer soon.
    else if (failure.code === 'ECONNREFUSED') this.#later = this.#after(LIMITS.dialAfterRefusalMs, () => this.#giveUp())
  }

  #next(): void {
    const leg = this.#legs[this.#begun]
    if (leg === undefined) return
    this.#begun++
    this.#begin(leg)
    const following = this.#legs[this.#begun]
    if (following !== undefined) this.#later = this.#after(following.way.delayMs, () => this.#next())
  }

  #giveUp(): void {
    for (const leg of this.#legs) leg.handle?.close()
    this.#failed()
  }

  #failed(): void {
    const failures = this.#legs.flatMap(({ failure }) => failure ?? [])
    const telling = failures.findLast(({ code }) => code !== 'ETIMEDOUT') ?? failures.at(-1)
    if (telling !== undefined) this.#options.events.closed(telling)
  }

  #after(ms: number, act: () => void): Cancel {
    const { clock } = this.#options
    return clock.wakeAt((clock.now() + ms) as Instant, act) // later than now
  }

  #begin(leg: Leg): void {
    leg.handle = leg.way.network.dial(this.#options.address, leg.way.timeoutMs, leg)
  }

  #notSecured(leg: Leg, failure: Failure): void {
    leg.hearer = undefined
    leg.handle = undefined
    if (this.#options.encryption === 'require') {
      this.#options.events.closed(failure)
      return
    }
    this.#encrypts = false
    this.#begin(leg)
  }
}
