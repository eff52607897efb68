/**
 * A raw peer: a TCP connection that speaks the protocol by script, right or wrong, bytes and messages as the test says.
 *
 * It knows nothing of the engine but `src/wire`, and keeps what it heard without the blocks' bytes.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type InfoHash, type PeerId, peerId } from '../../src/values.js'
import { MessageDecoder } from '../../src/wire/decoder.js'
import { encodeHandshake, type Handshake, HandshakeDecoder } from '../../src/wire/handshake.js'
import { encodeMessage, type PeerMessage, type SendableMessage } from '../../src/wire/messages.js'
import { signal, waitAtMost } from '../contracts/waiting.js'
import type { Content } from './content.js'

const within = waitAtMost(10_000)
let made = 0

/** A peer id that no other raw peer has. */
export const rawPeerId = (): PeerId => peerId(new TextEncoder().encode(`-RW0001-${String(++made).padStart(12, '0')}`))

export interface Greeting {
  readonly infoHash: InfoHash
  readonly peerId?: PeerId
  readonly fast?: boolean
  readonly extensions?: boolean
}

type Listener = (message: PeerMessage) => void

export class RawPeer {
  /** In the order of arrival; a `piece` without its bytes. */
  readonly heard: PeerMessage[] = []
  payloadBytes = 0
  isClosed = false
  readonly #socket: Socket
  readonly #handshake = signal<Handshake>()
  readonly #closed = signal<void>()
  readonly #listeners = new Set<Listener>()
  readonly #opening = new HandshakeDecoder()
  readonly #decoder = new MessageDecoder({ bitfieldBytes: 1 << 18, blockBytesMax: 1 << 17, extendedBytesMax: 1 << 20 })
  #open = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)))
    socket.on('error', () => undefined) // a reset is an end like any other
    socket.on('close', () => {
      this.isClosed = true
      this.#closed.send()
    })
  }

  static async dial(port: number): Promise<RawPeer> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const peer = new RawPeer(socket)
    await within(once(socket, 'connect'), 'a connection')
    return peer
  }

  /** Dials, greets and waits for the answer. */
  static async join(port: number, greeting: Greeting): Promise<RawPeer> {
    const peer = await RawPeer.dial(port)
    peer.greet(greeting)
    await peer.handshake()
    return peer
  }

  handshake(): Promise<Handshake> {
    return within(this.#handshake.promise, 'a handshake')
  }

  closed(): Promise<void> {
    return within(this.#closed.promise, 'the end of the connection')
  }

  /** Called for each message from now on; blocks are views. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The first message of this type, heard already or yet to come. */
  async hear<Type extends PeerMessage['type']>(
    type: Type,
    accepts: (message: Extract<PeerMessage, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<PeerMessage, { type: Type }>> {
    type Wanted = Extract<PeerMessage, { type: Type }>
    const fits = (message: PeerMessage): message is Wanted => message.type === type && accepts(message as Wanted)
    const known = this.heard.find(fits)
    if (known !== undefined) return known
    const found = signal<Wanted>()
    const stop = this.listen((message) => {
      if (fits(message)) found.send(message)
    })
    try {
      return await within(found.promise, `a message ${type}`)
    } finally {
      stop()
    }
  }

  count(type: PeerMessage['type']): number {
    return this.heard.filter((message) => message.type === type).length
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes)
  }

  greet({ infoHash, peerId: id = rawPeerId(), fast = false, extensions = false }: Greeting): void {
    this.write(encodeHandshake({ infoHash, peerId: id, reserved: { extensions, fast, dht: false } }))
  }

  say(...messages: readonly SendableMessage[]): void {
    this.write(Buffer.concat(messages.map(encodeMessage)))
  }

  /** Resolves when what was written left this process. */
  drained(): Promise<void> {
    return within(new Promise<void>((resolve) => this.#socket.write('', () => resolve())), 'what was written')
  }

  /** Stops reading: what the other side sends piles up there. */
  stopReading(): void {
    this.#socket.pause()
  }

  goOnReading(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Uint8Array): void {
    let rest = chunk
    if (!this.#open) {
      const progress = this.#opening.push(chunk)
      if (progress.type !== 'handshake') return
      this.#open = true
      rest = progress.rest
      this.#handshake.send(progress)
    }
    if (rest.length > 0) this.#decoder.push(rest, (message) => this.#hear(message))
  }

  #hear(message: PeerMessage): void {
    if (message.type === 'piece') this.payloadBytes += message.block.length
    this.heard.push(message.type === 'piece' ? { ...message, block: new Uint8Array(0) } : message)
    for (const listener of [...this.#listeners]) listener(message)
  }
}

export interface RawHost {
  readonly port: number
  /** Everybody who dialed it, in order. */
  readonly peers: readonly RawPeer[]
  close(): void
}

/** Listens, and plays the script with everybody who dials. */
export const rawHost = async (script: (peer: RawPeer) => void): Promise<RawHost> => {
  const peers: RawPeer[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    const peer = new RawPeer(socket)
    peers.push(peer)
    script(peer)
  })
  server.listen(0, '127.0.0.1')
  await within(once(server, 'listening'), 'a port')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the raw host has no port')
  const close = (): void => {
    server.close()
    for (const peer of peers) peer.close()
  }
  return { port: bound.port, peers, close }
}

type Request = Extract<PeerMessage, { type: 'request' }>

/** The block that a request asks for. */
export const blockOf = (content: Content, { piece, offset, length }: Request): SendableMessage => {
  const start = piece * content.metainfo.pieceLength + offset
  return { type: 'piece', piece, offset, block: content.bytes.subarray(start, start + length) }
}

export interface SeedScript {
  readonly fast?: boolean
  /** What to answer a request with, in place of the right block. */
  readonly answer?: (request: Request, peer: RawPeer) => readonly SendableMessage[]
}

/** Greets, says that it has everything, unchokes, and answers requests. */
export const playSeed = (peer: RawPeer, content: Content, { fast = false, answer }: SeedScript = {}): void => {
  const { infoHash, pieceCount } = content.metainfo
  peer.greet({ infoHash, fast })
  peer.say(fast ? { type: 'have-all' } : { type: 'bitfield', bits: allBits(pieceCount) }, { type: 'unchoke' })
  peer.listen((message) => {
    if (message.type !== 'request') return
    const messages = answer?.(message, peer) ?? [blockOf(content, message)]
    if (messages.length > 0) peer.say(...messages)
  })
}

/** A bitfield of every piece. */
export const allBits = (pieceCount: number): Uint8Array => {
  const bits = new Uint8Array(Math.ceil(pieceCount / 8)).fill(0xff)
  const spare = (8 - (pieceCount % 8)) % 8
  bits[bits.length - 1] = 0xff & (0xff << spare)
  return bits
}
