/** Drawing faults: a schedule from the seed, in which each run has kinds and intensities of its own. */
import { unreachable } from '../src/assert.js'
import { TorrewindError } from '../src/errors.js'
import { type DrawnKind, FAULT_KINDS, type Fault, type FaultKind } from './faults.js'
import { MANNERS } from './manners.js'
import type { Population } from './population.js'
import type { Chance } from './random.js'
import type { Swarm } from './swarm.js'

/** A run is calm, mixed or wild: how likely each kind is to be in it. */
const SHARES_OF_KINDS = [0.15, 0.5, 0.85] as const
/** Faults of one kind in one run. */
const FAULTS_MAX = 6
const LONGEST_SHARE = 0.5

/** Kinds that came later: each is drawn by a chance of its own, so that what was drawn before they came stays. */
const LATER_KINDS: readonly FaultKind[] = ['disorder', 'nat-forgets']

interface Where {
  readonly atSeconds: number
  readonly forSeconds: number
  readonly node: number
}

const draw = (kind: DrawnKind, chance: Chance, where: Where, nodes: readonly number[]): Fault => {
  const { atSeconds, forSeconds } = where
  switch (kind) {
    case 'crash':
      return { kind, ...where, how: chance.pick(['process', 'power']) }
    case 'slow':
      return { kind, ...where, times: chance.between(2, 50) }
    case 'lossy':
      return { kind, ...where, lossRate: chance.between(1, 20) / 100 }
    case 'partition': {
      const inside = chance.some(nodes, chance.between(1, Math.ceil(nodes.length / 2)))
      return { kind, atSeconds, forSeconds, nodes: inside, oneWay: chance.happens(0.3) }
    }
    case 'resets':
      return { kind, ...where, share: chance.between(1, 10) / 10 }
    case 'tracker':
      return {
        kind,
        atSeconds,
        forSeconds,
        mood: chance.pick(['refusing', 'silent', 'empty', 'wrong', 'failing', 'slow']),
      }
    case 'disk':
      return { kind, ...where, code: chance.pick(['ENOSPC', 'EIO']), oneIn: chance.pick([1, 3, 20]) }
    case 'disk-slow':
      return { kind, ...where, latencyMs: chance.pick([5, 50, 500]) }
    case 'bit-rot':
      return { kind, ...where, place: chance.bits() }
    case 'commits-slow':
      return { kind, ...where, commitMs: chance.pick([20, 200, 2_000]) }
    case 'log-fails':
      return { kind, ...where }
    case 'clock':
      return { kind, ...where, aheadMs: chance.between(-600_000, 600_000) }
    case 'clock-drift':
      return { kind, ...where, driftPpm: chance.pick([1, -1]) * chance.pick([50, 500, 10_000]) }
    case 'clock-jump':
      return { kind, ...where, byMs: chance.pick([1_000, 60_000, 3_600_000]) }
    case 'hostile':
      return { kind, ...where, manner: chance.pick(MANNERS), oneIn: chance.pick([1, 2, 8, 32]) }
    case 'disorder':
      return { kind, ...where, duplicateRate: chance.between(0, 20) / 100, reorderRate: chance.between(0, 20) / 100 }
    case 'nat-forgets':
      return { kind, ...where }
    default:
      return unreachable(kind)
  }
}

const kindsOf = (chosen: string, chanceOf: (purpose: string) => Chance): readonly DrawnKind[] => {
  const kinds = FAULT_KINDS
  if (chosen === '') {
    const chance = chanceOf('kinds of faults')
    const share = chance.pick(SHARES_OF_KINDS)
    const first = kinds.filter((kind) => !LATER_KINDS.includes(kind))
    const drawn = first.filter(() => chance.happens(share))
    const later = kinds.filter((kind) => LATER_KINDS.includes(kind))
    return [
      ...(drawn.length > 0 ? drawn : [chance.pick(first)]),
      ...later.filter((kind) => chanceOf(`kinds of faults: ${kind}`).happens(share)),
    ]
  }
  return chosen.split('+').map((name) => {
    const kind = kinds.find((each) => each === name)
    if (kind === undefined)
      throw new TorrewindError('OPTION_INVALID', `there is no fault ${name}; there are: ${kinds.join(', ')}`)
    return kind
  })
}

/**
 * Kinds with `+` between them, or where nothing is chosen some that chance has; of each as many faults as chance has. All
 * are over at the end.
 */
export const drawFaults = (
  swarm: Swarm,
  population: Population,
  endSeconds: number,
  chosen: string,
): readonly Fault[] => {
  const numbers = swarm.nodes.map(({ number }) => number)
  const leechers = population.leechers.map(({ number }) => number)
  const hostiles = population.hostiles.map(({ number }) => number)
  const faults: Fault[] = []
  for (const kind of kindsOf(chosen, (purpose) => swarm.world.chance(purpose))) {
    // What cannot be mended happens to leechers only, and only those are hostile that need not finish.
    const nodes = kind === 'bit-rot' ? leechers : kind === 'hostile' ? hostiles : numbers
    if (nodes.length === 0) continue
    const chance = swarm.world.chance(`faults: ${kind}`)
    const count = chance.between(1, FAULTS_MAX)
    for (let drawn = 0; drawn < count; drawn++) {
      const atSeconds = Math.round(chance.unit() * endSeconds * 1_000) / 1_000
      const longest = Math.min(endSeconds * LONGEST_SHARE, endSeconds - atSeconds)
      const forSeconds = Math.round(chance.unit() * longest * 1_000) / 1_000
      faults.push(draw(kind, chance, { atSeconds, forSeconds, node: chance.pick(nodes) }, numbers))
    }
  }
  return faults.sort((left, right) => left.atSeconds - right.atSeconds)
}
