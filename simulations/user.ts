/** The user of a node: what somebody asks of its transfers and its queue while they run. */
import type { TorrentEngine } from '../src/engine.js'
import type { QueueLimits } from '../src/queue.js'
import type { Holding } from './holding.js'
import type { NodeSurroundings } from './surroundings.js'

/** What is there to ask something of. */
export interface Used {
  readonly surroundings: Pick<NodeSurroundings, 'contents'>
  readonly standing: string
  readonly holdings: readonly Holding[]
  readonly engine: TorrentEngine | undefined
  /** So many of its torrents may be active. */
  queue: QueueLimits
  task(work: () => Promise<void>): void
}

export class User {
  readonly #node: Used

  constructor(node: Used) {
    this.#node = node
  }

  /** After a failure of the world that is over. */
  resume(): void {
    for (const holding of this.#node.holdings)
      if (holding.transfer?.state.failure !== undefined) this.#node.task(() => holding.resume())
  }

  /** Has all files brought to another folder. */
  move(folder: string): void {
    if (this.#node.standing !== 'running') return
    for (const holding of this.#node.holdings) this.#node.task(() => holding.move(folder))
  }

  /** One torrent, by its number; nothing, where there is no such. */
  pause(torrent: number): void {
    this.#ask(torrent, (holding) => holding.pause())
  }
  unpause(torrent: number): void {
    this.#ask(torrent, (holding) => holding.unpause())
  }
  moveInQueue(torrent: number, place: number): void {
    // What is being added has no place yet.
    if (this.#node.standing === 'running') this.#ask(torrent, (holding) => holding.moveInQueue(place))
  }

  /** From now on, and for processes to come. */
  setQueue(bounds: QueueLimits): void {
    this.#node.queue = bounds
    const { engine, standing } = this.#node
    if (engine !== undefined && standing !== 'closing') engine.queue = bounds
  }

  #ask(torrent: number, what: (holding: Holding) => Promise<void>): void {
    const { surroundings, holdings, standing } = this.#node
    const content = surroundings.contents[torrent - 1]
    const holding = holdings.find((each) => each.content === content)
    if (holding !== undefined && standing !== 'closing') this.#node.task(() => what(holding))
  }
}
