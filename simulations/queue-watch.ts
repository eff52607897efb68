/**
 * The watch over the queues of a swarm: looks at the queue of each engine after every delivery in which it logged something,
 * and once a second at who may go and does not.
 */
import type { TransferEvent } from '../src/events/vocabulary.js'
import type { Finding } from './checkers.js'
import type { Holding } from './holding.js'
import type { SimulatedNode, Stop } from './node.js'
import {
  isIdle,
  neverTooManyActive,
  orderIsKept,
  type Place,
  type Queued,
  queuedHasNoPeers,
  queuedIsQuiet,
  ranksAreTheOrder,
  whoseTurn,
} from './queue-checkers.js'
import type { Swarm } from './swarm.js'

const LOOK_SECONDS = 1
/** To look at files on a slow disk, or to commit to a slow log, may take as long; after that an idle place is one. */
const IDLE_SECONDS_MAX = 15

class EngineQueue {
  readonly #swarm: Swarm
  readonly #node: SimulatedNode
  /** Of the process before, where it is to be compared. */
  #before: readonly Place[] | undefined
  /** The events by which each came to its place. */
  readonly #rankedAt = new Map<Holding, number>()
  /** Since when each may go and does not. */
  #idleSince = new Map<string, number>()

  constructor(swarm: Swarm, node: SimulatedNode) {
    this.#swarm = swarm
    this.#node = node
    node.onStopping = (how) => this.#stopping(how)
  }

  get #order(): readonly Queued[] {
    return this.#node.engine?.transfers ?? []
  }

  look(): void {
    const { engine, standing, queue } = this.#node
    if (engine === undefined || standing === 'closing') return
    const order = this.#order
    this.#found('neverTooManyActive', neverTooManyActive(order, queue))
    this.#found('ranksAreTheOrder', ranksAreTheOrder(order))
    this.#found('queuedHasNoPeers', queuedHasNoPeers(order))
    if (standing !== 'running' || this.#before === undefined) return
    this.#found('orderIsKept', orderIsKept(this.#before, order))
    this.#before = undefined
  }

  /** No place is idle for long: nobody who comes first waits for ever. */
  lookForIdle(): void {
    const { seconds } = this.#swarm
    const { standing, queue } = this.#node
    const idle = standing === 'running' ? whoseTurn(this.#order, queue).filter(isIdle) : []
    const since = new Map(idle.map(({ name }) => [name, this.#idleSince.get(name) ?? seconds]))
    this.#idleSince = since
    for (const [name, from] of since)
      if (seconds - from > IDLE_SECONDS_MAX)
        this.#found('firstAreActive', `it is the turn of ${name} for ${seconds - from} s, and it does nothing`)
  }

  logged(seq: number, event: TransferEvent, torrent: number): void {
    const holding = this.#node.holdings.find(({ content }) => this.#swarm.contents[torrent - 1] === content)
    if (event.type === 'place-set' && holding !== undefined) this.#rankedAt.set(holding, seq)
    if (holding?.transfer !== undefined) this.#found('queuedIsQuiet', queuedIsQuiet(holding.transfer.state, event))
  }

  #stopping(how: Stop): void {
    this.#idleSince.clear()
    // Of a process that has not added all there is nothing new to say.
    if (this.#node.standing !== 'running') return
    this.#before = this.#order.map(({ name, state }) => ({
      name,
      rank: state.rank,
      isDurable: this.#isKept(how, name),
    }))
  }

  /** A loss of power may take what was committed and not synced; who ends in good order loses nothing. */
  #isKept(how: Stop, name: string): boolean {
    if (how !== 'process') return how === 'close'
    const holding = this.#node.holdings.find(({ transfer }) => transfer?.name === name)
    const { committedSeq = 0 } = holding?.watch ?? {}
    return holding !== undefined && committedSeq > (this.#rankedAt.get(holding) ?? 0)
  }

  #found(checker: string, finding: Finding): void {
    if (finding !== undefined) this.#swarm.report(checker, this.#node, finding)
  }
}

/** From now on; of nodes that are there by now. */
export const watchQueues = (swarm: Swarm): void => {
  const queues = new Map(swarm.nodes.map((node) => [node.number, new EngineQueue(swarm, node)]))
  const changed = new Set<EngineQueue>()
  const { onEvent } = swarm
  swarm.onEvent = (node, seq, at, event, torrent) => {
    onEvent?.(node, seq, at, event, torrent)
    const queue = queues.get(node)
    if (queue === undefined) return
    changed.add(queue)
    queue.logged(seq, event, torrent)
  }
  const { onStep } = swarm.world
  swarm.world.onStep = (step) => {
    onStep?.(step)
    for (const queue of changed) queue.look()
    changed.clear()
  }
  const lookForIdle = (): void => {
    for (const queue of queues.values()) queue.lookForIdle()
    swarm.at(swarm.seconds + LOOK_SECONDS, lookForIdle)
  }
  lookForIdle()
}
