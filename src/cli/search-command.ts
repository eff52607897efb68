/** `torrewind search`: finds torrents in the catalogue of a tracker. */
import { Argument, Command, Option } from 'commander'
import { asIs, each, wholeFrom } from './arguments.js'
import { CatalogueClient, type FoundEntry } from './catalogue-client.js'
import type { CommandContext } from './context.js'
import { showBytes, showCount } from './format.js'

interface SearchFlags {
  readonly tracker: string
  readonly tag?: readonly string[]
  readonly order: string
  readonly limit: number
}

/** Entries of one request: what every catalogue gives. */
const PAGE = 100

const tellEntry = (context: CommandContext, entry: FoundEntry): void => {
  const { name, bytes, files, seeds, leeches, tags, cid, infoHash } = entry
  const leechers = `${leeches.toLocaleString('en')} ${leeches === 1 ? 'leech' : 'leeches'}`
  const facts = [showBytes(bytes), showCount(files, 'file'), showCount(seeds, 'seed'), leechers, ...tags]
  context.tell(name)
  context.tell(`  ${facts.join(' · ')}`)
  context.tell(`  ${cid}  ${infoHash}`)
}

const search = async (context: CommandContext, words: readonly string[], flags: SearchFlags): Promise<void> => {
  const { tracker, tag = [], order, limit } = flags
  const client = new CatalogueClient(tracker)
  let shown = 0
  let total = 0
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({ order, limit: `${Math.min(PAGE, limit - shown)}` })
    if (words.length > 0) query.set('q', words.join(' '))
    for (const one of tag) query.append('tag', one)
    if (cursor !== undefined) query.set('cursor', cursor)
    const page = await client.search(query)
    for (const entry of page.entries) {
      tellEntry(context, entry)
      context.say({ type: 'entry', ...entry })
    }
    shown += page.entries.length
    total = page.total
    cursor = page.entries.length > 0 ? page.next : undefined
  } while (cursor !== undefined && shown < limit && !context.stopped.aborted)
  const left = shown < total ? `, the first ${shown} shown; --limit shows more` : ''
  context.tell(`${showCount(total, 'torrent')} found${left}`)
  context.say({ type: 'searched', shown, total })
}

export const searchCommand = (context: CommandContext): Command =>
  new Command('search')
    .description('Finds torrents in the catalogue of a tracker: `get` fetches them by the CID that it shows.')
    .addArgument(new Argument('[words...]', 'words of names, files and tags, or beginnings of them; all, without any'))
    .requiredOption('--tracker <url>', 'the tracker: http://HOST:PORT, or where peers announce')
    .option('--tag <tag>', 'only what has this tag; may be given many times', each(asIs))
    .addOption(
      new Option('--order <order>', 'what comes first')
        .choices(['relevance', 'newest', 'seeds', 'size'])
        .default('relevance'),
    )
    .option('--limit <n>', 'how many are shown at most', wholeFrom(1), 20)
    .action((words: readonly string[], flags: SearchFlags) => search(context, words, flags))
