/** Tree poisoners: as `poisoners`, in a torrent of v2, whose trees tell which block is wrong and so who gave it. */
import { scenarioOf } from '../course.js'

export const treePoisoners = scenarioOf('tree-poisoners', 'some seeds of a v2 torrent send spoiled blocks', {
  format: 'v2',
  files: 3,
  peers: 15,
  contentBytes: 4_194_304,
  pieceLength: 131_072,
  seedUploadRate: 131_072,
  uploadRate: 131_072,
  downloadRate: 1_048_576,
  poisoners: 3,
})
