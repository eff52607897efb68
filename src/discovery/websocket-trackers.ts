/**
 * WebSocket trackers, of WebTorrent: a socket for each, by the URL.
 *
 * Peers are met there by WebRTC: announces bring offers of ours, and those of others are answered. Without it, we make
 * none, ask for no peers, and pass over what others offer.
 */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel } from '../ports.js'
import type { InfoHash } from '../values.js'
import type { TrackerCounts } from '../wire/scrape.js'
import type { AnnounceAnswer, AnnounceRequest } from '../wire/tracker.js'
import { failed } from './tracker-questions.js'
import { TrackerSocket, type TrackerSocketPorts } from './tracker-socket.js'

/** Undefined for what is no URL of a WebSocket tracker. */
export const webSocketTrackerOf = (url: string): string | undefined => {
  if (!URL.canParse(url)) return undefined
  const parsed = new URL(url)
  parsed.hash = ''
  return parsed.protocol === 'ws:' || parsed.protocol === 'wss:' ? parsed.href : undefined
}

export class WebSocketTrackers {
  readonly ports: TrackerSocketPorts
  readonly #trackers = new Map<string, TrackerSocket>()

  constructor(ports: TrackerSocketPorts) {
    this.ports = ports
  }

  /** `done` is called once, later, unless cancelled. */
  announce(url: string, request: AnnounceRequest, done: (answer: Answer<AnnounceAnswer>) => void): Cancel {
    return this.#at(url)?.announce(request, done) ?? this.#refuse(done)
  }

  /** Likewise. */
  scrape(url: string, infoHash: InfoHash, done: (answer: Answer<TrackerCounts>) => void): Cancel {
    return this.#at(url)?.scrape(infoHash, done) ?? this.#refuse(done)
  }

  forget(url: string): void {
    this.#trackers.delete(url)
  }

  #at(url: string): TrackerSocket | undefined {
    const known = this.#trackers.get(url)
    if (known !== undefined || this.#trackers.size >= LIMITS.webSocketTrackersMax) return known
    const tracker = new TrackerSocket(this, url)
    this.#trackers.set(url, tracker)
    return tracker
  }

  #refuse(done: (answer: Answer<never>) => void): Cancel {
    const { clock } = this.ports
    const message = `there are ${LIMITS.webSocketTrackersMax} WebSocket trackers already`
    return clock.wakeAt(clock.now(), () => done(failed('ENOBUFS', message)))
  }
}
