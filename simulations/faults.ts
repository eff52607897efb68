/** Faults as data: a schedule drawn from the seed, which can be kept, changed and played again. */
import { unreachable } from '../src/assert.js'
import { TorrewindError } from '../src/errors.js'
import type { TrackerMood } from './discovery.js'
import { failureOf } from './disk.js'
import type { SimulatedNode } from './node.js'
import type { Population } from './population.js'
import type { Chance } from './random.js'
import type { Swarm } from './swarm.js'

interface Timed {
  readonly atSeconds: number
  readonly forSeconds: number
}
interface OfNode extends Timed {
  readonly node: number
}

export type Fault =
  | ({ readonly kind: 'crash'; readonly how: 'process' | 'power' } & OfNode)
  /** Its lines are so much slower. */
  | ({ readonly kind: 'slow'; readonly times: number } & OfNode)
  | ({ readonly kind: 'lossy'; readonly lossRate: number } & OfNode)
  /** These nodes and the others hear nothing of each other; one way: the others hear nothing of these. */
  | ({ readonly kind: 'partition'; readonly nodes: readonly number[]; readonly oneWay: boolean } & Timed)
  /** Breaks the node's connections, each with this probability. */
  | ({ readonly kind: 'resets'; readonly share: number } & OfNode)
  | ({ readonly kind: 'tracker'; readonly mood: TrackerMood } & Timed)
  | ({ readonly kind: 'disk'; readonly code: 'ENOSPC' | 'EIO'; readonly oneIn: number } & OfNode)
  | ({ readonly kind: 'disk-slow'; readonly latencyMs: number } & OfNode)
  | ({ readonly kind: 'bit-rot'; readonly place: number } & OfNode)
  | ({ readonly kind: 'commits-slow'; readonly commitMs: number } & OfNode)
  | ({ readonly kind: 'log-fails' } & OfNode)
  /** Seen by the next process. */
  | ({ readonly kind: 'clock'; readonly aheadMs: number } & OfNode)

export const FAULT_KINDS = [
  'crash',
  'slow',
  'lossy',
  'partition',
  'resets',
  'tracker',
  'disk',
  'disk-slow',
  'bit-rot',
  'commits-slow',
  'log-fails',
  'clock',
] as const satisfies readonly Fault['kind'][]

/** Faults of one kind in one run. */
const FAULTS_MAX = 6
const LONGEST_SHARE = 0.5

const draw = (kind: Fault['kind'], chance: Chance, timed: Timed, node: number, nodes: readonly number[]): Fault => {
  switch (kind) {
    case 'crash':
      return { kind, ...timed, node, how: chance.pick(['process', 'power']) }
    case 'slow':
      return { kind, ...timed, node, times: chance.between(2, 50) }
    case 'lossy':
      return { kind, ...timed, node, lossRate: chance.between(1, 20) / 100 }
    case 'partition':
      return {
        kind,
        ...timed,
        nodes: chance.some(nodes, chance.between(1, Math.ceil(nodes.length / 2))),
        oneWay: chance.happens(0.3),
      }
    case 'resets':
      return { kind, ...timed, node, share: chance.between(1, 10) / 10 }
    case 'tracker':
      return { kind, ...timed, mood: chance.pick(['refusing', 'silent', 'empty', 'wrong', 'failing', 'slow']) }
    case 'disk':
      return { kind, ...timed, node, code: chance.pick(['ENOSPC', 'EIO']), oneIn: chance.pick([1, 3, 20]) }
    case 'disk-slow':
      return { kind, ...timed, node, latencyMs: chance.pick([5, 50, 500]) }
    case 'bit-rot':
      return { kind, ...timed, node, place: chance.bits() }
    case 'commits-slow':
      return { kind, ...timed, node, commitMs: chance.pick([20, 200, 2_000]) }
    case 'log-fails':
      return { kind, ...timed, node }
    case 'clock':
      return { kind, ...timed, node, aheadMs: chance.between(-600_000, 600_000) }
    default:
      return unreachable(kind)
  }
}

const kindsOf = (chosen: string): readonly Fault['kind'][] => {
  if (chosen === '') return FAULT_KINDS
  return chosen.split('+').map((name) => {
    const kind = FAULT_KINDS.find((each) => each === name)
    if (kind === undefined)
      throw new TorrewindError('OPTION_INVALID', `there is no fault ${name}; there are: ${FAULT_KINDS.join(', ')}`)
    return kind
  })
}

/** Each run has kinds of its own, and as many faults of each as chance has it; all are over at the end. */
export const drawFaults = (swarm: Swarm, population: Population, endSeconds: number, chosen: string): Fault[] => {
  const chance = swarm.world.chance('faults')
  const faults: Fault[] = []
  const numbers = swarm.nodes.map(({ number }) => number)
  const leechers = population.leechers.map(({ number }) => number)
  const kinds = kindsOf(chosen)
  for (const kind of kinds) {
    if (chosen === '' && chance.happens(0.5)) continue
    const count = chance.between(1, FAULTS_MAX)
    for (let drawn = 0; drawn < count; drawn++) {
      const atSeconds = Math.round(chance.unit() * endSeconds * 1_000) / 1_000
      const longest = Math.min(endSeconds * LONGEST_SHARE, endSeconds - atSeconds)
      const forSeconds = Math.round(chance.unit() * longest * 1_000) / 1_000
      // What cannot be mended happens to leechers only.
      const node = chance.pick(kind === 'bit-rot' ? leechers : numbers)
      faults.push(draw(kind, chance, { atSeconds, forSeconds }, node, numbers))
    }
  }
  return faults.sort((left, right) => left.atSeconds - right.atSeconds)
}

/** What the bits that rotted hit. */
const rot = (node: SimulatedNode, place: number): void => {
  const files = node.medium.files.filter(({ exists, bytes }) => exists && bytes > 0)
  const file = files[place % Math.max(1, files.length)]
  if (file === undefined) return
  node.watch.rotten = true
  file.rot(place % file.bytes)
}

/** Plays one fault: what it does now, and what ends it. */
const begin = (swarm: Swarm, fault: Fault, chance: Chance): (() => void) => {
  const node = 'node' in fault ? swarm.nodes[fault.node - 1] : undefined
  const nothing = (): void => undefined
  switch (fault.kind) {
    case 'crash':
      node?.crash(fault.how)
      return () => node?.start()
    case 'slow': {
      if (node === undefined) return nothing
      const { uploadRate, downloadRate } = node.settings.host
      const slower = (rate = 0): number => Math.ceil((rate === 0 ? 1e9 : rate) / fault.times)
      node.host.change({ uploadRate: slower(uploadRate), downloadRate: slower(downloadRate) })
      return () => node.host.change({ uploadRate: uploadRate ?? 0, downloadRate: downloadRate ?? 0 })
    }
    case 'lossy':
      node?.host.change({ lossRate: fault.lossRate })
      return () => node?.host.change({ lossRate: node.settings.host.lossRate ?? 0 })
    case 'partition': {
      const inside = new Set(fault.nodes)
      const mend = swarm.network.cut((from, to) =>
        fault.oneWay ? inside.has(from.node) && !inside.has(to.node) : inside.has(from.node) !== inside.has(to.node),
      )
      return mend
    }
    case 'resets':
      for (const endpoint of [...(node?.host.endpoints ?? [])]) if (chance.happens(fault.share)) endpoint.reset()
      return nothing
    case 'tracker':
      for (const tracker of swarm.trackers.values()) tracker.mood = fault.mood
      return () => {
        for (const tracker of swarm.trackers.values()) tracker.mood = 'well'
      }
    case 'disk':
      if (node === undefined) return nothing
      node.disk.failure = (operation) => {
        const fails = fault.code === 'EIO' || operation === 'write' || operation === 'reserve'
        return fails && chance.below(fault.oneIn) === 0 ? failureOf(fault.code) : undefined
      }
      return () => {
        node.disk.failure = undefined
        node.resume()
      }
    case 'disk-slow':
      if (node === undefined) return nothing
      node.disk.latencyUs = fault.latencyMs * 1_000
      return () => {
        node.disk.latencyUs = 100
      }
    case 'bit-rot':
      if (node !== undefined) rot(node, fault.place)
      return nothing
    case 'commits-slow':
      if (node === undefined) return nothing
      node.log.commitMs = fault.commitMs
      return () => {
        node.log.commitMs = 1
      }
    case 'log-fails':
      if (node === undefined) return nothing
      node.log.failure = failureOf('EIO')
      return () => {
        node.log.failure = undefined
        // Without its log an engine stops; somebody starts it again.
        node.crash('process')
        node.start()
      }
    case 'clock':
      if (node !== undefined) node.clock = { ...node.clock, aheadMs: fault.aheadMs }
      return nothing
    default:
      return unreachable(fault)
  }
}

/** Lets the schedule happen. */
export const playFaults = (swarm: Swarm, faults: readonly Fault[]): void => {
  const chance = swarm.world.chance('playing faults')
  for (const fault of faults) {
    swarm.at(fault.atSeconds, () => {
      const end = begin(swarm, fault, chance)
      swarm.at(fault.atSeconds + fault.forSeconds, end)
    })
  }
}
