/** Magnet URIs of a public key (BEP 46): whoever has the key says in the DHT which torrent it stands for now. */
import { LIMITS } from '../limits.js'
import { fromHex, toHex } from '../values.js'

export interface KeyMagnet {
  readonly publicKey: Uint8Array
  readonly salt: Uint8Array | undefined
}

const HEX = /^(?:[0-9a-f]{2})+$/i
const KEY_DIGITS = 64

export const keyMagnetOf = ({ publicKey, salt }: KeyMagnet): string =>
  `magnet:?xs=urn:btpk:${toHex(publicKey)}${salt === undefined ? '' : `&s=${toHex(salt)}`}`

/** Undefined for anything but a magnet URI of one public key. */
export const parseKeyMagnet = (text: string): KeyMagnet | undefined => {
  if (text.length > LIMITS.magnetTextMax || !/^magnet:\?/i.test(text)) return undefined
  const fields = new URLSearchParams(text.slice(text.indexOf('?')))
  const [, key = ''] = /^urn:btpk:(.*)$/i.exec(fields.get('xs') ?? '') ?? []
  const salt = fields.get('s') ?? ''
  if (!HEX.test(key) || key.length !== KEY_DIGITS) return undefined
  if (salt !== '' && (!HEX.test(salt) || salt.length > 2 * LIMITS.dhtSaltBytesMax)) return undefined
  return { publicKey: fromHex(key), salt: salt === '' ? undefined : fromHex(salt) }
}
