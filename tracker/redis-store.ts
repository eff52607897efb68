/**
 * The store on Redis: swarms that many tracker processes share.
 *
 * Time is that of the server, which is one for all trackers: by its own clock, a tracker that goes wrong by an hour would
 * have the peers of all others expire. Each peer is kept with the time at which it expires.
 */
import { LIMITS } from '../src/limits.js'
import type { RedisAddress } from '../src/redis-address.js'
import { type InfoHash, peerId } from '../src/values.js'
import type { AnnouncedPeer } from '../src/wire/announceanswer.js'
import { bytesToHost, COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import type { ScrapeFile } from '../src/wire/scrape.js'
import { RedisLink, type RedisLinkBounds, type StoreListener } from './redis-link.js'
import {
  ANNOUNCE,
  COMPLETED,
  FULL_OF_PEERS,
  FULL_OF_TORRENTS,
  redisScript,
  SCRAPE,
  SEED,
  SERVER_TIME,
  STATS,
  STOPPED,
  WANTS_IPV4,
  WANTS_IPV6,
} from './redis-script.js'
import type { StoreAnswer, SwarmStore } from './store.js'
import {
  type Draw,
  PEERS_FULL,
  type Refusal,
  type SwarmRequest,
  type SwarmSettings,
  type SwarmStats,
  TORRENTS_FULL,
} from './swarm.js'

/** What the keys of all trackers begin with, before the name of theirs. */
const PREFIX = 'torrewind-tracker'

/** Kind and time. */
const HEAD_BYTES = 9
/** Flags, how many peers are wanted, chance, info-hash, peer id. */
const ANNOUNCE_BYTES = HEAD_BYTES + 1 + 4 + 4 + 20 + 20
const ID_BYTES = 20
/** Seeds, leeches, completions. */
const COUNTS_BYTES = 16
const CHANCES = 0x7fff_ffff

const REFUSALS: Readonly<Record<number, Refusal>> = {
  [FULL_OF_TORRENTS]: TORRENTS_FULL,
  [FULL_OF_PEERS]: PEERS_FULL,
}
const BUSY: Refusal = {
  type: 'refusal',
  code: 'busy',
  reason: 'this tracker has too much to do: ask again later',
}

export interface RedisStoreOptions {
  readonly address: RedisAddress
  readonly settings: SwarmSettings
  readonly random: Draw
  /** Whose time counts: the server's, unless the trackers are given one that is not this world's. */
  readonly clock?: 'server' | 'tracker' | undefined
  readonly onChanged?: StoreListener | undefined
  readonly bounds?: RedisLinkBounds | undefined
}

const flagsOf = ({ leftBytes, event, families }: SwarmRequest): number =>
  (leftBytes === 0 ? SEED : 0) |
  (event === 'stopped' ? STOPPED : event === 'completed' ? COMPLETED : 0) |
  (families?.includes('ipv4') === false ? 0 : WANTS_IPV4) |
  (families?.includes('ipv6') === false ? 0 : WANTS_IPV6)

const countsAt = (bytes: Buffer, at: number) => ({
  complete: bytes.readUInt32BE(at),
  incomplete: bytes.readUInt32BE(at + 4),
  downloaded: bytes.readDoubleBE(at + 8),
})

/** Peers as the script names them: address, port and peer id, one after the other. */
class Members {
  constructor(
    readonly bytes: Buffer,
    readonly addressBytes: number,
  ) {}

  get compactBytes(): number {
    return (this.bytes.length / (this.addressBytes + ID_BYTES)) * this.addressBytes
  }

  writeCompact(into: Uint8Array, offset: number): void {
    const { bytes, addressBytes } = this
    let to = offset
    for (let from = 0; from < bytes.length; from += ID_BYTES) {
      for (const end = from + addressBytes; from < end; from++) into[to++] = bytes[from] ?? 0
    }
  }

  named(): AnnouncedPeer[] {
    const { bytes, addressBytes } = this
    const peers: AnnouncedPeer[] = []
    for (let from = 0; from < bytes.length; from += addressBytes + ID_BYTES) {
      const idAt = from + addressBytes
      peers.push({
        host: bytesToHost(bytes.subarray(from, idAt - 2)),
        port: bytes.readUInt16BE(idAt - 2),
        peerId: peerId(new Uint8Array(bytes.subarray(idAt, idAt + ID_BYTES))),
      })
    }
    return peers
  }
}

const readAnswer = (bytes: Buffer): StoreAnswer | Refusal => {
  const refusal = bytes.length === 1 ? REFUSALS[bytes[0] ?? 0] : undefined
  if (refusal !== undefined) return refusal
  const peersAt = COUNTS_BYTES + 4
  const ipv6At = peersAt + bytes.readUInt32BE(COUNTS_BYTES) * (COMPACT_IPV4_BYTES + ID_BYTES)
  const members = {
    ipv4: new Members(bytes.subarray(peersAt, ipv6At), COMPACT_IPV4_BYTES),
    ipv6: new Members(bytes.subarray(ipv6At), COMPACT_IPV6_BYTES),
  }
  return {
    type: 'answer',
    ...countsAt(bytes, 0),
    compactBytes: (family) => members[family].compactBytes,
    writeCompact: (family, into, offset) => members[family].writeCompact(into, offset),
    named: () => [...members.ipv4.named(), ...members.ipv6.named()],
  }
}

export class RedisStore implements SwarmStore {
  readonly #link: RedisLink
  readonly #random: Draw
  readonly #ownClock: boolean

  /** Throws STORE_FAILED where the server cannot be reached. */
  static async open(options: RedisStoreOptions): Promise<RedisStore> {
    const { address, settings, onChanged = () => {}, bounds } = options
    const script = redisScript({
      prefix: `${PREFIX}:${address.name}:`,
      expiryMs: settings.intervalSeconds * 1_000 * LIMITS.trackerExpiryIntervals,
      peersMax: settings.peersMax ?? LIMITS.trackerSwarmPeersMax,
      swarmsMax: settings.swarmsMax ?? LIMITS.trackerSwarmsMax,
    })
    return new RedisStore(await RedisLink.open(address, script, onChanged, bounds), options)
  }

  private constructor(link: RedisLink, { random, clock }: RedisStoreOptions) {
    this.#link = link
    this.#random = random
    this.#ownClock = clock === 'tracker'
  }

  announce(request: SwarmRequest, nowMs: number): Refusal | Promise<StoreAnswer | Refusal> {
    if (this.#link.isFull) return BUSY
    const { host, port } = request
    const argument = Buffer.allocUnsafe(ANNOUNCE_BYTES + host.length + 2)
    this.#writeHead(argument, ANNOUNCE, nowMs)
    let at = argument.writeUInt8(flagsOf(request), HEAD_BYTES)
    at = argument.writeUInt32BE(Math.min(request.numwant, LIMITS.trackerNumwantMax), at)
    at = argument.writeUInt32BE(this.#random(CHANCES), at)
    argument.set(request.infoHash, at)
    argument.set(request.peerId, at + 20)
    argument.set(host, ANNOUNCE_BYTES)
    argument.writeUInt16BE(port, ANNOUNCE_BYTES + host.length)
    return this.#link.run(argument).then(readAnswer)
  }

  async scrape(infoHashes: readonly InfoHash[], nowMs: number): Promise<readonly ScrapeFile[]> {
    const argument = Buffer.concat([Buffer.alloc(HEAD_BYTES), ...infoHashes])
    const answer = await this.#link.run(this.#writeHead(argument, SCRAPE, nowMs))
    return infoHashes.map((infoHash, at) => ({ infoHash, ...countsAt(answer, at * COUNTS_BYTES) }))
  }

  async stats(nowMs: number): Promise<SwarmStats> {
    const answer = await this.#link.run(this.#writeHead(Buffer.alloc(HEAD_BYTES), STATS, nowMs))
    return { torrents: answer.readUInt32BE(0), peers: answer.readUInt32BE(4), seeds: answer.readUInt32BE(8) }
  }

  /** The swarms stay: they are those of other trackers, too. */
  close(): Promise<void> {
    return this.#link.close()
  }

  #writeHead(argument: Buffer, kind: number, nowMs: number): Buffer {
    argument.writeUInt8(kind, 0)
    argument.writeDoubleBE(this.#ownClock ? nowMs : SERVER_TIME, 1)
    return argument
  }
}
