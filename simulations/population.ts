/** The population of a swarm: who is there when it begins, who comes when, and when each leaves again. */
import type { HostSettings } from './host.js'
import type { SimulatedNode } from './node.js'
import { drawDuration, type RunSettings } from './settings.js'
import type { Swarm } from './swarm.js'

export interface Population {
  readonly seeds: readonly SimulatedNode[]
  /** Honest ones, in the order of their arrival. */
  readonly leechers: readonly SimulatedNode[]
  readonly poisoners: readonly SimulatedNode[]
  /** Leechers that finished, and those that left before. */
  finished(): number
  aborted(): number
  /** Called when a leecher finished for the first time. */
  onFinished: (node: SimulatedNode) => void
}

/** A poisoner spoils one of so many blocks. */
const SPOILS_ONE_IN = [1, 4, 16, 64] as const
const US_PER_MS = 1_000

export const populate = (swarm: Swarm, settings: RunSettings): Population => {
  const chance = swarm.world.chance('population')
  const host = (uploadRate: number, unreachable: boolean): Omit<Partial<HostSettings>, 'host'> => ({
    uploadRate,
    downloadRate: settings.downloadRate,
    // Four parts of the way there and back: each host's own, twice.
    latencyUs: Math.round((settings.roundTripMs * US_PER_MS) / 4),
    jitterUs: Math.round(settings.jitterMs * US_PER_MS),
    lossRate: settings.lossRate,
    unreachable,
  })
  const seeds = Array.from({ length: settings.seeds }, () =>
    swarm.add({ seed: true, host: host(settings.seedUploadRate, false) }),
  )
  const first = seeds.map(({ address }) => address)
  // Without a tracker nobody would ever be found.
  const peers = settings.trackers === 0 ? first : []
  const poisoners = Array.from({ length: settings.poisoners }, () =>
    swarm.add({ seed: true, spoilsOneIn: chance.pick(SPOILS_ONE_IN), host: host(settings.uploadRate, false) }),
  )
  const leechers = Array.from({ length: settings.peers }, () =>
    swarm.add({ peers, host: host(settings.uploadRate, chance.happens(settings.natShare)) }),
  )
  for (const node of [...seeds, ...poisoners]) node.start()

  const finished = new Set<SimulatedNode>()
  const aborted = new Set<SimulatedNode>()
  const population: Population = {
    seeds,
    leechers,
    poisoners,
    finished: () => finished.size,
    aborted: () => aborted.size,
    onFinished: () => undefined,
  }
  const leaves = (node: SimulatedNode, seconds: number): void => {
    if (seconds === Number.POSITIVE_INFINITY) return
    const leave = (): void => {
      node.retired = true
      node.close()
    }
    swarm.at(swarm.seconds + seconds, leave, node.number)
  }
  let arrival = 0
  for (const node of leechers) {
    arrival += settings.arrivalsPerSecond === 0 ? 0 : chance.exponential(1 / settings.arrivalsPerSecond)
    swarm.at(arrival, () => node.start(), node.number)
    const session = drawDuration(settings.sessions, chance)
    if (session === Number.POSITIVE_INFINITY) continue
    const abort = (): void => {
      if (finished.has(node)) return
      aborted.add(node)
      node.retired = true
      node.close()
    }
    swarm.at(arrival + session, abort, node.number)
  }
  const isLeecher = new Set(leechers)
  swarm.onCompleted = (node) => {
    if (!isLeecher.has(node) || finished.has(node)) return
    finished.add(node)
    leaves(node, drawDuration(settings.seedStay, chance))
    population.onFinished(node)
  }
  return population
}
