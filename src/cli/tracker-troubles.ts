/** Troubles with trackers, as text for people: each tracker and reason once. */
import type { Progress } from '../index.js'

/** A tracker whose reason is another each time is no news for ever. */
const TOLD_MAX = 100

/** Without what a terminal could obey, as a tracker may say anything. */
const harmless = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?')

export class TrackerTroubles {
  readonly #told = new Set<string>()

  /** What has not been told yet. */
  news({ trackerTroubles }: Pick<Progress, 'trackerTroubles'>): readonly string[] {
    return trackerTroubles.flatMap(({ tracker, failure, warning }) => {
      const said = failure === undefined ? `warns: ${warning ?? ''}` : `failed: ${failure}`
      const text = harmless(`tracker ${tracker} ${said}`)
      if (this.#told.has(text) || this.#told.size >= TOLD_MAX) return []
      this.#told.add(text)
      return [text]
    })
  }
}
