/**
 * Slots: how many connections all transfers of an engine have together, and how many of them are only being opened.
 *
 * Who wants to dial where there is no room waits; when there is room, it is the turn of the transfer that has the fewest.
 */
/** 0 for no bound. */
export interface SlotLimits {
  readonly maxConnections: number
  readonly maxHalfOpen: number
}

/** One connection, from the wish to dial to its end. */
export interface Slot {
  /** It waits for room. */
  readonly isWaiting: boolean
  opened(): void
  leave(): void
}

class DialSlot implements Slot {
  readonly #group: SlotGroup
  /** Until it is called: what it would keep alive is not needed as long as a connection lasts. */
  #start: (() => void) | undefined
  #standing: 'waiting' | 'halfOpen' | 'open' | 'gone' = 'waiting'

  constructor(group: SlotGroup, start?: () => void) {
    this.#group = group
    this.#start = start
  }

  get isWaiting(): boolean {
    return this.#standing === 'waiting'
  }

  start(): void {
    this.#standing = 'halfOpen'
    this.#group.count(1, 1)
    const start = this.#start
    this.#start = undefined
    start?.()
  }

  /** Somebody else dialed. */
  accepted(): void {
    this.#standing = 'open'
    this.#group.count(1, 0)
  }

  opened(): void {
    if (this.#standing !== 'halfOpen') return
    this.#standing = 'open'
    this.#group.count(0, -1)
  }

  leave(): void {
    const was = this.#standing
    this.#standing = 'gone'
    if (was === 'waiting') this.#group.waiting.delete(this)
    else if (was !== 'gone') this.#group.count(-1, was === 'halfOpen' ? -1 : 0)
  }
}

/** Those of one transfer. */
export class SlotGroup {
  readonly waiting = new Set<DialSlot>()
  readonly #slots: Slots
  connections = 0

  constructor(slots: Slots) {
    this.#slots = slots
  }

  /** One more may be let in. */
  get hasRoom(): boolean {
    return this.#slots.room > 0
  }

  /** `start` is called at once or when there is room. */
  dial(start: () => void): Slot {
    const slot = new DialSlot(this, start)
    this.waiting.add(slot)
    this.#slots.fill()
    return slot
  }

  accept(): Slot {
    const slot = new DialSlot(this)
    slot.accepted()
    return slot
  }

  count(connections: number, halfOpen: number): void {
    this.connections += connections
    this.#slots.count(connections, halfOpen)
  }
}

export class Slots {
  readonly #groups = new Set<SlotGroup>()
  #limits: SlotLimits
  #connections = 0
  #halfOpen = 0
  #filling = false

  constructor(limits: SlotLimits) {
    this.#limits = limits
  }

  get limits(): SlotLimits {
    return this.#limits
  }

  /** Connections beyond stay until they end by themselves. */
  set limits(limits: SlotLimits) {
    this.#limits = limits
    this.fill()
  }

  get room(): number {
    const { maxConnections } = this.#limits
    return maxConnections === 0 ? Number.POSITIVE_INFINITY : maxConnections - this.#connections
  }

  group(): SlotGroup {
    const group = new SlotGroup(this)
    this.#groups.add(group)
    return group
  }

  /** Of a transfer that is closed. */
  remove(group: SlotGroup): void {
    this.#groups.delete(group)
  }

  count(connections: number, halfOpen: number): void {
    this.#connections += connections
    this.#halfOpen += halfOpen
    if (connections < 0 || halfOpen < 0) this.fill()
  }

  fill(): void {
    if (this.#filling) return
    this.#filling = true
    try {
      while (this.room > 0 && this.#mayOpen) {
        const group = this.#poorest()
        const [slot] = group?.waiting ?? []
        if (group === undefined || slot === undefined) return
        group.waiting.delete(slot)
        slot.start()
      }
    } finally {
      this.#filling = false
    }
  }

  get #mayOpen(): boolean {
    const { maxHalfOpen } = this.#limits
    return maxHalfOpen === 0 || this.#halfOpen < maxHalfOpen
  }

  #poorest(): SlotGroup | undefined {
    let poorest: SlotGroup | undefined
    for (const group of this.#groups)
      if (group.waiting.size > 0 && (poorest === undefined || group.connections < poorest.connections)) poorest = group
    return poorest
  }
}
