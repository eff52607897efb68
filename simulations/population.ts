/** The population of a swarm: who is in it, each with the lines and the manners that the settings deal out. */
import { dealShare, dealShares } from './churn/shares.js'
import type { HostSettings } from './host.js'
import { addHostiles } from './hostiles.js'
import type { SimulatedNode } from './node.js'
import type { NodeSettings } from './node-settings.js'
import { Presence } from './presence.js'
import type { RunSettings } from './settings.js'
import type { Swarm } from './swarm.js'
import { US_PER_SECOND } from './world.js'

export interface Population {
  readonly seeds: readonly SimulatedNode[]
  /** Honest ones, in the order of their arrival. */
  readonly leechers: readonly SimulatedNode[]
  readonly poisoners: readonly SimulatedNode[]
  /** Those that faults may make hostile: some have everything, some nothing. */
  readonly hostiles: readonly SimulatedNode[]
  readonly presence: Presence
  /** Leechers that finished, and those that left before for good. */
  finished(): number
  aborted(): number
  /** Called when a leecher finished for the first time. */
  onFinished: (node: SimulatedNode) => void
}

/** A poisoner spoils one of so many blocks. */
const SPOILS_ONE_IN = [1, 4, 16, 64] as const
const US_PER_MS = 1_000

interface Rates {
  readonly uploadRate: number
  readonly downloadRate: number
}

const hostOf = (settings: RunSettings, rates: Rates, unreachable = false): NodeSettings['host'] =>
  ({
    ...rates,
    // Four parts of the way there and back: each host's own, twice.
    latencyUs: Math.round((settings.roundTripMs * US_PER_MS) / 4),
    jitterUs: Math.round(settings.jitterMs * US_PER_MS),
    lossRate: settings.lossRate,
    duplicateRate: settings.duplicateRate,
    reorderRate: settings.reorderRate,
    nat: unreachable ? settings.natKind : 'none',
    natTimeoutUs: Math.round(settings.natTimeoutSeconds * US_PER_SECOND),
    unreachable,
  }) satisfies Partial<HostSettings>

/** The piece that all of a club lack. */
export const CLUB_PIECE = 0

const groupOf = (name: string, rides: boolean, unreachable: boolean): string =>
  `${rides ? `${name === 'leechers' ? '' : `${name} `}free riders` : name}${unreachable ? ' behind NAT' : ''}`

const addLeechers = (swarm: Swarm, settings: RunSettings, common: Partial<NodeSettings>): readonly SimulatedNode[] => {
  const { peers, classes, natShare, freeRiderShare, clubPeers, maxDownloads, maxSeeds } = settings
  const { world } = swarm
  const classOf = dealShares(
    peers,
    classes.map(({ share }) => share),
    world.chance('classes'),
  )
  const unreachable = dealShare(peers, natShare, world.chance('unreachable'))
  const rides = dealShare(peers, freeRiderShare, world.chance('free riders'))
  const order = world.chance('orders of torrents')
  const all = swarm.contents.map((_, at) => at + 1)
  return Array.from({ length: peers }, (_, number) => {
    const rates = classes[classOf[number] ?? 0] ?? { ...settings, name: 'leechers' }
    const { uploadRate, downloadRate } = rates
    const isMember = number < clubPeers
    const [isFreeRider, isUnreachable] = [rides[number] === true, unreachable[number] === true]
    return swarm.add({
      ...common,
      host: hostOf(settings, { uploadRate, downloadRate }, isUnreachable),
      serves: !isFreeRider,
      lacks: isMember ? CLUB_PIECE : undefined,
      // Not all want the same first.
      torrents: order.some(all, all.length),
      queue: { maxDownloads, maxSeeds },
      group: groupOf(isMember ? 'club' : rates.name, isFreeRider, isUnreachable),
    })
  })
}

export const populate = (swarm: Swarm, settings: RunSettings): Population => {
  const { downloadRate, uploadRate, seedUploadRate } = settings
  const seeds: SimulatedNode[] = []
  /** How others are found and reached; the DHT is joined where the first seed is. */
  const finding = (): Pick<NodeSettings, 'maxPeers' | 'dht' | 'pex' | 'webrtc' | 'transport' | 'encryption'> => ({
    maxPeers: settings.maxPeers,
    dht: settings.dht === 1 ? seeds.slice(0, 1).map(({ address }) => address) : undefined,
    pex: settings.pex === 1,
    webrtc: settings.webTrackers > 0,
    transport: settings.transport,
    encryption: settings.encryption,
  })
  for (let seed = 0; seed < settings.seeds; seed++)
    seeds.push(
      swarm.add({ ...finding(), seed: true, host: hostOf(settings, { uploadRate: seedUploadRate, downloadRate }) }),
    )
  const chance = swarm.world.chance('poisoners')
  const poisoners = Array.from({ length: settings.poisoners }, () =>
    swarm.add({
      ...finding(),
      seed: true,
      spoilsOneIn: chance.pick(SPOILS_ONE_IN),
      host: hostOf(settings, { uploadRate, downloadRate }),
    }),
  )
  const hostiles = addHostiles(swarm, settings, hostOf(settings, { uploadRate, downloadRate }))
  // Without a tracker and the DHT nobody would ever be found.
  const isFound = settings.trackers + settings.webTrackers + settings.dht > 0
  const peers = !isFound ? seeds.map(({ address }) => address) : []
  const leechers = addLeechers(swarm, settings, { ...finding(), peers })
  for (const node of [...seeds, ...poisoners, ...hostiles]) node.start()

  const presence = new Presence(swarm, settings, seeds, leechers)
  const population: Population = {
    seeds,
    leechers,
    poisoners,
    hostiles,
    presence,
    finished: () => presence.finished.size,
    aborted: () => presence.aborted.size,
    onFinished: () => undefined,
  }
  presence.onFinished = (node) => population.onFinished(node)
  return population
}
