/** Trackerless: there is no tracker, and peers are found in the DHT, over datagrams that get lost, and by other peers. */
import { scenarioOf } from '../course.js'

export const trackerless = scenarioOf('trackerless', 'no tracker is there: peers find each other in the DHT', {
  peers: 20,
  contentBytes: 2_097_152,
  pieceLength: 32_768,
  seedUploadRate: 131_072,
  uploadRate: 131_072,
  downloadRate: 524_288,
  arrivalsPerSecond: 0.5,
  trackers: 0,
  dht: 1,
  pex: 1,
  lossRate: 0.02,
  duplicateRate: 0.02,
  reorderRate: 0.05,
})
