/** `torrewind capsule`: makes a capsule of a history, looks at one, and merges two. */
import { resolve } from 'node:path'
import { Command } from 'commander'
import { draftCapsule } from '../replay/capsule-writer.js'
import { toHex } from '../values.js'
import { sequenceNumber } from './arguments.js'
import { withCapsule } from './capsule-file.js'
import type { CommandContext } from './context.js'
import { showBytes, showCount } from './format.js'
import { capsuleOption, type HistoryFlags, transferOption, withHistory } from './histories.js'
import { mergeInto } from './merge-capsules.js'
import { checkPlace, writeNewFile } from './new-file.js'

interface ExportFlags extends HistoryFlags {
  readonly from?: number
  readonly to?: number
  readonly redact?: boolean
}

const exportTo = async (context: CommandContext, file: string, flags: ExportFlags): Promise<void> => {
  const { from, to, redact = false } = flags
  await checkPlace(file)
  await withHistory(context, flags, async ({ reader: log, torrent, metainfo }) => {
    const source = { torrent, log, from, to: to === undefined ? undefined : to + 1, redact }
    const draft = await draftCapsule(source)
    const chunks = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of draft.chunks()) {
        context.stopped.throwIfAborted()
        yield chunk
      }
    }
    await writeNewFile(file, chunks())
    const { events, bytes, cid, root } = draft
    const what = redact ? `${metainfo.name}, redacted` : metainfo.name
    context.tell(`${what}: ${showCount(events, 'event')} (${root.firstSeq} to ${root.endSeq - 1}) in ${resolve(file)}`)
    context.tell(`  ${showBytes(bytes)}, CID ${cid.toString()}`)
    context.say({
      type: 'capsule',
      events,
      bytes,
      redacted: redact,
      file: resolve(file),
      cid: cid.toString(),
      firstSeq: root.firstSeq,
      lastSeq: root.endSeq - 1,
    })
  })
}

const SHOWN_MAX = 200

/** Whatever somebody put there, without what a terminal could obey, and cut where it is long. */
const shown = (value: unknown): string => {
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\p{C}/gu, '?')
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
}

const time = (ms: number): string => new Date(ms).toISOString()

const inspect = (context: CommandContext, file: string): Promise<void> =>
  withCapsule(file, async (capsule) => {
    const { root, cid, metainfo, bytes } = capsule
    const { firstSeq, endSeq, firstAt, lastAt, redacted, torrewind, about } = root
    const infoHash = toHex(metainfo.infoHash)
    context.tell(`${metainfo.name}${redacted ? ' (redacted: names, addresses and hashes are stand-ins)' : ''}`)
    context.tell(
      `  info-hash ${infoHash}, ${showBytes(metainfo.totalBytes)}, ${showCount(metainfo.pieceCount, 'piece')}`,
    )
    context.tell(`  ${showCount(endSeq - firstSeq, 'event')}, ${firstSeq} to ${endSeq - 1}`)
    context.tell(`  from ${time(firstAt)} to ${time(lastAt)}`)
    context.tell(`  ${showBytes(bytes)}, written by Torrewind ${torrewind}, CID ${cid.toString()}`)
    for (const [name, value] of Object.entries(about)) context.tell(`  ${shown(name)}: ${shown(value)}`)
    await capsule.verify()
    context.tell('  every block is what its CID says, and every event follows from those before it')
    context.say({
      type: 'capsule',
      events: endSeq - firstSeq,
      bytes,
      redacted,
      cid: cid.toString(),
      firstSeq,
      lastSeq: endSeq - 1,
      firstAt,
      lastAt,
      torrewind,
      name: metainfo.name,
      infoHash,
      pieces: metainfo.pieceCount,
      contentBytes: metainfo.totalBytes,
      blocks: root.records.length,
      keyframes: root.keyframes.map(({ seq }) => seq),
      about,
    })
  })

export const capsuleCommand = (context: CommandContext): Command =>
  new Command('capsule')
    .description('Puts the history of a transfer into one file, to be looked at on any machine.')
    .helpCommand(false)
    .addCommand(
      new Command('export')
        .description('Writes a capsule of a transfer, also while it is running.')
        .argument('<file>', 'the file to write')
        .addOption(transferOption())
        .addOption(capsuleOption())
        .option('--from <seq>', 'the first event (default: the first of all)', sequenceNumber)
        .option('--to <seq>', 'the last event (default: the last)', sequenceNumber)
        .option('--redact', 'replace names, addresses, peer ids, info-hashes and texts by stand-ins')
        .action((file: string, flags: ExportFlags) => exportTo(context, file, flags)),
    )
    .addCommand(
      new Command('inspect')
        .description('Says what a capsule is of, and reads all of it: every checksum, and every event folded.')
        .argument('<file>', 'the capsule')
        .action((file: string) => inspect(context, file)),
    )
    .addCommand(
      new Command('merge')
        .description('Shows the capsules of two peers as one timeline, with nothing before what caused it.')
        .argument('<a>', 'the capsule of one of them, by whose clock times are shown')
        .argument('<b>', 'the capsule of the other')
        .action((a: string, b: string) => mergeInto(context, a, b)),
    )
