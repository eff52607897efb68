/**
 * Hash work: the messages of BEP 52 about trees of files, on their way between peers and actors: asking, proving what comes,
 * telling others, and keeping layers of pieces, so that a restart needs no peer for them.
 */
import type { Effect, HashMessage, PeerInput, PieceInput } from './actors/vocabulary.js'
import type { FileTrees } from './file-trees.js'
import { BLOCK_BYTES, type PeerKey, type PieceIndex } from './values.js'
import type { HashRange } from './wire/merkle.js'
import type { FileHashRange, SendableMessage } from './wire/messages.js'

export interface HashWorkOptions {
  readonly trees: FileTrees
  send(peer: PeerKey, message: SendableMessage): void
  toPeer(peer: PeerKey, input: PeerInput): void
  toPiece(piece: PieceIndex, input: PieceInput): void
  /** The hashes of the blocks of a stored piece; nothing, where it cannot be read. */
  readBlockHashes(piece: PieceIndex, done: (hashes: Uint8Array | undefined) => void): void
  /** The bytes of a block that is kept. */
  blockOf(piece: PieceIndex, block: number): Uint8Array
  keepLayer(file: number, layer: Uint8Array): void
}

const nameOf = ({ baseLayer, index }: HashRange, file: number): string => `${file}:${baseLayer}:${index}`

export class HashWork {
  readonly #options: HashWorkOptions
  /** What each peer was asked for and has not answered. */
  readonly #asked = new Map<PeerKey, Map<string, { readonly of: 'pieces' | 'blocks'; readonly piece: PieceIndex }>>()

  constructor(options: HashWorkOptions) {
    this.#options = options
  }

  forget(peer: PeerKey): void {
    this.#asked.delete(peer)
  }

  ask({ peer, of, piece }: Extract<Effect, { type: 'ask-hashes' }>): void {
    const { trees, send, toPeer } = this.#options
    const where = of === 'pieces' ? trees.chunkAt(piece) : trees.blocksOf(piece)
    const piecesRoot = where === undefined ? undefined : trees.rootOf(where.file)
    if (where === undefined || piecesRoot === undefined) {
      toPeer(peer, { type: 'hashes-rejected', of, piece })
      return
    }
    const asked = this.#asked.get(peer) ?? new Map()
    this.#asked.set(peer, asked.set(nameOf(where.range, where.file), { of, piece }))
    send(peer, { type: 'hash-request', piecesRoot, ...where.range })
  }

  /** A message of a peer's. Bytes within it are views. */
  heard(peer: PeerKey, message: HashMessage): void {
    if (message.type === 'hash-request') this.#asks(peer, message)
    else this.#answers(peer, message)
  }

  tell({ peer, file, piece, range }: Extract<Effect, { type: 'tell-hashes' }>): void {
    const { trees, readBlockHashes, send, toPeer } = this.#options
    const piecesRoot = trees.rootOf(file)
    const finish = (hashes: Uint8Array | undefined): void => {
      if (piecesRoot === undefined) return
      if (hashes === undefined) send(peer, { type: 'hash-reject', piecesRoot, ...range })
      else send(peer, { type: 'hashes', piecesRoot, ...range, hashes })
      const { baseLayer, index, length } = range
      toPeer(peer, { type: 'hashes-told', file, baseLayer, index, length, done: hashes !== undefined })
    }
    if (piece === undefined) finish(trees.tell(file, range, undefined))
    else readBlockHashes(piece, (blocks) => finish(blocks && trees.tell(file, range, blocks)))
  }

  deny({ peer, file, range }: Extract<Effect, { type: 'deny-hashes' }>): void {
    const piecesRoot = this.#options.trees.rootOf(file)
    if (piecesRoot !== undefined) this.#options.send(peer, { type: 'hash-reject', piecesRoot, ...range })
  }

  /** Blocks that are here, now that the hashes of all are known. */
  judge({ piece, blocks }: Extract<Effect, { type: 'judge' }>): void {
    const { trees, blockOf, toPiece } = this.#options
    const wrong = blocks.filter((block) => trees.judge(piece, block, blockOf(piece, block)) === false)
    toPiece(piece, { type: 'blocks-judged', wrong })
  }

  /** A block just came; false where it is known to be wrong, of which the piece is told. */
  judgeNew(piece: PieceIndex, offset: number, bytes: Uint8Array): boolean {
    const { trees, toPiece } = this.#options
    const block = offset / BLOCK_BYTES
    if (trees.judge(piece, block, bytes) !== false) return true
    toPiece(piece, { type: 'blocks-judged', wrong: [block] })
    return false
  }

  #asks(peer: PeerKey, { type: _, piecesRoot, ...range }: { readonly type: 'hash-request' } & FileHashRange): void {
    const { trees, send, toPeer } = this.#options
    const file = trees.fileOf(piecesRoot)
    const source = file === undefined ? 'unknown' : trees.sourceOf(file, range)
    if (source === 'unknown') {
      send(peer, { type: 'hash-reject', piecesRoot, ...range })
      toPeer(peer, { type: 'hashes-asked', file: undefined, piece: undefined, ...range })
    } else toPeer(peer, { type: 'hashes-asked', file, piece: source === 'none' ? undefined : source, ...range })
  }

  #answers(peer: PeerKey, message: Exclude<HashMessage, { readonly type: 'hash-request' }>): void {
    const { trees, toPeer, keepLayer } = this.#options
    const { baseLayer, index, length, proofLayers } = message
    const range = { baseLayer, index, length, proofLayers }
    const file = trees.fileOf(message.piecesRoot)
    const asked = file === undefined ? undefined : this.#take(peer, nameOf(range, file))
    if (file === undefined || asked === undefined) {
      const reason = 'hashes that nobody asked for'
      toPeer(peer, { type: 'fault-found', fault: { type: 'fault', code: 'hashes-unasked', reason } })
    } else if (message.type === 'hash-reject') toPeer(peer, { type: 'hashes-rejected', ...asked })
    else {
      const good = trees.learn(file, range, message.hashes)
      const layer = good && asked.of === 'pieces' ? trees.layerOf(file) : undefined
      if (layer !== undefined) keepLayer(file, layer)
      toPeer(peer, { type: 'hashes-arrived', ...asked, good })
    }
  }

  #take(peer: PeerKey, name: string): { readonly of: 'pieces' | 'blocks'; readonly piece: PieceIndex } | undefined {
    const asked = this.#asked.get(peer)
    const found = asked?.get(name)
    asked?.delete(name)
    return found
  }
}
