/**
 * The sampler: looks at a swarm again and again while it runs, and keeps what it saw as a series over time.
 *
 * It looks between deliveries, schedules nothing and draws nothing, so a run is the same whether it is looked at or not.
 * It begins with a short interval; whenever it has as many samples as it may keep, it drops every other one and looks
 * half as often from then on. So a run of any length has between half as many samples and all of them, evenly spaced.
 */
import { assert } from '../src/assert.js'
import { TorrewindError } from '../src/errors.js'
import type { Content } from './content.js'
import { Copies } from './copies.js'
import type { SimulatedNode } from './node.js'
import type { Swarm } from './swarm.js'
import { US_PER_SECOND } from './world.js'

/** Columns of equal length, one entry a sample. Only honest nodes count, and only while a process of theirs runs. */
export interface Samples {
  readonly seconds: readonly number[]
  readonly leechers: readonly number[]
  /** Those of them that miss one piece and no more: a club, where all miss the same. */
  readonly missingOne: readonly number[]
  /** Nodes that have everything. */
  readonly seeds: readonly number[]
  /** Leechers that finished so far, there or gone. */
  readonly finished: readonly number[]
  /** Nodes that have the rarest piece; a piece on average; the commonest. */
  readonly copiesMin: readonly number[]
  readonly copiesMean: readonly number[]
  readonly copiesMax: readonly number[]
  /** What all sent since the sample before. */
  readonly uploadBytesPerSecond: readonly number[]
  /** The part of their upload capacity that was in use since the sample before; null where nobody's was limited. */
  readonly uploadShare: readonly (number | null)[]
}

export const SAMPLES_MIN = 16
/** More than these show no more in a plot, and are kept for each run of a sweep. */
export const SAMPLES_MAX = 512

/** Throws `OPTION_INVALID`. */
export const checkSamples = (samples: number): void => {
  if (samples >= SAMPLES_MIN && samples <= SAMPLES_MAX && samples % 2 === 0) return
  const takes = `an even number from ${SAMPLES_MIN} to ${SAMPLES_MAX}`
  throw new TorrewindError('OPTION_INVALID', `samples cannot be ${samples}: it is ${takes}`)
}

const FIRST_INTERVAL_US = 125_000

/** What was seen at one time; of traffic all that was until then, so that samples in between can be dropped. */
interface Sight {
  readonly at: number
  readonly leechers: number
  readonly missingOne: number
  readonly seeds: number
  readonly finished: number
  readonly copies: { readonly min: number; readonly mean: number; readonly max: number }
  readonly sentBytes: number
  /** Of nodes with a limit: what they sent, and what they could have. */
  readonly limitedBytes: number
  readonly capacityBytes: number
}

/** What a node had done when it was last seen. */
interface Seen {
  sentBytes: number
  there: boolean
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

export class Sampler {
  readonly #swarm: Swarm
  readonly #most: number
  /** Of the pieces of each torrent. */
  readonly #copies: ReadonlyMap<Content, Copies>
  readonly #seen: Seen[] = []
  #sights: Sight[] = []
  #everyUs = FIRST_INTERVAL_US
  #sentBytes = 0
  #limitedBytes = 0
  #capacityBytes = 0
  #stopped = false

  /** Keeps so many samples at most, an even number. */
  constructor(swarm: Swarm, most: number) {
    assert(most >= SAMPLES_MIN && most % 2 === 0, 'every other sample can be dropped')
    this.#swarm = swarm
    this.#most = most
    this.#copies = new Map(swarm.contents.map((content) => [content, new Copies(content.pieces)]))
    swarm.world.observe(0, (at) => this.#look(at))
  }

  /** Looks a last time. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    const { world } = this.#swarm
    world.observe(Number.POSITIVE_INFINITY, () => Number.POSITIVE_INFINITY)
    const last = this.#sights.at(-1)?.at ?? 0
    if (world.now === last && this.#sights.length > 0) return
    // Too short an interval would tell nothing of rates: the one before takes it in.
    if (this.#sights.length > 1 && world.now - last < this.#everyUs / 2) this.#sights.pop()
    this.#sights.push(this.#sight(world.now))
  }

  samples(): Samples {
    const sights = this.#sights
    const rateOf = (sight: Sight, at: number, bytes: (of: Sight) => number): number => {
      const before = sights[at - 1]
      return before === undefined ? 0 : (bytes(sight) - bytes(before)) / ((sight.at - before.at) / US_PER_SECOND)
    }
    const shareOf = (sight: Sight, at: number): number | null => {
      const capacity = rateOf(sight, at, ({ capacityBytes }) => capacityBytes)
      if (capacity === 0) return null
      // Who left between two sights sent for a part of the time only, and is counted with half of it.
      return rounded(Math.min(1, rateOf(sight, at, ({ limitedBytes }) => limitedBytes) / capacity), 4)
    }
    return {
      seconds: sights.map(({ at }) => at / US_PER_SECOND),
      leechers: sights.map(({ leechers }) => leechers),
      missingOne: sights.map(({ missingOne }) => missingOne),
      seeds: sights.map(({ seeds }) => seeds),
      finished: sights.map(({ finished }) => finished),
      copiesMin: sights.map(({ copies }) => copies.min),
      copiesMean: sights.map(({ copies }) => rounded(copies.mean, 3)),
      copiesMax: sights.map(({ copies }) => copies.max),
      uploadBytesPerSecond: sights.map((sight, at) => Math.round(rateOf(sight, at, ({ sentBytes }) => sentBytes))),
      uploadShare: sights.map(shareOf),
    }
  }

  #look(at: number): number {
    this.#sights.push(this.#sight(at))
    if (this.#sights.length === this.#most) {
      this.#sights = this.#sights.filter((_, index) => index % 2 === 0)
      this.#everyUs *= 2
    }
    return this.#sights.length * this.#everyUs
  }

  #sight(at: number): Sight {
    const lastAt = this.#sights.at(-1)?.at ?? 0
    let [leechers, missingOne, seeds, finished] = [0, 0, 0, 0]
    for (const node of this.#swarm.nodes) {
      if (!node.honest) {
        // What it had before it turned hostile is no copy to count on.
        for (const copies of this.#copies.values()) copies.see(node.number, undefined)
        continue
      }
      if (!node.settings.seed && node.completedAt !== undefined) finished++
      const missing = this.#countCopies(node)
      this.#countTraffic(node, at, (at - lastAt) / US_PER_SECOND)
      if (missing === undefined) continue
      if (missing === 0) seeds++
      else leechers++
      if (missing === 1) missingOne++
    }
    const [sentBytes, limitedBytes, capacityBytes] = [this.#sentBytes, this.#limitedBytes, this.#capacityBytes]
    const copies = this.#spread()
    return { at, leechers, missingOne, seeds, finished, copies, sentBytes, limitedBytes, capacityBytes }
  }

  /** Pieces of all torrents that it does not have; undefined where it is not there. */
  #countCopies({ number, holdings }: SimulatedNode): number | undefined {
    let missing = 0
    let there = true
    for (const { content, transfer } of holdings) {
      const stored = transfer?.state.stored
      this.#copies.get(content)?.see(number, stored?.bytes)
      if (stored === undefined) there = false
      else missing += stored.length - stored.count
    }
    return there ? missing : undefined
  }

  #spread(): Sight['copies'] {
    let [min, max, sum] = [Number.POSITIVE_INFINITY, 0, 0]
    for (const copies of this.#copies.values()) {
      const spread = copies.spread()
      min = Math.min(min, spread.min)
      max = Math.max(max, spread.max)
      sum += spread.mean * copies.pieces
    }
    return { min, mean: sum / this.#swarm.pieces, max }
  }

  #countTraffic({ host, number, transfer }: SimulatedNode, at: number, seconds: number): void {
    const there = transfer !== undefined
    const seen = this.#seen[number] ?? { sentBytes: 0, there: false }
    this.#seen[number] = seen
    const sentBytes = host.sentBytes(at)
    const { uploadRate } = host.settings
    this.#sentBytes += sentBytes - seen.sentBytes
    if (uploadRate > 0) {
      this.#limitedBytes += sentBytes - seen.sentBytes
      this.#capacityBytes += (uploadRate * seconds * (Number(seen.there) + Number(there))) / 2
    }
    seen.sentBytes = sentBytes
    seen.there = there
  }
}
