/** A question for one item of the DHT, by its key: asked once nodes are there to be asked, and answered whatever happens. */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock } from '../ports.js'
import { instant } from '../values.js'
import type { KeyMagnet } from '../wire/keymagnet.js'
import { mutableTarget, type StoredItem } from '../wire/storeditem.js'
import type { DhtService } from './service.js'

export type ItemAnswer = Answer<StoredItem | undefined>

export class ItemQuestion {
  readonly #dht: DhtService
  readonly #key: KeyMagnet
  readonly #answered: (answer: ItemAnswer) => void
  readonly #cancelWait: Cancel
  #cancelSearch: Cancel | undefined
  #isAnswered = false

  /** Undefined where nobody has it, or it is closed before. */
  constructor(clock: Clock, dht: DhtService, key: KeyMagnet, answered: (answer: ItemAnswer) => void) {
    this.#dht = dht
    this.#key = key
    this.#answered = answered
    this.#cancelWait = clock.wakeAt(instant(clock.now() + LIMITS.dhtOpenMs), () =>
      this.#fail('no node answered in time'),
    )
  }

  hear(news: { readonly type: string; readonly reason?: string }): void {
    if (news.type === 'dht-failed') this.#fail(news.reason ?? '')
    if (news.type !== 'dht-joined' || this.#isAnswered || this.#cancelSearch !== undefined) return
    this.#cancelWait()
    const { publicKey, salt } = this.#key
    const purpose = { type: 'get', target: mutableTarget(publicKey, salt), publicKey, salt } as const
    this.#cancelSearch = this.#dht.search(purpose, { ended: ({ item }) => this.#end({ type: 'done', value: item }) })
  }

  close(): void {
    this.#end({ type: 'done', value: undefined })
  }

  #fail(message: string): void {
    // One that is asked is answered by those who are there.
    if (this.#cancelSearch === undefined) this.#end({ type: 'failed', failure: { code: 'DHT_UNREACHABLE', message } })
  }

  #end(answer: ItemAnswer): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    this.#cancelWait()
    this.#cancelSearch?.()
    this.#answered(answer)
  }
}
