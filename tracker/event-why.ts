/**
 * Why a peer did not get another: read off the log of a tracker's events, each reason with the records that show it.
 *
 * The log has what came back to each announce. Why somebody was not in it follows from the same rules by which a tracker
 * answers, folded over what it was told until then: who is there, as what, and since when.
 */
import { LIMITS } from '../src/limits.js'
import { equalBytes, type InfoHash, showAddress, toHex } from '../src/values.js'
import { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES, hostToBytes } from '../src/wire/compact.js'
import { readUint16 } from '../src/wire/integers.js'
import type { AnsweredRecord, DismissedRecord, EventRecord, OpenedRecord, RefusedRecord } from './event-record.js'
import { type WhyCode, type WhyFinding, type WhyMatter, wordsOf } from './event-why-words.js'

/** A peer by its address, or all peers of a host. */
export interface SoughtPeer {
  readonly host: string
  readonly port?: number | undefined
}

export interface WhyQuestion {
  readonly infoHash: InfoHash
  /** Who asked. */
  readonly peer: SoughtPeer
  /** Whom it did not get. */
  readonly other: SoughtPeer
}

export interface WhyCause {
  readonly code: WhyCode
  readonly text: string
  /** How many answers it holds for. */
  readonly count: number
  /** Numbers of records that show it, the newest last. */
  readonly events: readonly number[]
}

export interface Why {
  /** In words, of the newest answer. */
  readonly verdict: string
  readonly causes: readonly WhyCause[]
  /** Those that are named, in order. */
  readonly records: readonly EventRecord[]
  readonly remedies: readonly string[]
  /** Records that were read, and whether all of them were there. */
  readonly firstSeq: number | undefined
  readonly lastSeq: number | undefined
  readonly isWhole: boolean
}

/** Records that are named of each cause. */
const CITED_MAX = 20

const showSought = ({ host, port }: SoughtPeer): string => (port === undefined ? host : showAddress({ host, port }))

/** What is known of the other at a moment: its last announce, or why it has none that counts. */
type Presence =
  | { readonly type: 'there'; readonly record: AnsweredRecord }
  | { readonly type: 'stopped'; readonly record: AnsweredRecord }
  | { readonly type: 'refused'; readonly record: RefusedRecord }
  | { readonly type: 'limited'; readonly record: DismissedRecord }
  | { readonly type: 'forgotten'; readonly record: OpenedRecord }

class Sought {
  readonly #host: Uint8Array | undefined
  readonly #port: number | undefined

  constructor({ host, port }: SoughtPeer) {
    this.#host = hostToBytes(host)
    this.#port = port
  }

  isAt(host: Uint8Array, port?: number): boolean {
    if (this.#host === undefined || !equalBytes(host, this.#host)) return false
    return port === undefined || this.#port === undefined || port === this.#port
  }

  isIn({ peers: { ipv4, ipv6 } }: AnsweredRecord): boolean {
    return this.#isAmong(ipv4, COMPACT_IPV4_BYTES) || this.#isAmong(ipv6, COMPACT_IPV6_BYTES)
  }

  #isAmong(peers: Uint8Array, size: number): boolean {
    for (let at = 0; at < peers.length; at += size) {
      if (this.isAt(peers.subarray(at, at + size - 2), readUint16(peers, at + size - 2))) return true
    }
    return false
  }
}

export class WhyFold {
  readonly #question: WhyQuestion
  readonly #peer: Sought
  readonly #other: Sought
  #expiryMs = LIMITS.trackerIntervalSecondsDefault * 1_000 * LIMITS.trackerExpiryIntervals
  #opened: OpenedRecord | undefined
  #presence: Presence | undefined
  readonly #causes = new Map<WhyCode, { text: string; count: number; cited: EventRecord[] }>()
  #newest: WhyFinding | undefined
  #firstSeq: number | undefined
  #lastSeq: number | undefined
  #isWhole = true

  constructor(question: WhyQuestion) {
    this.#question = question
    this.#peer = new Sought(question.peer)
    this.#other = new Sought(question.other)
  }

  /** Something is missing before the next record. */
  gap(): void {
    this.#isWhole = false
  }

  take(record: EventRecord): void {
    this.#firstSeq ??= record.seq
    this.#lastSeq = record.seq
    switch (record.type) {
      case 'opened':
        this.#open(record)
        break
      case 'dismissed':
        if (this.#peer.isAt(record.host)) this.#find({ code: 'peer-not-looked-at', record })
        if (this.#other.isAt(record.host) && this.#presence === undefined) this.#presence = { type: 'limited', record }
        break
      case 'refused':
        if (!equalBytes(record.infoHash, this.#question.infoHash)) break
        if (this.#peer.isAt(record.host, record.port)) this.#find({ code: 'peer-refused', record })
        if (this.#other.isAt(record.host, record.port)) this.#presence = { type: 'refused', record }
        break
      case 'answered':
        if (!equalBytes(record.infoHash, this.#question.infoHash)) break
        if (this.#peer.isAt(record.host, record.port)) this.#judge(record)
        if (this.#other.isAt(record.host, record.port)) {
          this.#presence = { type: record.event === 'stopped' ? 'stopped' : 'there', record }
          if (this.#peer.isIn(record)) this.#note({ code: 'other-was-given', record })
        }
        break
    }
  }

  explain(): Why {
    const { peer, other, infoHash } = this.#question
    const matter: WhyMatter = { peer: showSought(peer), other: showSought(other), torrent: toHex(infoHash) }
    const records = new Map<number, EventRecord>()
    const causes: WhyCause[] = []
    for (const [code, { text, count, cited }] of this.#causes) {
      for (const record of cited) records.set(record.seq, record)
      causes.push({ code, text, count, events: cited.map(({ seq }) => seq) })
    }
    const newest = this.#newest
    const { text, remedy } = wordsOf(matter, newest ?? { code: 'never-asked' })
    return {
      verdict: text,
      // The newest first.
      causes: causes.sort((left, right) => (right.events.at(-1) ?? 0) - (left.events.at(-1) ?? 0)),
      records: [...records.values()].sort((left, right) => left.seq - right.seq),
      remedies: remedy === undefined ? [] : [remedy],
      firstSeq: this.#firstSeq,
      lastSeq: this.#lastSeq,
      isWhole: this.#isWhole,
    }
  }

  #open(record: OpenedRecord): void {
    this.#opened = record
    this.#expiryMs = record.intervalSeconds * 1_000 * LIMITS.trackerExpiryIntervals
    // Peers in memory end with their tracker.
    if (!record.begins || record.keeping !== 'memory' || this.#presence === undefined) return
    this.#presence = { type: 'forgotten', record }
  }

  #judge(record: AnsweredRecord): void {
    if (record.event !== 'stopped') this.#find(this.#findingOf(record))
  }

  #findingOf(record: AnsweredRecord): WhyFinding {
    if (this.#other.isIn(record)) return { code: 'offered', record }
    if (record.numwant === 0) return { code: 'none-wanted', record }
    const presence = this.#presence
    if (presence === undefined) return { code: 'not-announced', record, keeping: this.#opened?.keeping }
    if (presence.type === 'stopped') return { code: 'other-stopped', record, other: presence.record }
    if (presence.type === 'refused') return { code: 'other-refused', record, other: presence.record }
    if (presence.type === 'limited') return { code: 'other-not-looked-at', record, other: presence.record }
    if (presence.type === 'forgotten') return { code: 'restarted', record, other: presence.record }
    const { record: other } = presence
    if (record.atMs - other.atMs >= this.#expiryMs) {
      return { code: 'expired', record, other, expiryMs: this.#expiryMs }
    }
    if ((record.front === 'ws') !== (other.front === 'ws')) return { code: 'other-front', record, other }
    if (equalBytes(record.peerId, other.peerId)) return { code: 'same-peer', record, other }
    if (record.seed && other.seed) return { code: 'seed-to-seed', record, other }
    const wants = other.host.length === 4 ? record.wantsIpv4 : record.wantsIpv6
    if (!wants && record.front !== 'ws') return { code: 'other-family', record, other }
    const others = record.seed ? record.incomplete : record.complete + record.incomplete - 1
    const offered = record.peers.ipv4.length / COMPACT_IPV4_BYTES + record.peers.ipv6.length / COMPACT_IPV6_BYTES
    if (record.front === 'ws') return { code: 'over-websocket', record, other }
    if (others > offered) return { code: 'sampled-out', record, other, others, offered }
    return { code: 'unknown', record, other }
  }

  #find(finding: WhyFinding): void {
    this.#newest = finding
    this.#note(finding)
  }

  #note(finding: WhyFinding): void {
    const { peer, other, infoHash } = this.#question
    const { text } = wordsOf({ peer: showSought(peer), other: showSought(other), torrent: toHex(infoHash) }, finding)
    const cause = this.#causes.get(finding.code) ?? { text, count: 0, cited: [] }
    const seen = new Map(cause.cited.map((record) => [record.seq, record]))
    if ('other' in finding) seen.set(finding.other.seq, finding.other)
    if ('record' in finding) seen.set(finding.record.seq, finding.record)
    const cited = [...seen.values()].sort((left, right) => left.seq - right.seq).slice(-CITED_MAX)
    this.#causes.set(finding.code, { text, count: cause.count + 1, cited })
  }
}
