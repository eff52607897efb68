/**
 * The driver: effects to ports, and the ports' answers to inputs. The same file runs on Node and in the simulator.
 *
 * It holds what the state must not: connections with their decoders, half-filled pieces, bytes being read or written.
 * It decides nothing.
 */
import type { Effect, Input, PeerInput } from './actors/vocabulary.js'
import { Announcer } from './announcer.js'
import { present, unreachable } from './assert.js'
import type { Geometry } from './events/geometry.js'
import type { Range } from './events/vocabulary.js'
import type { FileTrees } from './file-trees.js'
import { HashWork } from './hash-work.js'
import { HybridHandshakes } from './hybrid-handshakes.js'
import { LIMITS } from './limits.js'
import { LinkEvents, type LinkOwner } from './link-events.js'
import { type MetadataKeeper, MetadataWork } from './metadata-work.js'
import { boundsOf, type LinkSurroundings, PeerLink } from './peer-link.js'
import { PieceWork } from './piece-work.js'
import type { Cancel, Connection, ConnectionEvents, Disk, Failure, Introduced, LookUp, Ports } from './ports.js'
import type { Slot, SlotGroup } from './slots.js'
import type { Layout } from './store/layout.js'
import type { ThrottleGroup } from './throttle.js'
import type { Dialer } from './transports/dialing.js'
import type { InfoHash, PeerAddress, PeerId, PeerKey, PieceIndex } from './values.js'
import { WebSeedLinks } from './web-seed-links.js'
import type { DecoderBounds } from './wire/decoder.js'
import { EXTENSION_HANDSHAKE_ID, encodeExtensionHandshake, OUR_MESSAGES } from './wire/extension.js'
import { encodeHandshake } from './wire/handshake.js'
import { encodeHolepunch } from './wire/holepunch.js'
import type { TorrentIdentity } from './wire/identity.js'
import { encodeHaves } from './wire/messages.js'
import type { Metainfo } from './wire/metainfo.js'
import { encodePex } from './wire/pex.js'
import { encodeMetadataMessage, UT_METADATA } from './wire/utmetadata.js'

const { ut_pex, ut_holepunch, ...ALWAYS } = OUR_MESSAGES

/** What is there only once the metadata are known. */
export interface Content {
  readonly metainfo: Metainfo
  readonly layout: Layout
  readonly geometry: Geometry
  readonly disk: Disk
  /** Of torrents of v2 and hybrids (BEP 52). */
  readonly trees: FileTrees | undefined
}

export interface DriverOptions {
  readonly ports: Ports
  /** By which peers and trackers know the torrent. */
  readonly identity: TorrentIdentity
  readonly preallocate: boolean
  /** Hashes of pieces that peers told are kept for sessions to come (BEP 52). */
  keepLayer(file: number, layer: Uint8Array): void
  /** Files whose parts were kept apart as the session began. */
  readonly apart: Iterable<number>
  /** The piece is right and on disk. */
  isStored(piece: PieceIndex): boolean
  /** Opens a connection to a peer, as `Network.dial` does, in whatever ways there are. */
  readonly dial: Dialer
  readonly metadata: MetadataKeeper
  /** Port that other peers reach us at, as far as is known now. */
  publicPort(): number
  /** The local network is to hear of the torrent. */
  announceLocally(infoHash: InfoHash): void
  /** The user named this URL, of a tracker or web seed. */
  trusts(url: string): boolean
  /** The DHT is asked for peers of the torrent, and told that we are there. */
  readonly lookUp: LookUp
  /** A node of the DHT may be there. */
  meetNode(address: PeerAddress): void
  /** Name and version for other peers to show. */
  readonly client: string
  accept(input: Input): void
  /** May payload be read and sent now? */
  readonly throttle: ThrottleGroup
  /** Room for connections among all transfers of the engine. */
  readonly slots: SlotGroup
}

export class Driver {
  readonly #options: DriverOptions
  readonly #surroundings: LinkSurroundings
  readonly #bounds: { -readonly [Name in keyof DecoderBounds]: DecoderBounds[Name] } = { ...boundsOf(undefined) }
  readonly #owner: LinkOwner = {
    opened: (peer, connection) => {
      this.#dials.delete(peer)
      this.#slots.get(peer)?.opened()
      const link = this.#openLink(peer, connection)
      this.#toPeer(peer, { type: 'connected' })
      this.describe(peer, connection)
      return link
    },
    received: (link, chunk) => {
      this.#options.throttle.received(link, chunk.length)
      this.#hold(() => link.receive(chunk))
    },
    closed: (peer, link, failure) => {
      this.#dials.delete(peer)
      if (link === undefined) {
        this.#leave(peer)
        this.#toPeer(peer, { type: 'dial-failed', failure })
      } else this.#lost(peer, link, failure)
    },
  }
  readonly #links = new Map<PeerKey, PeerLink>()
  /** Once there are pieces. */
  #webSeeds: WebSeedLinks | undefined
  readonly #dials = new Map<PeerKey, Pick<Connection, 'close'>>()
  readonly #slots = new Map<PeerKey, Slot>()
  readonly #dirty = new Set<PeerLink>()
  readonly #metadata: MetadataWork
  #work: PieceWork | undefined
  #trees: FileTrees | undefined
  readonly #announcer: Announcer
  readonly #hybrid: HybridHandshakes
  /** Of torrents with trees, once there are pieces. */
  #hashes: HashWork | undefined
  /** A block of this piece, which was kept last, is known to be wrong: it need not be hashed as a whole. */
  #spoiled: PieceIndex | undefined
  readonly #onIdle: (() => void)[] = []
  readonly #onDiskAtRest: (() => void)[] = []
  #wake: { readonly at: number; readonly cancel: Cancel } | undefined
  #held = 0
  /** The log cannot keep up. */
  #heldBack = false
  #stopped = false

  constructor(options: DriverOptions) {
    this.#options = options
    const { ports, identity, publicPort, lookUp } = options
    const give = (input: Input): void => this.#give(input)
    const rested = (): void => this.#rest()
    const { discovery } = ports
    this.#hybrid = new HybridHandshakes(identity)
    this.#announcer = new Announcer({
      discovery,
      infoHashes: () => this.#hybrid.names,
      trusts: options.trusts,
      publicPort,
      lookUp,
      give,
      rested,
    })
    this.#metadata = new MetadataWork({
      keeper: options.metadata,
      give,
      rested,
      tell: (peer, message) => this.#on(peer, (link) => link.sendExtended(UT_METADATA, encodeMetadataMessage(message))),
    })
    this.#surroundings = {
      bounds: this.#bounds,
      hashes: (peer, message) => this.#hashes?.heard(peer, message),
      cache: { read: (range, done) => this.#pieces.cache.read(range, done) },
      metadataBytes: () => this.#metadata.sharedBytes,
      now: () => ports.clock.now(),
      deliver: (peer, input) => this.#toPeer(peer, input),
      flushed: (peer, ranges) => this.#hold(() => this.#toPeer(peer, { type: 'blocks-flushed', ranges })),
      maySend: (link, bytes) => options.throttle.maySend(link, bytes),
      agreesOnV2: (peer, infoHash) => this.#hybrid.agrees(peer, infoHash),
    }
  }

  /** Says what carries the connection, where that is not plain TCP, and how it came, where a tracker introduced it. */
  describe(peer: PeerKey, { transport, protection }: Connection, by?: Introduced): void {
    if (transport === undefined && protection === undefined) return
    if (!this.#links.has(peer)) return // hung up on meanwhile
    this.#toPeer(peer, { type: 'transport-known', transport: transport ?? 'tcp', protection: protection ?? 'none' })
    if (by !== undefined && this.#links.has(peer)) this.#toPeer(peer, { type: 'introduced', ...by })
  }

  /** The torrent is known: from here on there are pieces. */
  begin(content: Content): void {
    const { ports, throttle, trusts, keepLayer } = this.#options
    const { trees, layout, geometry } = content
    const give = (input: Input): void => this.#give(input)
    const work = new PieceWork({ ...this.#options, ...content, give, rested: () => this.#rest() })
    this.#work = work
    this.#trees = trees
    this.#hashes =
      trees &&
      new HashWork({
        trees,
        send: (peer, message) => this.#hold(() => this.#on(peer, (link) => link.send(message))),
        toPeer: (peer, input) => this.#toPeer(peer, input),
        toPiece: (piece, input) => give({ to: 'piece', piece, input }),
        readBlockHashes: (piece, done) => work.readBlockHashes(piece, done),
        blockOf: (piece, block) => work.blockOf(piece, block),
        keepLayer,
      })
    this.#webSeeds = new WebSeedLinks({
      httpRanges: ports.httpRanges,
      layout,
      geometry,
      throttle,
      trusts,
      deliver: (peer, input) => this.#hold(() => this.#toPeer(peer, input)),
    })
    this.#hybrid.learn(content.metainfo)
    this.#metadata.share(content.metainfo)
    Object.assign(this.#bounds, boundsOf(geometry, trees !== undefined))
    for (const link of this.#links.values()) link.reviseBounds()
  }

  /** Bytes of the handshake that named us may have been read already. */
  takeConnection(peer: PeerKey, connection: Connection, firstBytes: Uint8Array): ConnectionEvents {
    this.#hybrid.arrived(peer, firstBytes)
    this.#slots.set(peer, this.#options.slots.accept())
    return new LinkEvents(this.#owner, peer, this.#openLink(peer, connection))
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'keep':
        this.#pieces.perform(effect)
        this.#spoiled = undefined
        if (this.#trees?.judges(effect.piece) === true) this.#judgeNew(effect)
        break
      case 'ask-hashes':
        this.#hashes?.ask(effect)
        break
      case 'judge':
        this.#hashes?.judge(effect)
        break
      case 'tell-hashes':
        this.#hashes?.tell(effect)
        break
      case 'deny-hashes':
        this.#hashes?.deny(effect)
        break
      case 'request':
        if (this.#webSeeds?.request(effect.peer, effect.ranges) !== true)
          this.#on(effect.peer, (link) => link.request(effect.ranges))
        break
      case 'send':
        this.#on(effect.peer, (link) => link.send(effect.message))
        break
      case 'tell-pieces': {
        const haves = encodeHaves(effect.pieces)
        for (const peer of effect.peers) this.#on(peer, (link) => link.sendBytes(haves))
        break
      }
      case 'serve':
        this.#on(effect.peer, (link) => link.serve(effect.range))
        break
      case 'withdraw':
        this.#on(effect.peer, (link) => {
          if (link.withdraw(effect.range)) this.#toPeer(effect.peer, { type: 'block-withdrawn', range: effect.range })
        })
        break
      case 'dial':
        this.#dial(effect)
        break
      case 'greet':
        this.#on(effect.peer, (link) => link.sendBytes(this.#handshake(effect.peer, effect.peerId, effect.dht)))
        break
      case 'extend':
        this.#on(effect.peer, (link) =>
          link.send({
            type: 'extended',
            id: EXTENSION_HANDSHAKE_ID,
            payload: this.#extensionHandshake(effect),
          }),
        )
        break
      case 'exchange-peers':
        this.#on(effect.peer, (link) =>
          link.send({ type: 'extended', id: effect.id, payload: encodePex(effect.message) }),
        )
        break
      case 'punch':
        this.#on(effect.peer, (link) =>
          link.send({ type: 'extended', id: effect.id, payload: encodeHolepunch(effect.message) }),
        )
        break
      case 'open-web-seed':
        this.#webSeeds?.open(effect.peer, effect.url)
        break
      case 'forget-requests':
        this.#webSeeds?.forgetRequests(effect.peer)
        break
      case 'hang-up':
        this.#webSeeds?.close(effect.peer)
        this.#hangUp(effect.peer)
        break
      case 'hash':
        if (this.#spoiled !== effect.piece) this.#pieces.perform(effect)
        break
      case 'write':
      case 'drop':
      case 'keep-apart':
      case 'place':
      case 'reserve':
      case 'check':
      case 'sync':
        this.#pieces.perform(effect)
        break
      case 'stop-checking':
        this.#work?.perform(effect)
        break
      case 'ask-metadata':
      case 'keep-metadata':
      case 'drop-metadata':
      case 'assemble-metadata':
      case 'serve-metadata':
      case 'reject-metadata':
        this.#metadata.perform(effect)
        break
      case 'announce':
        this.#announcer.announce(effect)
        break
      case 'scrape':
        this.#announcer.scrape(effect)
        break
      case 'announce-locally':
        for (const infoHash of this.#hybrid.names) this.#options.announceLocally(infoHash)
        break
      case 'look-up':
        this.#announcer.lookUp()
        break
      case 'meet-node':
        this.#options.meetNode(effect.address)
        break
      case 'wake':
        this.#wakeAt(effect.at)
        break
      default:
        unreachable(effect)
    }
  }

  /** Sends what the turns left to be sent; not while a chunk of many messages is still being handled. */
  flush(): void {
    if (this.#held > 0) return
    for (const link of this.#dirty) {
      this.#dirty.delete(link)
      link.flush()
    }
  }

  /** Bytes of a stored piece, a copy. Rejects with a code of the disk. */
  async read(range: Range): Promise<Uint8Array> {
    return this.#pieces.cache.copy(range)
  }

  /** Holds all peers back, those to come too, or lets them go on: the log cannot keep up. */
  holdPeersBack(held: boolean): void {
    this.#heldBack = held
    for (const link of this.#links.values()) link.holdBack(held)
    this.#webSeeds?.holdBack(held)
  }

  /** Resolves when no disk work and no farewell to a tracker is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
      this.#rest()
    })
  }

  /** After a failure of the disk: files that could not be made are tried again. */
  reserveAgain(): void {
    this.#work?.reserveAgain()
  }

  /** Resolves when no disk work is under way. */
  diskAtRest(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDiskAtRest.push(resolve)
      this.#rest()
    })
  }

  /** Trackers had their time to hear of the end. */
  cutFarewells(): void {
    this.#announcer.cutFarewells()
  }

  /** Ends everything that could still give an input. */
  stop(): void {
    this.#stopped = true
    this.#wake?.cancel()
    this.#wake = undefined
    this.#announcer.stop()
    for (const peer of [...this.#links.keys(), ...this.#dials.keys(), ...this.#slots.keys()]) this.#hangUp(peer)
    this.#webSeeds?.stop()
    this.#work?.stop()
  }

  get #pieces(): PieceWork {
    return present(this.#work, 'what is done with pieces, before anything is done with one,')
  }

  #give(input: Input): void {
    if (!this.#stopped) this.#options.accept(input)
  }

  #toPeer(peer: PeerKey, input: PeerInput): void {
    this.#give({ to: 'peer', peer, input })
  }

  #on(peer: PeerKey, act: (link: PeerLink) => void): void {
    const link = this.#links.get(peer)
    if (link === undefined) return // closed by an effect before this one
    act(link)
    this.#dirty.add(link)
  }

  #openLink(peer: PeerKey, connection: Connection): PeerLink {
    const link = new PeerLink(this.#surroundings, peer, connection)
    this.#links.set(peer, link)
    this.#options.throttle.join(link)
    link.holdBack(this.#heldBack)
    return link
  }

  /** Several inputs in a row, and one flush after them. */
  #hold(act: () => void): void {
    this.#held++
    try {
      act()
    } finally {
      this.#held--
    }
    this.flush()
  }

  #dial({ peer, address, punching }: Extract<Effect, { type: 'dial' }>): void {
    const { dial, slots } = this.#options
    let isHeld = false
    const slot = slots.dial(() => {
      if (isHeld) this.#toPeer(peer, { type: 'dial-released' })
      this.#dials.set(peer, dial(address, this.#hybrid.hashFor(peer), new LinkEvents(this.#owner, peer), punching))
    })
    this.#slots.set(peer, slot)
    isHeld = slot.isWaiting
    if (isHeld) this.#toPeer(peer, { type: 'dial-held' })
  }

  #lost(peer: PeerKey, link: PeerLink, failure: Failure): void {
    if (this.#links.get(peer) !== link) return
    this.#forget(peer, link)
    this.#toPeer(peer, { type: 'connection-lost', failure })
  }

  #hangUp(peer: PeerKey): void {
    this.#dials.get(peer)?.close()
    this.#dials.delete(peer)
    this.#leave(peer)
    const link = this.#links.get(peer)
    if (link !== undefined) this.#forget(peer, link)
  }

  /** Last, as another transfer may dial at that. */
  #leave(peer: PeerKey): void {
    const slot = this.#slots.get(peer)
    this.#slots.delete(peer)
    slot?.leave()
  }

  #forget(peer: PeerKey, link: PeerLink): void {
    this.#links.delete(peer)
    this.#hybrid.forget(peer)
    this.#hashes?.forget(peer)
    this.#dirty.delete(link)
    this.#options.throttle.leave(link)
    link.close()
    this.#leave(peer)
  }

  #judgeNew({ piece, blocks }: Extract<Effect, { type: 'keep' }>): void {
    for (const { offset, block } of blocks)
      if (this.#hashes?.judgeNew(piece, offset, block) === false) this.#spoiled = piece
  }

  #handshake(peer: PeerKey, peerId: PeerId, dht: boolean): Uint8Array {
    const reserved = { extensions: true, fast: true, dht }
    return encodeHandshake({ infoHash: this.#hybrid.hashFor(peer), peerId, reserved, v2: this.#hybrid.speaksV2 })
  }

  #extensionHandshake({ uploadOnly, pex, punching }: Extract<Effect, { type: 'extend' }>): Uint8Array {
    const { client, publicPort } = this.#options
    const { offered, sharedBytes } = this.#metadata
    const messages = { ...ALWAYS, ...(pex ? { ut_pex } : {}), ...(punching ? { ut_holepunch } : {}) }
    return encodeExtensionHandshake({
      // 0 takes back what was offered before it was known to be private.
      messages: { ...messages, [UT_METADATA]: offered ? OUR_MESSAGES[UT_METADATA] : 0 },
      client,
      port: publicPort(),
      requestsMax: LIMITS.requestsServedMax,
      uploadOnly,
      metadataBytes: sharedBytes > 0 ? sharedBytes : undefined,
    })
  }

  #wakeAt(at: number): void {
    if (this.#wake !== undefined && this.#wake.at <= at) return
    this.#wake?.cancel()
    const cancel = this.#options.ports.clock.wakeAt(at as Parameters<Ports['clock']['wakeAt']>[0], () => {
      this.#wake = undefined
      this.#give({ to: 'transfer', input: { type: 'woken' } })
    })
    this.#wake = { at, cancel }
  }

  /** Tells those who wait for it, once the input that ended the work was handled. */
  #rest(): void {
    if (this.#work?.busy === true || this.#metadata.busy) return
    for (const resolve of this.#onDiskAtRest.splice(0)) resolve()
    if (this.#announcer.sayingFarewell) return
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}
