/** Changes of a tracker while it runs: its list, the keys of its tokens, how often an address may ask. All or none. */
import { messageOf, TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { readAllowed } from './allow-list.js'
import type { TrackerCore } from './core.js'
import type { TrackerLogger } from './logger.js'
import { machineSeed } from './machine.js'
import type { TrackerChanges } from './options.js'
import { Rates } from './rates.js'
import type { Tokens } from './tokens.js'
import { whole } from './whole.js'

export const ratesOf = (rate: number = LIMITS.trackerRatePerSecond): Rates | undefined => {
  const perSecond = whole(rate, 'rate', 0, LIMITS.trackerRatePerSecondMax)
  return perSecond === 0 ? undefined : new Rates({ perSecond, seed: machineSeed() })
}

export interface ReloaderParts {
  readonly core: TrackerCore
  /** Of a private tracker. */
  readonly tokens: Tokens | undefined
  readonly logger: TrackerLogger
}

export class Reloader {
  applied = 0
  refused = 0
  readonly #parts: ReloaderParts

  constructor(parts: ReloaderParts) {
    this.#parts = parts
  }

  async reload(changes: TrackerChanges | (() => Promise<TrackerChanges>)): Promise<void> {
    const { logger } = this.#parts
    try {
      this.#apply(typeof changes === 'function' ? await changes() : changes)
    } catch (error) {
      this.refused++
      logger.warn({ error: messageOf(error) }, 'reload refused: all stays as it was')
      throw error
    }
    this.applied++
    logger.info({ allowed: this.#parts.core.allow?.size ?? null }, 'reloaded')
  }

  #apply({ allow, keys, rate }: TrackerChanges): void {
    const { core, tokens } = this.#parts
    // What can be refused comes first, and the keys last of that: with them the library takes over at once.
    const allowed = allow === undefined || allow === 'any' ? undefined : readAllowed(allow)
    const rates = rate === undefined || rate === (core.rates?.perSecond ?? 0) ? core.rates : ratesOf(rate)
    if (keys !== undefined) {
      if (tokens === undefined) throw new TorrewindError('OPTION_INVALID', 'keys are for a tracker that has tokens')
      tokens.exchangeKeys(keys)
    }
    if (allow !== undefined) core.allow = allowed
    core.rates = rates
  }
}
