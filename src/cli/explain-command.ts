/** `torrewind explain`: why a piece, a block, a peer or the transfer is as it is, with the events that prove it. */
import { Argument, Command } from 'commander'
import { TorrewindError } from '../errors.js'
import { type Cause, type Explanation, explain, History, type Question } from '../replay/index.js'
import { peerAddress, sequenceNumber, wholeFrom } from './arguments.js'
import type { CommandContext } from './context.js'
import { showEvent } from './events-text.js'
import { capsuleOption, type HistoryFlags, transferOption, withHistory } from './histories.js'

interface ExplainFlags extends HistoryFlags {
  readonly at?: number
  readonly block?: number
}

/** The log of a process that runs is never silent for so long: it keeps its connections alive and its choker turning. */
const ALIVE_MS = 120_000
/** Of the events that prove a cause, so many are shown; all are numbered. */
const EVENTS_SHOWN = 3

const wrong = (message: string): TorrewindError => new TorrewindError('OPTION_INVALID', message)

const wholeNumber = (text: string): number => {
  try {
    return wholeFrom(0)(text)
  } catch {
    throw wrong(`pieces have whole numbers from 0, not ${text}`)
  }
}

const addressOf = (text: string) => {
  try {
    return peerAddress(text)
  } catch {
    throw wrong(`a peer is named as HOST:PORT, not ${text}`)
  }
}

const questionOf = (kind: string, which: string | undefined, block: number | undefined): Question => {
  if (block !== undefined && kind !== 'piece') throw wrong('--block goes with a piece')
  if (kind === 'transfer') {
    if (which !== undefined) throw wrong(`which transfer is said by --transfer, not by ${which}`)
    return {}
  }
  if (which === undefined)
    throw wrong(kind === 'piece' ? 'which piece? Its number is missing' : 'which peer? HOST:PORT')
  return kind === 'piece' ? { piece: wholeNumber(which), block } : { peer: addressOf(which) }
}

const showNumbers = (events: readonly number[]): string =>
  events.length === 0 ? '' : `  [event${events.length === 1 ? '' : 's'} ${events.join(', ')}]`

const tellCause = async (context: CommandContext, history: History, cause: Cause, place: number): Promise<void> => {
  context.tell(`${String(place + 1).padStart(3)}. ${cause.text}  (${cause.code})${showNumbers(cause.events)}`)
  for (const seq of cause.events.slice(-EVENTS_SHOWN)) context.tell(`       ${showEvent(await history.eventAt(seq))}`)
}

const tell = async (context: CommandContext, history: History, name: string, explained: Explanation): Promise<void> => {
  const { subject, seq, at, verdict, causes, remedies } = explained
  context.tell(`${subject === 'transfer' ? name : `${subject} of ${name}`}: ${verdict}`)
  context.tell(`     as of event ${seq}, ${new Date(at).toISOString()}`)
  for (const [place, cause] of causes.entries()) await tellCause(context, history, cause, place)
  if (remedies.length > 0) context.tell('What would change it:')
  for (const remedy of remedies) context.tell(`   - ${remedy}`)
}

const run = async (
  context: CommandContext,
  kind: string,
  which: string | undefined,
  { at: seq, block, ...flags }: ExplainFlags,
): Promise<void> => {
  const question = questionOf(kind, which, block)
  await withHistory(context, flags, async ({ reader, metainfo }) => {
    const history = new History(reader)
    // Where somebody is still writing it, silence counts up to now.
    const last = history.events === 0 ? undefined : await history.eventAt(history.events - 1)
    const isLive = seq === undefined && flags.capsule === undefined && Date.now() - (last?.at ?? 0) < ALIVE_MS
    const moment = seq === undefined ? undefined : { seq }
    const explained = await explain(history, question, { moment, now: isLive ? Date.now() : undefined })
    await tell(context, history, metainfo.name, explained)
    context.say({ type: 'explanation', ...explained })
  })
}

export const explainCommand = (context: CommandContext): Command =>
  new Command('explain')
    .description('Says why a piece, a peer or the transfer is as it is, and cites the events that prove it.')
    .addArgument(new Argument('<subject>', 'what to explain').choices(['piece', 'peer', 'transfer']))
    .argument('[which]', 'the number of the piece, from 0, or HOST:PORT of the peer')
    .option('--block <number>', 'one block of the piece, from 0', wholeFrom(0))
    .option('--at <seq>', 'as it was just after this event (default: the last)', sequenceNumber)
    .addOption(transferOption())
    .addOption(capsuleOption())
    .action((kind: string, which: string | undefined, flags: ExplainFlags) => run(context, kind, which, flags))
