/**
 * The verifier: whether the bytes of a piece are right, by whatever hashes its torrent has: SHA-1 of v1 (BEP 3), the trees of
 * v2 (BEP 52), or in hybrids both, which must agree.
 */
import type { Geometry } from './events/geometry.js'
import { lengthWithPadding } from './events/geometry.js'
import type { FileTrees } from './file-trees.js'
import type { Hasher } from './ports.js'
import { equalBytes, type PieceIndex } from './values.js'
import type { Metainfo } from './wire/metainfo.js'

/** `contradiction`: the two halves of a hybrid say different things, so that nobody can ever complete it. */
export type Verdict = 'good' | 'bad' | 'contradiction'

const SHA1_BYTES = 20

export class PieceVerifier {
  readonly #metainfo: Pick<Metainfo, 'version' | 'pieceHashes'>
  readonly #geometry: Geometry
  readonly #hasher: Hasher
  readonly #trees: FileTrees | undefined

  constructor(
    metainfo: Pick<Metainfo, 'version' | 'pieceHashes'>,
    geometry: Geometry,
    hasher: Hasher,
    trees: FileTrees | undefined,
  ) {
    this.#metainfo = metainfo
    this.#geometry = geometry
    this.#hasher = hasher
    this.#trees = trees
  }

  /** The bytes must not change before `done`, which may be called at once. */
  verify(piece: PieceIndex, bytes: Uint8Array, done: (verdict: Verdict) => void): void {
    const trees = this.#trees
    if (trees === undefined || (this.#metainfo.version === 'hybrid' && !trees.knows(piece))) {
      this.#sha1(piece, bytes, (good) => done(good ? 'good' : 'bad'))
      return
    }
    this.#hasher.blockHashes(bytes, (blocks) => {
      const good = trees.matches(piece, blocks)
      if (this.#metainfo.version === 'v2') done(good ? 'good' : 'bad')
      // A wrong piece is wrong for v1 too, as a rule: what is left to find out is whether they agree on a right one.
      else if (!good) done('bad')
      else this.#sha1(piece, bytes, (same) => done(same ? 'good' : 'contradiction'))
    })
  }

  #sha1(piece: PieceIndex, bytes: Uint8Array, done: (good: boolean) => void): void {
    const whole = lengthWithPadding(this.#geometry, piece)
    let hashed = bytes
    if (bytes.length < whole) {
      // In v1's view of a hybrid the rest of the piece is padding (BEP 47).
      hashed = new Uint8Array(whole)
      hashed.set(bytes)
    }
    const at = piece * SHA1_BYTES
    const right = this.#metainfo.pieceHashes.subarray(at, at + SHA1_BYTES)
    this.#hasher.sha1(hashed, (digest) => done(equalBytes(digest, right)))
  }
}
