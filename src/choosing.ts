/** Choosing: what users say of which files and pieces they want, as inputs of a transfer. */
import type { FileChoice, FilePriority, PieceDeadline, PieceRange, TransferFile } from './api.js'
import { TorrewindError } from './errors.js'
import type { PieceState, TransferState } from './events/state.js'
import { LIMITS } from './limits.js'
import type { TransferSession } from './transfer-session.js'
import type { Instant, PieceIndex } from './values.js'
import { apartFiles, chosenFiles, type PieceWishes, PRIORITIES, prioritized, priorityAt, wishesOf } from './wanted.js'
import type { Metainfo } from './wire/metainfo.js'

const storedOf = (
  { stored }: Readonly<TransferState>,
  { pieceLength }: Metainfo,
  { offset, length }: { readonly offset: number; readonly length: number },
): number => {
  let bytes = 0
  const last = Math.floor((offset + length - 1) / pieceLength)
  for (let piece = Math.floor(offset / pieceLength); piece <= last; piece++) {
    if (!stored.has(piece)) continue
    bytes += Math.min((piece + 1) * pieceLength, offset + length) - Math.max(piece * pieceLength, offset)
  }
  return bytes
}

export const filesOf = (state: Readonly<TransferState>, metainfo: Metainfo): readonly TransferFile[] =>
  metainfo.files.flatMap((file, index) => {
    const { path, length, offset, padding } = file
    if (padding) return []
    const storedBytes = length === 0 ? 0 : storedOf(state, metainfo, file)
    const priority = priorityAt(state.filePriorities, index)
    return [{ index, path: state.names.get(index) ?? path.join('/'), length, offset, priority, storedBytes }]
  })

/** Every block is here, so that it is on its way to the disk. */
const isFull = (ledger: Readonly<PieceState> | undefined): boolean =>
  ledger !== undefined && ledger.standing.tags.fetching !== true

const checkPriority = (priority: FilePriority): void => {
  if (!PRIORITIES.includes(priority))
    throw new TorrewindError('OPTION_INVALID', `a priority is one of ${PRIORITIES.join(', ')}, not ${String(priority)}`)
}

/** The one file that is meant. Throws `OPTION_INVALID` where it is none, or one of several. */
export const fileOf = (metainfo: Metainfo, choice: string | number): number => {
  const [file, ...more] = chosenFiles(metainfo, choice)
  if (file === undefined || more.length > 0)
    throw new TorrewindError('OPTION_INVALID', `${String(choice)} fits ${more.length + 1} files of ${metainfo.name}`)
  return file
}

export class Choosing {
  readonly #metainfoOf: () => Metainfo

  /** `metainfoOf` throws `METADATA_UNKNOWN` while nobody knows the files. */
  constructor(
    readonly session: TransferSession,
    metainfoOf: () => Metainfo,
  ) {
    this.#metainfoOf = metainfoOf
  }

  get metainfo(): Metainfo {
    return this.#metainfoOf()
  }

  select(files: FileChoice, also: boolean): void {
    this.#prioritize(files, 'normal', also ? undefined : 'skip')
  }

  prioritize(files: FileChoice, priority: FilePriority): void {
    checkPriority(priority)
    this.#prioritize(files, priority)
  }

  prioritizePieces({ from, to }: PieceRange, priority: FilePriority): void {
    checkPriority(priority)
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to >= this.metainfo.pieceCount)
      throw new TorrewindError('OPTION_INVALID', `there are no pieces from ${from} to ${to}`)
    const { state } = this.session
    const wishes = { wanted: state.wanted.clone(), low: state.low.clone(), high: state.high.clone() }
    for (const piece of state.demanded) wishes.wanted.clear(piece)
    for (let piece = from; piece <= to; piece++) {
      for (const bits of [wishes.wanted, wishes.low, wishes.high]) bits.clear(piece)
      if (priority !== 'skip') wishes.wanted.set(piece)
      if (priority === 'low') wishes.low.set(piece)
      if (priority === 'high') wishes.high.set(piece)
    }
    this.#tell(state.filePriorities, wishes)
  }

  setDeadlines(deadlines: readonly PieceDeadline[]): void {
    const now = this.session.now()
    const isRight = ({ piece, withinMs }: PieceDeadline): boolean =>
      Number.isInteger(piece) && piece >= 0 && piece < this.metainfo.pieceCount && withinMs >= 0 && withinMs < 2 ** 40
    if (deadlines.length > LIMITS.deadlinesMax || !deadlines.every(isRight))
      throw new TorrewindError(
        'OPTION_INVALID',
        `deadlines are those of ${LIMITS.deadlinesMax} pieces at most, from now on`,
      )
    const { readers } = this.session
    readers.leave(this)
    if (deadlines.length === 0) return
    const due = deadlines.map(
      ({ piece, withinMs }) => [piece as PieceIndex, Math.round(now + withinMs) as Instant] as const, // just checked
    )
    readers.aim(this, new Map(due), [])
  }

  #prioritize(files: FileChoice, priority: FilePriority, others?: FilePriority): void {
    const chosen = chosenFiles(this.metainfo, files)
    const priorities = prioritized(this.metainfo, this.session.state.filePriorities, chosen, priority, others)
    this.#tell(priorities, wishesOf(this.metainfo, priorities))
  }

  #tell(priorities: Uint8Array, { wanted, low, high }: PieceWishes): void {
    const { state } = this.session
    /** On disk, or on its way there. */
    const isTaken = (piece: number): boolean => state.stored.has(piece) || isFull(state.pieces.get(piece as PieceIndex))
    this.session.tell({
      type: 'files-prioritized',
      priorities,
      wanted: wanted.bytes,
      low: low.bytes,
      high: high.bytes,
      apart: apartFiles(this.metainfo, priorities, isTaken),
      place: [...state.apart].filter((file) => priorityAt(priorities, file) !== 'skip'),
    })
  }
}
