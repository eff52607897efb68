/**
 * Local service discovery (BEP 14): tells the local network which torrents are here, and hears which are there.
 *
 * Strategy: nobody answers anybody. Who comes new announces, and those who are there dial it, so that an announce brings
 * about connections but no storm of datagrams. Torrents are announced together, one datagram a minute to each group.
 */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock, Failure, Multicast, MulticastSocket } from '../ports.js'
import { boundedText, type InfoHash, instant, type PeerAddress, showAddress, toHex } from '../values.js'
import { canonicalHost } from '../wire/compact.js'
import { encodeLocalAnnounce, LOCAL_GROUPS, readLocalAnnounce } from '../wire/localannounce.js'

/** What happened, as the events of that name say it. */
export type LocalNews =
  | { readonly type: 'lsd-joined'; readonly groups: readonly string[] }
  | { readonly type: 'lsd-failed'; readonly reason: string }

export interface LocalDiscoveryOptions {
  readonly multicast: Multicast
  readonly clock: Clock
  /** By which our own announces are known again. */
  readonly cookie: string
  /** Where we listen for peers. */
  readonly port: number
  readonly groups?: readonly PeerAddress[]
  tell(news: LocalNews): void
  /** Whether it matters who has the torrent. */
  wants(infoHash: InfoHash): boolean
  /** Somebody of the local network has it, or says so. */
  found(infoHash: InfoHash, address: PeerAddress): void
}

interface Group {
  readonly address: PeerAddress
  readonly socket: MulticastSocket
}

export class LocalDiscovery {
  readonly #options: LocalDiscoveryOptions
  readonly #groups: Group[] = []
  /** To be announced, by their hexadecimal info-hashes; the longest waiting first. */
  readonly #waiting = new Map<string, InfoHash>()
  /** What was heard since `#heardSince`: the same again is no news. */
  readonly #heard = new Set<string>()
  #heardSince = 0
  #mayAnnounceAt = 0
  #cancelAnnounce: Cancel | undefined
  #cancelJoining: Cancel = () => undefined
  #toldFailure = ''
  #closed = false

  constructor(options: LocalDiscoveryOptions) {
    this.#options = options
    this.#join()
  }

  #join(): void {
    const { groups = LOCAL_GROUPS, multicast } = this.#options
    let left = groups.length
    const failures: Failure[] = []
    for (const address of groups) {
      const received = (bytes: Uint8Array, from: PeerAddress): void => this.#hear(bytes, from)
      multicast.join({ group: address, received }, (answer) => {
        if (answer.type === 'failed') failures.push(answer.failure)
        else if (this.#closed) answer.value.close()
        else this.#groups.push({ address, socket: answer.value })
        if (--left === 0 && !this.#closed) this.#joined(failures)
      })
    }
  }

  /** Tells the local network of the torrent, as soon as that may be. */
  announce(infoHash: InfoHash): void {
    this.#waiting.set(toHex(infoHash), infoHash)
    this.#announceLater()
  }

  close(): void {
    this.#closed = true
    this.#cancelAnnounce?.()
    this.#cancelJoining()
    for (const { socket } of this.#groups) socket.close()
  }

  #joined([failure]: readonly Failure[]): void {
    const groups = this.#groups.map(({ address }) => showAddress(address))
    if (groups.length > 0) {
      this.#toldFailure = ''
      this.#options.tell({ type: 'lsd-joined', groups })
      return
    }
    // There may be a network later.
    const { clock } = this.#options
    this.#cancelJoining = clock.wakeAt(instant(clock.now() + LIMITS.localAnnounceGapMs), () => this.#join())
    if (failure !== undefined) this.#tellFailure(failure)
  }

  #tellFailure({ code, message }: Failure): void {
    const reason = boundedText(`${code}: ${message}`, LIMITS.reasonTextMax)
    if (this.#toldFailure === reason) return
    this.#toldFailure = reason
    this.#options.tell({ type: 'lsd-failed', reason })
  }

  #announceLater(): void {
    if (this.#closed || this.#cancelAnnounce !== undefined || this.#waiting.size === 0) return
    const { clock } = this.#options
    const at = Math.max(this.#mayAnnounceAt, clock.now() + LIMITS.localAnnounceGatherMs)
    this.#cancelAnnounce = clock.wakeAt(instant(at), () => {
      this.#cancelAnnounce = undefined
      this.#announce()
      this.#announceLater()
    })
  }

  #announce(): void {
    const { clock, cookie, port } = this.#options
    this.#mayAnnounceAt = clock.now() + LIMITS.localAnnounceGapMs
    const chosen = [...this.#waiting].slice(0, LIMITS.localAnnounceHashesMax)
    for (const [name] of chosen) this.#waiting.delete(name)
    const infoHashes = chosen.map(([, infoHash]) => infoHash)
    let sent = 0
    let left = this.#groups.length
    const done = (answer: Answer<undefined>): void => {
      if (answer.type === 'done') sent++
      // That one family goes nowhere is usual; that none does is worth a word.
      if (--left === 0 && sent === 0 && answer.type === 'failed') this.#tellFailure(answer.failure)
    }
    for (const { address, socket } of this.#groups)
      socket.send(encodeLocalAnnounce(address, { port, infoHashes, cookie }), done)
  }

  #hear(bytes: Uint8Array, from: PeerAddress): void {
    const { clock, cookie, found, wants } = this.#options
    const announce = readLocalAnnounce(bytes)
    // Addresses of a link alone are of no use without it.
    const host = canonicalHost(from.host)
    if (announce.type === 'fault' || announce.cookie === cookie || host === undefined) return
    const now = clock.now()
    if (now - this.#heardSince >= LIMITS.localAnnounceIntervalMs) {
      this.#heard.clear()
      this.#heardSince = now
    }
    const address = { host, port: announce.port }
    for (const infoHash of announce.infoHashes) {
      if (!wants(infoHash)) continue
      const name = `${toHex(infoHash)} ${showAddress(address)}`
      if (this.#heard.has(name) || this.#heard.size >= LIMITS.localPeersMax) continue
      this.#heard.add(name)
      found(infoHash, address)
    }
  }
}
