/** Vetting a stranger's snapshot before it is restored: of the same torrent and event, and no larger than its own bytes. */
import { decode } from 'cborg'
import { type Geometry, isShortPiece } from '../events/geometry.js'
import { restoreSnapshot, SNAPSHOT_VERSION } from '../events/snapshot.js'
import { equalBytes } from '../values.js'
import { CapsuleFault } from './capsule-damage.js'
import type { CapsuleRoot } from './capsule-root.js'

/** Restoring makes room for as many pieces as a rarity says that there are. */
const asksForMore = (value: unknown, pieceCount: number): boolean => {
  if (Array.isArray(value)) {
    const [tag, pieces] = value as readonly unknown[]
    if (tag === 'rarity' && !(typeof pieces === 'number' && pieces <= pieceCount)) return true
    return value.some((each) => asksForMore(each, pieceCount))
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  return Object.values(value).some((each) => asksForMore(each, pieceCount))
}

const invalid = (seq: number, what: string): CapsuleFault =>
  new CapsuleFault('CAPSULE_INVALID', `its snapshot of the state before event ${seq} ${what}`)

/** Throws `CAPSULE_INVALID` or `CAPSULE_VERSION`. */
export const vetSnapshot = (
  snapshot: Uint8Array,
  seq: number,
  geometry: Geometry,
  { torrewind, of }: CapsuleRoot,
): void => {
  let value: unknown
  try {
    value = decode(snapshot)
  } catch {
    throw invalid(seq, 'is no CBOR')
  }
  const version: unknown = Array.isArray(value) ? value[0] : undefined
  if (version !== SNAPSHOT_VERSION) {
    const reason = `its snapshot of the state before event ${seq} has version ${String(version)}, and this Torrewind reads`
    throw new CapsuleFault('CAPSULE_VERSION', `${reason} ${SNAPSHOT_VERSION}; Torrewind ${torrewind} wrote it`)
  }
  let rash = true
  try {
    rash = asksForMore(value, geometry.pieceCount)
  } catch {
    // Nested too deep to be looked through.
  }
  const state = rash ? undefined : restoreSnapshot(snapshot)
  if (state === undefined) throw invalid(seq, 'is none')
  const { pieceLength, totalBytes, shortPieces } = state.geometry
  const isCut =
    shortPieces instanceof Map && [...shortPieces].every(([piece, bytes]) => isShortPiece(geometry, piece, bytes))
  const unknown = state.metadata !== undefined && state.geometry.pieceCount === 0
  const same = unknown || (pieceLength === geometry.pieceLength && totalBytes === geometry.totalBytes && isCut)
  if (!same || state.nextSeq !== seq || !equalBytes(state.infoHash, of.infoHash))
    throw invalid(seq, 'is of another one')
}
