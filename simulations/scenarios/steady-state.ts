/**
 * Steady state: leechers come at a constant rate and leave a while after they finished, for as long as it takes.
 *
 * The fluid model of Qiu and Srikant says how many leechers and seeds there are then: with arrivals l, uploads mu and
 * downloads c in contents a second, seeds that leave at the rate g and leechers that give up at the rate t,
 * 1/b = max(1/c, 1/mu - 1/g) is the mean download time where nobody gives up, whatever l is.
 */
import { scenarioOf } from '../course.js'

export const steadyState = scenarioOf('steady-state', 'leechers come and seeds go at a constant rate', {
  peers: 120,
  contentBytes: 524_288,
  pieceLength: 16_384,
  // Next to nothing: the fluid model has no seed that stays for ever.
  seedUploadRate: 1_024,
  uploadRate: 4_096,
  downloadRate: 65_536,
  arrivalsPerSecond: 0.1,
  seedStay: { type: 'exponential', mean: 64 },
  warmupSeconds: 300,
})
