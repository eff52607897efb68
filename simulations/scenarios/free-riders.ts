/** Free riders: a part of the leechers never serves anybody; nobody who finished stays to give them what is left. */
import { scenarioOf } from '../course.js'

export const freeRiders = scenarioOf('free-riders', 'a part of the leechers takes and never gives', {
  peers: 20,
  contentBytes: 4_194_304,
  pieceLength: 32_768,
  // Were the seed slow, all would wait for its next piece, whatever they give.
  seedUploadRate: 262_144,
  uploadRate: 65_536,
  downloadRate: 524_288,
  seedStay: { type: 'fixed', seconds: 0 },
  freeRiderShare: 0.25,
})
