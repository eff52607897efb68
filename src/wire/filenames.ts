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

/**
 * Old torrents hold names in whatever encoding their maker's system had. What is not UTF-8 is read as latin1, which
 * keeps different names different; bytes that are control characters there (0x80 to 0x9f) become `_`, since a terminal
 * could obey them.
 */
export const nameText = (bytes: Uint8Array): string =>
  utf8Text(bytes) ?? latin1Text(bytes.map((byte) => (byte >= 0x80 && byte <= 0x9f ? 0x5f : byte)))

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
  if (part.length > LIMITS.fileNameBytesMax || utf8.encode(part).length > LIMITS.fileNameBytesMax) {
    return `is longer than ${LIMITS.fileNameBytesMax} bytes`
  }
  return undefined
}

const A_FILE = -1
const ROOT = 0

/**
 * The names given so far in one torrent. Names count as equal where macOS and Windows would take them for equal: in
 * any case of letters and in any composition of accents. Folders are numbered, so that claiming a path takes time
 * and memory in proportion to its parts, however deep it is.
 */
export class ClaimedPaths {
  readonly #ids = new Map<string, number>()
  #folders = ROOT

  /** Why a path cannot be given to one more file, as the end of a sentence; undefined where it now is. */
  claim(path: readonly string[]): string | undefined {
    let folder = ROOT
    for (const [at, part] of path.entries()) {
      const name = `${folder}/${part.normalize('NFC').toLowerCase()}`
      const known = this.#ids.get(name)
      if (at === path.length - 1) {
        if (known === A_FILE) return 'is there twice, or differs only in the case of letters from another'
        if (known !== undefined) return 'is a file and a folder at once'
        this.#ids.set(name, A_FILE)
      } else if (known === A_FILE) return 'has a file for a folder'
      else if (known !== undefined) folder = known
      else {
        folder = ++this.#folders
        this.#ids.set(name, folder)
      }
    }
    return undefined
  }
}
