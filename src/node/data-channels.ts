/**
 * Data channels of this machine (WebRTC), by the package `werift`, which nobody's install depends on: it is loaded where the
 * user asks for it, and an error says how to have it where it is not there.
 */
import { createRequire } from 'node:module'
import type { RTCDataChannel, RTCPeerConnection } from 'werift'
import { systemCode, TorrewindError } from '../errors.js'
import type { DataChannelAttempt, DataChannelEvents, DataChannels } from '../ports.js'
import { isOfData, withCandidates } from '../wire/sdp.js'
import { ChannelConnection } from './channel-connection.js'

const require = createRequire(import.meta.url)

export interface DataChannelOptions {
  /** The address that others are told of; all of the machine's, where it is left out. */
  readonly host?: string | undefined
  /** Servers that say where this machine is seen from outside, as `stun:HOST:PORT`. */
  readonly stunServers: readonly string[]
  /** Nothing is had to do with this host. */
  isBlocked(host: string): boolean
}

/** Throws `WEBRTC_MISSING`. */
const loadWerift = (): typeof import('werift') => {
  try {
    return require('werift') as typeof import('werift')
  } catch (error) {
    if (systemCode(error) !== 'MODULE_NOT_FOUND') throw error
    throw new TorrewindError('WEBRTC_MISSING', 'WebRTC needs the package `werift`: npm install werift@0.24')
  }
}

type ConnectionOptions = NonNullable<ConstructorParameters<typeof RTCPeerConnection>[0]>

/** An address of loopback is told of only where it is the one that was asked for. */
const optionsOf = ({ host, stunServers }: DataChannelOptions): ConnectionOptions => ({
  iceServers: stunServers.map((urls) => ({ urls })),
  ...(host === undefined
    ? {}
    : {
        iceUseIpv4: !host.includes(':'),
        iceUseIpv6: host.includes(':'),
        iceInterfaceAddresses: host.includes(':') ? { udp6: host } : { udp4: host },
        iceAdditionalHostAddresses: [host],
      }),
})

class NodeAttempt implements DataChannelAttempt {
  readonly #connection: RTCPeerConnection
  readonly #options: DataChannelOptions
  /** Nobody any more, once it is over. */
  #events: DataChannelEvents | undefined
  #channel: RTCDataChannel | undefined

  constructor(connection: RTCPeerConnection, options: DataChannelOptions, events: DataChannelEvents) {
    this.#connection = connection
    this.#options = options
    this.#events = events
    connection.connectionStateChange.subscribe((state) => {
      if (state === 'failed' || state === 'closed') this.#fail('ECONNRESET', `the connection is ${state}`)
    })
    connection.onDataChannel.subscribe((channel) => this.#take(channel))
  }

  async offer(): Promise<void> {
    this.#take(this.#connection.createDataChannel('torrewind'))
    await this.#describe(await this.#connection.createOffer())
  }

  async answer(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'offer', sdp: this.#without(sdp) })
    await this.#describe(await this.#connection.createAnswer())
  }

  answered(sdp: string): void {
    this.attempt(async () => this.#connection.setRemoteDescription({ type: 'answer', sdp: this.#without(sdp) }))
  }

  close(): void {
    if (this.#events === undefined) return
    this.#events = undefined
    this.#end()
  }

  /** What the package throws is a failure of this attempt, and of nothing else. */
  attempt(act: () => Promise<unknown>): void {
    act().catch((error: unknown) => this.#fail('EPROTO', error instanceof Error ? error.message : String(error)))
  }

  /** Throws where it is none. */
  #without(sdp: string): string {
    if (!isOfData(sdp)) throw new Error('it describes no data channel')
    return withCandidates(sdp, (host) => !this.#options.isBlocked(host))
  }

  /** All addresses are in it: nothing is told later. */
  async #describe(description: Parameters<RTCPeerConnection['setLocalDescription']>[0]): Promise<void> {
    await this.#connection.setLocalDescription(description)
    const sdp = this.#connection.localDescription?.sdp
    if (sdp !== undefined) this.#events?.described(sdp)
  }

  #take(channel: RTCDataChannel): void {
    if (this.#channel !== undefined) {
      channel.close()
      return
    }
    this.#channel = channel
    if (channel.readyState === 'open') this.#open(channel)
    else
      channel.stateChanged.subscribe((state) => {
        if (state === 'open') this.#open(channel)
      })
  }

  #open(channel: RTCDataChannel): void {
    const events = this.#events
    if (events === undefined) return
    this.#events = undefined
    const connection = new ChannelConnection(this.#connection, channel)
    const hearer = events.opened(connection)
    if (hearer === undefined) connection.close()
    else connection.hear(hearer)
  }

  #fail(code: string, message: string): void {
    const events = this.#events
    if (events === undefined) return
    this.#events = undefined
    this.#end()
    events.failed({ code, message })
  }

  #end(): void {
    this.#connection.close().catch(() => undefined)
  }
}

/** Throws `WEBRTC_MISSING`. */
export const loadDataChannels = (options: DataChannelOptions): DataChannels => {
  const { RTCPeerConnection } = loadWerift()
  return {
    open: (offer, events) => {
      const attempt = new NodeAttempt(new RTCPeerConnection(optionsOf(options)), options, events)
      attempt.attempt(() => (offer === undefined ? attempt.offer() : attempt.answer(offer)))
      return attempt
    },
  }
}
