/** `torrewind info`: what a .torrent, a magnet URI, a CID or an info-hash says, read where it lies: nobody is asked. */
import { Argument, Command } from 'commander'
import { cidText, parseTorrent } from '../index.js'
import { readTorrentFile } from '../node/torrent-file.js'
import { showAddress, toHex } from '../values.js'
import { showFileRanges } from '../wire/fileranges.js'
import { infoHashV1Of, magnetOf } from '../wire/identity.js'
import { subjectOfMagnet } from '../wire/kept.js'
import { keyMagnetOf, onlyKeyOf } from '../wire/keymagnet.js'
import type { Metainfo } from '../wire/metainfo.js'
import { readTorrentName } from '../wire/source.js'
import type { CommandContext, JsonLine } from './context.js'
import { showBytes, showCount, showText } from './format.js'

const hexOf = (hash: Uint8Array | undefined): string | null => (hash === undefined ? null : toHex(hash))

const ofName = (source: string): JsonLine | undefined => {
  const magnet = readTorrentName(source)
  if (magnet === undefined) return undefined
  const { infoHash, infoHashV2, name, trackers, webSeeds, peers, selectOnly } = magnet
  return {
    type: 'info',
    kind: 'magnet',
    name: name ?? null,
    infoHashV1: hexOf(infoHash),
    infoHashV2: hexOf(infoHashV2),
    cid: cidText(subjectOfMagnet(magnet)),
    magnet: magnetOf(magnet),
    trackers,
    webSeeds,
    peers: peers.map(showAddress),
    selected: selectOnly === undefined ? null : showFileRanges(selectOnly),
  }
}

const ofTorrent = (metainfo: Metainfo): JsonLine => {
  const { name, version, infoHashV2, webSeeds, pieceCount, pieceLength, contentBytes, comment, createdBy } = metainfo
  const infoHash = infoHashV1Of(metainfo)
  const trackers = metainfo.trackers.flat()
  return {
    type: 'info',
    kind: 'torrent',
    name,
    infoHashV1: hexOf(infoHash),
    infoHashV2: hexOf(infoHashV2),
    cid: cidText(metainfo),
    magnet: magnetOf({ name, infoHash, infoHashV2, trackers, webSeeds }),
    trackers,
    webSeeds,
    format: version,
    private: metainfo.private,
    pieces: pieceCount,
    pieceLength,
    bytes: contentBytes,
    comment: comment ?? null,
    createdBy: createdBy ?? null,
    createdAt: metainfo.creationDate ?? null,
    nodes: metainfo.nodes.map(showAddress),
    files: metainfo.files
      .filter(({ padding }) => !padding)
      .map(({ path, length }) => ({ path: path.join('/'), length })),
  }
}

/** Which torrent it is only the DHT knows (BEP 46). */
const ofKey = (source: string): JsonLine | undefined => {
  const key = onlyKeyOf(source)
  return (
    key && {
      type: 'info',
      kind: 'key',
      publicKey: toHex(key.publicKey),
      salt: hexOf(key.salt),
      magnet: keyMagnetOf(key),
    }
  )
}

const LABELS: Readonly<Record<string, string>> = {
  name: 'name',
  infoHashV1: 'info-hash',
  infoHashV2: 'of v2',
  cid: 'CID',
  publicKey: 'key',
  salt: 'salt',
  magnet: 'magnet',
  format: 'format',
  comment: 'comment',
  createdBy: 'made by',
  trackers: 'tracker',
  webSeeds: 'web seed',
  peers: 'peer',
  nodes: 'DHT node',
  selected: 'selected',
}
const LABEL_WIDTH = 10
const FILES_TOLD = 50

const tellContent = (context: CommandContext, { files, contentBytes, pieceCount, pieceLength }: Metainfo): void => {
  const real = files.filter(({ padding }) => !padding)
  context.tell(`${'content'.padEnd(LABEL_WIDTH)} ${showBytes(contentBytes)} in ${showCount(real.length, 'file')}`)
  context.tell(`${'pieces'.padEnd(LABEL_WIDTH)} ${showCount(pieceCount, 'piece')} of ${showBytes(pieceLength)}`)
  for (const { path, length } of real.slice(0, FILES_TOLD))
    context.tell(`  ${showBytes(length).padStart(LABEL_WIDTH)}  ${showText(path.join('/'))}`)
  if (real.length > FILES_TOLD)
    context.tell(`  and ${showCount(real.length - FILES_TOLD, 'file')} more; --json has all`)
}

const tellFields = (context: CommandContext, line: JsonLine): void => {
  for (const [field, label] of Object.entries(LABELS)) {
    const value = line[field] ?? []
    for (const each of Array.isArray(value) ? value : [value])
      context.tell(`${label.padEnd(LABEL_WIDTH)} ${showText(String(each))}`)
  }
}

const info = async (context: CommandContext, source: string): Promise<void> => {
  const named = ofKey(source) ?? ofName(source)
  if (named !== undefined) {
    tellFields(context, named)
    context.say(named)
    return
  }
  const metainfo = parseTorrent(await readTorrentFile(source))
  const line = ofTorrent(metainfo)
  tellFields(context, line)
  if (metainfo.private) context.tell(`${'private'.padEnd(LABEL_WIDTH)} peers come from the trackers alone`)
  tellContent(context, metainfo)
  context.say(line)
}
export const infoCommand = (context: CommandContext): Command =>
  new Command('info')
    .description('Shows what a .torrent or a magnet URI says: names, hashes, trackers, files. Nobody is asked.')
    .addArgument(new Argument('<source>', 'a .torrent file; or a magnet URI, a CID or an info-hash'))
    .action((source: string) => info(context, source))
