/**
 * Port mapping: has the router lead a port of its own to ours, for as long as the engine runs.
 *
 * Strategy: protocols are tried one after the other, and the first that works is used. A mapping is asked for again after
 * half of its time; one that could not be renewed until its end is gone, and all begins anew. Nobody waits for any of it.
 */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock, Failure, Mapping, Router } from '../ports.js'
import { boundedText, instant } from '../values.js'
import { canonicalHost } from '../wire/compact.js'

type Protocol = Router['protocol']

/** What happened, as the events of that name say it. */
export type MappingNews =
  | ({ readonly type: 'port-mapped'; readonly protocol: Protocol; readonly port: number } & Mapping)
  | { readonly type: 'port-mapping-failed'; readonly protocol: Protocol; readonly reason: string }
  | {
      readonly type: 'port-unmapped'
      readonly protocol: Protocol
      readonly externalPort: number
      readonly reason: 'closed' | 'expired'
    }

export interface PortMappingOptions {
  readonly clock: Clock
  readonly routers: readonly Router[]
  /** Ours. */
  readonly port: number
  readonly leaseMs: number
  tell(news: MappingNews): void
}

interface Held {
  readonly router: Router
  readonly externalPort: number
  readonly until: number
}

const clampMs = (ms: number): number =>
  Math.max(LIMITS.portMappingLeaseMinMs, Math.min(LIMITS.portMappingLeaseMaxMs, ms))

export class PortMapping {
  readonly #options: PortMappingOptions
  /** Of each protocol, so that the same failure is told once. */
  readonly #told = new Map<Protocol, string>()
  #held: Held | undefined
  #externalPort: number | undefined
  #retryMs: number = LIMITS.portMappingRetryMs
  #cancelWake: Cancel = () => undefined
  #cancelAsking: Cancel = () => undefined
  /** The router that is being asked, once it may have done what it was asked. */
  #found: Router | undefined
  /** Told when it has answered. */
  #answered: () => void = () => undefined
  #closing: Promise<void> | undefined

  constructor(options: PortMappingOptions) {
    this.#options = options
    this.#try(0)
  }

  /** The port that leads to us; after closing that which did, as farewells to trackers name it still. */
  get externalPort(): number | undefined {
    return this.#externalPort
  }

  /** Takes the mapping away, and resolves when that is done, or has taken long enough. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Asks the routers in turn, from this one on. */
  #try(place: number): void {
    const router = this.#options.routers[place]
    if (router === undefined) {
      this.#wakeIn(this.#retryMs, () => this.#try(0))
      this.#retryMs = Math.min(this.#retryMs * 2, LIMITS.portMappingRetryMaxMs)
      return
    }
    this.#ask(router, this.#options.port, (answer) => {
      if (answer.type === 'done') {
        this.#hold(router, answer.value)
      } else {
        this.#fail(router, answer.failure)
        this.#try(place + 1)
      }
    })
  }

  #ask(router: Router, externalPort: number, done: (answer: Answer<Mapping>) => void): void {
    const { port, leaseMs } = this.#options
    const answered = (answer: Answer<Mapping>): void => {
      this.#cancelAsking = () => undefined
      this.#found = undefined
      if (this.#closing === undefined) {
        done(answer)
        return
      }
      if (answer.type === 'done') this.#held = { router, externalPort: answer.value.externalPort, until: 0 }
      this.#answered()
    }
    const found = (): void => {
      this.#found = router
    }
    this.#cancelAsking = router.map({ port, externalPort, lifetimeMs: leaseMs }, answered, found)
  }

  #hold(router: Router, mapping: Mapping): void {
    const { clock, port, tell } = this.#options
    const lifetimeMs = clampMs(mapping.lifetimeMs)
    const externalHost = mapping.externalHost === undefined ? undefined : canonicalHost(mapping.externalHost)
    const { externalPort } = mapping
    this.#held = { router, externalPort, until: clock.now() + lifetimeMs }
    this.#externalPort = externalPort
    this.#retryMs = LIMITS.portMappingRetryMs
    this.#told.clear()
    tell({ type: 'port-mapped', protocol: router.protocol, port, externalPort, externalHost, lifetimeMs })
    this.#wakeIn(lifetimeMs / 2, () => this.#renew())
  }

  #renew(): void {
    const { clock, tell } = this.#options
    const held = this.#held
    if (held === undefined) return
    const leftMs = held.until - clock.now()
    if (leftMs <= 0) {
      this.#held = undefined
      this.#externalPort = undefined
      const { externalPort, router } = held
      tell({ type: 'port-unmapped', protocol: router.protocol, externalPort, reason: 'expired' })
      this.#try(0)
      return
    }
    this.#ask(held.router, held.externalPort, (answer) => {
      if (answer.type === 'done') {
        this.#hold(held.router, answer.value)
        return
      }
      this.#fail(held.router, answer.failure)
      const laterMs = Math.max(held.until - clock.now(), 0)
      this.#wakeIn(laterMs > LIMITS.portMappingLeaseMinMs ? laterMs / 2 : laterMs, () => this.#renew())
    })
  }

  #fail({ protocol }: Router, { code, message }: Failure): void {
    const reason = boundedText(`${code}: ${message}`, LIMITS.reasonTextMax)
    if (this.#told.get(protocol) === reason) return
    this.#told.set(protocol, reason)
    this.#options.tell({ type: 'port-mapping-failed', protocol, reason })
  }

  #wakeIn(ms: number, act: () => void): void {
    const { clock } = this.#options
    this.#cancelWake = clock.wakeAt(instant(clock.now() + Math.ceil(ms)), act)
  }

  async #close(): Promise<void> {
    this.#cancelWake()
    const { clock } = this.#options
    let cancelBound: Cancel = () => undefined
    const bound = new Promise<void>((resolve) => {
      cancelBound = clock.wakeAt(instant(clock.now() + LIMITS.portUnmapMs), resolve)
    })
    // What is asked of a router that is there is soon done, and then to be taken away; any other is not waited for.
    if (this.#found !== undefined)
      await Promise.race([
        bound,
        new Promise<void>((resolve) => {
          this.#answered = resolve
        }),
      ])
    this.#cancelAsking()
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) await Promise.race([bound, this.#unmap(held)])
    this.#cancelAsking()
    cancelBound()
  }

  #unmap({ externalPort, router }: Held): Promise<void> {
    const { port, tell } = this.#options
    return new Promise((resolve) => {
      this.#cancelAsking = router.unmap({ port, externalPort }, (answer) => {
        if (answer.type === 'done')
          tell({ type: 'port-unmapped', protocol: router.protocol, externalPort, reason: 'closed' })
        else this.#fail(router, answer.failure)
        resolve()
      })
    })
  }
}
