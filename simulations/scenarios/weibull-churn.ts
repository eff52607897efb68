/**
 * Weibull churn: leechers come and go, for sessions that are short mostly and long at times, and come back with what they
 * stored. The shape is that of real sessions; the scale fits a content that is small enough to be simulated in seconds.
 */
import { scenarioOf } from '../course.js'

export const weibullChurn = scenarioOf(
  'weibull-churn',
  'leechers come, leave and come back, with heavy-tailed sessions',
  {
    peers: 30,
    contentBytes: 2_097_152,
    pieceLength: 32_768,
    seedUploadRate: 16_384,
    uploadRate: 16_384,
    downloadRate: 131_072,
    arrivalsPerSecond: 0.2,
    trackerIntervalSeconds: 60,
    sessions: { type: 'weibull', scale: 90, shape: 0.66 },
    absences: { type: 'weibull', scale: 60, shape: 0.66 },
  },
)
