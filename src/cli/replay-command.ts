/** `torrewind replay`: folds a log, compares the state with its checkpoints, and decides recorded inputs again. */
import { Command } from 'commander'
import { TorrewindError } from '../errors.js'
import {
  type Difference,
  type Divergence,
  divergenceJson,
  divergenceText,
  History,
  type Replayed,
  replay,
} from '../replay/index.js'
import { sequenceNumber } from './arguments.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'
import { capsuleOption, type HistoryFlags, transferOption, withHistory } from './histories.js'
import { Reported } from './reported.js'

interface ReplayFlags extends HistoryFlags {
  readonly at?: number
  readonly diff?: number
}

const tellDivergence = (context: CommandContext, divergence: Divergence): void => {
  const [what = '', ...more] = divergenceText(divergence).split('\n')
  context.fail(new TorrewindError('REPLAY_DIVERGED', what))
  for (const line of more) context.tell(line)
}

/** What it was compared with, where it is the same. */
const findingOf = ({ checkpoints, decided }: Replayed): string => {
  const found: string[] = []
  if (checkpoints > 0) found.push(`it matches ${showCount(checkpoints, 'checkpoint')}`)
  if (decided !== undefined) {
    const { inputs, events } = decided
    found.push(`${showCount(inputs, 'recorded input')} decided again to the same ${showCount(events, 'event')}`)
  }
  return found.length === 0
    ? 'there is no checkpoint yet to compare it with, and no inputs were recorded'
    : found.join('; ')
}

/** What an event that the log does not have is refused with. */
const checkSeq = (seq: number | undefined, events: number): void => {
  if (seq !== undefined && seq >= events)
    throw new TorrewindError('OPTION_INVALID', `there is no event ${seq}: the log has ${events}`)
}

const TEXT_MAX = 120
/** Of a while of downloading there are hundreds, nearly all of them blocks. */
const DIFFERENCES_TOLD = 100

/** A line for each part of the state that is not as it was; people are told of the first. */
const sayDifferences = (context: CommandContext, differences: readonly Difference[]): void => {
  differences.forEach(({ path, before, after }, index) => {
    if (index < DIFFERENCES_TOLD) context.tell(`  ${path}: ${showJson(before)} -> ${showJson(after)}`)
    context.say({ type: 'difference', path, before: before ?? null, after: after ?? null })
  })
  const more = differences.length - DIFFERENCES_TOLD
  if (more > 0) context.tell(`  and ${showCount(more, 'part')} more; --json has them all`)
  if (differences.length === 0) context.tell('  nothing')
}

/** Escapes what a terminal could obey, which a peer or a tracker may have sent. */
const showJson = (value: unknown): string => {
  const text = (JSON.stringify(value) ?? 'nothing').replace(/[\u007f-\u009f]/g, '?')
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text
}

const replayLog = async (context: CommandContext, { at, diff, ...flags }: ReplayFlags): Promise<void> => {
  await withHistory(context, flags, async ({ reader, metainfo }) => {
    checkSeq(at, reader.committedSeq)
    checkSeq(diff, reader.committedSeq)
    const before = at === undefined ? undefined : at + 1
    const replayed = await replay(reader, { before })
    const { events, stateHash, matches, divergence } = replayed
    context.tell(`${metainfo.name}: ${showCount(events, 'event')} folded, state ${stateHash}`)
    if (divergence === undefined) context.tell(findingOf(replayed))
    else tellDivergence(context, divergence)
    if (diff !== undefined) {
      const to = at ?? reader.committedSeq - 1
      context.tell(`from event ${diff} to event ${to}:`)
      sayDifferences(context, await new History(reader).diff({ seq: diff }, { seq: to }))
    }
    const inputs = replayed.decided?.inputs ?? null
    context.say({
      type: 'replayed',
      events,
      stateHash,
      matches: matches ?? null,
      divergence: divergence === undefined ? null : divergenceJson(divergence),
      checkpoints: replayed.checkpoints,
      inputs,
    })
    if (divergence !== undefined) throw new Reported('the replay differs')
  })
}

export const replayCommand = (context: CommandContext): Command =>
  new Command('replay')
    .description('Folds a log, compares the state with its checkpoints, and decides recorded inputs again.')
    .addOption(transferOption())
    .option('--at <seq>', 'stop after this event (default: the last)', sequenceNumber)
    .option('--diff <seq>', 'say what in the state is not as it was after this event', sequenceNumber)
    .addOption(capsuleOption())
    .action((flags: ReplayFlags) => replayLog(context, flags))
