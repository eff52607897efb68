/**
 * A capture of a history: the talk with our peers as packets, which Wireshark opens as BitTorrent.
 *
 * The messages are those that the events tell of, in their order and at their times. What carried them is made up: a TCP
 * connection without loss for each peer, a segment for each message. Blocks have their headers and none of their bytes,
 * as in a capture that was cut short, since no history has payload.
 */
import type { LoggedEvent } from '../../events/codec.js'
import { evolve } from '../../events/evolve.js'
import type { TransferState } from '../../events/state.js'
import type { PeerKey } from '../../values.js'
import { encodeHandshake } from '../../wire/handshake.js'
import { encodeMessage, encodePieceHeader, PIECE_HEADER_BYTES } from '../../wire/messages.js'
import { type Told, type ToldMessage, talkOf } from '../talk.js'
import { capturedPacket, captureHeader } from './pcapng.js'
import { FLAG, type Segment, Segments } from './segments.js'

/** Stands for ours, which the log does not have, where peers dialed us. */
const OUR_PORT = 6_881
const FIRST_DYNAMIC_PORT = 49_152
const DYNAMIC_PORTS = 16_384
/** Data of one packet: IP counts up to 65,535 bytes with all headers. */
const SEGMENT_BYTES_MAX = 32_768
const NOTHING = new Uint8Array(0)

const framed = (message: ToldMessage): { readonly bytes: Uint8Array; readonly length: number } => {
  if (message.type === 'piece') {
    const { piece, offset, length } = message
    return { bytes: encodePieceHeader(piece, offset, length), length: PIECE_HEADER_BYTES + length }
  }
  const bytes = message.type === 'handshake' ? encodeHandshake(message) : encodeMessage(message)
  return { bytes, length: bytes.length }
}

export class Capture {
  readonly #state: TransferState
  readonly #connections = new Map<PeerKey, Segments>()

  /** `state` is that before the first event, and goes along with them. */
  constructor(state: TransferState) {
    this.#state = state
  }

  /** What the file begins with. */
  static header(): readonly Uint8Array[] {
    return captureHeader()
  }

  /** The packets of the next event. */
  packets(logged: LoggedEvent): readonly Uint8Array[] {
    const packets = [...this.#opening(logged), ...talkOf(this.#state, logged).flatMap((told) => this.#message(told))]
    packets.push(...this.#closing(logged))
    evolve(this.#state, logged)
    return packets
  }

  #packet(seq: number, at: number, peer: PeerKey, make: (segments: Segments) => Segment): Uint8Array {
    const { bytes, length } = make(this.#connection(peer))
    return capturedPacket(at, bytes, length, `event ${seq}`)
  }

  #message({ seq, at, peer, from, message }: Told): readonly Uint8Array[] {
    const { bytes, length } = framed(message)
    const packets: Uint8Array[] = []
    for (let start = 0; start < length; start += SEGMENT_BYTES_MAX) {
      const part = bytes.subarray(start, start + SEGMENT_BYTES_MAX)
      const partLength = Math.min(SEGMENT_BYTES_MAX, length - start)
      packets.push(
        this.#packet(seq, at, peer, (segments) => segments.segment(from, FLAG.push | FLAG.ack, part, partLength)),
      )
    }
    return packets
  }

  #opening({ seq, at, event }: LoggedEvent): readonly Uint8Array[] {
    if (event.type !== 'peer-connected' && event.type !== 'handshake-received') return []
    const { peer } = event
    if (this.#connections.has(peer)) return []
    const [dialer, other] =
      this.#state.peers.get(peer)?.incoming === true ? (['them', 'us'] as const) : (['us', 'them'] as const)
    return [
      this.#packet(seq, at, peer, (segments) => segments.segment(dialer, FLAG.syn, NOTHING)),
      this.#packet(seq, at, peer, (segments) => segments.segment(other, FLAG.syn | FLAG.ack, NOTHING)),
      this.#packet(seq, at, peer, (segments) => segments.segment(dialer, FLAG.ack, NOTHING)),
    ]
  }

  #closing({ seq, at, event }: LoggedEvent): readonly Uint8Array[] {
    if (event.type === 'session-began') this.#connections.clear()
    if (event.type !== 'peer-closed' || !this.#connections.has(event.peer)) return []
    const from = event.by === 'us' ? 'us' : 'them'
    const last = this.#packet(seq, at, event.peer, (segments) => segments.segment(from, FLAG.fin | FLAG.ack, NOTHING))
    this.#connections.delete(event.peer)
    return [last]
  }

  #connection(peer: PeerKey): Segments {
    const known = this.#connections.get(peer)
    if (known !== undefined) return known
    const { address, incoming } = this.#state.peers.get(peer) ?? { address: { host: '', port: 0 }, incoming: false }
    const segments = new Segments(address, incoming ? OUR_PORT : FIRST_DYNAMIC_PORT + (peer % DYNAMIC_PORTS))
    this.#connections.set(peer, segments)
    return segments
  }
}
