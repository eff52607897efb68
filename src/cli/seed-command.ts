/** `torrewind seed`: checks what is on disk, then serves it until it is stopped. */
import { basename, dirname, join, resolve } from 'node:path'
import { Argument, Command } from 'commander'
import { parseTorrent, TorrewindError, type Transfer } from '../index.js'
import { exists, findMissing } from '../node/content.js'
import { readTorrentFile } from '../node/torrent-file.js'
import type { Metainfo } from '../wire/metainfo.js'
import {
  asIs,
  each,
  type GoalFlags,
  goalOptions,
  goalsOf,
  logMaxAge,
  logMaxSize,
  port,
  type RetentionFlags,
  rate,
  recordOption,
  retentionOf,
} from './arguments.js'
import { announceAt } from './catalogue-client.js'
import type { CommandContext } from './context.js'
import { showBytes } from './format.js'
import { type NetworkFlags, networkOf, networkOptions } from './network-flags.js'
import { countsOf, seedUntilStopped, showProgress, unlessStopped, withEngine } from './session.js'

interface SeedFlags extends RetentionFlags, NetworkFlags, GoalFlags {
  readonly record: 'events' | 'inputs'
  readonly path: string
  readonly port: number
  readonly tracker?: readonly string[]
  readonly super?: true
  readonly uploadLimit?: number
}

/** The folder that the content lies in; users may also name the content itself. */
const folderOf = async (path: string, { name }: Metainfo): Promise<string> => {
  const given = resolve(path)
  if (await exists(join(given, name))) return given
  return basename(given) === name && (await exists(given)) ? dirname(given) : given
}

const missing = (what: string): TorrewindError =>
  new TorrewindError('CONTENT_MISSING', `the content is not all there: ${what}`)

const checkAll = (transfer: Transfer): void => {
  const { pieces, storedPieces } = transfer.progress
  if (storedPieces < pieces) {
    throw missing(`${pieces - storedPieces} of ${pieces} pieces are wrong (\`torrewind get\` mends them)`)
  }
}

const seed = async (context: CommandContext, source: string, flags: SeedFlags): Promise<void> => {
  const torrent = await readTorrentFile(source)
  const metainfo = parseTorrent(torrent)
  const folder = await folderOf(flags.path, metainfo)
  const lacking = await findMissing(folder, metainfo.files)
  if (lacking !== undefined) throw missing(lacking)
  let uploadedBytes = 0
  const { port: listenPort, uploadLimit } = flags
  await withEngine(
    context,
    { port: listenPort, uploadLimit, ...networkOf(flags), retention: retentionOf(flags) },
    async (engine) => {
      const { record } = flags
      const trackers = flags.tracker?.map(announceAt)
      const wishes = { select: ['**'], superSeeding: flags.super, ...goalsOf(flags) }
      const add = { path: folder, trackers, record, paused: false, ...wishes }
      const transfer = await engine.add(torrent, add)
      const shown = showProgress(context, transfer)
      try {
        if (!(await unlessStopped(context, transfer.ready))) return
        checkAll(transfer)
        await transfer.done // every piece is there, so it is a matter of the log's commit
        context.say({ type: 'seeding', ...countsOf(transfer.progress) })
        context.tell(
          `seeding ${metainfo.name} (${showBytes(metainfo.totalBytes)}) on port ${engine.port}, until Ctrl-C`,
        )
        await seedUntilStopped(context, transfer)
      } finally {
        shown.stop()
        await transfer.close()
        uploadedBytes = transfer.progress.uploadedBytes
      }
    },
  )
  context.tell(`stopped, after ${showBytes(uploadedBytes)} were uploaded`)
  context.say({ type: 'stopped', uploadedBytes })
}

export const seedCommand = (context: CommandContext): Command => {
  const command = new Command('seed')
    .description('Checks the content of a torrent on disk, then shares it until it is stopped.')
    .addArgument(new Argument('<torrent>', 'the .torrent file'))
    .requiredOption('--path <dir>', "the folder that the torrent's file or folder lies in")
    .option('--port <n>', 'the TCP port to listen on; 0 takes any free one', port, 0)
    .option('--tracker <url>', "a tracker beside the torrent's own; may be given many times", each(asIs))
    .option('--super', 'show peers the pieces one by one, so that each is sent about once: for a first seed (BEP 16)')
    .addOption(recordOption())
    .addOption(logMaxAge())
    .addOption(logMaxSize())
    .option('--upload-limit <bytes/s>', 'the most to upload, as 500K or 2M (default: no limit)', rate)
  for (const option of [...networkOptions(), ...goalOptions()]) command.addOption(option)
  return command.action((torrent: string, flags: SeedFlags) => seed(context, torrent, flags))
}
