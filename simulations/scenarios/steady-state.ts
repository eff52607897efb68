/**
 * Steady state: leechers come at a constant rate and leave a while after they finished, for as long as it takes.
 *
 * The fluid model of Qiu and Srikant says how many leechers and seeds there are then: with arrivals l, uploads mu and
 * downloads c in contents a second, seeds that leave at the rate g and leechers that give up at the rate t,
 * 1/b = max(1/c, 1/mu - 1/g) is the mean download time where nobody gives up, whatever l is.
 */
import { scenarioOf } from '../course.js'

export const steadyState = scenarioOf('steady-state', 'leechers come and seeds go at a constant rate', {
  peers: 80,
  contentBytes: 2_097_152,
  pieceLength: 65_536,
  seedUploadRate: 32_768,
  uploadRate: 32_768,
  downloadRate: 524_288,
  arrivalsPerSecond: 0.2,
  seedStay: { type: 'exponential', mean: 20 },
  warmupSeconds: 120,
})
