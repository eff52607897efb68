/** A socket that asks a UDP tracker, datagram by datagram, and hears what comes back. */
import { createSocket, type Socket } from 'node:dgram'
import { readUdpAnswer, type UdpAnswer } from '../../src/wire/udpanswer.js'
import { type ConnectionId, encodeUdpRequest, type UdpAnnounce, type UdpRequest } from '../../src/wire/udprequest.js'
import { hashOf, idOf } from './swarm-world.js'

const BOUND_MS = 5_000

export const udpAnnounce = (
  connectionId: ConnectionId,
  number: number,
  more: Partial<UdpAnnounce> = {},
): UdpAnnounce => ({
  type: 'announce',
  transactionId: 1_000 + number,
  connectionId,
  infoHash: hashOf(1),
  peerId: idOf(number),
  downloadedBytes: 0,
  leftBytes: 1,
  uploadedBytes: 0,
  event: undefined,
  host: undefined,
  key: number,
  numwant: undefined,
  port: 6_000 + number,
  urlData: '',
  ...more,
})

export class UdpClient {
  readonly #socket: Socket
  readonly #port: number
  readonly #host: string
  readonly #heard: Uint8Array[] = []
  #wake = (): void => {}

  static async open(port: number, host = '127.0.0.1'): Promise<UdpClient> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    await new Promise<void>((resolve) => socket.bind(0, host, resolve))
    return new UdpClient(socket, port, host)
  }

  private constructor(socket: Socket, port: number, host: string) {
    this.#socket = socket
    this.#port = port
    this.#host = host
    socket.on('message', (datagram) => {
      this.#heard.push(Uint8Array.from(datagram))
      this.#wake()
    })
  }

  send(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#port, this.#host)
  }

  /** The next datagram that came. */
  async next(): Promise<Uint8Array> {
    const until = Date.now() + BOUND_MS
    for (;;) {
      const datagram = this.#heard.shift()
      if (datagram !== undefined) return datagram
      if (Date.now() >= until) throw new Error(`no datagram came within ${BOUND_MS} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until - Date.now())
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async ask(request: UdpRequest): Promise<UdpAnswer> {
    this.send(encodeUdpRequest(request))
    const answer = readUdpAnswer(await this.next(), this.#host.includes(':') ? 'ipv6' : 'ipv4')
    if (answer.type === 'fault') throw new Error(answer.reason)
    return answer
  }

  /** A connection id of its own. */
  async connect(): Promise<ConnectionId> {
    const answer = await this.ask({ type: 'connect', transactionId: 7 })
    if (answer.type !== 'connected') throw new Error(`a connect was answered with ${answer.type}`)
    return answer.connectionId
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve))
  }
}
