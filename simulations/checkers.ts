/** Checkers of logs, disks and what is served: each a named function that says in words what does not hold. */
import { restoreSnapshot, stateHash } from '../src/events/snapshot.js'
import type { LogReader } from '../src/ports.js'
import { decideAgain } from '../src/replay/decide-again.js'
import { foldLog } from '../src/replay/fold.js'
import { divergenceText } from '../src/replay/show-divergence.js'
import { Bitfield } from '../src/wire/bitfield.js'
import type { Content } from './content.js'
import type { DiskMedium } from './medium.js'

/** What does not hold; nothing, where all is well. */
export type Finding = string | undefined

const SHOWN = 10
const show = (pieces: readonly number[]): string =>
  pieces.slice(0, SHOWN).join(', ') + (pieces.length > SHOWN ? ` and ${pieces.length - SHOWN} more` : '')

/** Folding the log, from its start and from its checkpoints, gives the state that was live. */
export const foldGivesLiveState = async (log: LogReader, liveHash: string): Promise<Finding> => {
  for (const fromStart of [true, false]) {
    const { state } = await foldLog(log, { fromStart })
    const folded = stateHash(state)
    if (folded !== liveHash)
      return `${fromStart ? 'the whole log' : 'the last checkpoint'} folds to ${folded}, and ${liveHash} was live`
  }
  const checkpoint = await log.loadCheckpoint()
  if (checkpoint === undefined) return undefined
  if (restoreSnapshot(checkpoint.snapshot) === undefined) return `the checkpoint at ${checkpoint.seq} cannot be read`
  return undefined
}

/** The inputs that were recorded, decided again, make the events of the log. */
export const decidesTheSame = async (log: LogReader): Promise<Finding> => {
  const decided = await decideAgain(log)
  if (decided === undefined) return 'no inputs were recorded'
  return decided.divergence && divergenceText(decided.divergence)
}

/** What a log is after a crash. */
export interface Left {
  readonly committedSeq: number
  /** Pieces that are stored by it. */
  readonly stored: Iterable<number>
  readonly finding: Finding
}

/** A log that a crash cut off folds, has every event below a number, and no piece that was not durable. */
export const crashLosesNothing = async (
  log: LogReader | undefined,
  leastSeq: number,
  durable: ReadonlySet<number>,
): Promise<Left> => {
  const committedSeq = log?.committedSeq ?? 0
  if (log === undefined || committedSeq === 0 || committedSeq < leastSeq) {
    const finding =
      committedSeq < leastSeq ? `${leastSeq} events were committed, and ${committedSeq} are there` : undefined
    return { committedSeq, stored: [], finding }
  }
  const { state } = await foldLog(log, { fromStart: true })
  const stored = [...state.stored.indices()]
  const lies = stored.filter((piece) => !durable.has(piece))
  return {
    committedSeq,
    stored,
    finding: lies.length === 0 ? undefined : `stored by the log and never durable: ${show(lies)}`,
  }
}

/** The bytes of these pieces are on the medium. */
export const bytesOnDiskRight = (content: Content, medium: DiskMedium, pieces: Iterable<number>): Finding => {
  const { pieceLength } = content.metainfo
  const wrong: number[] = []
  for (const piece of pieces) {
    const offset = piece * pieceLength
    if (!medium.isKept(offset, Math.min(pieceLength, content.bytes.length - offset))) wrong.push(piece)
  }
  return wrong.length === 0 ? undefined : `stored, and wrong on the disk: ${show(wrong)}`
}

/** Nothing is announced that is not durable. */
export const announcedIsDurable = (durable: ReadonlySet<number>, bits: Uint8Array, pieces: number): Finding => {
  const said = new Bitfield(pieces, bits.slice())
  const lies = [...said.indices()].filter((piece) => !durable.has(piece))
  return lies.length === 0 ? undefined : `announced before it was durable: ${show(lies)}`
}

/** Nothing is served that is not durable, nor a byte that is not the content's. */
export const servedIsRight = (
  content: Content,
  durable: ReadonlySet<number>,
  piece: number,
  offset: number,
  bytes: Uint8Array,
): Finding => {
  if (!durable.has(piece)) return `a block of piece ${piece} was served before it was durable`
  if (content.has(piece * content.metainfo.pieceLength + offset, bytes)) return undefined
  return `wrong bytes of piece ${piece} were served from ${offset}`
}
