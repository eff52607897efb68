/** `torrewind get`: downloads a torrent; run again after any crash, it goes on where it was. */
import { join, resolve } from 'node:path'
import { Argument, Command } from 'commander'
import type { PeerAddress, Transfer } from '../index.js'
import {
  asIs,
  each,
  type GoalFlags,
  goalOptions,
  goalsOf,
  logMaxAge,
  logMaxSize,
  peerAddress,
  port,
  type RetentionFlags,
  rate,
  recordOption,
  retentionOf,
} from './arguments.js'
import { announceAt } from './catalogue-client.js'
import type { CommandContext } from './context.js'
import { showBytes, showCount, showRate, showSeconds } from './format.js'
import { addFromCatalogue } from './from-catalogue.js'
import { type NetworkFlags, networkOf, networkOptions } from './network-flags.js'
import { countsOf, seedUntilStopped, showProgress, unlessStopped, withEngine } from './session.js'
import { TrackerTroubles } from './tracker-troubles.js'

interface GetFlags extends RetentionFlags, NetworkFlags, GoalFlags {
  readonly record: 'events' | 'inputs'
  readonly dir: string
  readonly port: number
  readonly peer?: readonly PeerAddress[]
  readonly tracker?: readonly string[]
  readonly webSeed?: readonly string[]
  readonly select?: readonly string[]
  readonly seed?: true
  readonly sequential?: true
  readonly downloadLimit?: number
  readonly uploadLimit?: number
}

const tellDone = (context: CommandContext, transfer: Transfer, folder: string, seconds: number): void => {
  const { wantedBytes, downloadedBytes, wastedBytes, rehashedPieces } = transfer.progress
  const average = downloadedBytes / Math.max(seconds, 0.001)
  context.tell(`done: ${showBytes(wantedBytes)}, every piece verified, in ${join(folder, transfer.name)}`)
  context.tell(
    `  downloaded ${showBytes(downloadedBytes)} in ${showSeconds(seconds)} (${showRate(average)}), ` +
      `${showBytes(wastedBytes)} of it wasted; ${showCount(rehashedPieces, 'piece')} on disk hashed again`,
  )
  context.say({
    type: 'done',
    bytes: wantedBytes,
    seconds: Math.round(seconds * 1_000) / 1_000,
    downloadedBytes,
    wastedBytes,
    rehashedPieces,
    verified: true,
  })
}

const get = async (context: CommandContext, source: string, flags: GetFlags): Promise<void> => {
  const startedAt = performance.now()
  const folder = resolve(flags.dir)
  const { port: listenPort, downloadLimit, uploadLimit } = flags
  let stopped: Transfer | undefined
  await withEngine(
    context,
    { port: listenPort, downloadLimit, uploadLimit, ...networkOf(flags), retention: retentionOf(flags) },
    async (engine) => {
      const trackers = flags.tracker ?? []
      const transfer = await addFromCatalogue(
        context,
        engine,
        source,
        { trackers, proxy: flags.proxy },
        {
          path: folder,
          trackers: trackers.map(announceAt),
          peers: flags.peer,
          select: flags.select ?? [],
          webSeeds: flags.webSeed,
          sequential: flags.sequential,
          record: flags.record,
          paused: false,
          ...goalsOf(flags),
        },
      )
      const troubles = new TrackerTroubles()
      const shown = showProgress(context, transfer, troubles)
      try {
        if (!(await unlessStopped(context, transfer.done))) {
          stopped = transfer
          return
        }
        shown.stop()
        tellDone(context, transfer, folder, (performance.now() - startedAt) / 1_000)
        if (!flags.seed && flags.seedRatio === undefined && flags.seedTime === undefined) return
        stopped = transfer
        context.say({ type: 'seeding', ...countsOf(transfer.progress) })
        context.tell(`seeding ${transfer.name} on port ${engine.port}, until Ctrl-C`)
        const seeding = showProgress(context, transfer, troubles)
        await seedUntilStopped(context, transfer).finally(() => seeding.stop())
      } finally {
        shown.stop()
      }
    },
  )
  if (stopped === undefined) return
  const { pieces, storedBytes, wantedBytes, downloadedBytes, uploadedBytes } = stopped.progress
  const reached =
    pieces === 0
      ? 'before anybody handed over the metadata'
      : `with ${showBytes(storedBytes)} of ${showBytes(wantedBytes)}`
  const goesOn = pieces === 0 || storedBytes < wantedBytes ? '; the same command goes on from here' : ''
  context.tell(`stopped ${reached}${goesOn}`)
  context.say({ type: 'stopped', storedBytes, wantedBytes, downloadedBytes, uploadedBytes })
}

export const getCommand = (context: CommandContext): Command => {
  const command = new Command('get')
    .description('Downloads a torrent. Run again after any crash, it goes on where it was.')
    .addArgument(new Argument('<source>', 'a .torrent file; or a magnet URI, a CID or an info-hash'))
    .requiredOption('-d, --dir <dir>', 'the folder to download to')
    .option('--port <n>', 'the TCP port to listen on; 0 takes any free one', port, 0)
    .option('--peer <host:port>', 'a peer to try at once; may be given many times', each(peerAddress))
    .option('--tracker <url>', "a tracker beside the torrent's own; may be given many times", each(asIs))
    .option('--web-seed <url>', 'a web server that has the content; may be given many times', each(asIs))
    .option('--select <glob>', 'fetch only files that fit (*, **, ?); may be given many times', each(asIs))
    .option('--seed', 'go on seeding after it is done, until stopped')
    .option('--sequential', 'fetch the pieces in order')
    .addOption(recordOption())
    .addOption(logMaxAge())
    .addOption(logMaxSize())
    .option('--download-limit <bytes/s>', 'the most to download, as 500K or 2M (default: no limit)', rate)
    .option('--upload-limit <bytes/s>', 'the most to upload (default: no limit)', rate)
  for (const option of [...networkOptions(), ...goalOptions()]) command.addOption(option)
  return command.action((source: string, flags: GetFlags) => get(context, source, flags))
}
