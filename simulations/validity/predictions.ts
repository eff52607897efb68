/** Predictions: what theory says of swarms in closed form, for simulations to be measured against. */

export interface Crowd {
  readonly contentBytes: number
  readonly leechers: number
  readonly seeds: number
  /** Bytes a second, of each; a download rate of 0 is no limit. */
  readonly seedUploadRate: number
  readonly uploadRate: number
  readonly downloadRate: number
}

/**
 * The least time in which the last of a crowd can finish (Kumar and Ross): the seeds send each byte once, each leecher
 * receives all of them, and every copy is sent by somebody.
 */
export const leastSeconds = (crowd: Crowd): number => {
  const { contentBytes, leechers, seeds, seedUploadRate, uploadRate, downloadRate } = crowd
  const seedsRate = seeds * seedUploadRate
  return Math.max(
    contentBytes / seedsRate,
    downloadRate === 0 ? 0 : contentBytes / downloadRate,
    (leechers * contentBytes) / (seedsRate + leechers * uploadRate),
  )
}

export interface Flow {
  readonly arrivalsPerSecond: number
  /** Contents a second that each uploads, seeds and leechers alike, and that each can download. */
  readonly uploads: number
  readonly downloads: number
  /** One over the mean time that those who finished stay, and one over the mean patience of those who did not. */
  readonly seedsLeave: number
  readonly leechersGiveUp: number
  /** The share of a leecher's uplink that finds something to send. */
  readonly effectiveness: number
  /** Contents a second of seeds that never leave; the model of Qiu and Srikant has none. */
  readonly alwaysSeeded: number
}

export interface SteadyState {
  readonly leechers: number
  readonly seeds: number
  readonly downloadSeconds: number
}

/**
 * The steady state of a flow of leechers (Qiu and Srikant), whose download time does not depend on how many come. What
 * is always seeded is taken off what the others have to upload, which is exact where nobody gives up.
 */
export const steadyState = (flow: Flow): SteadyState => {
  const { arrivalsPerSecond, uploads, downloads, seedsLeave, leechersGiveUp, effectiveness, alwaysSeeded } = flow
  const byOthers = 1 - alwaysSeeded / arrivalsPerSecond
  const uploadBound = (byOthers / uploads - 1 / seedsLeave) / effectiveness
  const beta = 1 / Math.max(1 / downloads, uploadBound)
  return {
    leechers: arrivalsPerSecond / (beta + leechersGiveUp),
    seeds: arrivalsPerSecond / (seedsLeave * (1 + leechersGiveUp / beta)),
    downloadSeconds: 1 / (beta + leechersGiveUp),
  }
}

export interface Club {
  readonly arrivalsPerSecond: number
  /** Pieces a second that the seed uploads, and each leecher. */
  readonly seedPieces: number
  readonly uploadPieces: number
  /** Mean seconds that a leecher stays once it finished; 0 where it leaves at once. */
  readonly staySeconds: number
}

/**
 * Arrivals a second up to which the missing piece does no lasting harm (Hajek and Zhu): each copy that the seed uploads
 * makes a seed for a while, which makes more of them. Infinite where each makes one more at least before it leaves.
 */
export const clubThreshold = ({ seedPieces, uploadPieces, staySeconds }: Club): number => {
  const offspring = uploadPieces * staySeconds
  return offspring >= 1 ? Number.POSITIVE_INFINITY : seedPieces / (1 - offspring)
}

/** Members a second by which a large club grows, or shrinks where it is negative. */
export const clubDrift = (club: Club): number => club.arrivalsPerSecond - clubThreshold(club)
