/**
 * Seed leaves early: the only seed goes as soon as the leechers have every piece between them. With
 * `--set seedsLeaveAtShare=0.9` it goes before, and the content is lost.
 */
import { scenarioOf } from '../course.js'

export const seedLeavesEarly = scenarioOf('seed-leaves-early', 'the only seed leaves when each piece is out once', {
  peers: 20,
  contentBytes: 4_194_304,
  pieceLength: 65_536,
  seedUploadRate: 131_072,
  uploadRate: 65_536,
  downloadRate: 524_288,
  seedsLeaveAtShare: 1,
})
