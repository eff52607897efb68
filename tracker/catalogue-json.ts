/** Entries as they are shown to others: the fields of the JSON that the catalogue answers with. */
import type { CatalogueEntry } from './catalogue-entry.js'
import type { HealthColumns } from './catalogue-health.js'

/** What lists hold of an entry: all but its files, of which it says how many there are, and who published it. */
export interface ShownEntry extends Omit<CatalogueEntry, 'fileCount' | 'files' | 'publisher'> {
  readonly files: number
  readonly seeds: number
  readonly leeches: number
  readonly completed: number
}

/** An entry by itself: with its first files, and its health. */
export interface ShownWhole extends ShownEntry {
  readonly paths: readonly { readonly path: string; readonly bytes: number }[]
  readonly health: HealthColumns
}

export interface ShownPage {
  readonly entries: readonly ShownEntry[]
  readonly total: number
  readonly next: string | null
}
