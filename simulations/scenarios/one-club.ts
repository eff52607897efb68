/**
 * One club: many leechers that all miss the same piece, which only the seed has, and more that join them.
 *
 * Hajek and Zhu: where leechers leave as soon as they finish, the club grows if they come faster than the seed uploads
 * copies of the piece, and shrinks if it uploads faster, whatever the policy of picking. With `seedStay` it is the rate
 * of the seed divided by 1 - mu/g, where mu are a leecher's uploads in pieces a second, and 1/g is how long it stays.
 * The run ends when the last leecher has arrived, or the club is gone: those that wait then are what it is about, and no
 * violation.
 */
import { CLUB_PIECE, type Population, populate } from '../population.js'
import { type Played, runSwarm } from '../run.js'
import type { Scenario } from '../scenario.js'
import { type RunSettings, SETTINGS } from '../settings.js'
import type { Swarm } from '../swarm.js'

/** Those that are there and have everything but the piece. */
const clubSize = ({ content }: Swarm, { presence }: Population): number => {
  let members = 0
  for (const { watch } of presence.there)
    if (watch.durable.size === content.pieces - 1 && !watch.durable.has(CLUB_PIECE)) members++
  return members
}

const LOOK_SECONDS = 1

const play = async (swarm: Swarm, settings: RunSettings): Promise<Played> => {
  const population = populate(swarm, settings)
  const endSeconds = Math.min(population.presence.lastArrivalSeconds, settings.limitSeconds)
  const warmupSeconds = Math.min(settings.warmupSeconds, endSeconds)
  await swarm.run({ seconds: warmupSeconds, when: () => false })
  const clubBefore = clubSize(swarm, population)
  const arrivedBefore = population.presence.arrivals
  let clubAfter = clubBefore
  // Comings and goings are independent steps: the ends of such a walk say all there is to know of its drift.
  let slope: { readonly clubSlopePerSecond: number; readonly clubArrivalsPerSecond: number } | undefined
  const look = (): void => {
    clubAfter = clubSize(swarm, population)
    const seconds = swarm.seconds - warmupSeconds
    // The theory is one of large clubs, so it says nothing of the end of one.
    if (seconds > 0 && (clubAfter >= clubBefore / 2 || slope === undefined))
      slope = {
        clubSlopePerSecond: (clubAfter - clubBefore) / seconds,
        clubArrivalsPerSecond: (population.presence.arrivals - arrivedBefore) / seconds,
      }
    if (clubAfter > 0) swarm.at(swarm.seconds + LOOK_SECONDS, look)
  }
  look()
  await swarm.run({ seconds: endSeconds, when: () => clubAfter === 0 })
  return { population, endSeconds: swarm.seconds, measured: { clubBefore, clubAfter, ...slope } }
}

export const oneClub: Scenario = {
  name: 'one-club',
  summary: 'a club of leechers that all miss the piece which only the seed has',
  defaults: {
    ...SETTINGS,
    peers: 80,
    clubPeers: 20,
    contentBytes: 262_144,
    pieceLength: 16_384,
    // Half a copy of the piece in a second.
    seedUploadRate: 8_192,
    uploadRate: 65_536,
    downloadRate: 524_288,
    arrivalsPerSecond: 0.75,
    seedStay: { type: 'fixed', seconds: 0 },
    trackerIntervalSeconds: 60,
    warmupSeconds: 20,
  },
  run: (options) => runSwarm(options, play),
}
