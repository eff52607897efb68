/** An entry of the catalogue: what a published .torrent says of itself, as far as people look for it, and its tags. */
import { LIMITS } from '../src/limits.js'
import { boundedText, toHex } from '../src/values.js'
import { cidText } from '../src/wire/identity.js'
import { parseTorrent, type TorrentFile } from '../src/wire/metainfo.js'
import { CatalogueRefusal } from './catalogue-codes.js'

export interface CatalogueFile {
  /** Within the torrent, its parts joined by `/`. */
  readonly path: string
  readonly bytes: number
}

export interface CatalogueEntry {
  /** In hexadecimal digits. */
  readonly infoHash: string
  readonly infoHashV2: string | null
  readonly cid: string
  readonly name: string
  /** Of all files, padding included. */
  readonly bytes: number
  /** How many there are, and those that are named here: the first ones. */
  readonly fileCount: number
  readonly files: readonly CatalogueFile[]
  readonly pieces: number
  readonly pieceLength: number
  readonly private: boolean
  readonly comment: string | null
  readonly tags: readonly string[]
  readonly torrentBytes: number
  /** Milliseconds since the epoch. */
  readonly publishedAt: number
  /** Who may change and remove it. Never shown. */
  readonly publisher: string
}

const COMMENT_CHARACTERS_MAX = 500

/** The first files, as many as there is room for. */
const namedFiles = (files: readonly TorrentFile[]): readonly CatalogueFile[] => {
  const named: CatalogueFile[] = []
  let characters = 0
  for (const { path, length } of files) {
    const text = path.join('/')
    characters += text.length
    if (named.length === LIMITS.catalogueFilesMax || characters > LIMITS.cataloguePathsCharactersMax) break
    named.push({ path: text, bytes: length })
  }
  return named
}

/** Throws what `parseTorrent` throws. */
export const readEntry = (
  torrent: Uint8Array,
  published: Pick<CatalogueEntry, 'tags' | 'publishedAt' | 'publisher'>,
): CatalogueEntry => {
  const metainfo = parseTorrent(torrent)
  const files = metainfo.files.filter(({ padding }) => !padding)
  return {
    infoHash: toHex(metainfo.infoHash),
    infoHashV2: metainfo.infoHashV2 === undefined ? null : toHex(metainfo.infoHashV2),
    cid: cidText(metainfo),
    name: metainfo.name,
    bytes: metainfo.totalBytes,
    fileCount: files.length,
    files: namedFiles(files),
    pieces: metainfo.pieceCount,
    pieceLength: metainfo.pieceLength,
    private: metainfo.private,
    comment: metainfo.comment === undefined ? null : boundedText(metainfo.comment, COMMENT_CHARACTERS_MAX),
    torrentBytes: torrent.length,
    ...published,
  }
}

const TAG = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._+-]*$/u

/** Tags as they are kept: in lower case, composed, each once. Throws TAG_INVALID. */
export const readTags = (texts: readonly string[]): readonly string[] => {
  const tags = new Set<string>()
  for (const text of texts) {
    const tag = text.normalize('NFC').toLowerCase()
    if (tag.length > LIMITS.catalogueTagCharactersMax || !TAG.test(tag)) {
      const most = LIMITS.catalogueTagCharactersMax
      const shown = JSON.stringify(boundedText(text, most))
      throw new CatalogueRefusal('TAG_INVALID', `a tag is 1 to ${most} letters, digits and . _ + -, unlike ${shown}`)
    }
    tags.add(tag)
    if (tags.size > LIMITS.catalogueTagsMax) {
      throw new CatalogueRefusal('TAG_INVALID', `an entry has at most ${LIMITS.catalogueTagsMax} tags`)
    }
  }
  return [...tags]
}
