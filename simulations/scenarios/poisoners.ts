/** Poisoners: seeds that spoil blocks, and are to be found out. */
import { scenarioOf } from '../course.js'

export const poisoners = scenarioOf('poisoners', 'some seeds send spoiled blocks', {
  peers: 15,
  contentBytes: 4_194_304,
  pieceLength: 65_536,
  seedUploadRate: 131_072,
  uploadRate: 131_072,
  downloadRate: 1_048_576,
  poisoners: 3,
})
