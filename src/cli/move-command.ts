/** `torrewind move`: brings the files of a transfer that no process runs to another folder, and hashes nothing again. */
import { join, resolve } from 'node:path'
import { Argument, Command } from 'commander'
import type { TransferState } from '../events/state.js'
import { findTorrent } from '../find-torrent.js'
import { TorrewindError } from '../index.js'
import { exists } from '../node/content.js'
import { readTorrentFile } from '../node/torrent-file.js'
import { foldLog } from '../replay/fold.js'
import { toHex } from '../values.js'
import { type Metainfo, parseTorrent } from '../wire/metainfo.js'
import { chooseTransfer, type KnownTransfer, readerOf } from './choose-transfer.js'
import type { CommandContext } from './context.js'
import { withLogs } from './logs.js'
import { unlessStopped, withEngine } from './session.js'

interface MoveFlags {
  readonly to: string
}

interface Standing {
  readonly transfer: KnownTransfer
  readonly state: Readonly<TransferState>
}

/** The transfer, and where its log says that its files are. */
const standingOf = async ({ dataDir }: CommandContext, source: string | undefined): Promise<Standing> => {
  let standing: Standing | undefined
  await withLogs(dataDir, async (logs) => {
    const isNamed = source !== undefined && /^magnet:|\.torrent$/i.test(source)
    const known = () => logs.transfers()
    const id = isNamed ? toHex((await findTorrent(source, { readTorrentFile, known }, true)).entry.infoHash) : source
    const transfer = await chooseTransfer(logs, id)
    standing = { transfer, ...(await foldLog(await readerOf(logs, transfer))) }
  })
  if (standing === undefined) throw new TorrewindError('TRANSFER_UNKNOWN', 'its log was not read')
  return standing
}

/** A disk that is away just now is no reason to believe that the files are gone. */
const checkThere = async ({ folder, names, stored }: Readonly<TransferState>, { files }: Metainfo): Promise<void> => {
  if (stored.count === 0) return
  for (const [at, { path, padding, length }] of files.entries())
    if (!padding && length > 0 && (await exists(join(folder, names.get(at) ?? join(...path))))) return
  throw new TorrewindError('CONTENT_MISSING', `none of the files are in ${folder}, where the log has them`)
}

const move = async (context: CommandContext, source: string | undefined, { to }: MoveFlags): Promise<void> => {
  const { transfer: known, state } = await standingOf(context, source)
  const { name } = known.metainfo
  if (state.metadata !== undefined || state.nextSeq === 0)
    throw new TorrewindError('METADATA_UNKNOWN', `nobody has handed over the metadata of ${name} yet: it has no files`)
  if (state.moving === undefined) await checkThere(state, parseTorrent(known.entry.torrent))
  const [from, folder] = [state.folder, resolve(to)]
  // What the log has of it stays as it is.
  const { sequential, superSeeding, suggesting: suggestPieces } = state
  await withEngine(
    context,
    { offline: true },
    async (engine) => {
      const transfer = await engine.add(known.entry.torrent, { path: from, sequential, superSeeding, suggestPieces })
      const moving = transfer.move(folder)
      moving.catch(() => undefined) // where it is stopped the next session goes on with it
      if (!(await unlessStopped(context, moving))) {
        context.tell('stopped: the next command that opens the transfer goes on with it')
        return
      }
      context.tell(`${name} is in ${folder} now: name that folder from now on`)
      context.say({ type: 'moved', infoHash: known.infoHash, cid: known.cid, name, from, to: folder })
    },
    false,
  )
}

export const moveCommand = (context: CommandContext): Command =>
  new Command('move')
    .description('Moves the files of a transfer that no process runs; the next run hashes nothing again.')
    .addArgument(
      new Argument(
        '[source]',
        'name, CID or info-hash, a magnet URI or a .torrent file; needed where there are several',
      ),
    )
    .requiredOption('--to <dir>', 'the folder to bring them to')
    .action((source: string | undefined, flags: MoveFlags) => move(context, source, flags))
