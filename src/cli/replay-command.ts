/** `torrewind replay`: folds a log from its first event and compares the state with the last checkpoint. */
import { Command, Option } from 'commander'
import { TorrewindError } from '../errors.js'
import { replay } from '../replay/index.js'
import { sequenceNumber } from './arguments.js'
import { chooseTransfer, readerOf } from './choose-transfer.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'
import { withLogs } from './logs.js'
import { Reported } from './reported.js'

interface ReplayFlags {
  readonly transfer?: string
  readonly at?: number
  readonly diff?: number
  readonly capsule?: string
}

const replayLog = async (context: CommandContext, { transfer: id, at, diff, capsule }: ReplayFlags): Promise<void> => {
  if (diff !== undefined) throw new TorrewindError('OPTION_UNSUPPORTED', '--diff is not there yet')
  if (capsule !== undefined) throw new TorrewindError('OPTION_UNSUPPORTED', 'capsules are not there yet')
  await withLogs(context.dataDir, async (logs) => {
    const transfer = await chooseTransfer(logs, id)
    const reader = await readerOf(logs, transfer)
    if (at !== undefined && at >= reader.committedSeq) {
      throw new TorrewindError('OPTION_INVALID', `there is no event ${at}: the log has ${reader.committedSeq}`)
    }
    const { events, stateHash, matches, divergence } = await replay(reader, at === undefined ? undefined : at + 1)
    context.tell(`${transfer.metainfo.name}: ${showCount(events, 'event')} folded, state ${stateHash}`)
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
    .option('--transfer <id>', 'CID, info-hash, the beginning of one, or the name; needed where there are several')
    .option('--at <seq>', 'stop after this event (default: the last)', sequenceNumber)
    .addOption(new Option('--diff <seq>', 'what changed since this event (not there yet)').argParser(sequenceNumber))
    .option('--capsule <file>', 'replay a capsule (not there yet)')
    .action((flags: ReplayFlags) => replayLog(context, flags))
