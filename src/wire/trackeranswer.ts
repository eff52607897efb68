/** What the answers of HTTP trackers have in common: bencode that need not be sorted, and failures (BEP 3, 31). */
import { LIMITS } from '../limits.js'
import { boundedText } from '../values.js'
import { type Bencode, type BencodeDictionary, decodePrefix, encode } from './bencode.js'
import { asBytes, asDictionary, asInteger } from './fields.js'

export interface AnswerFault {
  readonly type: 'fault'
  readonly reason: string
}

/** The tracker understood, and said no. */
export interface TrackerFailure {
  readonly type: 'failure'
  readonly reason: string
  /** After how many minutes to ask again (BEP 31); undefined where it said nothing of it. */
  readonly retryInMinutes: number | 'never' | undefined
}

export const answerFault = (reason: string): AnswerFault => ({ type: 'fault', reason })

const utf8 = new TextDecoder()

/** A stranger's words for people: bounded, and without what a terminal would obey. */
export const showableText = (text: string): string =>
  boundedText(text, LIMITS.trackerTextMax)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .trim()

export const readShownText = (value: Bencode | undefined): string | undefined => {
  const bytes = asBytes(value)
  if (bytes === undefined) return undefined
  // A character takes up to four bytes, and one cut in half shows as a question mark that is cut off next.
  return showableText(utf8.decode(bytes.subarray(0, LIMITS.trackerTextMax * 4)))
}

/** PHP trackers like to end in an empty line. */
const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)

const readRetry = (value: Bencode | undefined): number | 'never' | undefined => {
  const minutes = asInteger(value)
  if (minutes !== undefined) return minutes > 0 ? minutes : undefined
  const text = readShownText(value)
  if (text === 'never') return 'never'
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined
}

export interface AnswerDictionary {
  readonly type: 'dictionary'
  readonly dictionary: BencodeDictionary
}

/** The dictionary of an answer that is not a failure. */
export const readAnswer = (bytes: Uint8Array): AnswerDictionary | TrackerFailure | AnswerFault => {
  if (bytes.length > LIMITS.trackerAnswerBytesMax) {
    return answerFault(`the answer is longer than ${LIMITS.trackerAnswerBytesMax} bytes`)
  }
  const decoded = decodePrefix(bytes, { canonical: false, tokensMax: LIMITS.trackerAnswerTokensMax })
  if (decoded.type === 'fault') {
    return answerFault(`the answer is not bencoded: ${decoded.reason}, at byte ${decoded.at}`)
  }
  if (!isBlank(bytes.subarray(decoded.byteLength))) return answerFault('there is data after the answer')
  const dictionary = asDictionary(decoded.value)
  if (dictionary === undefined) return answerFault('the answer is no dictionary')
  if (!dictionary.has('failure reason')) return { type: 'dictionary', dictionary }
  return {
    type: 'failure',
    reason: readShownText(dictionary.get('failure reason')) || 'the tracker gave no reason',
    retryInMinutes: readRetry(dictionary.get('retry in')),
  }
}

/** A failure, as a tracker writes it. */
export const encodeFailure = (reason: string, retryInMinutes?: number | 'never'): Uint8Array =>
  encode({ 'failure reason': reason, 'retry in': retryInMinutes })
