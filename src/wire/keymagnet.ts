/** Magnet URIs of a public key (BEP 46): whoever has the key says in the DHT which torrent it stands for now. */
import { LIMITS } from '../limits.js'
import { fromHex, toHex } from '../values.js'
import { decode } from './bencode.js'
import { asBytes, asDictionary } from './fields.js'

export interface KeyMagnet {
  readonly publicKey: Uint8Array
  readonly salt: Uint8Array | undefined
}

const HEX = /^(?:[0-9a-f]{2})+$/i
const KEY_DIGITS = 64
const INFO_HASH_BYTES = 20

const fieldsOf = (text: string): URLSearchParams => new URLSearchParams(text.slice(text.indexOf('?')))

export const keyMagnetOf = ({ publicKey, salt }: KeyMagnet): string =>
  `magnet:?xs=urn:btpk:${toHex(publicKey)}${salt === undefined ? '' : `&s=${toHex(salt)}`}`

/** Undefined for anything but a magnet URI of one public key. */
export const parseKeyMagnet = (text: string): KeyMagnet | undefined => {
  if (text.length > LIMITS.magnetTextMax || !/^magnet:\?/i.test(text)) return undefined
  const fields = fieldsOf(text)
  const [, key = ''] = /^urn:btpk:(.*)$/i.exec(fields.get('xs') ?? '') ?? []
  const salt = fields.get('s') ?? ''
  if (!HEX.test(key) || key.length !== KEY_DIGITS) return undefined
  if (salt !== '' && (!HEX.test(salt) || salt.length > 2 * LIMITS.dhtSaltBytesMax)) return undefined
  return { publicKey: fromHex(key), salt: salt === '' ? undefined : fromHex(salt) }
}

/** The key, where nothing else says which torrent it is: undefined for any other source. */
export const onlyKeyOf = (source: string): KeyMagnet | undefined => {
  const text = source.trim()
  const key = parseKeyMagnet(text)
  return key === undefined || fieldsOf(text).has('xt') ? undefined : key
}

/** The magnet URI of the torrent that the key's item names, with all else that the key's has; undefined where it names none. */
export const magnetOfKeyItem = (source: string, item: Uint8Array): string | undefined => {
  const decoded = decode(item) // of those who sign it: a stranger's, so it may be anything
  const infoHash = decoded.type === 'value' ? asBytes(asDictionary(decoded.value)?.get('ih')) : undefined
  if (infoHash?.length !== INFO_HASH_BYTES) return undefined
  const fields = fieldsOf(source.trim())
  for (const ofKey of ['xs', 's']) fields.delete(ofKey)
  return `magnet:?xt=urn:btih:${toHex(infoHash)}${fields.size === 0 ? '' : `&${fields}`}`
}
