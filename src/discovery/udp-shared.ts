/** One UDP socket that several protocols share (the DHT of BEP 5, uTP of BEP 29): who hears which datagrams. */
import { LIMITS } from '../limits.js'
import type { Answer, DatagramSocket, Datagrams } from '../ports.js'
import type { PeerAddress } from '../values.js'

export type UdpProtocol = 'dht' | 'utp'
export type UdpListener = (bytes: Uint8Array, from: PeerAddress) => void

/** A message of the DHT is a bencoded dictionary, so it begins with `d`; a header of uTP has its version, 1, in the low bits. */
const protocolOf = ([first = 0]: Uint8Array): UdpProtocol | undefined =>
  first === 0x64 ? 'dht' : (first & 0x0f) === 1 ? 'utp' : undefined

export interface SharedUdpOptions {
  readonly datagrams: Datagrams
  /** Where it is free; else any that is. */
  readonly port: number
  readonly host: string | undefined
}

export class SharedUdp {
  readonly #options: SharedUdpOptions
  readonly #listeners = new Map<UdpProtocol, UdpListener>()
  /** Who waits until it is bound. */
  readonly #waiting: ((answer: Answer<undefined>) => void)[] = []
  readonly #rested: (() => void)[] = []
  #bound: Answer<DatagramSocket> | undefined
  #closed = false

  constructor(options: SharedUdpOptions) {
    this.#options = options
  }

  /** The datagrams of one protocol as a port of their own, whatever port is asked for. */
  datagramsOf(protocol: UdpProtocol): Datagrams {
    return {
      bind: ({ received, rested }, done) => {
        if (rested !== undefined) this.#rested.push(rested)
        this.hear(protocol, received, (answer) => {
          if (answer.type === 'failed') {
            done(answer)
            return
          }
          const send = (...sending: Parameters<SharedUdp['send']>): void => this.send(...sending)
          done({ type: 'done', value: { port: this.port ?? 0, send, close: () => this.#listeners.delete(protocol) } })
        })
      },
    }
  }

  /** The port that it is bound to, once it is. */
  get port(): number | undefined {
    return this.#bound?.type === 'done' ? this.#bound.value.port : undefined
  }

  /** From now on the datagrams of this protocol are heard. The first listener has the socket bound; a later one may be told at once. */
  hear(protocol: UdpProtocol, listener: UdpListener, ready: (answer: Answer<undefined>) => void): void {
    this.#listeners.set(protocol, listener)
    this.#waiting.push(ready)
    if (this.#bound !== undefined) this.#tell()
    else if (this.#listeners.size === 1) this.#bind(this.#options.port)
  }

  send(chunks: readonly Uint8Array[], to: PeerAddress, done?: (answer: Answer<undefined>) => void): void {
    if (this.#bound?.type === 'done') this.#bound.value.send(chunks, to, done)
  }

  close(): void {
    this.#closed = true
    if (this.#bound?.type === 'done') this.#bound.value.close()
  }

  #bind(port: number): void {
    const { datagrams, host } = this.#options
    const received: UdpListener = (bytes, from) => {
      const protocol = protocolOf(bytes)
      if (protocol !== undefined) this.#listeners.get(protocol)?.(bytes, from)
    }
    const rested = (): void => {
      for (const tell of this.#rested) tell()
    }
    const receiveBufferBytes = LIMITS.utpReceiveBufferBytes
    datagrams.bind({ port, host, received, rested, receiveBufferBytes }, (answer) => {
      // Another program may have the port over UDP alone.
      if (answer.type === 'failed' && port !== 0) {
        this.#bind(0)
        return
      }
      this.#bound = answer
      if (this.#closed) this.close()
      else this.#tell()
    })
  }

  #tell(): void {
    const answer = this.#bound
    if (answer === undefined || this.#closed) return
    for (const ready of this.#waiting.splice(0))
      ready(answer.type === 'done' ? { type: 'done', value: undefined } : answer)
  }
}
