/** Which pieces are wanted: those of the files that the user selected. */
import { TorrewindError } from './errors.js'
import { Bitfield } from './wire/bitfield.js'
import type { Metainfo } from './wire/metainfo.js'

/** `*` within one part of a path, `**` over any number of parts, `?` for a character; without `/` it fits names anywhere. */
const patternOf = (glob: string): RegExp => {
  const source = glob.replace(/[.+^${}()|[\]\\]|\*\*\/?|\*|\?/g, (found) => {
    if (found === '**/') return '(.*/)?'
    if (found === '**') return '.*'
    if (found === '*') return '[^/]*'
    return found === '?' ? '[^/]' : `\\${found}`
  })
  return new RegExp(glob.includes('/') ? `^${source}$` : `(^|/)${source}$`, 'u')
}

/** All pieces, where no globs are given. Throws `OPTION_INVALID` where they fit no file. */
export const wantedPieces = (metainfo: Metainfo, globs: readonly string[] | undefined): Bitfield => {
  if (globs === undefined || globs.length === 0) return Bitfield.filled(metainfo.pieceCount)
  const patterns = globs.map(patternOf)
  const wanted = new Bitfield(metainfo.pieceCount)
  let matched = false
  for (const { path, offset, length, padding } of metainfo.files) {
    // Both with and without the torrent's own name in front, as users may write either.
    const paths = [path.join('/'), path.slice(metainfo.multiFile ? 1 : 0).join('/')]
    if (padding || !patterns.some((pattern) => paths.some((text) => pattern.test(text)))) continue
    matched = true
    if (length === 0) continue
    const last = Math.floor((offset + length - 1) / metainfo.pieceLength)
    for (let piece = Math.floor(offset / metainfo.pieceLength); piece <= last; piece++) wanted.set(piece)
  }
  if (!matched) throw new TorrewindError('OPTION_INVALID', `no file of ${metainfo.name} fits ${globs.join(', ')}`)
  return wanted
}
