/**
 * A conversation: what two sides of a connection said, and whether ours keeps to the protocol (BEP 3, BEP 6).
 *
 * It hears what our engine says as it says it, and what the other side says as it arrives; so it knows what ours knows,
 * and no more. What takes something away (a choke, a cancel) binds our engine from the end of the chunk that brought it:
 * what it asked for or served meanwhile was decided before.
 */
import { MESSAGE_ID } from '../src/wire/messages.js'
import type { Content } from './content.js'
import { Frames } from './frames.js'

type Found = (checker: string, text: string) => void

/** Longer than any block that may be asked for; so a place and a length make one number. */
const LENGTHS = 2 ** 18

const SAYS_PIECES: ReadonlySet<number> = new Set([MESSAGE_ID.haveAll, MESSAGE_ID.haveNone])

export class Conversation {
  readonly #content: Content
  readonly #found: Found
  readonly #frames: Frames
  /** Ours. */
  #choking = true
  #interested = false
  #spoke = false
  /** Theirs. */
  #theirChoking = true
  #theirChokingNext = true
  #has: Uint8Array
  readonly #allowedFast = new Set<number>()
  /** What ours allowed them. */
  readonly #allowed = new Set<number>()
  /** What they asked for and do not have yet, and how often: who takes a request back may make it again. */
  readonly #asked = new Map<number, number>()
  readonly #cancelled = new Set<number>()

  constructor(content: Content, found: Found) {
    this.#content = content
    this.#found = found
    this.#has = new Uint8Array(Math.ceil(content.pieces / 8))
    this.#frames = new Frames(
      {
        message: (id, piece, offset, length) => this.#theySay(id, piece, offset, length),
        bitfield: (bits) => this.#theyHave(bits),
      },
      this.#has.length,
    )
  }

  /** A chunk is about to be read, and then was. */
  hears(chunk: Uint8Array): void {
    this.#frames.push(chunk)
  }
  heard(): void {
    this.#theirChoking = this.#theirChokingNext
    if (this.#cancelled.size === 0) return
    for (const key of this.#cancelled) this.#asked.delete(key)
    this.#cancelled.clear()
  }

  /** Our engine says something that is no block. */
  says(id: number, piece: number, offset: number, length: number): void {
    const first = !this.#spoke
    if (id !== MESSAGE_ID.extended) this.#spoke = true
    if (SAYS_PIECES.has(id)) this.saysPieces(first)
    else if (id === MESSAGE_ID.choke) this.#choking = true
    else if (id === MESSAGE_ID.unchoke) this.#choking = false
    else if (id === MESSAGE_ID.interested) this.#interested = true
    else if (id === MESSAGE_ID.allowedFast) this.#allowed.add(piece)
    else if (id === MESSAGE_ID.notInterested) this.#interested = false
    else if (id === MESSAGE_ID.rejectRequest) this.#answers(this.#key(piece, offset, length))
    else if (id === MESSAGE_ID.request) this.#asks(piece, offset)
  }

  /** Which pieces it has is said once, and first. */
  saysPieces(first = !this.#spoke): void {
    this.#spoke = true
    if (!first) this.#found('saysPiecesFirst', 'which pieces it has was not the first that it said')
  }

  /** Our engine serves a block. */
  serves(piece: number, offset: number, length: number): void {
    const block = `the block at ${offset} of piece ${piece}`
    if (this.#choking && !this.#allowed.has(piece))
      this.#found('servesOnlyTheUnchoked', `${block} was served to a peer that it chokes`)
    if (!this.#answers(this.#key(piece, offset, length)))
      this.#found('servesOnlyWhatIsAsked', `${block} was served and not asked for, or not any more`)
  }

  /** One request is answered; false where there is none. */
  #answers(key: number): boolean {
    const times = this.#asked.get(key)
    if (times === undefined) return false
    if (times > 1) this.#asked.set(key, times - 1)
    else this.#asked.delete(key)
    return true
  }

  #asks(piece: number, offset: number): void {
    const block = `the block at ${offset} of piece ${piece}`
    if (!this.#interested) this.#found('asksOnlyWhenInterested', `${block} was asked for without a word of interest`)
    if (!this.#theyHavePiece(piece)) this.#found('asksOnlyForWhatIsThere', `${block} was asked of who does not have it`)
    if (this.#theirChoking && this.#theirChokingNext && !this.#allowedFast.has(piece))
      this.#found('asksOnlyWhenServed', `${block} was asked of who chokes it`)
  }

  #theySay(id: number, piece: number, offset: number, length: number): void {
    if (id === MESSAGE_ID.choke) this.#theirChokingNext = true
    else if (id === MESSAGE_ID.unchoke) {
      this.#theirChoking = false
      this.#theirChokingNext = false
    } else if (id === MESSAGE_ID.haveAll) this.#has.fill(0xff)
    else if (id === MESSAGE_ID.have) this.#theyGot(piece)
    else if (id === MESSAGE_ID.allowedFast) this.#allowedFast.add(piece)
    else if (id === MESSAGE_ID.request) {
      const key = this.#key(piece, offset, length)
      this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1)
      this.#cancelled.delete(key)
    } else if (id === MESSAGE_ID.cancel) this.#cancelled.add(this.#key(piece, offset, length))
  }

  #theyHave(bits: Uint8Array): void {
    bits.forEach((byte, at) => {
      this.#has[at] = (this.#has[at] ?? 0) | byte
    })
  }

  #theyGot(piece: number): void {
    const at = Math.floor(piece / 8)
    if (at < this.#has.length) this.#has[at] = (this.#has[at] ?? 0) | (0x80 >>> (piece % 8))
  }

  #theyHavePiece(piece: number): boolean {
    return ((this.#has[Math.floor(piece / 8)] ?? 0) & (0x80 >>> (piece % 8))) !== 0
  }

  #key(piece: number, offset: number, length: number): number {
    return (piece * this.#content.metainfo.pieceLength + offset) * LENGTHS + length
  }
}
