/** An entry of the catalogue: what a published .torrent says of itself, as far as people look for it, and its tags. */
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
