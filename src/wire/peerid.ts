/** Peer ids (BEP 20): making ours, and naming the client that another one belongs to. */
import { assert } from '../assert.js'
import { type PeerId, peerId } from '../values.js'
import { latin1Bytes, latin1Text } from './bencode.js'

const RANDOM_BYTES = 12

/** `-TW0100-` for version 0.1.0, where each number is one character as in `showVersion`, and 12 random bytes. */
export const makePeerId = (version: string, randomBytes12: Uint8Array): PeerId => {
  const numbers = /^(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(version)?.slice(1).map(Number)
  assert(
    numbers?.every((number) => number < 36) ?? false,
    `version ${version} does not fit into three characters of a peer id`,
  )
  assert(randomBytes12.length === RANDOM_BYTES, 'a peer id takes 12 random bytes')
  const characters = (numbers ?? []).map((number) => number.toString(36).toUpperCase()).join('')
  const bytes = new Uint8Array(20)
  bytes.set(latin1Bytes(`-TW${characters}0-`))
  bytes.set(randomBytes12, 8)
  return peerId(bytes)
}

/** Azureus style, `-XXvvvv-`: the two letters of BEP 20 and of the clients that are met today. */
const CLIENTS: ReadonlyMap<string, string> = new Map([
  ['7T', 'aTorrent'],
  ['A2', 'aria2'],
  ['AG', 'Ares'],
  ['AT', 'Artemis'],
  ['AX', 'BitPump'],
  ['AZ', 'Vuze'],
  ['BB', 'BitBuddy'],
  ['BC', 'BitComet'],
  ['BF', 'Bitflu'],
  ['BG', 'BTG'],
  ['BI', 'BiglyBT'],
  ['BR', 'BitRocket'],
  ['BS', 'BTSlave'],
  ['BT', 'BitTorrent'],
  ['DE', 'Deluge'],
  ['FD', 'Free Download Manager'],
  ['FL', 'Flud'],
  ['FW', 'FrostWire'],
  ['GT', 'GoTorrent'],
  ['HL', 'Halite'],
  ['JT', 'JavaTorrent'],
  ['KG', 'KGet'],
  ['KT', 'KTorrent'],
  ['LP', 'Lphant'],
  ['LT', 'libtorrent'],
  ['lt', 'rTorrent'],
  ['LW', 'LimeWire'],
  ['MO', 'MonoTorrent'],
  ['PI', 'PicoTorrent'],
  ['qB', 'qBittorrent'],
  ['SD', 'Thunder'],
  ['SZ', 'Shareaza'],
  ['TL', 'Tribler'],
  ['TR', 'Transmission'],
  ['TT', 'TuoTu'],
  ['TW', 'Torrewind'],
  ['TX', 'Tixati'],
  ['UM', 'µTorrent for Mac'],
  ['UT', 'µTorrent'],
  ['UW', 'µTorrent Web'],
  ['VG', 'VG'],
  ['WD', 'WebTorrent Desktop'],
  ['WW', 'WebTorrent'],
  ['XL', 'Xunlei'],
])

/** Each of these four characters is one number: 0 to 9, then A to Z. Trailing zeros say nothing beyond the second. */
const showVersion = (characters: string): string => {
  const numbers = [...characters].map((character) => Number.parseInt(character, 36))
  while (numbers.length > 2 && numbers.at(-1) === 0) numbers.pop()
  return numbers.join('.')
}

/** Transmission writes 2.94 as `2940` and 4.0.3 as `4030`; the last character of both says which kind of build. */
const showTransmission = (characters: string): string => {
  const [major = '', minor = '', patch = ''] = characters
  return Number(major) < 3 ? `${major}.${minor}${patch}` : showVersion(`${major}${minor}${patch}`)
}

const showClient = (letters: string, name: string, characters: string): string => {
  if (letters === 'TR' && /^\d{3}/.test(characters)) return `${name} ${showTransmission(characters)}`
  // WebTorrent writes 2.8.5 as `0208`.
  if ((letters === 'WW' || letters === 'WD') && /^\d{4}$/.test(characters)) {
    return `${name} ${Number(characters.slice(0, 2))}.${Number(characters.slice(2))}`
  }
  return /^[0-9A-Z]{4}$/.test(characters) ? `${name} ${showVersion(characters)}` : name
}

/** Who a peer says it is, for people. Anyone can say anything here: nothing is decided by it. */
export const clientName = (id: PeerId): string => {
  const text = latin1Text(id)
  const azureus = /^-([A-Za-z0-9~]{2})([0-9A-Za-z.]{4})-/.exec(text)
  if (azureus !== null) {
    const [, letters = '', characters = ''] = azureus
    const name = CLIENTS.get(letters)
    return name === undefined ? `-${letters}${characters}-` : showClient(letters, name, characters)
  }
  // aria2 has a form of its own: `A2-1-36-0-`.
  const dashed = /^A2-(\d{1,3})-(\d{1,3})-(\d{1,3})-/.exec(text)
  if (dashed !== null) return `aria2 ${dashed.slice(1).join('.')}`
  // Mainline, as in BEP 20: `M7-10-5--`.
  const mainline = /^M(\d{1,2})-(\d{1,2})-(\d{1,2})-/.exec(text)
  if (mainline !== null) return `BitTorrent ${mainline.slice(1).join('.')}`
  const printable = /^[!-~]{3,}/.exec(text)?.[0]
  return printable === undefined ? 'unknown' : printable.slice(0, 8)
}
