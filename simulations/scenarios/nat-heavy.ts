/** NAT heavy: most leechers cannot be dialed, so that two of them never connect to each other. */
import { scenarioOf } from '../course.js'

export const natHeavy = scenarioOf('nat-heavy', 'most leechers are behind a NAT, and nobody can dial them', {
  peers: 24,
  contentBytes: 4_194_304,
  pieceLength: 65_536,
  seedUploadRate: 65_536,
  uploadRate: 65_536,
  downloadRate: 524_288,
  natShare: 0.75,
})
