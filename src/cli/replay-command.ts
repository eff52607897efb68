/** `torrewind replay`: folds a log from its first event and compares the state with the last checkpoint. */
import { Command, Option } from 'commander'
import { TorrewindError } from '../errors.js'
import { replay } from '../replay/index.js'
import { sequenceNumber } from './arguments.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'
import { capsuleOption, type HistoryFlags, transferOption, withHistory } from './histories.js'
import { Reported } from './reported.js'

interface ReplayFlags extends HistoryFlags {
  readonly at?: number
  readonly diff?: number
}

const replayLog = async (context: CommandContext, { at, diff, ...flags }: ReplayFlags): Promise<void> => {
  if (diff !== undefined) throw new TorrewindError('OPTION_UNSUPPORTED', '--diff is not there yet')
  await withHistory(context, flags, async ({ reader, metainfo }) => {
    if (at !== undefined && at >= reader.committedSeq) {
      throw new TorrewindError('OPTION_INVALID', `there is no event ${at}: the log has ${reader.committedSeq}`)
    }
    const { events, stateHash, matches, divergence } = await replay(reader, at === undefined ? undefined : at + 1)
    context.tell(`${metainfo.name}: ${showCount(events, 'event')} folded, state ${stateHash}`)
    if (divergence !== undefined) {
      const { seq, expectedHash, actualHash } = divergence
      context.fail(
        new TorrewindError(
          'REPLAY_DIVERGED',
          `the state after event ${seq - 1} is ${actualHash}, and the checkpoint there says ${expectedHash}`,
        ),
      )
    } else {
      context.tell(matches ? 'it matches the last checkpoint' : 'there is no checkpoint yet to compare it with')
    }
    context.say({ type: 'replayed', events, stateHash, matches: matches ?? null, divergence: divergence ?? null })
    if (divergence !== undefined) throw new Reported('the replay differs')
  })
}

export const replayCommand = (context: CommandContext): Command =>
  new Command('replay')
    .description('Folds a log from its first event, and compares the state with the last checkpoint.')
    .addOption(transferOption())
    .option('--at <seq>', 'stop after this event (default: the last)', sequenceNumber)
    .addOption(new Option('--diff <seq>', 'what changed since this event (not there yet)').argParser(sequenceNumber))
    .addOption(capsuleOption())
    .action((flags: ReplayFlags) => replayLog(context, flags))
