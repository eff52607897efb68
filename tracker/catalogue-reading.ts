/** Reading what is published, a .torrent and its tags, into an entry of the catalogue. */
import { LIMITS } from '../src/limits.js'
import { boundedText, toHex } from '../src/values.js'
import { cidText } from '../src/wire/identity.js'
import { parseTorrent, type TorrentFile } from '../src/wire/metainfo.js'
import { CatalogueRefusal } from './catalogue-codes.js'
import type { CatalogueEntry, CatalogueFile } from './catalogue-entry.js'

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

/** What of an entry does not stand in its .torrent. */
export type Publication = Pick<CatalogueEntry, 'tags' | 'publishedAt' | 'publisher'>

/** Throws what `parseTorrent` throws. */
export const readEntry = (torrent: Uint8Array, published: Publication): CatalogueEntry => {
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
