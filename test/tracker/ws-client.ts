/** A client of the WebSocket front for its tests, which says anything, well-formed or not. */
import WebSocket, { type ClientOptions } from 'ws'
import { latin1Text } from '../../src/wire/bencode.js'
import { signal, waitAtMost } from '../contracts/waiting.js'
import { hashOf } from './swarm-world.js'

const until = waitAtMost(15_000)

/** A message as it came. */
export type Message = Readonly<Record<string, unknown>>

/** 20 bytes of one character. */
export const idOf = (character: string): string => character.repeat(20)
export const hashText = (number: number): string => latin1Text(hashOf(number))
export const offerOf = (character: string, sdp = 'an offer') => ({
  ...{ offer_id: idOf(character), offer: { type: 'offer', sdp } },
})

export class WebClient {
  readonly socket: WebSocket
  readonly messages: Message[] = []
  /** By which code of the protocol it was closed; 1006 for a socket that just ended. */
  closed: number | undefined
  #heard = signal<void>()

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)))
      this.#tell()
    })
    socket.on('close', (code) => {
      this.closed = code
      this.#tell()
    })
    socket.on('error', () => {})
  }

  /** Resolves when it is open; rejects with the status that was answered in place of it. */
  static async open(url: string, options: ClientOptions = {}): Promise<WebClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...options })
    const opened = new Promise<WebClient>((resolve, reject) => {
      socket.once('open', () => resolve(new WebClient(socket)))
      socket.once('error', reject)
    })
    return until(opened, `${url} is open`)
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' || message instanceof Buffer ? message : JSON.stringify(message))
  }

  /** Of torrent 1, unless it is said otherwise. */
  announce(character: string, more: Message = {}): void {
    this.say({ action: 'announce', info_hash: hashText(1), peer_id: idOf(character), left: 1, ...more })
  }

  /** The next message that was not taken yet. */
  async next(): Promise<Message> {
    for (;;) {
      const message = this.messages.shift()
      if (message !== undefined) return message
      if (this.closed !== undefined) throw new Error(`closed with ${this.closed}`)
      await until(this.#heard.promise, 'a message comes')
    }
  }

  /** What is answered to an announce. */
  async asks(character: string, more: Message = {}): Promise<Message> {
    this.announce(character, more)
    return this.next()
  }

  async untilClosed(): Promise<number> {
    while (this.closed === undefined) await until(this.#heard.promise, 'the socket is closed')
    return this.closed
  }

  /** As when the power fails. */
  end(): void {
    this.socket.terminate()
  }

  #tell(): void {
    const told = this.#heard
    this.#heard = signal<void>()
    told.send()
  }
}
