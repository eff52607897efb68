/** Playing faults: what each does when it begins, and what ends it. */
import { unreachable } from '../src/assert.js'
import { failureOf } from './disk.js'
import type { Fault } from './faults.js'
import type { SimulatedNode } from './node.js'
import type { Chance } from './random.js'
import type { Swarm } from './swarm.js'

/** What the bits that rotted hit. */
const rot = (node: SimulatedNode, place: number): void => {
  const files = node.holdings.flatMap(({ medium, watch }) =>
    medium.files.filter(({ exists, bytes }) => exists && bytes > 0).map((file) => ({ file, watch })),
  )
  const hit = files[place % Math.max(1, files.length)]
  if (hit === undefined) return
  hit.watch.rotten = true
  hit.file.rot(place % hit.file.bytes)
}

type OfSwarm = Extract<Fault, { readonly kind: 'partition' | 'tracker' }>
type End = () => void

const nothing: End = () => undefined

/** Begins it, and returns what ends it. */
const beginInSwarm = (swarm: Swarm, fault: OfSwarm): End => {
  switch (fault.kind) {
    case 'partition': {
      const inside = new Set(fault.nodes)
      return swarm.network.cut((from, to) =>
        fault.oneWay ? inside.has(from.node) && !inside.has(to.node) : inside.has(from.node) !== inside.has(to.node),
      )
    }
    case 'tracker':
      for (const tracker of swarm.trackers.values()) tracker.mood = fault.mood
      return () => {
        for (const tracker of swarm.trackers.values()) tracker.mood = 'well'
      }
    default:
      return unreachable(fault)
  }
}

const beginAt = (node: SimulatedNode, fault: Exclude<Fault, OfSwarm>, chance: Chance): End => {
  switch (fault.kind) {
    case 'crash':
      node.crash(fault.how)
      return () => node.start()
    case 'slow': {
      const { uploadRate = 0, downloadRate = 0 } = node.settings.host
      const slower = (rate: number): number => Math.ceil((rate === 0 ? 1e9 : rate) / fault.times)
      node.host.change({ uploadRate: slower(uploadRate), downloadRate: slower(downloadRate) })
      return () => node.host.change({ uploadRate, downloadRate })
    }
    case 'lossy':
      node.host.change({ lossRate: fault.lossRate })
      return () => node.host.change({ lossRate: node.settings.host.lossRate ?? 0 })
    case 'resets':
      for (const endpoint of [...node.host.endpoints]) if (chance.happens(fault.share)) endpoint.reset()
      return nothing
    case 'disk':
      node.disk.failure = (operation) => {
        const fails = fault.code === 'EIO' || operation === 'write' || operation === 'reserve'
        return fails && chance.below(fault.oneIn) === 0 ? failureOf(fault.code) : undefined
      }
      return () => {
        node.disk.failure = undefined
        node.user.resume()
      }
    case 'disk-slow':
      node.disk.latencyUs = fault.latencyMs * 1_000
      return () => {
        node.disk.latencyUs = 100
      }
    case 'bit-rot':
      rot(node, fault.place)
      return nothing
    case 'commits-slow':
      node.log.commitMs = fault.commitMs
      return () => {
        node.log.commitMs = 1
      }
    case 'log-fails':
      node.log.failure = failureOf('EIO')
      return () => {
        node.log.failure = undefined
        // Without its log an engine stops; somebody starts it again.
        node.crash('process')
        node.start()
      }
    case 'clock':
      node.clock = { ...node.clock, aheadMs: fault.aheadMs }
      return nothing
    case 'clock-drift':
      node.driftClock(fault.driftPpm)
      return () => node.driftClock(node.settings.clock.driftPpm ?? 0)
    case 'clock-jump':
      node.jumpClock(fault.byMs)
      return nothing
    case 'hostile':
      node.manners.begin(fault.manner, fault.oneIn)
      return () => node.manners.end(fault.manner)
    case 'disorder': {
      const { duplicateRate = 0, reorderRate = 0 } = node.settings.host
      node.host.change({ duplicateRate: fault.duplicateRate, reorderRate: fault.reorderRate })
      return () => node.host.change({ duplicateRate, reorderRate })
    }
    case 'nat-forgets':
      node.surroundings.network.stations.of(node.host).nat.forgetAll()
      return nothing
    case 'moves':
      node.user.move(`/moved-${fault.folder}`)
      return nothing
    case 'pauses':
      node.user.pause(fault.torrent)
      return () => node.user.unpause(fault.torrent)
    case 'queue-moves':
      node.user.moveInQueue(fault.torrent, fault.place)
      return nothing
    case 'queue-bounds':
      node.user.setQueue({ maxDownloads: fault.maxDownloads, maxSeeds: fault.maxSeeds })
      return () => node.user.setQueue(node.settings.queue)
    case 'gone':
      node.retired = true
      node.crash('power')
      return nothing
    default:
      return unreachable(fault)
  }
}

const begin = (swarm: Swarm, fault: Fault): End => {
  if (fault.kind === 'partition' || fault.kind === 'tracker') return beginInSwarm(swarm, fault)
  const node = swarm.nodes[fault.node - 1]
  // Its draws are its own: with another fault left out it happens as before.
  const purpose = `playing ${fault.kind} at ${fault.atSeconds}`
  return node === undefined ? nothing : beginAt(node, fault, swarm.world.chance(purpose, fault.node))
}

/** Lets the schedule happen, or the one that this run was given in its place. */
export const playFaults = (swarm: Swarm, schedule: readonly Fault[]): void => {
  const faults = swarm.takeFaults(schedule)
  for (const fault of faults) {
    swarm.at(fault.atSeconds, () => {
      const end = begin(swarm, fault)
      if (fault.forSeconds > 0) swarm.at(fault.atSeconds + fault.forSeconds, end)
      else end()
    })
  }
}
