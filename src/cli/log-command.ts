/** `torrewind log`: lists, shows, follows, verifies and exports the event logs of a data folder. */
import { Command, Option } from 'commander'
import { present } from '../assert.js'
import { TorrewindError } from '../errors.js'
import type { LoggedEvent } from '../events/codec.js'
import { EVENT_TYPES, type EventType } from '../events/vocabulary.js'
import type { LogReader } from '../ports.js'
import { verifyLog } from '../store/verify-log.js'
import { asIs, bytes, duration, each, sequenceNumber, wholeFrom } from './arguments.js'
import { chooseTransfer, type KnownTransfer, listTransfers, readerOf } from './choose-transfer.js'
import type { CommandContext } from './context.js'
import { eventLine, showEvent } from './events-text.js'
import { showBytes, showCount } from './format.js'
import { capsuleOption, type HistoryFlags, transferOption, withHistory } from './histories.js'
import { type CompactFlags, compactLog } from './log-compact.js'
import { EXPORT_FORMATS, type ExportFormat, exportEvents, formatOf } from './log-export.js'
import { forgetLog } from './log-forget.js'
import { METRICS_FORMATS, type MetricsFormat, writeMetrics } from './log-metrics.js'
import { followLog } from './log-tail.js'
import { withLogs } from './logs.js'
import { Reported } from './reported.js'

interface TransferFlag {
  readonly transfer?: string
}

interface RangeFlags extends HistoryFlags {
  readonly from?: number
  readonly to?: number
  readonly type?: readonly string[]
}

interface ExportFlags extends RangeFlags {
  readonly output?: string
  readonly format?: ExportFormat
}

interface MetricsFlags extends HistoryFlags {
  readonly output?: string
  readonly every?: number
  readonly format?: MetricsFormat
}

/** How many events `tail` shows of those that were there before it. */
const TAIL_EVENTS = 10

/** Which events of the log `--type` lets through. */
const filterOf = ({ type: types }: RangeFlags): ((logged: LoggedEvent) => boolean) => {
  if (types === undefined) return () => true
  const wanted = new Set<string>(types)
  for (const type of wanted) {
    if (!EVENT_TYPES.includes(type as EventType)) {
      throw new TorrewindError('OPTION_INVALID', `no event has the type ${type}; there are: ${EVENT_TYPES.join(', ')}`)
    }
  }
  return ({ event }) => wanted.has(event.type)
}

/** Readers take the number after the last; users name the last. */
const readRange = (reader: LogReader, { from = 0, to }: RangeFlags): AsyncIterable<readonly LoggedEvent[]> =>
  reader.read(from, to === undefined ? undefined : to + 1)

const tellEvents = async (context: CommandContext, events: readonly LoggedEvent[]): Promise<void> => {
  for (const logged of events) {
    if (context.json) context.say(eventLine(logged))
    else context.tell(showEvent(logged))
  }
  await context.written()
}

const list = (context: CommandContext): Promise<void> =>
  withLogs(context.dataDir, async (logs) => {
    const transfers = await listTransfers(logs)
    for (const transfer of transfers) {
      const { metainfo, cid, infoHash } = transfer
      const { committedSeq: events } = await readerOf(logs, transfer)
      const { name, totalBytes: bytes, pieceCount: pieces } = metainfo
      context.say({ type: 'transfer', name, cid, infoHash, bytes, pieces, events })
      context.tell(
        `${name}\n  CID ${cid}\n  info-hash ${infoHash}\n  ${showBytes(bytes)}, ${showCount(events, 'event')}`,
      )
    }
    if (transfers.length === 0) context.tell('no transfer yet')
    context.say({ type: 'listed', transfers: transfers.length })
  })

const show = (context: CommandContext, flags: RangeFlags): Promise<void> => {
  const wanted = filterOf(flags)
  return withHistory(context, flags, async ({ reader }) => {
    for await (const events of readRange(reader, flags)) {
      await tellEvents(context, events.filter(wanted))
      if (context.unheard || context.stopped.aborted) return
    }
  })
}

const tail = async (context: CommandContext, flags: RangeFlags): Promise<void> => {
  const wanted = filterOf(flags)
  const { dataDir, stopped } = context
  let transfer: KnownTransfer | undefined
  let from = flags.from ?? 0
  await withLogs(dataDir, async (logs) => {
    transfer = await chooseTransfer(logs, flags.transfer)
    const { committedSeq } = await readerOf(logs, transfer)
    from = flags.from ?? Math.max(0, committedSeq - TAIL_EVENTS)
  })
  const { infoHash } = present(transfer, 'the transfer that was chosen').entry
  for await (const events of followLog(dataDir, infoHash, { from, to: flags.to }, stopped)) {
    await tellEvents(context, events.filter(wanted))
    if (context.unheard) return
  }
}

const verify = (context: CommandContext, flags: TransferFlag): Promise<void> =>
  withLogs(context.dataDir, async (logs) => {
    const { entry, metainfo } = await chooseTransfer(logs, flags.transfer)
    const { events, firstSeq, lastSeq, ok, inputs, damage } = await verifyLog(logs, entry.infoHash)
    if (damage !== undefined) context.fail(new TorrewindError(damage.code, damage.reason))
    const from = firstSeq === undefined ? '' : ` (${firstSeq} to ${lastSeq})`
    context.tell(
      damage === undefined
        ? `${metainfo.name}: ${showCount(events, 'event')}${from}, none missing, every checksum and the chain right`
        : `${metainfo.name}: ${showCount(events, 'event')}${from} can be read; damaged from event ${damage.seq} on`,
    )
    context.say({
      type: 'verified',
      events,
      firstSeq: firstSeq ?? null,
      lastSeq: lastSeq ?? null,
      ok,
      ...(inputs === undefined ? {} : { inputs }),
      ...(damage === undefined ? {} : { damage }),
    })
    if (!ok) throw new Reported('the log is damaged')
  })

const exportLog = async (context: CommandContext, { output, format, ...flags }: ExportFlags): Promise<void> => {
  const wanted = filterOf(flags)
  await withHistory(context, flags, async ({ reader }) => {
    const { from = 0, to = reader.committedSeq - 1 } = flags
    const range = { from, to: Math.min(to + 1, reader.committedSeq) }
    await exportEvents(context, output, { reader, ...range, wanted, format: format ?? formatOf(output) })
  })
}

const showMetrics = (
  context: CommandContext,
  { output, every, format = 'openmetrics', ...flags }: MetricsFlags,
): Promise<void> =>
  withHistory(context, flags, ({ reader, metainfo }) =>
    writeMetrics(context, output, { reader, name: metainfo.name, everyMs: every, format }),
  )

const withRange = (command: Command): Command =>
  command
    .addOption(transferOption())
    .option('--from <seq>', 'the first event', sequenceNumber)
    .option('--to <seq>', 'the last event', sequenceNumber)
    .option('--type <type>', 'only events of this type; may be given many times', each(asIs))

export const logCommand = (context: CommandContext): Command =>
  new Command('log')
    .description(
      'Reads the event logs, also while a transfer is running, and changes them by `compact` and `forget` alone.',
    )
    .helpCommand(false)
    .addCommand(new Command('ls').description('Lists the transfers of the data folder.').action(() => list(context)))
    .addCommand(
      withRange(new Command('show'))
        .description('Shows events, a line each.')
        .addOption(capsuleOption())
        .action((flags: RangeFlags) => show(context, flags)),
    )
    .addCommand(
      withRange(new Command('tail'))
        .description('Shows the last events, and then each one that comes, until Ctrl-C.')
        .action((flags: RangeFlags) => tail(context, flags)),
    )
    .addCommand(
      new Command('verify')
        .description('Reads all of a log: no event missing, every checksum and the chain of hashes right.')
        .addOption(transferOption())
        .action((flags: TransferFlag) => verify(context, flags)),
    )
    .addCommand(
      withRange(new Command('export'))
        .description('Writes events for other tools: lines of JSON, CSV, or packets that Wireshark opens.')
        .addOption(capsuleOption())
        .option('-o, --output <file>', 'the file to write (default: stdout)')
        .addOption(
          new Option('--format <format>', 'default: what the name of the file ends with, or jsonl').choices(
            EXPORT_FORMATS,
          ),
        )
        .action((flags: ExportFlags) => exportLog(context, flags)),
    )
    .addCommand(
      new Command('compact')
        .description('Has the state stand for the oldest events, which are deleted: those before the last session.')
        .addOption(transferOption())
        .option('--before <seq>', 'those before this event', sequenceNumber)
        .option('--older-than <duration>', 'those that happened longer ago: 90s, 30m, 12h or 14d', duration)
        .option('--max-size <bytes>', 'the oldest, so that at most so much is left (1M, 200K)', bytes)
        .action((flags: CompactFlags) => compactLog(context, flags)),
    )
    .addCommand(
      new Command('forget')
        .description('Forgets the log of a transfer, also one that is damaged; its files stay.')
        .addOption(transferOption())
        .action((flags: { transfer?: string }) => forgetLog(context, flags)),
    )
    .addCommand(
      new Command('metrics')
        .description('Computes from a log what could have been watched: OpenMetrics with times, or OTLP.')
        .addOption(transferOption())
        .addOption(capsuleOption())
        .option('--every <ms>', 'between two samples (default: so that there are some hundreds)', wholeFrom(1))
        .addOption(new Option('--format <format>', 'default: openmetrics').choices(METRICS_FORMATS))
        .option('-o, --output <file>', 'the file to write (default: stdout)')
        .action((flags: MetricsFlags) => showMetrics(context, flags)),
    )
