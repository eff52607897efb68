/** The protocol of HTTP trackers in one place: announce and scrape, requests and answers, both directions. */
export * from './announce.js'
export {
  type AnswerStyle,
  encodeAnnounceAnswer,
  type ReadAnnounceAnswer,
  readAnnounceAnswer,
} from './announceanswer.js'
export type { QueryFault } from './query.js'
export * from './scrape.js'
export { type AnswerFault, encodeFailure, type TrackerFailure } from './trackeranswer.js'
