/** Piece work: what is done with the bytes of pieces: kept, hashed, written, checked, synced, read for peers. */

import { inFlightMax } from './actors/picker.js'
import type { Effect, Input } from './actors/vocabulary.js'
import { unreachable } from './assert.js'
import { Checker } from './checker.js'
import { type Geometry, lengthOfBlock, lengthOfPiece } from './events/geometry.js'
import type { FileTrees } from './file-trees.js'
import { blockFingerprints } from './fingerprints.js'
import { PieceVerifier } from './piece-verifier.js'
import { Placing } from './placing.js'
import type { Disk, Failure, PieceMemory, Ports } from './ports.js'
import type { Layout } from './store/layout.js'
import { Parts } from './store/parts.js'
import { PieceStorage } from './store/piece-storage.js'
import { ReadCache } from './store/read-cache.js'
import { BLOCK_BYTES, type PieceIndex } from './values.js'
import type { Metainfo } from './wire/metainfo.js'

type PieceEffect = Extract<
  Effect,
  {
    readonly type:
      | 'keep'
      | 'hash'
      | 'write'
      | 'drop'
      | 'keep-apart'
      | 'place'
      | 'reserve'
      | 'check'
      | 'stop-checking'
      | 'sync'
  }
>

export interface PieceWorkOptions {
  readonly ports: Pick<Ports, 'hasher' | 'openPieceMemory'>
  readonly metainfo: Metainfo
  readonly layout: Layout
  readonly geometry: Geometry
  readonly disk: Disk
  readonly preallocate: boolean
  /** Files whose parts were kept apart as the session began. */
  readonly apart: Iterable<number>
  /** The piece is right and on disk. */
  isStored(piece: PieceIndex): boolean
  /** Of torrents that have them (BEP 52). */
  readonly trees: FileTrees | undefined
  give(input: Input): void
  /** Called whenever some of the work ends: `busy` may have become false. */
  rested(): void
}

export class PieceWork {
  readonly cache: ReadCache
  readonly #options: PieceWorkOptions
  readonly #verifier: PieceVerifier
  readonly #memory: PieceMemory
  readonly #storage: PieceStorage
  readonly #checker: Checker
  readonly #placing: Placing
  /** Files that could not be reserved. */
  readonly #unreserved = new Set<number>()
  /** Pieces that are being written. */
  readonly #writing = new Set<number>()
  /** Under way, beside what the checker does. */
  #working = 0

  constructor(options: PieceWorkOptions) {
    const { metainfo, geometry, disk, layout, ports, trees, give, rested } = options
    this.#options = options
    this.#verifier = new PieceVerifier(metainfo, geometry, ports.hasher, trees)
    this.#memory = ports.openPieceMemory(geometry.pieceLength, inFlightMax(geometry.pieceLength))
    const parts = new Parts(layout, options.apart)
    this.#storage = new PieceStorage(layout, disk, parts)
    this.cache = new ReadCache(this.#storage, geometry)
    this.#checker = new Checker({
      geometry,
      storage: this.#storage,
      verifier: this.#verifier,
      checked: (piece, good) => give({ to: 'transfer', input: { type: 'piece-checked', piece, good } }),
      rested,
    })
    this.#placing = new Placing({
      disk,
      parts,
      isStored: (piece) => options.isStored(piece as PieceIndex), // of the torrent's files
      isBeingWritten: (piece) => this.#writing.has(piece),
      done: (file, answer) => {
        if (answer.type === 'done') give({ to: 'transfer', input: { type: 'file-placed', file } })
        else this.#fail(answer.failure)
        rested()
      },
    })
  }

  get busy(): boolean {
    return this.#working > 0 || this.#checker.busy || this.#placing.busy
  }

  perform(effect: PieceEffect): void {
    switch (effect.type) {
      case 'keep':
        for (const { offset, block } of effect.blocks) this.#memory.keep(effect.piece, offset, block)
        break
      case 'hash':
        this.#hash(effect.piece, effect.fingerprints)
        break
      case 'write':
        this.#write(effect.piece)
        break
      case 'drop':
        this.#options.trees?.drop(effect.piece)
        this.#memory.takeBack(effect.piece)
        break
      case 'keep-apart':
        this.#storage.parts.keepApart(effect.files)
        break
      case 'place':
        this.#placing.place(effect.files)
        break
      case 'reserve':
        this.#reserve(effect.files)
        break
      case 'check':
        // What was cached may be another thing on disk: that is why it is checked.
        this.cache.clear()
        this.#checker.check(effect.pieces)
        break
      case 'stop-checking':
        this.#checker.stop()
        break
      case 'sync':
        this.#sync(effect.pieces)
        break
      default:
        unreachable(effect)
    }
  }

  /** The bytes of a block that is kept. */
  blockOf(piece: PieceIndex, block: number): Uint8Array {
    const at = block * BLOCK_BYTES
    return this.#bytesOf(piece).subarray(at, at + lengthOfBlock(this.#options.geometry, piece, block))
  }

  /** The hashes of the blocks of a stored piece (BEP 52); nothing, where it cannot be read. */
  readBlockHashes(piece: PieceIndex, done: (hashes: Uint8Array | undefined) => void): void {
    const { geometry, ports } = this.#options
    const length = lengthOfPiece(geometry, piece)
    this.#work((ended) =>
      this.#storage.fetch(
        piece * geometry.pieceLength,
        length,
        () => new Uint8Array(length),
        (answer) => {
          const finish = (hashes: Uint8Array | undefined): void => {
            ended()
            done(hashes)
          }
          if (answer.type === 'failed') finish(undefined)
          else ports.hasher.blockHashes(answer.value, finish)
        },
      ),
    )
  }

  #hash(piece: PieceIndex, fingerprints: boolean): void {
    const bytes = this.#bytesOf(piece)
    this.#work((done) =>
      this.#verifier.verify(piece, bytes, (verdict) => {
        done()
        if (verdict === 'contradiction') {
          this.#fail({
            code: 'ECONTRADICTION',
            message: `the hashes of v1 and v2 contradict each other in piece ${piece}`,
          })
          return
        }
        const good = verdict === 'good'
        const told = good && !fingerprints ? [] : blockFingerprints(bytes)
        this.#options.give({ to: 'piece', piece, input: { type: 'piece-hashed', good, fingerprints: told } })
      }),
    )
  }

  #write(piece: PieceIndex): void {
    const { geometry, give } = this.#options
    this.#work((done) =>
      this.#placing.whenFree(piece, () => {
        this.#writing.add(piece)
        this.#storage.write(piece * geometry.pieceLength, this.#bytesOf(piece), (answer) => {
          done()
          if (answer.type === 'done') give({ to: 'piece', piece, input: { type: 'piece-written' } })
          else give({ to: 'piece', piece, input: { type: 'write-failed', failure: answer.failure } })
          this.#writing.delete(piece)
          this.#placing.next()
        })
      }),
    )
  }

  #reserve(files: readonly number[]): void {
    const { layout, disk, preallocate } = this.#options
    for (const file of files) {
      const { length } = layout.piecesOf(file)
      if (length > 0 && !preallocate) continue
      this.#work((done) =>
        disk.reserve(file, length, (answer) => {
          done()
          if (answer.type === 'done') this.#unreserved.delete(file)
          else {
            this.#unreserved.add(file)
            this.#fail(answer.failure)
          }
        }),
      )
    }
  }

  /** What there was no room for, or no way, may go well by now. */
  reserveAgain(): void {
    this.#reserve([...this.#unreserved])
  }

  #sync(pieces: readonly PieceIndex[]): void {
    const { geometry, disk, give } = this.#options
    const files = new Set<number>()
    for (const piece of pieces)
      for (const { file } of this.#storage.spans(piece * geometry.pieceLength, lengthOfPiece(geometry, piece)))
        if (file !== undefined) files.add(file)
    let left = files.size
    let failed: Failure | undefined
    const finish = (): void => {
      if (failed === undefined) give({ to: 'transfer', input: { type: 'sync-finished' } })
      else this.#fail(failed)
    }
    if (left === 0) finish()
    for (const file of files)
      this.#work((done) =>
        disk.sync(file, (answer) => {
          done()
          if (answer.type === 'failed') failed = answer.failure
          if (--left === 0) finish()
        }),
      )
  }

  stop(): void {
    this.#checker.stop()
    this.#memory.trim()
    this.cache.clear()
  }

  #bytesOf(piece: PieceIndex): Uint8Array {
    return this.#memory.held(piece, lengthOfPiece(this.#options.geometry, piece))
  }

  #fail(failure: Failure): void {
    this.#options.give({ to: 'transfer', input: { type: 'storage-failed', failure } })
  }

  #work(start: (done: () => void) => void): void {
    this.#working++
    start(() => {
      this.#working--
      this.#options.rested()
    })
  }
}
