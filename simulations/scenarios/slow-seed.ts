/** Slow seed: the only seed uploads far more slowly than the leechers, who share each piece faster than it brings the next. */
import { scenarioOf } from '../course.js'

export const slowSeed = scenarioOf('slow-seed', 'the only seed is slower than anybody else', {
  peers: 20,
  contentBytes: 2_097_152,
  pieceLength: 32_768,
  seedUploadRate: 16_384,
  uploadRate: 131_072,
  downloadRate: 1_048_576,
})
