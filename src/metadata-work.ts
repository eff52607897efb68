/** Metadata work: what is done with the bytes of metadata: kept as they come, judged, stored, and handed to peers (BEP 9). */
import type { Effect, Input } from './actors/vocabulary.js'
import { unreachable } from './assert.js'
import { TorrewindError } from './errors.js'
import type { TransferEvent } from './events/vocabulary.js'
import { blockFingerprints } from './fingerprints.js'
import type { Failure } from './outside.js'
import type { PeerKey } from './values.js'
import type { Metainfo } from './wire/metainfo.js'
import { METADATA_PIECE_BYTES, type MetadataMessage } from './wire/utmetadata.js'

type MetadataEffect = Extract<
  Effect,
  {
    readonly type:
      | 'ask-metadata'
      | 'keep-metadata'
      | 'drop-metadata'
      | 'assemble-metadata'
      | 'serve-metadata'
      | 'reject-metadata'
  }
>

/** Who knows what the torrent is to be, and keeps what it is. */
export interface MetadataKeeper {
  /** Of these bytes: they have the hash that the torrent is known by. */
  isRight(infoBytes: Uint8Array): boolean
  /** Keeps them for sessions to come, and then calls back with what follows. Throws a `TorrewindError` at what is of no use. */
  learn(infoBytes: Uint8Array, kept: (answer: readonly TransferEvent[] | Failure) => void): void
}

export interface MetadataSurroundings {
  readonly keeper: MetadataKeeper
  tell(peer: PeerKey, message: MetadataMessage): void
  give(input: Input): void
  /** Called when work ends: `busy` may have become false. */
  rested(): void
}

const NOTHING = new Uint8Array(0)

export class MetadataWork {
  readonly #surroundings: MetadataSurroundings
  /** By their number, until all are here. */
  readonly #pieces = new Map<number, Uint8Array>()
  /** What others may have; nothing, while it is not known, or is not for everybody. */
  #shared: Uint8Array = NOTHING
  #offered = true
  #busy = false

  constructor(surroundings: MetadataSurroundings) {
    this.#surroundings = surroundings
  }

  get busy(): boolean {
    return this.#busy
  }

  /** Others may ask. */
  get offered(): boolean {
    return this.#offered
  }

  /** Bytes that others may have of us. */
  get sharedBytes(): number {
    return this.#shared.length
  }

  /** The torrent is known. The metadata of private ones are for those who have the .torrent (BEP 27). */
  share({ infoBytes, private: isPrivate }: Metainfo): void {
    this.#shared = isPrivate ? NOTHING : infoBytes
    this.#offered = !isPrivate
  }

  perform(effect: MetadataEffect): void {
    const { tell } = this.#surroundings
    switch (effect.type) {
      case 'ask-metadata':
        for (const piece of effect.metadataPieces) tell(effect.peer, { type: 'metadata-request', piece })
        break
      case 'keep-metadata':
        this.#pieces.set(effect.metadataPiece, effect.bytes.slice()) // a view for this turn
        break
      case 'drop-metadata':
        this.#pieces.clear()
        break
      case 'assemble-metadata':
        this.#assemble(effect.bytes)
        break
      case 'serve-metadata':
        tell(effect.peer, this.#pieceOf(effect.metadataPiece))
        break
      case 'reject-metadata':
        tell(effect.peer, { type: 'metadata-reject', piece: effect.metadataPiece })
        break
      default:
        unreachable(effect)
    }
  }

  #pieceOf(piece: number): MetadataMessage {
    const bytes = this.#shared.subarray(piece * METADATA_PIECE_BYTES, (piece + 1) * METADATA_PIECE_BYTES)
    return { type: 'metadata-data', piece, totalBytes: this.#shared.length, bytes }
  }

  #assemble(bytes: number): void {
    const infoBytes = new Uint8Array(bytes)
    for (const [number, piece] of this.#pieces) infoBytes.set(piece, number * METADATA_PIECE_BYTES)
    this.#pieces.clear()
    const { keeper } = this.#surroundings
    const fingerprints = blockFingerprints(infoBytes)
    if (!keeper.isRight(infoBytes)) {
      this.#give({ type: 'metadata-hashed', fingerprints })
      return
    }
    this.#busy = true
    const kept = (answer: readonly TransferEvent[] | Failure): void => {
      this.#busy = false
      if ('code' in answer) this.#give({ type: 'metadata-unusable', code: answer.code, message: answer.message })
      else this.#give({ type: 'metadata-kept', facts: answer, fingerprints })
      this.#surroundings.rested()
    }
    try {
      keeper.learn(infoBytes, kept)
    } catch (error) {
      if (!(error instanceof TorrewindError)) throw error
      kept(error)
    }
  }

  #give(input: Extract<Input, { readonly to: 'transfer' }>['input']): void {
    this.#surroundings.give({ to: 'transfer', input })
  }
}
