/** What the log of a tracker's events tells of two peers, in words, and what would change it. */
import type { AnsweredRecord, DismissedRecord, Keeping, OpenedRecord, RefusedRecord } from './event-record.js'
import type { RefusalCode } from './swarm.js'

export interface WhyMatter {
  readonly peer: string
  readonly other: string
  /** Its info-hash in hexadecimal digits. */
  readonly torrent: string
}

interface Between<Code extends string> {
  readonly code: Code
  /** The announce that was answered without the other. */
  readonly record: AnsweredRecord
  /** What was heard of the other last. */
  readonly other: AnsweredRecord
}

/** What came of one request of the peer. */
export type WhyFinding =
  | { readonly code: 'never-asked' }
  | { readonly code: 'offered' | 'other-was-given' | 'none-wanted'; readonly record: AnsweredRecord }
  | { readonly code: 'peer-refused'; readonly record: RefusedRecord }
  | { readonly code: 'peer-not-looked-at'; readonly record: DismissedRecord }
  | { readonly code: 'not-announced'; readonly record: AnsweredRecord; readonly keeping: Keeping | undefined }
  | { readonly code: 'other-refused'; readonly record: AnsweredRecord; readonly other: RefusedRecord }
  | { readonly code: 'other-not-looked-at'; readonly record: AnsweredRecord; readonly other: DismissedRecord }
  | { readonly code: 'restarted'; readonly record: AnsweredRecord; readonly other: OpenedRecord }
  | Between<
      'other-stopped' | 'other-front' | 'same-peer' | 'seed-to-seed' | 'other-family' | 'over-websocket' | 'unknown'
    >
  | (Between<'expired'> & { readonly expiryMs: number })
  | (Between<'sampled-out'> & { readonly others: number; readonly offered: number })

export type WhyCode = WhyFinding['code']

interface Words {
  readonly text: string
  readonly remedy?: string | undefined
}

const showTime = (atMs: number): string => `${(atMs / 1_000).toFixed(3)} s`

const REFUSED: Readonly<Record<RefusalCode | 'limited', string>> = {
  malformed: 'its request was malformed',
  not_connected: 'its connection id was none of its own, or had expired',
  not_served: 'the tracker does not serve this torrent (its list)',
  denied: 'its token was missing, or not good for this',
  torrents_full: 'the tracker held as many torrents as it may',
  peers_full: 'the tracker held as many peers as it may',
  busy: 'too much waited for the store',
  store_failed: 'the store was away',
  limited: 'its address asked more often than it may',
}

const REFUSED_REMEDIES: Readonly<Record<RefusalCode | 'limited', string>> = {
  malformed: 'the client has to send a request as BEP 3, 15 or 23 have it',
  not_connected: 'the client has to connect again (BEP 15)',
  not_served: 'add the info-hash to the file of --allow',
  denied: 'give the client a token with the scope announce, for this torrent',
  torrents_full: 'raise torrentsMax',
  peers_full: 'raise peersMax',
  busy: 'a faster store, or more trackers beside this one',
  store_failed: 'see to the store',
  limited: 'raise --rate, or let the client ask less often',
}

/** As long as a record is told of, by its number. */
const by = ({ seq }: { readonly seq: number }): string => `record ${seq}`

export const wordsOf = ({ peer, other, torrent }: WhyMatter, finding: WhyFinding): Words => {
  switch (finding.code) {
    case 'never-asked':
      return {
        text: `${peer} has not asked for ${torrent} in this log`,
        remedy: 'see whether the client has this tracker, and which address it comes from',
      }
    case 'offered':
      return { text: `${peer} was given ${other} (${by(finding.record)}): what came after that is between the two` }
    case 'other-was-given':
      return { text: `${other} was given ${peer} (${by(finding.record)}), and may have come to it by itself` }
    case 'none-wanted':
      return { text: `${peer} asked for no peers at all (${by(finding.record)})` }
    case 'peer-refused':
      return {
        text: `${peer} was refused (${by(finding.record)}): ${REFUSED[finding.record.code]}`,
        remedy: REFUSED_REMEDIES[finding.record.code],
      }
    case 'peer-not-looked-at':
      return {
        text: `a request from the address of ${peer} was not looked at (${by(finding.record)}): ${REFUSED[finding.record.code]}`,
        remedy: REFUSED_REMEDIES[finding.record.code],
      }
    case 'not-announced': {
      const elsewhere = finding.keeping === 'shared' ? '; at another tracker of the same store it may have been' : ''
      return {
        text: `${other} had not announced by ${by(finding.record)}, as far back as this log goes${elsewhere}`,
        remedy: `${peer} gets it with an announce after it has announced`,
      }
    }
    case 'other-refused':
      return {
        text: `${other} had been refused (${by(finding.other)}): ${REFUSED[finding.other.code]}`,
        remedy: REFUSED_REMEDIES[finding.other.code],
      }
    case 'other-not-looked-at':
      return {
        text: `a request from the address of ${other} was not looked at (${by(finding.other)}): ${REFUSED[finding.other.code]}`,
        remedy: REFUSED_REMEDIES[finding.other.code],
      }
    case 'restarted':
      return {
        text: `the tracker was started again (${by(finding.other)}), and ${other} had not announced since`,
        remedy: 'keep peers over a restart with --store level:DIR or redis://',
      }
    case 'other-stopped':
      return { text: `${other} had left the swarm (${by(finding.other)})` }
    case 'expired':
      return {
        text:
          `${other} was not heard of for ${showTime(finding.record.atMs - finding.other.atMs)} since ${by(finding.other)}, ` +
          `and is forgotten after ${showTime(finding.expiryMs)}`,
        remedy: 'see why it announces no more',
      }
    case 'other-front':
      return {
        text: `one of them is a browser over WebSocket, and the other is not (${by(finding.other)}): neither can reach the other`,
      }
    case 'same-peer':
      return { text: `${other} has the same peer id (${by(finding.other)}): it is ${peer} by another address` }
    case 'seed-to-seed':
      return {
        text: `both had the whole torrent (${by(finding.other)}, ${by(finding.record)}): seeds are not sent to seeds`,
      }
    case 'other-family':
      return {
        text: `${peer} asked over UDP, whose answers have addresses of one family (BEP 15), and ${other} is of the other one`,
        remedy: 'an announce over the other family too (BEP 7), or over HTTP',
      }
    case 'over-websocket':
      return { text: `both are browsers: which of them were given offers of each other is not in this log` }
    case 'sampled-out':
      return {
        text: `chance left it out: ${by(finding.record)} was answered with ${finding.offered} of up to ${finding.others} others`,
        remedy: 'a larger numwant, or the next announces: each draws anew',
      }
    case 'unknown':
      return { text: `the log does not say why ${other} was left out of ${by(finding.record)}` }
  }
}
