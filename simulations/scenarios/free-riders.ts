/** Free riders: a part of the leechers never serves anybody. */
import { scenarioOf } from '../course.js'

export const freeRiders = scenarioOf('free-riders', 'a part of the leechers takes and never gives', {
  peers: 24,
  contentBytes: 4_194_304,
  pieceLength: 65_536,
  seedUploadRate: 65_536,
  uploadRate: 65_536,
  downloadRate: 524_288,
  freeRiderShare: 0.25,
})
