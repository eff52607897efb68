/**
 * Vetting: events of a stranger's capsule are checked before they are folded, so that none of them asks for memory or time
 * that no transfer would take. Whether one may follow another is for the fold to say.
 */
import type { FieldKind } from '../events/fields.js'
import { type Geometry, isShortPiece, lengthOfPiece } from '../events/geometry.js'
import { EVENT_TYPES, type EventType, type TransferEvent, VOCABULARY } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import { equalBytes, type PieceIndex } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import type { CapsuleSubject } from './capsule-root.js'

/** These repeat what a peer said, which may be anything, and which no fold takes for an index. */
const WORDS_OF_PEERS: readonly EventType[] = [
  'block-wasted',
  'request-received',
  'request-refused',
  'cancel-received',
  'block-served',
]

type Value = Readonly<Record<string, unknown>>
type Check = (value: unknown, holder: Value, geometry: Geometry) => string | undefined

const pieceOf = (value: unknown, geometry: Geometry): string | undefined =>
  (value as number) < geometry.pieceCount ? undefined : `there is no piece ${String(value)}`

const CHECKS: Readonly<Record<string, Check>> = {
  piece: (value, _holder, geometry) => pieceOf(value, geometry),
  firstPiece: (value, _holder, geometry) => pieceOf(value, geometry),
  lastPiece: (value, _holder, geometry) => pieceOf(value, geometry),
  length(value, { piece, offset }, geometry) {
    if (typeof piece !== 'number' || typeof offset !== 'number' || piece >= geometry.pieceCount) return undefined
    const bytes = lengthOfPiece(geometry, piece as PieceIndex) // just compared
    return offset + (value as number) <= bytes ? undefined : `piece ${piece} has ${bytes} bytes`
  },
}

const bitfield: Check = (value, _holder, { pieceCount }) =>
  Bitfield.fromWire(value as Uint8Array, pieceCount) instanceof Bitfield ? undefined : 'a bitfield of another torrent'

const pieces: Check = (value, _holder, geometry) => {
  for (const piece of value as readonly number[]) {
    const wrong = pieceOf(piece, geometry)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const ranges: Check = (value, _holder, geometry) => {
  for (const range of value as readonly Value[]) {
    const wrong = CHECKS.piece?.(range.piece, range, geometry) ?? CHECKS.length?.(range.length, range, geometry)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const deadlines: Check = (value, holder, geometry) =>
  pieces(
    (value as readonly Value[]).map(({ piece }) => piece),
    holder,
    geometry,
  )

const shortPieces: Check = (value, _holder, geometry) => {
  for (const { piece, bytes } of value as readonly { piece: number; bytes: number }[])
    if (!isShortPiece(geometry, piece, bytes)) return `piece ${piece} cannot have ${bytes} bytes`
  return undefined
}

/** Bytes that stand for one bit of each piece. */
const BITFIELDS: readonly string[] = ['wanted', 'pieces', 'bits', 'low', 'high']

const checkOf = (name: string, kind: FieldKind): Check | undefined => {
  if (kind.type === 'bytes' && BITFIELDS.includes(name)) return bitfield
  if (kind.type === 'list' && (name === 'pieces' || name === 'cleared')) return pieces
  if (kind.type === 'list' && name === 'deadlines') return deadlines
  if (kind.type === 'list' && name === 'ranges') return ranges
  if (kind.type === 'list' && name === 'shortPieces') return shortPieces
  return kind.type === 'whole' ? CHECKS[name] : undefined
}

const PLANS: ReadonlyMap<string, readonly (readonly [name: string, check: Check])[]> = new Map(
  EVENT_TYPES.filter((type) => !WORDS_OF_PEERS.includes(type)).map((type) => [
    type,
    Object.entries(VOCABULARY[type].fields).flatMap(([name, { kind }]) => {
      const check = checkOf(name, kind)
      return check === undefined ? [] : [[name, check] as const]
    }),
  ]),
)

/** What is wrong with an event at its place; undefined where nothing is. */
export const vetEvent = (
  event: TransferEvent,
  seq: number,
  subject: CapsuleSubject,
  geometry: Geometry,
): string | undefined => {
  if ((event.type === 'transfer-added') !== (seq === 0)) return 'the first event, and no other, adds the transfer'
  if (event.type === 'transfer-added') {
    const { infoHash, pieceLength, totalBytes } = event
    // Of a magnet nobody knew then how it is cut.
    const unknown = pieceLength === 0 && totalBytes === 0
    const same = unknown || (pieceLength === subject.pieceLength && totalBytes === subject.totalBytes)
    return same && equalBytes(infoHash, subject.infoHash) ? undefined : 'it is of another torrent'
  }
  if (event.type === 'layers-missing')
    for (const { piece, pieces: count } of event.files)
      if (piece + count > geometry.pieceCount) return `${event.type}: there are no ${count} pieces from ${piece} on`
  if (event.type === 'metadata-completed') {
    const same = event.pieceLength === subject.pieceLength && event.totalBytes === subject.totalBytes
    if (!same || event.pieceLength === 0) return 'its metadata are of another torrent'
  }
  if (event.type === 'other-hash-known' && event.otherHash.length !== subject.infoHash.length)
    return `an info-hash of ${event.otherHash.length} bytes`
  if (event.type === 'metadata-attempt-began' && event.bytes > LIMITS.metadataBytesMax)
    return `metadata of ${event.bytes} bytes`
  if (event.type === 'early-have-received' && event.index >= LIMITS.piecesMax) return `there is no piece ${event.index}`
  const fields: Value = event
  for (const [name, check] of PLANS.get(event.type) ?? []) {
    const wrong = check(fields[name], fields, geometry)
    if (wrong !== undefined) return `${event.type}: ${wrong}`
  }
  return undefined
}

/** How many peers are connected, as far as the events that were seen say; more than any transfer has are refused. */
export class PeerCount {
  #peers = 0

  /** What is wrong with one more event. */
  after({ type }: TransferEvent): string | undefined {
    if (type === 'session-began' || type === 'session-ended') this.#peers = 0
    else if (type === 'peer-accepted' || type === 'dial-began' || type === 'web-seed-began') this.#peers++
    else if (type === 'peer-closed' || type === 'dial-failed' || type === 'web-seed-failed')
      this.#peers = Math.max(0, this.#peers - 1)
    return this.#peers > LIMITS.capsulePeersMax ? `more than ${LIMITS.capsulePeersMax} peers are connected` : undefined
  }
}
