/** A link that loses, doubles and delays datagrams as a seed says, over a clock that is moved on by hand. */
import type { BindOptions, Datagrams } from '../../src/ports.js'
import type { Instant, PeerAddress } from '../../src/values.js'
import type { ManualClock } from '../contracts/manual-clock.js'

export interface LinkSettings {
  readonly delayMs: number
  readonly jitterMs: number
  readonly loss: number
  readonly duplicates: number
  /** Larger datagrams are cut off, as by one who has no more room for them; or lost, where `drops`. */
  readonly roomBytes?: number
  readonly drops?: boolean
}

export const chanceOf = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

export class LossyLink {
  readonly #bound = new Map<string, BindOptions>()
  readonly #clock: ManualClock
  readonly #chance: () => number
  settings: LinkSettings
  /** Datagrams that were sent, and what a spy sees of each. */
  sent = 0
  spy: ((bytes: Uint8Array, from: PeerAddress, to: PeerAddress) => void) | undefined

  constructor(clock: ManualClock, settings: LinkSettings, seed: number) {
    this.#clock = clock
    this.settings = settings
    this.#chance = chanceOf(seed)
  }

  /** How many sockets there are. */
  get bound(): number {
    return this.#bound.size
  }

  /** The datagrams of a machine. */
  at(host: string): Datagrams {
    return {
      bind: (options, done) => {
        const from = { host, port: options.port }
        this.#bound.set(`${host}:${options.port}`, options)
        const close = (): void => {
          this.#bound.delete(`${host}:${options.port}`)
        }
        this.#clock.wakeAt(this.#clock.now(), () =>
          done({
            type: 'done',
            value: {
              port: options.port,
              close,
              send: (chunks, to, sent) => {
                this.sent++
                const bytes = new Uint8Array(Buffer.concat(chunks))
                const { roomBytes = bytes.length, drops } = this.settings
                this.spy?.(bytes, from, to)
                if (drops !== true || bytes.length <= roomBytes) this.#carry(bytes.subarray(0, roomBytes), from, to)
                this.#clock.wakeAt(this.#clock.now(), () => sent?.({ type: 'done', value: undefined }))
              },
            },
          }),
        )
      },
    }
  }

  /** As if somebody had sent it. */
  deliver(bytes: Uint8Array, from: PeerAddress, to: PeerAddress): void {
    const options = this.#bound.get(`${to.host}:${to.port}`)
    options?.received(bytes, from)
    options?.rested?.()
  }

  #carry(bytes: Uint8Array, from: PeerAddress, to: PeerAddress): void {
    const { delayMs, jitterMs, loss, duplicates } = this.settings
    const copies = this.#chance() < loss ? 0 : this.#chance() < duplicates ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const at = (this.#clock.now() + delayMs + Math.floor(this.#chance() * jitterMs)) as Instant // later than now
      this.#clock.wakeAt(at, () => this.deliver(bytes, from, to))
    }
  }
}
