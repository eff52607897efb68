/** From a message over WebSocket to what is sent for it: to whoever asked, and to the peers that it is for. */
import { peerId } from '../src/values.js'
import { latin1Bytes } from '../src/wire/bencode.js'
import type { ScrapeCounts } from '../src/wire/scrape.js'
import {
  encodeRelayedAnswer,
  encodeRelayedOffer,
  encodeWebAnswer,
  encodeWebFailure,
  encodeWebScrape,
} from '../src/wire/websocketanswer.js'
import {
  readWebRequest,
  type WebAnnounce,
  type WebFault,
  type WebRequest,
  type WebScrape,
} from '../src/wire/websocketrequest.js'
import type { TrackerCore } from './core.js'
import { orRefusal, type Soon, type StoreAnswer, soon } from './store.js'
import type { Refusal, SwarmRequest } from './swarm.js'
import type { WebLink } from './web-swarm.js'
import type { WebSwarms } from './web-swarms.js'

/** Who asks, and by which token (see `readToken`). */
export interface WebAsker {
  readonly link: WebLink
  /** 4 or 16 bytes. */
  readonly from: Uint8Array
  readonly token: string | undefined
}

/** Peers over sockets have no addresses that could be told. */
const answerOf = (counts: ScrapeCounts): StoreAnswer => ({
  type: 'answer',
  ...counts,
  compactBytes: () => 0,
  writeCompact: () => {},
  named: () => [],
})

/** What failed is named, so that clients which share a socket know whose it is. */
const failureTo = (request: WebRequest, reason: string): string => {
  switch (request.type) {
    case 'announce':
    case 'answer':
      return encodeWebFailure(reason, 'announce', request.infoHash)
    case 'scrape':
      return encodeWebFailure(reason, 'scrape')
    case 'fault':
      return encodeWebFailure(reason, request.action, request.infoHash)
  }
}

export class WebReplies {
  readonly #core: TrackerCore
  readonly #swarms: WebSwarms

  constructor(core: TrackerCore, swarms: WebSwarms) {
    this.#core = core
    this.#swarms = swarms
  }

  /** Resolves when all is sent. */
  take(text: string, asker: WebAsker, nowMs: number): Soon<void> {
    const request = readWebRequest(text)
    switch (request.type) {
      case 'announce':
        return this.#announce(request, asker)
      case 'answer':
        // Who made the offer may have gone, or have given it up: nobody can help that, and nobody is told.
        return this.#swarms.answer(request, asker.link, nowMs)?.link.send(encodeRelayedAnswer(request))
      case 'scrape':
        return this.#scrape(request, asker)
      case 'fault':
        return this.#fault(request, asker)
    }
  }

  /** For whoever asks too often. */
  refuse(text: string, { link }: WebAsker): void {
    link.send(failureTo(readWebRequest(text), 'you ask too often: wait a minute'))
  }

  #announce(request: WebAnnounce, { link, from, token }: WebAsker): Soon<void> {
    const { infoHash, leftBytes, event, numwant, offersLeft } = request
    const asked: SwarmRequest = {
      ...{ infoHash, peerId: peerId(latin1Bytes(request.peerId)), leftBytes, event, numwant },
      ...{ host: from, port: 0 },
    }
    const swarms = { announce: (_: SwarmRequest, nowMs: number) => this.#enter(request, link, nowMs) }
    return soon(this.#core.announce('ws', asked, token, swarms), (answer) => {
      if (answer.type === 'refusal') return link.send(failureTo(request, answer.reason))
      const { complete, incomplete } = answer
      const warning = offersLeft === 0 ? undefined : `${offersLeft} of your offers were passed over: they are too many`
      link.send(
        encodeWebAnswer(infoHash, { intervalSeconds: this.#swarms.intervalSeconds, complete, incomplete, warning }),
      )
    })
  }

  /** Passes the offers on, and counts everybody; only those that are here where the store is gone. */
  #enter(request: WebAnnounce, link: WebLink, nowMs: number): Soon<StoreAnswer | Refusal> {
    const entered = this.#swarms.announce(request, link, nowMs)
    if (entered.type === 'refusal') return entered
    for (const { to, offer } of entered.relays) {
      to.link.send(encodeRelayedOffer(request.infoHash, request.peerId, offer))
    }
    const everybody = orRefusal(this.#core.look([request.infoHash]))
    return soon(everybody, (files) => answerOf(('reason' in files ? undefined : files[0]) ?? entered.swarm))
  }

  #scrape(request: WebScrape, { link, from, token }: WebAsker): Soon<void> {
    const { infoHashes } = request
    return soon(this.#core.denied(infoHashes, token), (reason) => {
      if (reason !== undefined) {
        this.#core.dismiss('ws', 'scrape', from, 'denied')
        return link.send(failureTo(request, reason))
      }
      return soon(this.#core.scrape('ws', infoHashes, token), (files) =>
        link.send(
          'reason' in files ? failureTo(request, files.reason) : encodeWebScrape(files, this.#swarms.intervalSeconds),
        ),
      )
    })
  }

  #fault(fault: WebFault, { link, from }: WebAsker): void {
    this.#core.dismiss('ws', fault.action ?? 'announce', from, 'malformed')
    link.send(failureTo(fault, fault.reason))
  }
}
