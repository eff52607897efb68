/** A peer of a random conversation: honest, or breaking every rule; what it says is up to chance. */
import type { BlockMessage, Effect, Input, PlainMessage } from '../../src/actors/vocabulary.js'
import { blocksOfPiece, lengthOfBlock, lengthOfPiece } from '../../src/events/geometry.js'
import type { Range } from '../../src/events/vocabulary.js'
import { BLOCK_BYTES, infoHash, type PeerKey, type PieceIndex, peerId } from '../../src/values.js'
import { Bitfield } from '../../src/wire/bitfield.js'
import { INFO_HASH, OUR_ID } from './beginnings.js'
import { says, toPeer } from './given.js'
import type { World } from './world.js'

type Nature = 'honest' | 'spoiler' | 'hostile'

/** Blocks whose first byte says which kind of wrong they are; 0 is right. */
const BYTES = Array.from({ length: 4 }, (_, mark) => new Uint8Array(BLOCK_BYTES * 2).fill(mark))

/** A host is what it is for the whole conversation. */
export const natureOf = (host: string): Nature => {
  const number = Number(host.split('.').at(-1))
  return number % 4 === 3 ? 'hostile' : number % 4 === 2 ? 'spoiler' : 'honest'
}

export class Guest {
  readonly nature: Nature
  /** Blocks that we asked of it, in order. */
  readonly requests: Range[] = []
  /** Blocks that it asked of us and that we have not handed to the network. */
  readonly serving: Range[] = []
  /** Handed to the network, and not flushed. */
  readonly socket: Range[] = []
  readonly has: Bitfield
  greeted = false
  fast: boolean
  choking = true
  toldPieces = false

  constructor(
    readonly world: World,
    readonly key: PeerKey,
    readonly host: string,
  ) {
    this.nature = natureOf(host)
    if (this.nature === 'honest') world.honestHosts.add(host)
    this.fast = world.chance.percent(50)
    this.has = new Bitfield(world.geometry.pieceCount)
    const share = world.chance.below(3)
    for (let piece = 0; piece < world.geometry.pieceCount; piece++)
      if (share === 2 || (share === 1 && world.chance.percent(50))) this.has.set(piece)
  }

  take(effect: Extract<Effect, { type: 'request' | 'send' | 'serve' }>): void {
    switch (effect.type) {
      case 'request':
        for (const { piece, offset, length } of effect.ranges)
          for (let at = 0; at < length; at += BLOCK_BYTES)
            this.requests.push({ piece, offset: offset + at, length: Math.min(BLOCK_BYTES, length - at) })
        break
      case 'send': {
        const { message } = effect
        if (message.type !== 'cancel') break
        const at = this.requests.findIndex(({ piece, offset }) => piece === message.piece && offset === message.offset)
        if (at >= 0 && this.world.chance.percent(70)) this.requests.splice(at, 1)
        break
      }
      case 'serve':
        this.serving.push(effect.range)
        break
    }
  }

  /** The next thing that it does, if it does any. */
  act(): Input | undefined {
    const { chance } = this.world
    if (!this.greeted) return this.greet()
    if (this.nature === 'hostile' && chance.percent(50)) return says(this.key, this.#nonsense())
    if (!this.toldPieces) return this.tellPieces()
    switch (chance.below(12)) {
      case 0:
        return this.choking || chance.percent(30) ? this.#turn() : this.serve()
      case 1:
        return chance.percent(15) ? this.#loses() : this.#have()
      case 2:
        return says(this.key, { type: chance.percent(70) ? 'interested' : 'not-interested' })
      case 3:
      case 4:
        return this.#request()
      case 5:
        return says(this.key, { type: 'keep-alive' })
      case 6:
        return this.#withFast()
      case 7:
        return this.flush()
      case 8:
        return chance.percent(5) ? this.leave() : this.#extend()
      default:
        return this.serve()
    }
  }

  leave(): Input {
    this.world.guests.delete(this.key)
    return toPeer(this.key, { type: 'connection-lost', failure: { code: 'EOF', message: '' } })
  }

  greet(): Input {
    const { chance } = this.world
    this.greeted = true
    const odd = this.nature === 'hostile' ? chance.below(10) : 9
    const id = odd === 0 ? OUR_ID : this.idBytes(odd === 1 ? chance.below(40) : Number(this.host.split('.').at(-1)))
    const handshake = {
      infoHash: infoHash(odd === 2 ? OUR_ID : INFO_HASH),
      peerId: peerId(id),
      reserved: { fast: this.fast, extensions: chance.percent(50), dht: false },
    }
    return toPeer(this.key, { type: 'handshake-arrived', handshake })
  }

  #extend(): Input {
    const { chance } = this.world
    const said = { port: chance.below(65_536), requestsMax: chance.below(600), uploadOnly: chance.percent(10) }
    const extensions = { type: 'extension-handshake', messages: new Map(), client: 'Guest', ...said } as const
    return toPeer(this.key, { type: 'extensions-arrived', extensions })
  }

  idBytes(number: number): Uint8Array {
    return new Uint8Array(20).fill(number * 5)
  }

  tellPieces(): Input {
    this.toldPieces = true
    if (this.fast && this.has.full) return says(this.key, { type: 'have-all' })
    if (this.fast && this.has.count === 0) return says(this.key, { type: 'have-none' })
    return says(this.key, { type: 'bitfield', bits: this.has.bytes.slice() })
  }

  /** Brings what we asked for longest, now and then several blocks in one chunk, or some of one. */
  serve(): Input | undefined {
    const { chance } = this.world
    if (this.requests.length > 0 && chance.percent(5)) return toPeer(this.key, { type: 'block-part-arrived' })
    const served = this.requests.splice(0, chance.percent(50) ? 1 : 1 + chance.below(6))
    if (served.length === 0) return undefined
    return toPeer(this.key, { type: 'blocks-arrived', blocks: served.map((range) => this.#brings(range)) })
  }

  #brings(range: Range): BlockMessage {
    const spoils = this.nature !== 'honest' && this.world.chance.percent(30)
    const mark = spoils ? 1 + this.world.chance.below(3) : 0
    const block = (BYTES[mark] ?? BYTES[0] ?? new Uint8Array(0)).subarray(0, range.length)
    return { type: 'piece', piece: range.piece, offset: range.offset, block }
  }

  unchoke(): Input {
    this.choking = false
    return says(this.key, { type: 'unchoke' })
  }

  flush(): Input | undefined {
    this.socket.push(...this.serving.splice(0, 4))
    const range = this.socket.shift()
    return range === undefined ? undefined : toPeer(this.key, { type: 'blocks-flushed', ranges: [range] })
  }

  /** Chokes or unchokes. */
  #turn(): Input {
    if (this.choking) return this.unchoke()
    this.choking = true
    // Without BEP 6 a choke drops the requests; a block that is under way still comes now and then.
    if (!this.fast) this.requests.splice(this.world.chance.below(2))
    return says(this.key, { type: 'choke' })
  }

  #have(): Input | undefined {
    const piece = this.has.firstMissing(this.world.chance.below(this.has.length))
    if (piece === undefined) return undefined
    this.has.set(piece)
    return says(this.key, { type: 'have', piece })
  }

  /** Says that it has a piece no more; what was asked of it is still brought. */
  #loses(): Input | undefined {
    const piece = this.world.chance.below(this.has.length)
    if (!this.has.has(piece)) return undefined
    this.has.clear(piece)
    return toPeer(this.key, { type: 'dont-have-arrived', piece })
  }

  #request(): Input {
    const range = this.#anyBlock()
    return says(this.key, { type: this.world.chance.percent(85) ? 'request' : 'cancel', ...range })
  }

  #withFast(): Input | undefined {
    if (!this.fast) return undefined
    const { chance } = this.world
    if (chance.percent(50)) return says(this.key, { type: 'allowed-fast', piece: chance.below(this.has.length) })
    const [refused] = this.requests.splice(chance.below(this.requests.length), 1)
    return refused === undefined ? undefined : says(this.key, { type: 'reject-request', ...refused })
  }

  #anyBlock(): { piece: PieceIndex; offset: number; length: number } {
    const { chance, geometry } = this.world
    const piece = chance.below(geometry.pieceCount) as PieceIndex
    const block = chance.below(blocksOfPiece(geometry, piece))
    return { piece, offset: block * BLOCK_BYTES, length: lengthOfBlock(geometry, piece, block) }
  }

  /** Any message at all; most of its numbers fit. */
  #nonsense(): PlainMessage | BlockMessage {
    const { chance, geometry } = this.world
    const odd = chance.percent(5)
    const number = (fits: number): number => (odd ? (chance.of([0, fits + 1, 0x7fff_ffff, 0xffff_ffff]) ?? 0) : fits)
    const { piece, offset, length } = this.#anyBlock()
    const range = { piece: number(piece), offset: number(offset), length: number(length) }
    const bits = new Uint8Array(Bitfield.byteLength(geometry.pieceCount) + (odd ? 1 : 0))
    for (let at = 0; at < bits.length - 1; at++) bits[at] = chance.below(256)
    switch (chance.below(20)) {
      case 0:
        return { type: 'choke' }
      case 1:
        return { type: 'unchoke' }
      case 2:
        return { type: 'interested' }
      case 3:
        return { type: 'not-interested' }
      case 4:
        return { type: 'have', piece: range.piece }
      case 5:
        return { type: 'bitfield', bits }
      case 6:
      case 7:
      case 8:
        return { type: 'request', ...range }
      case 9:
        return { type: 'cancel', ...range }
      case 10:
      case 11: {
        const block = (BYTES[1] ?? new Uint8Array(0)).subarray(
          0,
          Math.min(range.length, lengthOfPiece(geometry, piece)),
        )
        return { type: 'piece', piece: range.piece, offset: range.offset, block }
      }
      case 12:
        return { type: chance.percent(50) ? 'have-all' : 'have-none' }
      case 13:
        return { type: 'reject-request', ...range }
      case 14:
        return { type: 'allowed-fast', piece: range.piece }
      case 15:
        return { type: 'suggest-piece', piece: range.piece }
      case 16:
        return { type: 'port', port: 1 }
      case 17:
        return { type: 'extended', id: 7, payload: new Uint8Array(3) }
      case 18:
        return { type: 'unknown', id: 99, length: 3 }
      default:
        return { type: 'keep-alive' }
    }
  }
}
