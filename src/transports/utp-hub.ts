/**
 * The connections of one UDP socket (BEP 29): one table, one timer, and what is sent to whom.
 *
 * Strategy: a packet is for the connection of its number and of the address that it came from; others get a reset, so many
 * a second, which is no longer than what it answers. Who begins a connection is remembered in little until he shows that
 * he is where he says, and so many of those only.
 */
import { LIMITS } from '../limits.js'
import type { Cancel, Clock, Connection, ConnectionEvents, DatagramSocket, Datagrams } from '../ports.js'
import type { Instant, PeerAddress } from '../values.js'
import { plus, putUtpHead, putUtpMoment, readUtp, UTP, UTP_HEADER_BYTES, UtpPacket } from '../wire/utp.js'
import { UtpConnection, type UtpOwner } from './utp-connection.js'
import { CLOSED } from './utp-failures.js'

export interface UtpParts {
  readonly datagrams: Datagrams
  readonly clock: Clock
  /** Bytes that nobody can foretell. */
  entropy(length: number): Uint8Array
}

const SECOND_MS = 1_000

export class UtpHub implements UtpOwner {
  readonly #parts: UtpParts
  readonly #connections = new Map<number, UtpConnection[]>()
  #count = 0
  readonly #halfOpen = new Set<UtpConnection>()
  #socket: DatagramSocket | undefined
  readonly #packet = new UtpPacket()
  /** Connections whose packets are being read, and whether any are. */
  readonly #touched = new Set<UtpConnection>()
  #reading = false
  /** Those that had no room, and how many datagrams take it. */
  readonly #blocked = new Set<UtpConnection>()
  #unsent = 0
  /** When each is to be woken, and the one timer for all. */
  readonly #wakes = new Map<UtpConnection, number>()
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined
  readonly #later = new Set<UtpConnection>()
  #resets = 0
  #resetsSince = 0
  accept: ((connection: Connection) => ConnectionEvents) | undefined

  constructor(parts: UtpParts) {
    this.#parts = parts
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  use(socket: DatagramSocket): void {
    this.#socket = socket
  }

  dial(address: PeerAddress, timeoutMs: number, events: ConnectionEvents): Connection | undefined {
    if (this.#count >= LIMITS.utpConnectionsMax) return undefined
    const [high = 0, low = 0, upper = 0, lower = 0] = this.#parts.entropy(4)
    let receiveId = high * 256 + low
    while (this.#find(receiveId, address) !== undefined) receiveId = plus(receiveId, 1)
    const firstSeq = upper * 256 + lower
    const identity = { remote: address, receiveId, sendId: plus(receiveId, 1), firstSeq, theirSeq: 0 }
    const connection = this.#add(new UtpConnection(this, identity))
    connection.dial(timeoutMs, events)
    return connection
  }

  received(bytes: Uint8Array, from: PeerAddress): void {
    this.#reading = true
    const packet = this.#packet
    if (!readUtp(bytes, packet)) return
    const { connectionId: id, type } = packet
    if (type === UTP.syn) {
      const known = this.#find(plus(id, 1), from)
      if (known !== undefined) known.arrived(packet)
      else this.#begin(packet, from)
      return
    }
    // A reset has the number that we sent with, as who sends it knows no other.
    const connection =
      this.#find(id, from) ??
      (type === UTP.reset ? (this.#sending(plus(id, -1), id, from) ?? this.#sending(plus(id, 1), id, from)) : undefined)
    if (connection !== undefined) connection.arrived(packet)
    else if (type !== UTP.reset) this.#sendReset(packet, from)
  }

  rested(): void {
    this.#reading = false
    for (const connection of this.#touched) {
      this.#touched.delete(connection)
      connection.settle()
    }
  }

  now(): Instant {
    return this.#parts.clock.now()
  }

  send(connection: UtpConnection, packet: Uint8Array): boolean {
    if (this.#socket === undefined || this.#unsent >= LIMITS.datagramsUnsentMax) {
      this.#blocked.add(connection)
      return false
    }
    this.#unsent++
    this.#socket.send([packet], connection.remote, this.#sent)
    return true
  }

  touched(connection: UtpConnection): boolean {
    if (this.#reading) this.#touched.add(connection)
    return this.#reading
  }

  wake(connection: UtpConnection, at: number): void {
    this.#wakes.set(connection, at)
    if (at < (this.#timer?.at ?? Number.POSITIVE_INFINITY)) this.#wakeAt(at)
  }

  later(connection: UtpConnection): void {
    this.#later.add(connection)
    this.#wakeAt(this.now())
  }

  accepted(connection: UtpConnection): ConnectionEvents {
    this.#halfOpen.delete(connection)
    const accept = this.accept
    if (accept !== undefined) return accept(connection)
    connection.close()
    return { opened: () => undefined, received: () => undefined, closed: () => undefined }
  }

  gone(connection: UtpConnection): void {
    const key = keyOf(connection.receiveId, connection.remote)
    const left = this.#connections.get(key)?.filter((each) => each !== connection) ?? []
    if (left.length === 0) this.#connections.delete(key)
    else this.#connections.set(key, left)
    this.#count--
    this.#halfOpen.delete(connection)
    this.#wakes.delete(connection)
    this.#touched.delete(connection)
    this.#blocked.delete(connection)
    this.#later.delete(connection)
    this.emptied?.()
  }

  /** Asked whenever a connection is gone. */
  emptied: (() => void) | undefined

  close(): void {
    for (const connections of [...this.#connections.values()]) for (const each of connections) each.abandon(CLOSED)
    this.#timer?.cancel()
    this.#socket?.close()
    this.#socket = undefined
  }

  readonly #sent = (): void => {
    this.#unsent--
    if (this.#blocked.size === 0 || this.#unsent > LIMITS.datagramsUnsentMax / 2) return
    const blocked = [...this.#blocked]
    this.#blocked.clear()
    for (const connection of blocked) connection.writable()
  }

  #begin(packet: UtpPacket, from: PeerAddress): void {
    if (this.accept === undefined) {
      this.#sendReset(packet, from)
      return
    }
    // Silence: who is in earnest asks again.
    if (this.#halfOpen.size >= LIMITS.utpHalfOpenMax || this.#count >= LIMITS.utpConnectionsMax) return
    const { connectionId: sendId, seq: theirSeq } = packet
    const [high = 0, low = 0] = this.#parts.entropy(2)
    const identity = { remote: from, receiveId: plus(sendId, 1), sendId, firstSeq: high * 256 + low, theirSeq }
    const connection = this.#add(new UtpConnection(this, identity))
    this.#halfOpen.add(connection)
    connection.answer(packet)
  }

  #add(connection: UtpConnection): UtpConnection {
    const key = keyOf(connection.receiveId, connection.remote)
    this.#connections.set(key, [...(this.#connections.get(key) ?? []), connection])
    this.#count++
    return connection
  }

  #find(receiveId: number, { host, port }: PeerAddress): UtpConnection | undefined {
    const found = this.#connections.get(receiveId * 65_536 + port)
    if (found === undefined) return undefined
    const [first] = found
    return first?.remote.host === host ? first : found.find(({ remote }) => remote.host === host)
  }

  #sending(receiveId: number, sendId: number, from: PeerAddress): UtpConnection | undefined {
    const found = this.#find(receiveId, from)
    return found?.sendId === sendId ? found : undefined
  }

  #sendReset({ connectionId, seq }: UtpPacket, to: PeerAddress): void {
    const now = this.now()
    if (now - this.#resetsSince >= SECOND_MS) {
      this.#resetsSince = now
      this.#resets = 0
    }
    if (++this.#resets > LIMITS.utpResetsPerSecond) return
    const packet = new Uint8Array(UTP_HEADER_BYTES)
    putUtpHead(packet, UTP.reset, connectionId, 0)
    putUtpMoment(packet, 0, 0, 0, seq)
    this.#socket?.send([packet], to)
  }

  #wakeAt(at: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return
    this.#timer?.cancel()
    const cancel = this.#parts.clock.wakeAt(Math.ceil(at) as Instant, () => this.#woken()) // a time of this clock
    this.#timer = { at, cancel }
  }

  #woken(): void {
    this.#timer = undefined
    for (const connection of [...this.#later]) {
      this.#later.delete(connection)
      connection.settle()
    }
    const now = this.now()
    let next = Number.POSITIVE_INFINITY
    for (const [connection, at] of [...this.#wakes]) {
      if (at <= now) connection.due(now)
      next = Math.min(next, this.#wakes.get(connection) ?? Number.POSITIVE_INFINITY)
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(Math.max(next, now + 1))
  }
}

const keyOf = (receiveId: number, { port }: PeerAddress): number => receiveId * 65_536 + port
