/** `torrewind publish`: puts a .torrent into the catalogue of a tracker, or takes it out again. */
import { Argument, Command } from 'commander'
import { parseTorrent } from '../index.js'
import { readTorrentFile } from '../node/torrent-file.js'
import { toHex } from '../values.js'
import { cidText } from '../wire/identity.js'
import type { Metainfo } from '../wire/metainfo.js'
import { asIs, each } from './arguments.js'
import { CatalogueClient, catalogueAt, isHttp } from './catalogue-client.js'
import type { CommandContext } from './context.js'
import { showBytes } from './format.js'

interface PublishFlags {
  readonly tracker: string
  readonly tag?: readonly string[]
  readonly token?: string
  readonly remove?: true
}

/** What a user would find out too late. */
const warn = (context: CommandContext, { trackers }: Metainfo, client: CatalogueClient): void => {
  const urls = trackers.flat()
  if (!urls.some((url) => isHttp(url) && catalogueAt(url) === client.url)) {
    context.warn('the .torrent does not name this tracker: who fetches it finds peers there only with --tracker')
  }
  if (urls.some((url) => /[?&]token=|\/[\w-]+\.[\w-]+\.[\w-]+\//.test(url))) {
    context.warn('the .torrent names a tracker with a token in its URL: everybody who fetches it has that token then')
  }
}

const publish = async (context: CommandContext, file: string, flags: PublishFlags): Promise<void> => {
  const client = new CatalogueClient(flags.tracker, flags.token ?? process.env.TORREWIND_TOKEN)
  const torrent = await readTorrentFile(file)
  const metainfo = parseTorrent(torrent)
  const [infoHash, cid] = [toHex(metainfo.infoHash), cidText(metainfo)]
  if (flags.remove === true) {
    await client.remove(infoHash)
    context.tell(`removed ${metainfo.name} from ${client.url}`)
    context.say({ type: 'removed', infoHash, cid })
    return
  }
  warn(context, metainfo, client)
  const { entry, created, key } = await client.publish(torrent, metainfo, flags.tag ?? [])
  const url = `${client.url}/${infoHash}`
  context.tell(`${created ? 'published' : 'there already:'} ${entry.name} (${showBytes(entry.bytes)}) at ${url}`)
  context.tell(`  ${cid}`)
  if (key !== undefined) context.tell(`  keep this key, it changes or removes the entry as --token: ${key}`)
  context.say({
    type: 'published',
    infoHash,
    cid,
    name: entry.name,
    bytes: entry.bytes,
    tags: entry.tags,
    created,
    key: key ?? null,
    url,
  })
}

export const publishCommand = (context: CommandContext): Command =>
  new Command('publish')
    .description('Puts a torrent into the catalogue of a tracker, where others find and fetch it.')
    .addArgument(new Argument('<torrent>', 'the .torrent file'))
    .requiredOption('--tracker <url>', 'the tracker: http://HOST:PORT, or where peers announce')
    .option('--tag <tag>', 'a word that it is found by; may be given many times', each(asIs))
    .option('--token <token>', 'what a private tracker asks for, or the key of an entry (or $TORREWIND_TOKEN)')
    .option('--remove', 'take it out of the catalogue again')
    .action((torrent: string, flags: PublishFlags) => publish(context, torrent, flags))
