/**
 * The driver: effects to ports, and the ports' answers to inputs. The same file runs on Node and in the simulator.
 *
 * It holds what the state must not: connections with their decoders, half-filled pieces, bytes being read or written.
 * It decides nothing.
 */
import { createHash } from 'node:crypto'
import { inFlightMax } from './actors/picker.js'
import type { Effect, Input, PeerInput } from './actors/vocabulary.js'
import { unreachable } from './assert.js'
import { Checker } from './checker.js'
import { type Geometry, lengthOfPiece } from './events/geometry.js'
import type { Range } from './events/vocabulary.js'
import { LIMITS } from './limits.js'
import { PeerLink } from './peer-link.js'
import type { Answer, Cancel, Connection, ConnectionEvents, Disk, Failure, Ports } from './ports.js'
import type { Layout } from './store/layout.js'
import { PieceBuffers } from './store/piece-buffers.js'
import { PieceStorage } from './store/piece-storage.js'
import { ReadCache } from './store/read-cache.js'
import type { Throttle } from './throttle.js'
import {
  BLOCK_BYTES,
  equalBytes,
  type InfoHash,
  type PeerAddress,
  type PeerId,
  type PeerKey,
  type PieceIndex,
} from './values.js'
import { EXTENSION_HANDSHAKE_ID, encodeExtensionHandshake } from './wire/extension.js'
import { encodeHandshake } from './wire/handshake.js'
import type { Metainfo } from './wire/metainfo.js'

export interface DriverOptions {
  readonly ports: Ports
  readonly metainfo: Metainfo
  readonly layout: Layout
  readonly geometry: Geometry
  readonly disk: Disk
  readonly preallocate: boolean
  /** Port that other peers reach us at. */
  readonly listenPort: number
  /** Name and version for other peers to show. */
  readonly client: string
  accept(input: Input): void
  /** Shared by all transfers: may payload be read and sent now? */
  readonly throttle: Throttle
}

const FINGERPRINT_BYTES = 6

export class Driver {
  readonly #options: DriverOptions
  readonly #links = new Map<PeerKey, PeerLink>()
  readonly #dials = new Map<PeerKey, Pick<Connection, 'close'>>()
  readonly #dirty = new Set<PeerLink>()
  readonly #buffers: PieceBuffers
  readonly #storage: PieceStorage
  readonly #cache: ReadCache
  readonly #checker: Checker
  readonly #announces = new Set<Cancel>()
  readonly #farewells = new Set<Cancel>()
  /** Disk work under way, beside that of the checker. */
  #working = 0
  #onIdle: (() => void)[] = []
  #wake: { readonly at: number; readonly cancel: Cancel } | undefined
  #held = 0
  #stopped = false

  constructor(options: DriverOptions) {
    this.#options = options
    const { geometry, disk, layout, ports, metainfo } = options
    this.#buffers = new PieceBuffers(geometry.pieceLength, inFlightMax(geometry.pieceLength))
    this.#storage = new PieceStorage(layout, disk)
    this.#cache = new ReadCache(this.#storage, geometry)
    this.#checker = new Checker({
      geometry,
      storage: this.#storage,
      hasher: ports.hasher,
      matches: (piece, digest) => equalBytes(digest, hashOf(metainfo, piece)),
      checked: (piece, good) => this.#give({ to: 'transfer', input: { type: 'piece-checked', piece, good } }),
      rested: () => this.#rest(),
    })
  }

  /** Bytes of the handshake that named us may have been read already. */
  takeConnection(peer: PeerKey, connection: Connection): ConnectionEvents {
    const link = this.#openLink(peer, connection)
    return {
      opened: () => undefined,
      received: (chunk) => this.#receive(link, chunk),
      closed: (failure) => this.#lost(peer, link, failure),
    }
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'keep':
        this.#buffers.of(effect.piece).set(effect.bytes, effect.offset)
        break
      case 'request':
        this.#on(effect.peer, (link) => link.request(effect.ranges))
        break
      case 'send':
        this.#on(effect.peer, (link) => link.send(effect.message))
        break
      case 'serve':
        this.#on(effect.peer, (link) => link.serve(effect.range))
        break
      case 'withdraw':
        this.#on(effect.peer, (link) => {
          if (link.withdraw(effect.range)) this.#toPeer(effect.peer, { type: 'block-withdrawn', range: effect.range })
        })
        break
      case 'withdraw-all':
        this.#on(effect.peer, (link) => link.withdrawAll())
        break
      case 'dial':
        this.#dial(effect.peer, effect.address)
        break
      case 'greet':
        this.#on(effect.peer, (link) => link.sendBytes(this.#handshake(effect.peerId)))
        break
      case 'extend':
        this.#on(effect.peer, (link) =>
          link.send({ type: 'extended', id: EXTENSION_HANDSHAKE_ID, payload: this.#extensionHandshake() }),
        )
        break
      case 'hang-up':
        this.#hangUp(effect.peer)
        break
      case 'hash':
        this.#hash(effect.piece, effect.fingerprints)
        break
      case 'write':
        this.#write(effect.piece)
        break
      case 'drop':
        this.#buffers.takeBack(effect.piece)
        break
      case 'reserve':
        this.#reserve(effect.files)
        break
      case 'check':
        this.#cache.clear()
        this.#checker.check(effect.pieces)
        break
      case 'stop-checking':
        this.#checker.stop()
        break
      case 'sync':
        this.#sync(effect.pieces)
        break
      case 'announce':
        this.#announce(effect)
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

  /** Holds all peers back, or lets them go on: the log cannot keep up. */
  pausePeers(paused: boolean): void {
    for (const link of this.#links.values()) paused ? link.pause() : link.resume()
  }

  /** Resolves when no disk work and no farewell to a tracker is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
      this.#rest()
    })
  }

  /** Trackers had their time to hear of the end. */
  cutFarewells(): void {
    for (const cancel of this.#farewells) cancel()
    this.#farewells.clear()
    this.#rest()
  }

  /** Ends everything that could still give an input. */
  stop(): void {
    this.#stopped = true
    this.#wake?.cancel()
    this.#wake = undefined
    this.#checker.stop()
    for (const cancel of this.#announces) cancel()
    this.#announces.clear()
    this.cutFarewells()
    for (const peer of [...this.#links.keys(), ...this.#dials.keys()]) this.#hangUp(peer)
    this.#buffers.trim()
    this.#cache.clear()
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
    const link = new PeerLink({
      connection,
      geometry: this.#options.geometry,
      cache: this.#cache,
      deliver: (input) => this.#toPeer(peer, input),
      flushed: (ranges) => this.#hold(() => this.#flushed(peer, ranges)),
      maySend: (bytes) => this.#options.throttle.maySend(bytes),
    })
    this.#links.set(peer, link)
    this.#options.throttle.join(link)
    return link
  }

  #flushed(peer: PeerKey, ranges: readonly Range[]): void {
    for (const range of ranges) this.#toPeer(peer, { type: 'block-flushed', range })
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

  #receive(link: PeerLink, chunk: Uint8Array): void {
    this.#options.throttle.received(chunk.length)
    this.#hold(() => link.receive(chunk))
  }

  #dial(peer: PeerKey, address: PeerAddress): void {
    let link: PeerLink | undefined
    const dial = this.#options.ports.network.dial(address, LIMITS.dialTimeoutMs, {
      opened: (connection) => {
        this.#dials.delete(peer)
        link = this.#openLink(peer, connection)
        this.#toPeer(peer, { type: 'connected' })
      },
      received: (chunk) => {
        if (link !== undefined) this.#receive(link, chunk)
      },
      closed: (failure) => {
        this.#dials.delete(peer)
        if (link === undefined) this.#toPeer(peer, { type: 'dial-failed', failure })
        else this.#lost(peer, link, failure)
      },
    })
    this.#dials.set(peer, dial)
  }

  #lost(peer: PeerKey, link: PeerLink, failure: Failure): void {
    if (this.#links.get(peer) !== link) return
    this.#forget(peer, link)
    this.#toPeer(peer, { type: 'connection-lost', failure })
  }

  #hangUp(peer: PeerKey): void {
    this.#dials.get(peer)?.close()
    this.#dials.delete(peer)
    const link = this.#links.get(peer)
    if (link !== undefined) this.#forget(peer, link)
  }

  #forget(peer: PeerKey, link: PeerLink): void {
    this.#links.delete(peer)
    this.#dirty.delete(link)
    this.#options.throttle.leave(link)
    link.close()
  }

  #handshake(peerId: PeerId): Uint8Array {
    const infoHash: InfoHash = this.#options.metainfo.infoHash
    return encodeHandshake({ infoHash, peerId, reserved: { extensions: true, fast: true, dht: false } })
  }

  #extensionHandshake(): Uint8Array {
    const { client, listenPort } = this.#options
    return encodeExtensionHandshake({ messages: {}, client, port: listenPort, requestsMax: LIMITS.requestsServedMax })
  }

  #hash(piece: PieceIndex, fingerprints: boolean): void {
    const { geometry, metainfo, ports } = this.#options
    const bytes = this.#buffers.held(piece).subarray(0, lengthOfPiece(geometry, piece))
    ports.hasher.sha1(bytes, (digest) => {
      const good = equalBytes(digest, hashOf(metainfo, piece))
      const input = {
        type: 'piece-hashed',
        good,
        fingerprints: good && !fingerprints ? [] : fingerprintsOf(bytes),
      } as const
      this.#give({ to: 'piece', piece, input })
    })
  }

  #write(piece: PieceIndex): void {
    const { geometry } = this.#options
    const bytes = this.#buffers.held(piece).subarray(0, lengthOfPiece(geometry, piece))
    this.#work((done) =>
      this.#storage.write(piece * geometry.pieceLength, bytes, (answer) => {
        done()
        const input =
          answer.type === 'done'
            ? ({ type: 'piece-written' } as const)
            : ({ type: 'write-failed', failure: answer.failure } as const)
        this.#give({ to: 'piece', piece, input })
      }),
    )
  }

  #reserve(files: readonly number[]): void {
    const { layout, disk, preallocate } = this.#options
    for (const file of files) {
      const { length } = layout.piecesOf(file)
      if (length > 0 && !preallocate) continue
      this.#work((done) =>
        disk.reserve(file, length, (answer) => {
          done()
          if (answer.type === 'failed')
            this.#give({ to: 'transfer', input: { type: 'storage-failed', failure: answer.failure } })
        }),
      )
    }
  }

  #sync(pieces: readonly PieceIndex[]): void {
    const { layout, geometry, disk } = this.#options
    const files = new Set<number>()
    for (const piece of pieces)
      for (const { file } of layout.spans(piece * geometry.pieceLength, lengthOfPiece(geometry, piece)))
        if (file !== undefined) files.add(file)
    let left = files.size
    let failed: Failure | undefined
    const finish = (): void =>
      this.#give({
        to: 'transfer',
        input: failed === undefined ? { type: 'sync-finished' } : { type: 'storage-failed', failure: failed },
      })
    for (const file of files)
      this.#work((done) =>
        disk.sync(file, (answer: Answer<undefined>) => {
          done()
          if (answer.type === 'failed') failed = answer.failure
          if (--left === 0) finish()
        }),
      )
    if (files.size === 0) finish()
  }

  #announce({ tracker, request }: Extract<Effect, { type: 'announce' }>): void {
    const { ports, listenPort } = this.#options
    const pending = request.event === 'stopped' ? this.#farewells : this.#announces
    const cancel = ports.discovery.announce(tracker, { ...request, port: listenPort }, (answer) => {
      pending.delete(cancel)
      if (pending === this.#farewells) this.#rest()
      else
        this.#give({
          to: 'trackers',
          input:
            answer.type === 'done'
              ? { type: 'announce-answered', tracker, answer: answer.value }
              : { type: 'announce-failed', tracker, failure: answer.failure },
        })
    })
    pending.add(cancel)
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

  #work(start: (done: () => void) => void): void {
    this.#working++
    start(() => {
      this.#working--
      this.#rest()
    })
  }

  /** Tells those who wait for it, once the input that ended the work was handled. */
  #rest(): void {
    if (this.#onIdle.length === 0 || this.#working > 0 || this.#farewells.size > 0 || this.#checker.busy) return
    const waiting = this.#onIdle
    this.#onIdle = []
    for (const resolve of waiting) resolve()
  }
}

const hashOf = ({ pieceHashes }: Metainfo, piece: PieceIndex): Uint8Array =>
  pieceHashes.subarray(piece * 20, piece * 20 + 20)

/** 48 bits of SHA-1 over each block: enough to tell who gave which bytes. */
const fingerprintsOf = (bytes: Uint8Array): readonly number[] => {
  const fingerprints: number[] = []
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const digest = createHash('sha1')
      .update(bytes.subarray(at, at + BLOCK_BYTES))
      .digest()
    fingerprints.push(digest.readUIntBE(0, FINGERPRINT_BYTES))
  }
  return fingerprints
}
