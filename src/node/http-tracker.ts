/**
 * HTTP trackers (BEP 3, 48): one announce or scrape, from its URL to an answer or a failure.
 *
 * Codes of failures: TIMEOUT, REFUSED, STATUS (a status that is no success, without a bencoded failure), GARBAGE (no
 * answer of a tracker: a web page, say), TOO_LARGE, REDIRECTS (too many, or to nowhere), FAILURE (the tracker said no,
 * and the message says why), or else the system's own, as ENOTFOUND for a name or CERT_HAS_EXPIRED.
 */
import { present } from '../assert.js'
import { LIMITS } from '../limits.js'
import type { Answer, Cancel } from '../ports.js'
import { type InfoHash, toHex } from '../values.js'
import {
  type AnnounceAnswer,
  type AnnounceRequest,
  type AnswerFault,
  announceUrl,
  readAnnounceAnswer,
  readScrapeAnswer,
  type ScrapeAnswer,
  type TrackerCounts,
  type TrackerFailure,
} from '../wire/tracker.js'
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

type Reading<Read> = Read | TrackerFailure | AnswerFault

const readWith = <Read extends { readonly type: 'answer' }, Value>(
  { answer, bounds }: { readonly answer: HttpAnswer; readonly bounds: HttpBounds },
  read: (body: Uint8Array) => Reading<Read>,
  take: (read: Read) => Answer<Value>,
): Answer<Value> => {
  const { status, body } = answer
  const isSuccess = status >= 200 && status < 300
  const statusFailure = failed('STATUS', `the tracker answered ${status} ${answer.statusText}`.trimEnd())
  if (body === undefined) {
    return isSuccess
      ? failed('TOO_LARGE', `the tracker answered more than ${bounds.bodyBytesMax} bytes`)
      : statusFailure
  }
  // A failure is read whatever the status and the content type: many trackers get these wrong.
  const said = read(body)
  if (said.type === 'failure') {
    const retry = said.retryInMinutes
    const when = retry === undefined ? '' : retry === 'never' ? ' (do not ask again)' : ` (ask again in ${retry} min)`
    return failed('FAILURE', `${said.reason}${when}`)
  }
  if (!isSuccess) return statusFailure
  if (said.type === 'answer') return take(said)
  return failed('GARBAGE', isWebPage(answer, body) ? 'the tracker answered with a web page' : said.reason)
}

/** `tracker` is a URL of HTTP or HTTPS. */
export const announceOverHttp = (
  tracker: string,
  request: AnnounceRequest,
  bounds: HttpBounds,
  done: (answer: Answer<AnnounceAnswer>) => void,
): Cancel => {
  const url = present(httpUrl(announceUrl(tracker, request)), 'the URL of an HTTP tracker')
  return httpGet(url, bounds, (answer) =>
    done(
      answer.type === 'failed'
        ? answer
        : readWith({ answer: answer.value, bounds }, readAnnounceAnswer, (value) => ({ type: 'done', value })),
    ),
  )
}

/** `url` is that of the scrape (BEP 48) of these torrents, whose counts come in their order. */
export const scrapeOverHttp = (
  url: URL,
  infoHashes: readonly InfoHash[],
  bounds: HttpBounds,
  done: (answer: Answer<readonly (TrackerCounts | undefined)[]>) => void,
): Cancel => {
  const countsIn = ({ files, minRequestIntervalSeconds }: ScrapeAnswer): Answer<(TrackerCounts | undefined)[]> => ({
    type: 'done',
    value: infoHashes.map((hash) => {
      const counts = files.get(toHex(hash))
      return counts && { ...counts, minIntervalSeconds: minRequestIntervalSeconds }
    }),
  })
  return httpGet(url, bounds, (answer) =>
    done(answer.type === 'failed' ? answer : readWith({ answer: answer.value, bounds }, readScrapeAnswer, countsIn)),
  )
}
