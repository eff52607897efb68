/** A history to look at: a transfer's log in the data folder, or a capsule that somebody made of one. */
import { Option } from 'commander'
import type { LogReader } from '../ports.js'
import { mayBeNonsense } from '../replay/capsule.js'
import type { TorrentSubject } from '../wire/kept.js'
import { withCapsule } from './capsule-file.js'
import { chooseTransfer, readerOf } from './choose-transfer.js'
import type { CommandContext } from './context.js'
import { withLogs } from './logs.js'

export interface HistoryFlags {
  readonly transfer?: string
  readonly capsule?: string
}

export interface OpenHistory {
  readonly reader: LogReader
  /** The torrent; its stand-in, of the same geometry, where the capsule was redacted. */
  readonly metainfo: TorrentSubject
  /** The .torrent file, or its stand-in. */
  readonly torrent: Uint8Array
}

export const transferOption = (): Option =>
  new Option('--transfer <id>', 'CID, info-hash, the beginning of one, or the name; needed where there are several')

export const capsuleOption = (): Option =>
  new Option('--capsule <file>', 'look at this capsule, and not into the data folder').conflicts('transfer')

/** Opens what the flags name, for as long as the work takes. */
export const withHistory = async (
  context: CommandContext,
  { transfer: id, capsule }: HistoryFlags,
  work: (history: OpenHistory) => Promise<void>,
): Promise<void> => {
  if (capsule !== undefined) {
    await withCapsule(capsule, async (opened) => {
      try {
        await work(opened)
      } catch (error) {
        // A stranger's events may make no sense, which reading all of them tells; if they do, the fault is ours.
        if (mayBeNonsense(error)) await opened.verify()
        throw error
      }
    })
    return
  }
  await withLogs(context.dataDir, async (logs) => {
    const transfer = await chooseTransfer(logs, id)
    const { entry, metainfo } = transfer
    await work({ reader: await readerOf(logs, transfer), metainfo, torrent: entry.torrent })
  })
}
