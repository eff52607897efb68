/** A magnet URI of a public key (BEP 46), turned into one of the torrent that the key stands for by now, as the DHT says. */
import { openDht, type PeerAddress, TorrewindError } from '../index.js'
import { toHex } from '../values.js'
import { decode } from '../wire/bencode.js'
import { asBytes, asDictionary } from '../wire/fields.js'
import { parseKeyMagnet } from '../wire/keymagnet.js'
import type { CommandContext } from './context.js'

const INFO_HASH_BYTES = 20

/** What the item names, of those who sign it: a stranger's, so it may be anything. */
const infoHashIn = (value: Uint8Array): Uint8Array => {
  const decoded = decode(value)
  const infoHash = decoded.type === 'value' ? asBytes(asDictionary(decoded.value)?.get('ih')) : undefined
  if (infoHash?.length === INFO_HASH_BYTES) return infoHash
  throw new TorrewindError('SOURCE_INVALID', 'what the key stands for in the DHT is no torrent')
}

export interface KeyFlags {
  readonly dht: boolean
  readonly dhtNode?: readonly PeerAddress[]
}

/** Any other source, and a magnet URI that has an info-hash too, as it is. */
export const torrentOfKey = async (
  context: Pick<CommandContext, 'tell' | 'debug'>,
  source: string,
  { dht, dhtNode: bootstrap }: KeyFlags,
): Promise<string> => {
  const text = source.trim()
  if (parseKeyMagnet(text) === undefined) return source
  const fields = new URLSearchParams(text.slice(text.indexOf('?')))
  if (fields.has('xt')) return source
  if (!dht) throw new TorrewindError('OPTION_INVALID', 'what a key stands for is asked of the DHT: leave out --no-dht')
  context.tell('asking the DHT which torrent the key stands for')
  const node = await openDht({ bootstrap })
  try {
    const item = await node.get(text)
    if (item === undefined)
      throw new TorrewindError('DHT_NOT_FOUND', 'no node of the DHT knows what the key stands for')
    fields.delete('xs')
    fields.delete('s')
    const rest = fields.size === 0 ? '' : `&${fields}`
    const magnet = `magnet:?xt=urn:btih:${toHex(infoHashIn(item.value))}${rest}`
    context.debug(`number ${item.seq} of the key: ${magnet}`)
    return magnet
  } finally {
    await node.close()
  }
}
