/** The list of torrents that a tracker serves: info-hashes in hexadecimal digits, a line each; `#` begins a comment. */
import { TorrewindError } from '../src/errors.js'

const HASH = /^[0-9a-f]{40}$/
const SHOWN_MAX = 60

const shown = (text: string): string =>
  JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text)

/** In lower case; undefined for what is no info-hash. */
const readHash = (text: string): string | undefined => {
  const hash = text.toLowerCase()
  return HASH.test(hash) ? hash : undefined
}

const invalid = (where: string, text: string): TorrewindError =>
  new TorrewindError('OPTION_INVALID', `${where}: ${shown(text)} is no info-hash of 40 hexadecimal digits`)

/** Throws OPTION_INVALID, which names the line. */
export const parseAllowList = (text: string): ReadonlySet<string> => {
  const hashes = new Set<string>()
  for (const [at, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const entry = line.replace(/#.*/, '').trim()
    if (entry === '') continue
    const hash = readHash(entry)
    if (hash === undefined) throw invalid(`line ${at + 1}`, entry)
    hashes.add(hash)
  }
  return hashes
}

/** The same for hashes that a program gives. */
export const readAllowed = (hashes: Iterable<string>): ReadonlySet<string> => {
  const allowed = new Set<string>()
  for (const text of hashes) {
    const hash = readHash(text)
    if (hash === undefined) throw invalid('allow', text)
    allowed.add(hash)
  }
  return allowed
}
