/** `torrewind create`: makes a .torrent of a file or folder. */
import { resolve, sep } from 'node:path'
import { Argument, Command, Option } from 'commander'
import { createTorrent } from '../create.js'
import { TorrewindError } from '../errors.js'
import { exists } from '../node/content.js'
import { toHex } from '../values.js'
import { cidText, infoHashV1Of, magnetOf } from '../wire/identity.js'
import { asIs, bytes, each } from './arguments.js'
import { openBar } from './bar.js'
import type { CommandContext } from './context.js'
import { percent, showBytes, showCount, showRate } from './format.js'
import { checkPlace, writeNewFile } from './new-file.js'

interface CreateFlags {
  readonly output: string
  readonly tracker?: readonly string[]
  readonly webSeed?: readonly string[]
  readonly pieceSize?: number
  readonly format: 'v1' | 'v2' | 'hybrid'
  readonly private?: true
  readonly comment?: string
}

const PROGRESS_EVERY_MS = 1_000

/** A .torrent that replaced one of the files that it describes would never be completed by anybody. */
const checkOutput = async (path: string, output: string): Promise<void> => {
  const root = resolve(path)
  const place = resolve(output)
  if ((place === root || place.startsWith(root + sep)) && (await exists(place))) {
    throw new TorrewindError(
      'OPTION_INVALID',
      `${place} is there and would be shared itself: remove it, or write the .torrent to another place`,
    )
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const create = async (context: CommandContext, path: string, flags: CreateFlags): Promise<void> => {
  await checkOutput(path, flags.output)
  await checkPlace(flags.output)
  const bar = openBar(context, 'hashing')
  const startedAt = performance.now()
  let saidAt = startedAt
  try {
    const { torrent, metainfo, leftOut } = await createTorrent({
      path,
      trackers: flags.tracker,
      webSeeds: flags.webSeed,
      pieceLength: flags.pieceSize,
      format: flags.format,
      private: flags.private,
      comment: flags.comment,
      signal: context.stopped,
      onProgress: ({ hashedBytes, totalBytes }) => {
        const now = performance.now()
        const perSecond = hashedBytes / Math.max(0.001, (now - startedAt) / 1_000)
        bar.update(hashedBytes, totalBytes, `${showBytes(hashedBytes)}, ${showRate(perSecond)}`)
        if (now - saidAt < PROGRESS_EVERY_MS) return
        saidAt = now
        context.say({ type: 'progress', hashedBytes, totalBytes, percent: percent(hashedBytes, totalBytes) })
      },
    })
    await writeNewFile(flags.output, one(torrent))
    bar.stop()
    for (const { path: left, reason } of leftOut) {
      context.say({ type: 'left-out', path: left, reason })
      context.warn(`left out: ${left} ${reason}`)
    }
    if (flags.private && metainfo.trackers.length === 0) {
      context.warn('a private torrent without a tracker (--tracker URL): nobody will find a peer')
    }
    const { infoHashV2, pieceCount, pieceLength, contentBytes } = metainfo
    const files = metainfo.files.filter(({ padding }) => !padding)
    const infoHashV1 = infoHashV1Of(metainfo)
    const cid = cidText(metainfo)
    const magnet = magnetOf({ ...metainfo, infoHash: infoHashV1, trackers: metainfo.trackers.flat() })
    context.tell(`${resolve(flags.output)}`)
    context.tell(`  content    ${showBytes(contentBytes)} in ${showCount(files.length, 'file')}`)
    context.tell(`  pieces     ${showCount(pieceCount, 'piece')} of ${showBytes(pieceLength)}`)
    if (infoHashV1 !== undefined) context.tell(`  info-hash  ${toHex(infoHashV1)}`)
    if (infoHashV2 !== undefined) context.tell(`  of v2      ${toHex(infoHashV2)}`)
    context.tell(`  CID        ${cid}`)
    context.tell(`  magnet     ${magnet}`)
    context.say({
      type: 'created',
      infoHashV1: infoHashV1 === undefined ? null : toHex(infoHashV1),
      infoHashV2: infoHashV2 === undefined ? null : toHex(infoHashV2),
      cid,
      magnet,
      pieces: pieceCount,
      pieceLength,
      bytes: contentBytes,
      files: files.length,
      torrent: resolve(flags.output),
    })
  } finally {
    bar.stop()
  }
}

export const createCommand = (context: CommandContext): Command =>
  new Command('create')
    .description('Makes a .torrent of a file, or of a folder with all that is in it.')
    .addArgument(new Argument('<path>', 'the file or folder to be shared'))
    .requiredOption('-o, --output <file>', 'where to write the .torrent')
    .option(
      '--tracker <url>',
      'a tracker (http, https, udp); may be given many times, the first that answers is used',
      each(asIs),
    )
    .option('--web-seed <url>', 'where the same content can be fetched by HTTP; may be given many times', each(asIs))
    .option('--piece-size <bytes>', 'a power of two from 16K (default: chosen by the size of the content)', bytes)
    .addOption(
      new Option('--format <format>', 'version of BitTorrent; a hybrid is for peers of both')
        .choices(['v1', 'v2', 'hybrid'])
        .default('v1'),
    )
    .option('--private', 'let peers come from the trackers only')
    .option('--comment <text>', 'a few words for people')
    .action((path: string, flags: CreateFlags) => create(context, path, flags))
