/** A standstill: that nothing comes, and which command says why, once each time. */
import type { Progress } from '../index.js'
import { toHex } from '../values.js'
import { showCount } from './format.js'

/** Slow peers and short pauses are none. */
const STILL_MS = 30_000

/** What a shell takes as one word. */
const word = (text: string): string => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

export class Standstill {
  #came = -1
  #since = 0
  #told = false
  readonly #command: string

  constructor(infoHash: Uint8Array, dataDir: string) {
    this.#command = `torrewind explain transfer --transfer ${toHex(infoHash)} --data ${word(dataDir)}`
  }

  /** What has not been told yet. */
  news(
    progress: Pick<Progress, 'phase' | 'downloadedBytes' | 'metadataReceivedBytes' | 'peers'>,
    nowMs: number,
  ): readonly string[] {
    const { phase, downloadedBytes, metadataReceivedBytes, peers } = progress
    const came = downloadedBytes + metadataReceivedBytes
    if ((phase !== 'downloading' && phase !== 'metadata') || came !== this.#came) {
      this.#came = came
      this.#since = nowMs
      this.#told = false
    }
    if (this.#told || nowMs - this.#since < STILL_MS) return []
    this.#told = true
    const from = peers === 0 ? '' : ` from ${showCount(peers, 'peer')}`
    return [`nothing has come${from} for ${STILL_MS / 1_000} s; this says why: ${this.#command}`]
  }
}
