/**
 * Introducers: simulated trackers over WebSocket, which bring peers together (WebRTC). What they answer is the tracker's own
 * code over the world's clock.
 */
import { assert } from '../src/assert.js'
import type { Failure } from '../src/ports.js'
import { hostToBytes } from '../src/wire/compact.js'
import { encodeWebFailure } from '../src/wire/websocketanswer.js'
import { TrackerCore } from '../tracker/core.js'
import { MemoryStore } from '../tracker/memory-store.js'
import { CountedStore } from '../tracker/web-counts.js'
import { type WebAsker, WebReplies } from '../tracker/web-reply.js'
import type { WebPeer } from '../tracker/web-swarm.js'
import { WebSwarms } from '../tracker/web-swarms.js'
import { WORLD_BEGAN_AT } from './clock.js'
import type { TrackerSettings } from './discovery.js'
import type { Chance } from './random.js'
import type { ServerSocket, SocketServer } from './web-sockets.js'
import { US_PER_SECOND, type World } from './world.js'

/**
 * How such a tracker behaves just now: `late` passes on what peers say up to a minute later, so that some offers are given
 * up meanwhile, and `losing` loses half of it.
 */
export const INTRODUCER_MOODS = ['well', 'refusing', 'silent', 'failing', 'late', 'losing'] as const
export type IntroducerMood = (typeof INTRODUCER_MOODS)[number]

const LATE_US_MAX = 60 * US_PER_SECOND
const PEERS_MAX = 100_000
const SWARMS_MAX = 100
const US_PER_MS = 1_000

const ENDED: Failure = { code: 'EOF', message: 'the tracker ended the connection' }

/** Whether it is of a peer, and not of the tracker. */
const isPassedOn = (text: string): boolean => {
  const said: unknown = JSON.parse(text) // written by the tracker
  return typeof said === 'object' && said !== null && ('offer' in said || 'answer' in said)
}

export class Introducer implements SocketServer {
  readonly #world: World
  readonly #chance: Chance
  readonly #swarms: WebSwarms
  readonly #replies: WebReplies
  readonly #sockets = new Map<ServerSocket, WebAsker>()
  /** How long a message takes, one way. */
  readonly wayUs: number
  #mood: IntroducerMood = 'well'
  /** Offers and answers of peers that it lost. */
  lost = 0

  constructor(
    world: World,
    readonly url: string,
    { intervalSeconds, answerMs }: TrackerSettings,
  ) {
    this.#world = world
    this.wayUs = Math.round((answerMs * US_PER_MS) / 2)
    this.#chance = world.chance(`introducer ${url}`)
    const settings = { intervalSeconds, peersMax: PEERS_MAX, swarmsMax: SWARMS_MAX, hashSeed: this.#chance.bits() }
    const draw = (below: number): number => this.#chance.below(below)
    this.#swarms = new WebSwarms(settings, draw)
    const store = new CountedStore(new MemoryStore(settings, draw), this.#swarms)
    this.#replies = new WebReplies(new TrackerCore({ store, intervalSeconds, now: () => this.#nowMs }), this.#swarms)
  }

  get takes(): 'well' | 'refusing' | 'silent' {
    return this.#mood === 'refusing' || this.#mood === 'silent' ? this.#mood : 'well'
  }

  get mood(): IntroducerMood {
    return this.#mood
  }

  set mood(mood: IntroducerMood) {
    this.#mood = mood
    if (mood !== 'refusing') return
    for (const socket of [...this.#sockets.keys()]) {
      this.leave(socket)
      socket.end(ENDED)
    }
  }

  get #nowMs(): number {
    return WORLD_BEGAN_AT + Math.floor(this.#world.now / US_PER_MS)
  }

  enter(socket: ServerSocket, host: string): void {
    const from = hostToBytes(host)
    assert(from !== undefined, `${host} is an address`)
    const link = { peers: new Set<WebPeer>(), send: (text: string) => this.#say(socket, text) }
    this.#sockets.set(socket, { link, from, token: undefined })
  }

  /** What came over a socket; nothing, where that is gone. */
  take(socket: ServerSocket, text: string): void {
    const asker = this.#sockets.get(socket)
    if (asker === undefined || this.#mood === 'silent') return
    if (this.#mood === 'failing') socket.say(encodeWebFailure('the tracker is out of order'))
    else void this.#replies.take(text, asker, this.#nowMs)
  }

  leave(socket: ServerSocket): void {
    const asker = this.#sockets.get(socket)
    if (asker !== undefined) this.#swarms.leave(asker.link, this.#nowMs)
    this.#sockets.delete(socket)
  }

  #say(socket: ServerSocket, text: string): void {
    const isOfPeer = (this.#mood === 'late' || this.#mood === 'losing') && isPassedOn(text)
    if (isOfPeer && this.#mood === 'losing' && this.#chance.happens(0.5)) this.lost++
    else socket.say(text, isOfPeer && this.#mood === 'late' ? this.#chance.below(LATE_US_MAX) : 0)
  }
}
