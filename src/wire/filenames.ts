/** Which names a torrent may give to files and folders: those that stay in the download folder on every system. */
import { LIMITS } from '../limits.js'
import { latin1Text } from './bencode.js'

const utf8Strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8 = new TextEncoder()

/** The text of bytes that are UTF-8; undefined where they are not. */
export const utf8Text = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8Strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** As most names are, which need no decoder. */
const isAscii = (bytes: Uint8Array): boolean => {
  for (const byte of bytes) if (byte >= 0x80) return false
  return true
}

/**
 * Old torrents hold names in whatever encoding their maker's system had. What is not UTF-8 is read as latin1, which
 * keeps different names different; bytes that are control characters there (0x80 to 0x9f) become `_`, since a terminal
 * could obey them.
 */
export const nameText = (bytes: Uint8Array): string =>
  (isAscii(bytes) ? latin1Text(bytes) : utf8Text(bytes)) ??
  latin1Text(bytes.map((byte) => (byte >= 0x80 && byte <= 0x9f ? 0x5f : byte)))

/** In UTF-8, which takes three bytes at most for each unit of UTF-16: most texts need not be encoded to be known as short. */
export const isLongerThan = (text: string, bytesMax: number): boolean =>
  text.length > bytesMax || (3 * text.length > bytesMax && utf8.encode(text).length > bytesMax)

export const hasControlCharacter = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true
  }
  return false
}

// Windows opens a device for these, with any extension and with spaces before it, in every folder.
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i
const DRIVE = /^[a-z]:/i

/** Why a name cannot be one part of a path, as the end of a sentence; undefined where it can. */
export const partProblem = (part: string): string | undefined => {
  if (part === '') return 'is empty'
  if (part === '.' || part === '..') return `is "${part}"`
  if (part.startsWith('/') || part.startsWith('\\') || DRIVE.test(part)) return 'is absolute'
  if (part.includes('/')) return 'has a slash in it'
  if (part.includes('\\')) return 'has a backslash in it'
  if (hasControlCharacter(part)) return 'has a control character in it'
  if (part.endsWith('.') || part.endsWith(' ')) return 'ends in a dot or a space, which Windows would cut off'
  if (RESERVED.test(part)) return 'is a name that Windows keeps for a device'
  if (isLongerThan(part, LIMITS.fileNameBytesMax)) {
    return `is longer than ${LIMITS.fileNameBytesMax} bytes`
  }
  return undefined
}

const A_FILE = 'file'

/** What a folder has, by its name as systems compare it. */
type Folder = Map<string, Folder | typeof A_FILE>

/**
 * The names given so far in one torrent. Names count as equal where macOS and Windows would take them for equal: in
 * any case of letters and in any composition of accents. Claiming a path takes time and memory in proportion to its parts,
 * however deep it is; files of one folder mostly follow each other, and look it up once.
 */
export class ClaimedPaths {
  readonly #root: Folder = new Map()
  /** The folders of the path before, and what they are. */
  #parts: readonly string[] = []
  #folders: readonly Folder[] = []

  /** Why a path cannot be given to one more file, as the end of a sentence; undefined where it now is. */
  claim(path: readonly string[]): string | undefined {
    const last = path.length - 1
    const folder = this.#isNeighbour(path) ? (this.#folders[last - 1] ?? this.#root) : this.#enter(path)
    if (folder === undefined) return 'has a file for a folder'
    const name = comparable(path[last] ?? '')
    const known = folder.get(name)
    if (known === A_FILE) return 'is there twice, or differs only in the case of letters from another'
    if (known !== undefined) return 'is a file and a folder at once'
    folder.set(name, A_FILE)
    return undefined
  }

  #isNeighbour(path: readonly string[]): boolean {
    const parts = this.#parts
    if (path.length !== parts.length) return false
    for (let at = path.length - 2; at >= 0; at--) if (path[at] !== parts[at]) return false
    return true
  }

  /** The folder that the path's file lies in, with those above it made where they are not there yet. */
  #enter(path: readonly string[]): Folder | undefined {
    const folders: Folder[] = []
    let folder = this.#root
    for (const part of path.slice(0, -1)) {
      const name = comparable(part)
      let next = folder.get(name)
      if (next === A_FILE) return undefined
      if (next === undefined) {
        next = new Map()
        folder.set(name, next)
      }
      folders.push(next)
      folder = next
    }
    this.#parts = path
    this.#folders = folders
    return folder
  }
}

const PLAIN_NAME = /^[\x20-\x40\x5b-\x7e]*$/

/** Most names are equal only to themselves, whatever the case of letters. */
const comparable = (part: string): string => (PLAIN_NAME.test(part) ? part : part.normalize('NFC').toLowerCase())
