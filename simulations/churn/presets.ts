/**
 * Presets: how long sessions of BitTorrent were in the world, as Weibull distributions that were fitted to them.
 *
 * From Boxun Zhang, Alexandru Iosup and Dick Epema, "The Peer-to-Peer Trace Archive: Design and Comparative Trace
 * Analysis", TU Delft, report PDS-2010-003 (2010), table 14, and named as the traces are named there: T3'05 is `t3-05`.
 */

export interface WeibullFit {
  readonly scaleMinutes: number
  readonly shape: number
}

export const WEIBULL_FITS = {
  't3-05': { scaleMinutes: 295.93, shape: 0.66 },
  't5-05': { scaleMinutes: 5_602.84, shape: 0.82 },
  't6-05': { scaleMinutes: 287.93, shape: 0.63 },
  't6-09': { scaleMinutes: 246.24, shape: 0.67 },
  't7-05': { scaleMinutes: 205.71, shape: 0.62 },
  't10-05': { scaleMinutes: 238.85, shape: 0.61 },
  't15-07': { scaleMinutes: 651.81, shape: 0.64 },
} as const satisfies Readonly<Record<string, WeibullFit>>

export type WeibullFitName = keyof typeof WEIBULL_FITS

export const isWeibullFit = (name: string): name is WeibullFitName => Object.hasOwn(WEIBULL_FITS, name)
