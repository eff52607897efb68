/** The links to the web seeds of a transfer: what is asked of each, some runs at a time, and what comes of it. */
import type { BlockMessage, PeerInput } from './actors/vocabulary.js'
import type { Geometry } from './events/geometry.js'
import type { Range } from './events/vocabulary.js'
import { LIMITS } from './limits.js'
import type { Failure, HttpRanges } from './ports.js'
import type { Layout } from './store/layout.js'
import type { Throttled, ThrottleGroup } from './throttle.js'
import type { PeerKey, PieceIndex } from './values.js'
import { WebSeedRun } from './web-seed-run.js'

export interface WebSeedLinksOptions {
  readonly httpRanges: HttpRanges | undefined
  readonly layout: Layout
  readonly geometry: Geometry
  readonly throttle: Pick<ThrottleGroup, 'received' | 'join' | 'leave'>
  /** The user named this URL. */
  trusts(url: string): boolean
  deliver(peer: PeerKey, input: PeerInput): void
}

interface Stretch {
  readonly start: number
  readonly end: number
}

const NO_WEB: Failure = { code: 'UNSUPPORTED', message: 'there is no web here' }

class WebSeedLink implements Throttled {
  readonly #options: WebSeedLinksOptions
  readonly #peer: PeerKey
  readonly #url: string
  readonly #runs = new Set<WebSeedRun>()
  #waiting: Stretch[] = []
  #throttled = false
  #heldBack = false

  constructor(options: WebSeedLinksOptions, peer: PeerKey, url: string) {
    this.#options = options
    this.#peer = peer
    this.#url = url
  }

  request(ranges: readonly Range[]): void {
    const { pieceLength } = this.#options.geometry
    for (const { piece, offset, length } of ranges) {
      const start = piece * pieceLength + offset
      const last = this.#waiting.at(-1)
      if (last?.end === start) this.#waiting[this.#waiting.length - 1] = { start: last.start, end: start + length }
      else this.#waiting.push({ start, end: start + length })
    }
    this.#begin()
  }

  forgetRequests(): void {
    this.#waiting = []
    for (const run of this.#runs) run.close()
    this.#runs.clear()
  }

  pause(): void {
    this.#throttled = true
    this.#steer()
  }

  resume(): void {
    this.#throttled = false
    this.#steer()
  }

  holdBack(held: boolean): void {
    this.#heldBack = held
    this.#steer()
  }

  flush(): void {
    // Nothing is sent but requests.
  }

  #steer(): void {
    for (const run of this.#runs)
      if (this.#throttled || this.#heldBack) run.pause()
      else run.resume()
  }

  #begin(): void {
    const { httpRanges, layout, geometry, throttle, trusts, deliver } = this.#options
    if (httpRanges === undefined) {
      this.#stumble(NO_WEB, undefined, 0 as PieceIndex, 0 as PieceIndex) // of every piece
      return
    }
    while (this.#runs.size < LIMITS.webSeedRequestsMax) {
      const stretch = this.#waiting.shift()
      if (stretch === undefined) return
      const run = new WebSeedRun(
        {
          httpRanges,
          layout,
          geometry,
          url: this.#url,
          trusted: trusts(this.#url),
          received: (bytes) => throttle.received(this, bytes),
          blocks: (blocks: readonly BlockMessage[]) => deliver(this.#peer, { type: 'blocks-arrived', blocks }),
          stumbled: (file, { failure, retryAfterMs }) => {
            const { firstPiece, lastPiece } = layout.piecesOf(file)
            // Pieces of a file that has bytes.
            this.#stumble(failure, retryAfterMs, firstPiece as PieceIndex, lastPiece as PieceIndex)
          },
          ended: () => {
            this.#runs.delete(run)
            this.#begin()
          },
        },
        stretch.start,
        stretch.end,
      )
      this.#runs.add(run)
      if (this.#throttled || this.#heldBack) run.pause()
      run.next()
    }
  }

  #stumble(failure: Failure, retryAfterMs: number | undefined, firstPiece: PieceIndex, lastPiece: PieceIndex): void {
    this.forgetRequests()
    this.#options.deliver(this.#peer, { type: 'web-seed-stumbled', failure, retryAfterMs, firstPiece, lastPiece })
  }
}

export class WebSeedLinks {
  readonly #options: WebSeedLinksOptions
  readonly #links = new Map<PeerKey, WebSeedLink>()
  #heldBack = false

  constructor(options: WebSeedLinksOptions) {
    this.#options = options
  }

  open(peer: PeerKey, url: string): void {
    const link = new WebSeedLink(this.#options, peer, url)
    this.#links.set(peer, link)
    this.#options.throttle.join(link)
    link.holdBack(this.#heldBack)
  }

  /** False where the peer is no web seed. */
  request(peer: PeerKey, ranges: readonly Range[]): boolean {
    const link = this.#links.get(peer)
    link?.request(ranges)
    return link !== undefined
  }

  forgetRequests(peer: PeerKey): void {
    this.#links.get(peer)?.forgetRequests()
  }

  close(peer: PeerKey): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#links.delete(peer)
    this.#options.throttle.leave(link)
    link.forgetRequests()
  }

  holdBack(held: boolean): void {
    this.#heldBack = held
    for (const link of this.#links.values()) link.holdBack(held)
  }

  stop(): void {
    for (const peer of [...this.#links.keys()]) this.close(peer)
  }
}
