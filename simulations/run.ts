/** Running a scenario: makes the swarm, lets it happen, ends it in good order, and says what it came to. */
import { messageOf } from '../src/errors.js'
import { groupResults } from './groups.js'
import { stopwatchMs } from './guard.js'
import { playFaults } from './play-faults.js'
import type { Population } from './population.js'
import { Sampler } from './sampler.js'
import type { RunOptions, RunResult } from './scenario.js'
import type { RunSettings } from './settings.js'
import { Swarm } from './swarm.js'
import { US_PER_SECOND } from './world.js'

export interface Played {
  readonly population: Population
  readonly endSeconds: number
  /** Beside what is measured of every population. */
  readonly measured?: Readonly<Record<string, number>>
}

/** Where in our own code it was thrown. */
const placeOf = (error: unknown): string => {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').slice(1) : []
  return frames
    .slice(0, 6)
    .map((frame) =>
      frame
        .trim()
        .replace(/^at /, '')
        .replace(/\(?(?:file:\/\/)?\/.*\/((?:src|simulations|tracker)\/)/, '($1'),
    )
    .join(' < ')
}

/** Throws `STRATEGY_INVALID`. */
export const runSwarm = async (
  { seed, settings, samples, strategies, faults, onTorrent, onEvent, onViolation, onStep }: RunOptions,
  play: (swarm: Swarm, settings: RunSettings) => Promise<Played>,
): Promise<RunResult> => {
  const began = stopwatchMs()
  const { contentBytes: bytes, pieceLength, files, format, trackers, trackerIntervalSeconds, recordedNodes } = settings
  const swarm = new Swarm(seed, {
    content: { bytes, pieceLength, files, format },
    torrents: settings.torrents,
    trackers,
    tracker: { intervalSeconds: trackerIntervalSeconds, answerMs: 100 },
    webTrackers: settings.webTrackers,
    webSeeds: { count: settings.webSeeds, rate: settings.webSeedRate },
    strategies,
    faults,
    recordedNodes,
  })
  for (const [at, { torrent }] of swarm.contents.entries()) onTorrent?.(torrent, at + 1)
  swarm.onEvent = onEvent
  swarm.onViolation = onViolation
  swarm.world.onStep = onStep
  // Also in a scenario that plays no faults of its own.
  if (faults !== undefined) swarm.beforeRun = () => playFaults(swarm, [])
  const sampler = samples === undefined ? undefined : new Sampler(swarm, samples)
  let played: Played | undefined
  let measured: Readonly<Record<string, number>> = {}
  try {
    played = await play(swarm, settings)
    measured = { ...played.population.presence.measured(), ...played.measured }
    sampler?.stop()
    await swarm.close()
  } catch (error) {
    // An assertion of ours, or a checker's own: the run ends here.
    const node = swarm.nodes[swarm.world.lastNode - 1]
    if (swarm.failure === undefined)
      swarm.report('noAssertionFails', node, `${messageOf(error)} at ${placeOf(error)}`, 'crash')
  }
  sampler?.stop()
  if (swarm.failure !== undefined) throw swarm.failure
  const finished = (played?.population.leechers ?? []).filter(({ completedAt }) => completedAt !== undefined)
  return {
    seed,
    hash: swarm.world.hash,
    simulatedSeconds: played?.endSeconds ?? swarm.seconds,
    wallSeconds: Math.round(stopwatchMs() - began) / 1_000,
    events: swarm.events,
    deliveries: swarm.world.deliveries,
    blocks: swarm.blocks,
    completed: finished.length,
    peers: settings.peers,
    downloadSeconds: finished
      .map(({ completedAt = 0, startedAt = 0 }) => (completedAt - startedAt) / US_PER_SECOND)
      .sort((left, right) => left - right),
    measured,
    violations: swarm.violations,
    faults: swarm.faults,
    groups: groupResults(swarm.nodes),
    samples: sampler?.samples(),
  }
}
