/** Makes of an entry what is shown of it to others: all but who published it. */
import type { CataloguePage, Listed } from './catalogue.js'
import type { ShownEntry, ShownPage, ShownWhole } from './catalogue-json.js'

export const showListed = ({ entry, counts }: Listed): ShownEntry => {
  const { publisher: _, files: __, fileCount, ...shown } = entry
  return { ...shown, files: fileCount, ...counts }
}

export const showWhole = (listed: Listed): ShownWhole => ({
  ...showListed(listed),
  paths: listed.entry.files,
  health: listed.health.columns(),
})

export const showPage = ({ entries, total, next }: CataloguePage): ShownPage => ({
  entries: entries.map(showListed),
  total,
  next: next ?? null,
})
