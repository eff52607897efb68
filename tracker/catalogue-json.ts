/** Entries as they are shown to others: the fields of the JSON that the catalogue answers with. */
import type { HealthColumns } from './catalogue-health.js'

/** What lists hold of an entry. */
export interface ShownEntry {
  readonly infoHash: string
  readonly infoHashV2: string | null
  readonly cid: string
  readonly name: string
  readonly bytes: number
  /** How many. */
  readonly files: number
  readonly pieces: number
  readonly pieceLength: number
  readonly private: boolean
  readonly comment: string | null
  readonly tags: readonly string[]
  readonly torrentBytes: number
  /** Milliseconds since the epoch. */
  readonly publishedAt: number
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
