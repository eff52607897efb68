/** Simulated trackers: the tracker's own swarm code over the world's clock, and the `Discovery` port of each process. */

import { assert } from '../src/assert.js'
import { Introductions } from '../src/discovery/introductions.js'
import { WebSocketTrackers, webSocketTrackerOf } from '../src/discovery/websocket-trackers.js'
import { LIMITS } from '../src/limits.js'
import type { Answer, Cancel, Clock, DataChannels, Discovery, Meeting, WebSockets } from '../src/ports.js'
import type { InfoHash } from '../src/values.js'
import { hostToBytes } from '../src/wire/compact.js'
import type { AnnounceAnswer, AnnounceRequest, TrackerCounts } from '../src/wire/tracker.js'
import { announce, announcedPeers, createSwarmState, type SwarmState, scrape } from '../tracker/swarm.js'
import { WORLD_BEGAN_AT } from './clock.js'
import type { Delivery } from './queue.js'
import type { Chance } from './random.js'
import { labelOf, type World } from './world.js'

/** How a tracker behaves just now. */
export type TrackerMood = 'well' | 'refusing' | 'silent' | 'empty' | 'wrong' | 'failing' | 'slow'

export interface TrackerSettings {
  readonly intervalSeconds: number
  /** From question to answer: two round trips and a moment of work. */
  readonly answerMs: number
}

export const TRACKER_DEFAULTS: TrackerSettings = { intervalSeconds: 120, answerMs: 100 }

/** A tracker that is slow answers just before the client gives up, or just after. */
const SLOW_MS = LIMITS.trackerTimeoutMs - 2_000
const WRONG_PEERS = 20

const failed = (code: string, message: string): Answer<never> => ({
  type: 'failed',
  failure: { code, message },
})

export class SimulatedTracker {
  readonly #world: World
  readonly #chance: Chance
  readonly #state: SwarmState
  mood: TrackerMood = 'well'
  announces = 0

  constructor(
    world: World,
    readonly url: string,
    readonly settings: TrackerSettings = TRACKER_DEFAULTS,
  ) {
    this.#world = world
    this.#chance = world.chance(`tracker ${url}`)
    this.#state = createSwarmState({ intervalSeconds: settings.intervalSeconds, hashSeed: this.#chance.bits() })
  }

  /** How long it takes from question to answer; undefined where there is none. */
  answerUs(): number | undefined {
    if (this.mood === 'silent') return undefined
    const ms = this.mood === 'slow' ? SLOW_MS + this.#chance.below(4_000) : this.settings.answerMs
    return Math.round(ms * 1_000 * (0.5 + this.#chance.unit()))
  }

  get #failure(): Answer<never> | undefined {
    if (this.mood === 'refusing') return failed('REFUSED', 'nobody listens there')
    return this.mood === 'failing' ? failed('FAILURE', 'the tracker is out of order') : undefined
  }

  get #nowMs(): number {
    return WORLD_BEGAN_AT + Math.floor(this.#world.now / 1_000)
  }

  counts(infoHash: InfoHash): Answer<TrackerCounts> {
    const [value] = scrape(this.#state, [infoHash], this.#nowMs)
    return this.#failure ?? (value ? { type: 'done', value } : failed('FAILURE', 'the tracker has no such torrent'))
  }

  answer(host: string, request: AnnounceRequest): Answer<AnnounceAnswer> {
    this.announces++
    if (this.#failure !== undefined) return this.#failure
    const from = hostToBytes(host)
    assert(from !== undefined, `${host} is an address`)
    const { intervalSeconds } = this.settings
    const asked = { ...request, host: from, numwant: request.numwant ?? LIMITS.trackerNumwantDefault }
    const answer = announce(this.#state, asked, this.#nowMs, (below) => this.#chance.below(below))
    if (answer.type === 'refusal') return failed('FAILURE', answer.reason)
    const { complete, incomplete, downloaded } = answer
    const right = announcedPeers(this.#state, answer.chosen).map(({ host: at, port }) => ({ host: at, port }))
    const peers = this.mood === 'empty' ? [] : this.mood === 'wrong' ? this.#wrongPeers() : right
    return { type: 'done', value: { intervalSeconds, complete, incomplete, downloaded, peers } }
  }

  /** Addresses that nobody has, and some where nobody listens. */
  #wrongPeers(): { host: string; port: number }[] {
    return Array.from({ length: WRONG_PEERS }, () => ({
      host: `10.${this.#chance.below(4) === 0 ? 0 : 200}.0.${1 + this.#chance.below(250)}`,
      port: 1 + this.#chance.below(65_535),
    }))
  }
}

/** What a process introduces itself by. */
export interface Introducing {
  readonly clock: Clock
  readonly webSockets: WebSockets
  /** Left out where it has no WebRTC. */
  readonly channels: DataChannels | undefined
  entropy(length: number): Uint8Array
}

export class ProcessDiscovery implements Discovery {
  readonly #world: World
  readonly #host: string
  readonly #label: number
  readonly #trackers: ReadonlyMap<string, SimulatedTracker>
  readonly #underWay = new Set<Delivery>()
  readonly #webSocketTrackers: WebSocketTrackers
  #introductions: Introductions | undefined
  readonly meet?: (meeting: Meeting) => Cancel

  constructor(
    world: World,
    node: number,
    host: string,
    trackers: ReadonlyMap<string, SimulatedTracker>,
    introducing: Introducing,
  ) {
    this.#world = world
    this.#host = host
    this.#label = labelOf('announce', node)
    this.#trackers = trackers
    const { channels } = introducing
    this.#webSocketTrackers = new WebSocketTrackers({ ...introducing, introductions: () => this.#introductions })
    if (channels !== undefined)
      this.meet = (meeting) => {
        const introductions = new Introductions({ ...introducing, channels, meeting })
        this.#introductions = introductions
        return () => {
          this.#introductions = undefined
          introductions.close()
        }
      }
  }

  announce(url: string, request: AnnounceRequest, done: (answer: Answer<AnnounceAnswer>) => void): Cancel {
    const webSocketTracker = webSocketTrackerOf(url)
    if (webSocketTracker !== undefined) return this.#webSocketTrackers.announce(webSocketTracker, request, done)
    return this.#ask(url, (tracker) => tracker.answer(this.#host, request), done)
  }

  scrape(url: string, infoHash: InfoHash, done: (answer: Answer<TrackerCounts>) => void): Cancel {
    const webSocketTracker = webSocketTrackerOf(url)
    if (webSocketTracker !== undefined) return this.#webSocketTrackers.scrape(webSocketTracker, infoHash, done)
    return this.#ask(url, (tracker) => tracker.counts(infoHash), done)
  }

  #ask<Value>(
    url: string,
    answer: (tracker: SimulatedTracker) => Answer<Value>,
    done: (answer: Answer<Value>) => void,
  ): Cancel {
    const tracker = this.#trackers.get(url)
    const answerUs = tracker?.answerUs()
    const timeoutUs = LIMITS.trackerTimeoutMs * 1_000
    if (answerUs === undefined || answerUs > timeoutUs)
      return this.#later(timeoutUs, () => done(failed('TIMEOUT', 'the tracker did not answer in time')))
    return this.#later(answerUs, () =>
      done(tracker === undefined ? failed('ENOTFOUND', 'no such host') : answer(tracker)),
    )
  }

  /** The process is gone. */
  stop(): void {
    for (const delivery of this.#underWay) delivery.act = undefined
    this.#underWay.clear()
  }

  #later(us: number, act: () => void): Cancel {
    const delivery = this.#world.schedule(this.#world.now + us, this.#label, () => {
      this.#underWay.delete(delivery)
      act()
    })
    this.#underWay.add(delivery)
    return () => {
      delivery.act = undefined
      this.#underWay.delete(delivery)
    }
  }
}
