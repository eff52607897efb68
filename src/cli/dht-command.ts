/** `torrewind dht`: puts items into the DHT and gets them (BEP 44), and the torrents that keys stand for (BEP 46). */
import { readFile } from 'node:fs/promises'
import { Argument, Command } from 'commander'
import { type DhtItem, type DhtNode, openDht, type PeerAddress, TorrewindError } from '../index.js'
import { fromHex, toHex } from '../values.js'
import { decode, encode } from '../wire/bencode.js'
import { asBytes, asDictionary } from '../wire/fields.js'
import { dhtNode, wholeFrom } from './arguments.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'

interface DhtFlags {
  readonly dhtNode?: readonly PeerAddress[]
  readonly salt?: string
}
interface PutFlags extends DhtFlags {
  readonly key?: string
  readonly seq?: number
  readonly torrent?: true
}

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder('utf-8', { fatal: true })
const saltOf = ({ salt }: DhtFlags): Uint8Array | undefined => (salt === undefined ? undefined : utf8.encode(salt))

const withDht = async (
  context: CommandContext,
  flags: DhtFlags,
  work: (node: DhtNode) => Promise<void>,
): Promise<void> => {
  const node = await openDht({ bootstrap: flags.dhtNode })
  try {
    context.debug(`${showCount(node.nodes, 'node')} of the DHT answered`)
    await work(node)
  } finally {
    await node.close()
  }
}

/** A text, where it is one; and of a dictionary the torrent that it names (BEP 46). */
const readable = ({ value }: DhtItem): { readonly text: string | null; readonly infoHash: string | null } => {
  const decoded = decode(value)
  const content = decoded.type === 'value' ? decoded.value : undefined
  const infoHash = asBytes(asDictionary(content)?.get('ih'))
  const bytes = asBytes(content)
  let text: string | null = null
  try {
    if (bytes !== undefined) text = fromUtf8.decode(bytes)
  } catch {
    // It is no text.
  }
  return { text, infoHash: infoHash === undefined ? null : toHex(infoHash) }
}

const said = (item: DhtItem): Readonly<Record<string, unknown>> => ({
  target: item.target,
  ...readable(item),
  value: toHex(item.value),
  seq: item.seq ?? null,
  publicKey: item.publicKey ?? null,
})

/** Said before anybody is asked. */
const NAME = /^(?:[0-9a-f]{40}|[0-9a-f]{64}|magnet:\?.*urn:btpk:.*)$/i

const get = async (context: CommandContext, name: string, flags: DhtFlags): Promise<void> => {
  if (!NAME.test(name))
    throw new TorrewindError('OPTION_INVALID', `no target, public key or magnet URI of a key: ${name}`)
  await withDht(context, flags, async (node) => {
    const item = await node.get(name, saltOf(flags))
    if (item === undefined) throw new TorrewindError('DHT_NOT_FOUND', 'no node of the DHT has it')
    const { text, infoHash } = readable(item)
    context.tell(infoHash === null ? (text ?? toHex(item.value)) : `magnet:?xt=urn:btih:${infoHash}`)
    context.say({ type: 'item', ...said(item) })
  })
}

/** 32 bytes, or as many in hexadecimal. */
const readKey = async (path: string): Promise<Uint8Array> => {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new TorrewindError('SOURCE_UNREADABLE', `the key cannot be read: ${String(error)}`)
  })
  const text = bytes.toString('latin1').trim()
  return /^[0-9a-f]{64}$/i.test(text) ? fromHex(text) : new Uint8Array(bytes)
}

const put = (context: CommandContext, text: string, flags: PutFlags): Promise<void> =>
  withDht(context, flags, async (node) => {
    if (flags.torrent === true && !/^[0-9a-f]{40}$/i.test(text))
      throw new TorrewindError('OPTION_INVALID', 'a torrent is named by its info-hash, 40 hexadecimal digits')
    const value = encode(flags.torrent === true ? { ih: fromHex(text) } : text)
    const privateKey = flags.key === undefined ? undefined : await readKey(flags.key)
    const stored = await node.put({ value, privateKey, salt: saltOf(flags), seq: flags.seq })
    context.tell(`kept by ${showCount(stored.nodes, 'node')}, for two hours, as ${stored.target}`)
    if (stored.magnet !== undefined) context.tell(stored.magnet)
    context.say({ type: 'put', ...said(stored), nodes: stored.nodes, magnet: stored.magnet ?? null })
  })

export const dhtCommand = (context: CommandContext): Command => {
  const command = new Command('dht').description('Puts small items into the DHT, and gets them (BEP 44, BEP 46).')
  command
    .command('get')
    .description('Shows an item: of a target, of a public key, or of a magnet URI of one.')
    .addArgument(new Argument('<name>', 'a target or a public key in hexadecimal, or magnet:?xs=urn:btpk:...'))
    .option('--salt <text>', "which of a key's items; none by default")
    .addOption(dhtNode())
    .action((name: string, flags: DhtFlags) => get(context, name, flags))
  command
    .command('put')
    .description('Stores a text, or which torrent a key stands for; nodes keep it for two hours.')
    .addArgument(new Argument('<value>', 'a text; with --torrent an info-hash'))
    .option('--torrent', 'the value is the info-hash of a torrent that the key stands for from now on')
    .option('--key <file>', '32 bytes that nobody else knows, as they are or in hexadecimal: the item can be changed')
    .option('--salt <text>', "which of the key's items; none by default")
    .option('--seq <n>', 'its number; one more than that of the item which is there, by default', wholeFrom(0))
    .addOption(dhtNode())
    .action((value: string, flags: PutFlags) => put(context, value, flags))
  return command
}
