/** Bandwidth classes: leechers with slow, middling and fast lines in one swarm. */
import { scenarioOf } from '../course.js'

export const bandwidthClasses = scenarioOf('bandwidth-classes', 'slow, middling and fast lines in one swarm', {
  peers: 20,
  contentBytes: 4_194_304,
  pieceLength: 65_536,
  seedUploadRate: 524_288,
  classes: [
    { name: 'dsl', share: 0.5, uploadRate: 32_768, downloadRate: 262_144 },
    { name: 'cable', share: 0.3, uploadRate: 98_304, downloadRate: 786_432 },
    { name: 'fibre', share: 0.2, uploadRate: 393_216, downloadRate: 3_145_728 },
  ],
})
