/** The answers: what the page can ask of a history, each as JSON and bounded. */
import { TorrewindError } from '../../errors.js'
import { EVENT_TYPES } from '../../events/vocabulary.js'
import { type Explanation as Explained, explain, type Question, type Topic } from '../../replay/index.js'
import { type PeerAddress, type PeerKey, peerKey, pieceIndex, readAddress } from '../../values.js'
import { eventLine } from '../events-text.js'
import { damageOf } from './damage.js'
import { findEvents, rowOf } from './event-query.js'
import { PIECE_KINDS, pageState } from './page-state.js'
import type { Damage, Difference, EventRow, Explanation, State, Summary } from './page-types.js'
import type { Parameters } from './parameters.js'
import type { Source } from './sources.js'
import { CHARTS } from './statecharts.js'
import { branchOf } from './tree.js'

/** Differences that the page is told of: more are no step. */
const DIFFERENCES_TOLD_MAX = 400
const DIFFERENCE_CHARACTERS_MAX = 300
/** Of the events that prove a cause, so many are shown in full, the last ones. */
const CITED_MAX = 6
/** The log of a process that runs is never silent for so long. */
const ALIVE_MS = 120_000

type Answer<Told = unknown> = (source: Source, parameters: Parameters) => Promise<Told>

const addressesOf =
  ({ survey }: Source) =>
  (peer: PeerKey): string | undefined =>
    survey.addressOf(peer)

/** The time of the event; null where there is none, or it cannot be read. */
const timeOf = async ({ history }: Source, seq: number): Promise<number | null> => {
  if (seq < history.firstSeq || seq >= history.events) return null
  return history.eventAt(seq).then(
    ({ at }) => at,
    () => null,
  )
}

/** What keeps the newest state from being told. */
const damage = async (source: Source): Promise<Damage | null> => {
  const { events, firstSeq } = source.history
  if (events === firstSeq) return null
  const seq = events - 1
  try {
    await source.stateAt(seq)
    await source.history.eventAt(seq)
    return null
  } catch (error) {
    return damageOf(source.faultOf(error))
  }
}

const summary: Answer<Summary> = async (source) => {
  const { id, kind, metainfo, history, firstSeq, cid } = source
  const { name, pieceLength, totalBytes, pieceCount } = metainfo
  const { events } = history
  return {
    ...{ id, kind, name, cid, events, firstSeq },
    geometry: { pieceLength, totalBytes, pieceCount },
    firstAt: await timeOf(source, firstSeq),
    lastAt: await timeOf(source, events - 1),
    damage: await damage(source),
    eventTypes: EVENT_TYPES,
    pieceKinds: PIECE_KINDS,
  }
}

/** The number of the last event that is not later than a time; the first one, where all are. */
const seqAt: Answer = async ({ history, firstSeq }, parameters) => {
  const at = parameters.required('at')
  const seq = await history.seqOf({ at }).catch((error: unknown) => {
    if (error instanceof TorrewindError && error.code === 'OPTION_INVALID') return firstSeq
    throw error
  })
  return { seq }
}

const state: Answer<State> = async (source, parameters) => {
  const seq = parameters.required('seq')
  const event = rowOf(await source.history.eventAt(seq), addressesOf(source))
  return { event, ...pageState(await source.stateAt(seq)) }
}

const shorten = (value: unknown): unknown => {
  const text = JSON.stringify(value)
  return text !== undefined && text.length > DIFFERENCE_CHARACTERS_MAX
    ? `${text.slice(0, DIFFERENCE_CHARACTERS_MAX)}…`
    : value
}

/** What the event has changed; with `from`, what is otherwise than it was after that one. */
const diff: Answer<{ differences: readonly Difference[]; left: number }> = async (
  { history, firstSeq },
  parameters,
) => {
  const seq = parameters.required('seq')
  const from = parameters.number('from') ?? seq - 1
  if (from < firstSeq) return { differences: [], left: 0 }
  const all = await history.diff({ seq: from }, { seq })
  const differences = all
    .slice(0, DIFFERENCES_TOLD_MAX)
    .map(({ path, before, after }) => ({ path, before: shorten(before) ?? null, after: shorten(after) ?? null }))
  return { differences, left: all.length - differences.length }
}

/** Peers are asked about by their number, too, which events have. */
const addressOf = async (source: Source, parameters: Parameters): Promise<PeerAddress | undefined> => {
  const address = parameters.address('peer')
  const key = parameters.number('peerKey')
  if (address !== undefined || key === undefined) return address
  const { peers } = await source.stateAt(parameters.required('seq'))
  const known = source.survey.addressOf(peerKey(key))
  const found = peers.get(peerKey(key))?.address ?? (known === undefined ? undefined : readAddress(known))
  if (found === undefined) throw new TorrewindError('OPTION_INVALID', `the address of peer ${key} is not known`)
  return found
}

const withCited = async (source: Source, explained: Explained): Promise<Explanation> => {
  const causes: Explanation['causes'][number][] = []
  for (const cause of explained.causes) {
    const cited: EventRow[] = []
    for (const seq of cause.events.slice(-CITED_MAX))
      cited.push(rowOf(await source.history.eventAt(seq), addressesOf(source)))
    causes.push({ ...cause, cited })
  }
  return { ...explained, causes }
}

const why: Answer<Explanation> = async (source, parameters) => {
  const seq = parameters.required('seq')
  const piece = parameters.number('piece')
  const block = parameters.number('block')
  const peer = await addressOf(source, parameters)
  const question: Question = piece !== undefined ? { piece, block } : peer !== undefined ? { peer } : {}
  // Where somebody is still writing it, silence counts up to now.
  const { history, kind } = source
  const last = kind === 'log' && seq === history.events - 1 ? await history.eventAt(seq) : undefined
  const now = last !== undefined && Date.now() - last.at < ALIVE_MS ? Date.now() : undefined
  return withCited(source, await explain(history, question, { moment: { seq }, now }))
}

const topicOf = (parameters: Parameters): Topic => {
  const piece = parameters.number('piece')
  const block = parameters.number('block')
  const peer = parameters.number('peerKey')
  if (piece !== undefined && block !== undefined) return { type: 'block', piece: pieceIndex(piece), block }
  if (piece !== undefined) return { type: 'piece', piece: pieceIndex(piece) }
  return peer === undefined ? { type: 'transfer' } : { type: 'peer', peer: peerKey(peer) }
}

export const ANSWERS: Readonly<Record<string, Answer>> = {
  summary,
  survey: async ({ survey }) => survey.seen,
  seq: seqAt,
  state,
  diff,
  explain: why,
  event: async ({ history }, parameters) => eventLine(await history.eventAt(parameters.required('seq'))),
  events: (source, parameters) => findEvents(source.history, source.firstSeq, parameters.events(), addressesOf(source)),
  tree: async (source, parameters) =>
    branchOf(await source.stateAt(parameters.required('seq')), parameters.path('path')),
  'last-change': async (source, parameters) => {
    const found = await source.history.lastChange(topicOf(parameters), { seq: parameters.required('seq') })
    return { event: found === undefined ? null : rowOf(found, addressesOf(source)) }
  },
  machines: async () => CHARTS,
}
