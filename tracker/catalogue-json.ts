/** Entries as they are shown to others: the fields of the JSON that the catalogue answers with. */
import type { CataloguePage, Listed } from './catalogue.js'

/** What lists hold of an entry. */
export const showListed = ({ entry, counts }: Listed) => ({
  infoHash: entry.infoHash,
  infoHashV2: entry.infoHashV2,
  cid: entry.cid,
  name: entry.name,
  bytes: entry.bytes,
  files: entry.fileCount,
  pieces: entry.pieces,
  pieceLength: entry.pieceLength,
  private: entry.private,
  comment: entry.comment,
  tags: entry.tags,
  torrentBytes: entry.torrentBytes,
  publishedAt: entry.publishedAt,
  ...counts,
})

export type ShownEntry = ReturnType<typeof showListed>

/** An entry by itself: with its first files, and its health. */
export const showWhole = (listed: Listed) => ({
  ...showListed(listed),
  paths: listed.entry.files,
  health: listed.health.columns(),
})

export type ShownWhole = ReturnType<typeof showWhole>

export const showPage = ({ entries, total, next }: CataloguePage) => ({
  entries: entries.map(showListed),
  total,
  next: next ?? null,
})

export type ShownPage = ReturnType<typeof showPage>
