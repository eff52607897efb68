/** Which pieces are wanted, and how much: those of the files that the user chose. */
import type { FileChoice, FilePriority } from './api.js'
import { TorrewindError } from './errors.js'
import { Bitfield } from './wire/bitfield.js'
import { type FileRange, hasFile, showFileRanges } from './wire/fileranges.js'
import type { Metainfo, TorrentFile } from './wire/metainfo.js'

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

/** How much a file is wanted, as the log has it. */
export const PRIORITIES = ['skip', 'low', 'normal', 'high'] as const satisfies readonly FilePriority[]
const [SKIP, LOW, NORMAL, HIGH] = [0, 1, 2, 3] as const

export const priorityAt = (priorities: Uint8Array, file: number): FilePriority =>
  PRIORITIES[priorities[file] ?? NORMAL] ?? 'normal'

const pathsOf = ({ path }: TorrentFile, { multiFile }: Metainfo): readonly string[] =>
  // Both with and without the torrent's own name in front, as users may write either.
  [path.join('/'), path.slice(multiFile ? 1 : 0).join('/')]

/** The positions of the files that fit; padding is no file. Throws `OPTION_INVALID` where one choice fits none. */
export const chosenFiles = (metainfo: Metainfo, choice: FileChoice): ReadonlySet<number> => {
  const chosen = new Set<number>()
  const choices: readonly (string | number)[] = Array.isArray(choice) ? choice : [choice as string | number]
  const patterns = choices.filter((each) => typeof each === 'string').map(patternOf)
  for (const each of choices) {
    if (typeof each === 'string') continue
    if (metainfo.files[each]?.padding !== false)
      throw new TorrewindError('OPTION_INVALID', `${metainfo.name} has no file ${String(each)}`)
    chosen.add(each)
  }
  metainfo.files.forEach((file, index) => {
    const isChosen = (pattern: RegExp): boolean => pathsOf(file, metainfo).some((text) => pattern.test(text))
    if (!file.padding && patterns.some(isChosen)) chosen.add(index)
  })
  if (chosen.size === 0)
    throw new TorrewindError('OPTION_INVALID', `no file of ${metainfo.name} fits ${choices.join(', ')}`)
  return chosen
}

/** A priority for each file: those that are chosen, and how the others were; no bytes, where all are alike. */
export const prioritized = (
  metainfo: Metainfo,
  before: Uint8Array,
  chosen: ReadonlySet<number>,
  priority: FilePriority,
  others?: FilePriority,
): Uint8Array => {
  const all = Uint8Array.from(metainfo.files, (_, file) => {
    const otherwise = others === undefined ? (before[file] ?? NORMAL) : PRIORITIES.indexOf(others)
    return chosen.has(file) ? PRIORITIES.indexOf(priority) : otherwise
  })
  return all.every((each) => each === NORMAL) ? new Uint8Array(0) : all
}

export interface PieceWishes {
  readonly wanted: Bitfield
  readonly low: Bitfield
  readonly high: Bitfield
}

/** What priorities of files come to: a piece of several is wanted as much as the one that is wanted most. */
export const wishesOf = (metainfo: Metainfo, priorities: Uint8Array): PieceWishes => {
  const most = new Uint8Array(metainfo.pieceCount)
  metainfo.files.forEach(({ offset, length, padding }, file) => {
    if (padding || length === 0) return
    const priority = priorities[file] ?? NORMAL
    const last = Math.floor((offset + length - 1) / metainfo.pieceLength)
    for (let piece = Math.floor(offset / metainfo.pieceLength); piece <= last; piece++)
      if ((most[piece] ?? SKIP) < priority) most[piece] = priority
  })
  const wishes = {
    wanted: new Bitfield(metainfo.pieceCount),
    low: new Bitfield(metainfo.pieceCount),
    high: new Bitfield(metainfo.pieceCount),
  }
  most.forEach((priority, piece) => {
    if (priority !== SKIP) wishes.wanted.set(piece)
    if (priority === LOW) wishes.low.set(piece)
    if (priority === HIGH) wishes.high.set(piece)
  })
  return wishes
}

/** Of what is named by position (`so` of a magnet, BEP 53) what there is. Throws `OPTION_INVALID` where that is nothing. */
const filesWithin = (metainfo: Metainfo, ranges: readonly FileRange[]): ReadonlySet<number> => {
  const files = new Set<number>()
  metainfo.files.forEach(({ padding }, file) => {
    if (!padding && hasFile(ranges, file)) files.add(file)
  })
  if (files.size === 0)
    throw new TorrewindError('OPTION_INVALID', `${metainfo.name} has none of the files ${showFileRanges(ranges)}`)
  return files
}

/**
 * The priorities of a selection: no bytes, where nothing is left out. What users choose counts before what a magnet says.
 * Throws `OPTION_INVALID` where it fits no file.
 */
export const selectedFiles = (
  metainfo: Metainfo,
  choice: FileChoice | undefined,
  selectOnly?: readonly FileRange[] | undefined,
): Uint8Array => {
  const isChoice = choice !== undefined && !(Array.isArray(choice) && choice.length === 0)
  if (!isChoice && selectOnly === undefined) return new Uint8Array(0)
  const chosen = isChoice ? chosenFiles(metainfo, choice) : filesWithin(metainfo, selectOnly ?? [])
  return prioritized(metainfo, new Uint8Array(0), chosen, 'normal', 'skip')
}

/** All pieces, where nothing is selected. Throws as `selectedFiles` does. */
export const wantedPieces = (
  metainfo: Metainfo,
  choice: FileChoice | undefined,
  selectOnly?: readonly FileRange[] | undefined,
): Bitfield => wishesOf(metainfo, selectedFiles(metainfo, choice, selectOnly)).wanted

/** Files that nobody wants and of which nothing is in its place: those whose parts are kept apart. */
export const apartFiles = (
  metainfo: Metainfo,
  priorities: Uint8Array,
  isTaken: (piece: number) => boolean,
): readonly number[] =>
  metainfo.files.flatMap(({ offset, length, padding }, file) => {
    if (padding || length === 0 || priorities[file] !== SKIP) return []
    const last = Math.floor((offset + length - 1) / metainfo.pieceLength)
    for (let piece = Math.floor(offset / metainfo.pieceLength); piece <= last; piece++) if (isTaken(piece)) return []
    return [file]
  })
