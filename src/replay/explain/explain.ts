/** Explaining: why a piece, a block, a peer or the transfer is as it is at a moment, with the events that prove it. */
import { TorrewindError } from '../../errors.js'
import { blocksOfPiece } from '../../events/geometry.js'
import { type Instant, type PeerAddress, pieceIndex, showAddress } from '../../values.js'
import type { History, Moment } from '../history.js'
import { CAUSES, type CauseCode } from './causes.js'
import type { Claim, Finding, Verdict, View } from './claim.js'
import { findEvidence } from './evidence.js'
import { explainPeer } from './peer.js'
import { explainBlock, explainPiece } from './piece.js'
import { explainTransfer } from './transfer.js'

/** What is asked about: the transfer, where nothing is named. `block` counts from 0 within its piece. */
export type Question =
  | { readonly piece: number; readonly block?: number | undefined }
  | { readonly peer: PeerAddress }
  | { readonly transfer?: true }

export interface Cause {
  /** Stable; the manual lists them all. */
  readonly code: CauseCode
  readonly text: string
  /** Numbers of the events that prove it, oldest first; none where it is something that never happened. */
  readonly events: readonly number[]
}

export interface Explanation {
  /** `transfer`, `piece 17`, `block 3 of piece 17`, `peer 10.0.0.1:6881`. */
  readonly subject: string
  /** The moment that is explained: just after this event, whose time is `at`. */
  readonly seq: number
  readonly at: Instant
  readonly verdict: Verdict
  /** In order: what decides comes first. */
  readonly causes: readonly Cause[]
  /** What would change it. */
  readonly remedies: readonly string[]
}

export interface ExplainOptions {
  /** The last event of the log, where it is left out. */
  readonly moment?: Moment | undefined
  /** When it is looked at, in ms since 1970, where nothing has happened since the moment's event: silence tells, too. */
  readonly now?: number | undefined
}

const refuse = (message: string): never => {
  throw new TorrewindError('OPTION_INVALID', message)
}

const nameOf = (question: Question): string => {
  if ('peer' in question) return `peer ${showAddress(question.peer)}`
  if (!('piece' in question)) return 'transfer'
  const piece = `piece ${question.piece}`
  return question.block === undefined ? piece : `block ${question.block} of ${piece}`
}

const find = (view: View, question: Question): Promise<Finding> => {
  if ('peer' in question) return explainPeer(view, question.peer)
  if (!('piece' in question)) return explainTransfer(view)
  const { geometry } = view.state
  const { piece, block } = question
  if (!Number.isSafeInteger(piece) || piece < 0 || piece >= geometry.pieceCount)
    return refuse(`there is no piece ${piece}: the torrent has ${geometry.pieceCount}, from 0`)
  const index = pieceIndex(piece)
  if (block === undefined) return explainPiece(view, index)
  const blocks = blocksOfPiece(geometry, index)
  if (!Number.isSafeInteger(block) || block < 0 || block >= blocks)
    return refuse(`there is no block ${block}: piece ${piece} has ${blocks}, from 0`)
  return explainBlock(view, index, block)
}

const proveAll = async ({ history, state }: View, claims: readonly Claim[]): Promise<readonly Cause[]> => {
  const found = await findEvidence(
    history,
    state.nextSeq,
    claims.flatMap(({ proof }) => proof),
  )
  return claims.map(({ code, text, proof, events }) => {
    const seqs = new Set([...events, ...proof.flatMap((each) => found.get(each) ?? [])])
    return { code, text, events: [...seqs].sort((left, right) => left - right) }
  })
}

/** Throws `OPTION_INVALID` where there is no such piece, block or moment, `LOG_DAMAGED` and `LOG_VERSION`. */
export const explain = async (
  history: History,
  question: Question = {},
  { moment, now }: ExplainOptions = {},
): Promise<Explanation> => {
  if (history.events === 0) return refuse('the log has no event yet')
  const state = await history.stateAt(moment ?? { seq: history.events - 1 })
  const view: View = { state, now: Math.max(state.at, now ?? 0), history }
  const { verdict, claims } = await find(view, question)
  const causes = await proveAll(view, claims)
  const remedies = new Set(verdict === 'complete' ? [] : causes.flatMap(({ code }) => CAUSES[code].remedy ?? []))
  return { subject: nameOf(question), seq: state.nextSeq - 1, at: state.at, verdict, causes, remedies: [...remedies] }
}
