/**
 * HTTP trackers (BEP 3): one announce, from its URL to an answer or a failure.
 *
 * Codes of failures: TIMEOUT, REFUSED, STATUS (a status that is no success, without a bencoded failure), GARBAGE (no
 * answer of a tracker: a web page, say), TOO_LARGE, REDIRECTS (too many, or to nowhere), FAILURE (the tracker said no,
 * and the message says why), or else the system's own, as ENOTFOUND for a name or CERT_HAS_EXPIRED.
 */
import { present } from '../assert.js'
import { LIMITS } from '../limits.js'
import type { Answer, Cancel } from '../ports.js'
import { type AnnounceAnswer, type AnnounceRequest, announceUrl, readAnnounceAnswer } from '../wire/tracker.js'
import { failed } from './failure.js'
import { type HttpAnswer, type HttpBounds, httpGet, httpUrl } from './http-get.js'

export const TRACKER_BOUNDS: HttpBounds = {
  timeoutMs: LIMITS.trackerTimeoutMs,
  redirectsMax: LIMITS.trackerRedirectsMax,
  bodyBytesMax: LIMITS.trackerAnswerBytesMax,
}

const LESS_THAN = 0x3c
const SPACE = 0x20

const isWebPage = ({ contentType }: HttpAnswer, body: Uint8Array): boolean =>
  /html/i.test(contentType) || body.find((byte) => byte > SPACE) === LESS_THAN

const readAnswer = (answer: HttpAnswer, bounds: HttpBounds): Answer<AnnounceAnswer> => {
  const { status, body } = answer
  const isSuccess = status >= 200 && status < 300
  const statusFailure = failed('STATUS', `the tracker answered ${status} ${answer.statusText}`.trimEnd())
  if (body === undefined) {
    return isSuccess
      ? failed('TOO_LARGE', `the tracker answered more than ${bounds.bodyBytesMax} bytes`)
      : statusFailure
  }
  // A failure is read whatever the status and the content type: many trackers get these wrong.
  const read = readAnnounceAnswer(body)
  if (read.type === 'failure') {
    const retry = read.retryInMinutes
    const when = retry === undefined ? '' : retry === 'never' ? ' (do not ask again)' : ` (ask again in ${retry} min)`
    return failed('FAILURE', `${read.reason}${when}`)
  }
  if (!isSuccess) return statusFailure
  if (read.type === 'answer') return { type: 'done', value: read }
  return failed('GARBAGE', isWebPage(answer, body) ? 'the tracker answered with a web page' : read.reason)
}

/** `tracker` is a URL of HTTP or HTTPS. */
export const announceOverHttp = (
  tracker: string,
  request: AnnounceRequest,
  bounds: HttpBounds,
  done: (answer: Answer<AnnounceAnswer>) => void,
): Cancel => {
  const url = present(httpUrl(announceUrl(tracker, request)), 'the URL of an HTTP tracker')
  return httpGet(url, bounds, (answer) => done(answer.type === 'failed' ? answer : readAnswer(answer.value, bounds)))
}
