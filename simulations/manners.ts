/**
 * Manners: what a hostile peer makes of what its engine says.
 *
 * A hostile peer is a real engine whose words are changed on their way out. So it finds its victims, keeps up with them
 * and speaks the protocol as well as any peer, but for what it was given to do wrong; and what its own engine does is
 * checked as everybody's is.
 */
import { BLOCK_BYTES } from '../src/values.js'
import { encodeMessage, encodePieceHeader, encodeRequests, MESSAGE_ID, PREFIX_BYTES } from '../src/wire/messages.js'
import type { Content } from './content.js'
import type { Side } from './host.js'
import type { Chance } from './random.js'
import { isMessage, isPieceHeader } from './said.js'
import { labelOf, US_PER_SECOND, type World } from './world.js'

/** Each with what it does to one of so many blocks, or of so many calls of `send`. */
export const MANNERS = [
  /** Changes a bit of a block. */
  'spoils',
  /** Says that it has every piece, whatever it has. */
  'lies',
  /** Does not send a block that it was asked for, and says nothing. */
  'withholds',
  /** Sends a block twice. */
  'repeats',
  /** Sends a block that nobody asked for. */
  'imposes',
  /** Chokes and unchokes, many times over. */
  'storms',
  /** Ends the connection in the middle of a block. */
  'hangs-up',
  /** Asks for more than anybody could send, again and again, and does not read what comes. */
  'floods',
  /** Sends what is no message, or none that fits the torrent. */
  'garbles',
] as const
export type Manner = (typeof MANNERS)[number]

const STORM_PAIRS = 20
/** In a second, where it is done every time. */
const FLOOD_REQUESTS = 1_000

const CHOKE = encodeMessage({ type: 'choke' })
const UNCHOKE = encodeMessage({ type: 'unchoke' })
const INTERESTED = encodeMessage({ type: 'interested' })
const HAVE_ALL = encodeMessage({ type: 'have-all' })
const OF_PIECES: readonly (number | undefined)[] = [MESSAGE_ID.bitfield, MESSAGE_ID.haveAll, MESSAGE_ID.haveNone]
const FAR = 0xffff_ffff

export class Manners {
  /** It never did anything wrong so far. */
  honest = true
  readonly #habits = new Map<Manner, number>()
  /** Connections that were ended in the middle of a block: whatever follows is not sent. */
  readonly #over = new WeakSet<Side>()
  readonly #flooded = new WeakSet<Side>()

  constructor(
    readonly world: World,
    readonly chance: Chance,
  ) {}

  /** From now on it does this wrong, one time in so many. */
  begin(manner: Manner, oneIn: number): void {
    this.honest = false
    this.#habits.set(manner, oneIn)
  }

  end(manner: Manner): void {
    this.#habits.delete(manner)
  }

  /** Over a connection about this content. */
  send(
    side: Side,
    content: Content,
    chunks: readonly Uint8Array[],
    flushed: (() => void) | undefined,
    amChoking: boolean,
  ): void {
    if (!this.honest && this.#over.has(side)) return
    if (this.#habits.size === 0) {
      side.send(chunks, flushed)
      return
    }
    const changed = this.#change(side, chunks)
    if (this.#over.has(side)) {
      // When half of the block is there.
      side.send(changed, () => side.reset())
      return
    }
    // Nothing fits in before the handshake.
    if (changed[0] !== undefined && (isMessage(changed[0]) || isPieceHeader(changed[0])))
      changed.push(...this.#additions(side, content, amChoking))
    side.send(changed, flushed)
  }

  #does(manner: Manner): boolean {
    const oneIn = this.#habits.get(manner)
    return oneIn !== undefined && this.chance.below(oneIn) === 0
  }

  #change(side: Side, chunks: readonly Uint8Array[]): Uint8Array[] {
    const changed: Uint8Array[] = []
    for (let at = 0; at < chunks.length; at++) {
      const chunk = chunks[at]
      const block = chunks[at + 1]
      if (chunk === undefined) continue
      if (isPieceHeader(chunk) && block !== undefined) {
        at++
        if (this.#does('withholds')) continue
        if (this.#does('hangs-up')) {
          changed.push(chunk, block.subarray(0, block.length >> 1))
          this.#over.add(side)
          return changed
        }
        changed.push(chunk, this.#does('spoils') ? this.#spoiled(block) : block)
        if (this.#does('repeats')) changed.push(chunk, block)
      } else if (isMessage(chunk) && OF_PIECES.includes(chunk[PREFIX_BYTES]) && this.#does('lies')) {
        changed.push(HAVE_ALL)
      } else changed.push(chunk)
    }
    return changed
  }

  #additions(side: Side, content: Content, amChoking: boolean): readonly Uint8Array[] {
    const added: Uint8Array[] = []
    if (this.#does('imposes')) added.push(...this.#block(content))
    if (this.#does('storms')) {
      const pair = amChoking ? [UNCHOKE, CHOKE] : [CHOKE, UNCHOKE]
      for (let count = 0; count < STORM_PAIRS; count++) added.push(...pair)
    }
    if (this.#habits.has('floods') && !this.#flooded.has(side)) {
      this.#flooded.add(side)
      this.#flood(side, content)
    }
    if (this.#does('garbles')) added.push(this.#garbage(content))
    return added
  }

  #spoiled(block: Uint8Array): Uint8Array {
    const spoiled = block.slice()
    const at = this.chance.below(spoiled.length)
    spoiled[at] = (spoiled[at] ?? 0) ^ (1 << this.chance.below(8))
    return spoiled
  }

  /** Any block of the torrent. */
  #range(content: Content): { readonly piece: number; readonly offset: number; readonly length: number } {
    const { pieceLength, totalBytes } = content.metainfo
    const start = this.chance.below(Math.ceil(totalBytes / BLOCK_BYTES)) * BLOCK_BYTES
    const piece = Math.floor(start / pieceLength)
    return { piece, offset: start - piece * pieceLength, length: Math.min(BLOCK_BYTES, totalBytes - start) }
  }

  #block(content: Content): readonly Uint8Array[] {
    const { piece, offset, length } = this.#range(content)
    const start = piece * content.metainfo.pieceLength + offset
    return [encodePieceHeader(piece, offset, length), content.bytes.subarray(start, start + length)]
  }

  #flood(side: Side, content: Content): void {
    const oneIn = this.#habits.get('floods')
    if (oneIn === undefined) {
      this.#flooded.delete(side)
      side.resume()
      return
    }
    side.pause()
    const requests = Array.from({ length: Math.ceil(FLOOD_REQUESTS / oneIn) }, () => this.#range(content))
    side.send([INTERESTED, encodeRequests(requests)])
    const { world } = this
    world.schedule(world.now + US_PER_SECOND, labelOf('connection', side.host.node), () => this.#flood(side, content))
  }

  #garbage(content: Content): Uint8Array {
    const range = this.#range(content)
    return this.chance.pick([
      () => Uint8Array.of(0xff, 0xff, 0xff, 0xff, MESSAGE_ID.piece),
      () => Uint8Array.of(0, 0, 0, 2, MESSAGE_ID.choke, 0),
      () => Uint8Array.of(0, 0, 0, 9, 200, ...this.chance.bytes(8)),
      () => this.chance.bytes(64),
      () => encodeMessage({ type: 'have', piece: FAR }),
      () => encodeMessage({ type: 'bitfield', bits: this.chance.bytes(1) }),
      () => encodeMessage({ type: 'request', ...range, length: FAR }),
      () => encodeMessage({ type: 'request', ...range, piece: FAR }),
      () => encodeMessage({ type: 'piece', ...range, block: new Uint8Array(1) }),
      () => encodeMessage({ type: 'cancel', ...range, length: 0 }),
      () => encodeMessage({ type: 'reject-request', ...range, offset: FAR }),
      () => encodeMessage({ type: 'extended', id: 0, payload: this.chance.bytes(16) }),
    ])()
  }
}
