/**
 * From a datagram to the one that answers it, or to none: connect, announce and scrape (BEP 15, 41).
 *
 * Whoever has shown no connection id of its own gets no more bytes than it sent, and only for what is a request of this
 * protocol; so nobody can have the tracker send much to an address that it only wrote on a datagram.
 */
import { LIMITS } from '../src/limits.js'
import { toHex } from '../src/values.js'
import { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import type { Family } from '../src/wire/datagram.js'
import { readUint32 } from '../src/wire/integers.js'
import { type Allocate, ANNOUNCED_BYTES, encodeUdpAnnounced, encodeUdpAnswer } from '../src/wire/udpanswer.js'
import { readUdpRequest, UDP_ACTIONS, type UdpAnnounce, type UdpScrape } from '../src/wire/udprequest.js'
import { readToken } from './access.js'
import type { ConnectionIds } from './connection-ids.js'
import type { TrackerCore } from './core.js'
import { type Soon, type StoreAnswer, soon } from './store.js'
import type { Refusal, RefusalCode } from './swarm.js'

const HEAD_BYTES = 16
/** Stands for the connection id of a request, which was looked at before. */
const CHECKED = new Uint8Array(8)
const NOBODY = { complete: 0, downloaded: 0, incomplete: 0 }
const NOT_CONNECTED = 'the connection id is not one of yours, or has expired'

/** What fits one datagram of an answer. */
const PEERS_MAX: Readonly<Record<Family, number>> = {
  ipv4: Math.floor((LIMITS.trackerAnswerDatagramBytesMax - ANNOUNCED_BYTES) / COMPACT_IPV4_BYTES),
  ipv6: Math.floor((LIMITS.trackerAnswerDatagramBytesMax - ANNOUNCED_BYTES) / COMPACT_IPV6_BYTES),
}
const FAMILIES: Readonly<Record<Family, readonly Family[]>> = { ipv4: ['ipv4'], ipv6: ['ipv6'] }

/** No longer than what it answers, even if that cuts the words off. */
const failed = (datagram: Uint8Array, reason: string): Uint8Array => {
  const transactionId = readUint32(datagram, 12)
  return encodeUdpAnswer({ type: 'failure', transactionId, reason }, 'ipv4').subarray(0, datagram.length)
}

/** A request that got no further than to be refused is counted as what it said it was. */
const dismiss = (core: TrackerCore, action: number, from: Uint8Array, code: RefusalCode): void => {
  if (action === UDP_ACTIONS.announce) core.dismiss('udp', 'announce', from, code)
  if (action === UDP_ACTIONS.scrape) core.dismiss('udp', 'scrape', from, code)
}

const announceReply = (
  core: TrackerCore,
  datagram: Uint8Array,
  asked: UdpAnnounce,
  from: Uint8Array,
  allocate: Allocate | undefined,
  nowMs: number,
): Soon<Uint8Array> => {
  const { infoHash, peerId, port, leftBytes, event, transactionId } = asked
  const family = from.length === 4 ? 'ipv4' : 'ipv6'
  const host = family === 'ipv4' ? core.hostOf(asked.host, from) : from
  const numwant = Math.min(asked.numwant ?? LIMITS.trackerNumwantDefault, PEERS_MAX[family])
  const request = { infoHash, peerId, port, leftBytes, event, host, numwant, families: FAMILIES[family] }
  const token = core.access && readToken(asked.urlData)
  const encode = (answer: StoreAnswer | Refusal, into?: Allocate): Uint8Array => {
    if (answer.type === 'refusal') return failed(datagram, answer.reason)
    const { complete, incomplete } = answer
    const said = { transactionId, intervalSeconds: core.intervalSeconds, complete, incomplete }
    const bytes = encodeUdpAnnounced(said, answer.compactBytes(family), into)
    answer.writeCompact(family, bytes, ANNOUNCED_BYTES)
    return bytes
  }
  const answer = core.announce('udp', request, token, core.store, nowMs)
  // Whoever answers later finds the memory in use by others.
  return answer instanceof Promise ? answer.then((later) => encode(later)) : encode(answer, allocate)
}

/** A scrape has no place for a token, so a private tracker refuses it. */
const scrapeReply = (core: TrackerCore, datagram: Uint8Array, asked: UdpScrape, from: Uint8Array): Soon<Uint8Array> => {
  const { infoHashes, transactionId } = asked
  return soon(core.denied(infoHashes), (reason) => {
    if (reason !== undefined) {
      core.dismiss('udp', 'scrape', from, 'denied')
      return failed(datagram, reason)
    }
    return soon(core.scrape('udp', infoHashes), (answer) => {
      if ('reason' in answer) return failed(datagram, answer.reason)
      // Counts go by their place, so torrents that are not served have some, too.
      const counts = new Map(answer.map((file) => [toHex(file.infoHash), file]))
      const files = infoHashes.map((infoHash) => counts.get(toHex(infoHash)) ?? NOBODY)
      return encodeUdpAnswer({ type: 'scraped', transactionId, files }, 'ipv4')
    })
  })
}

/**
 * `from` is the address that the datagram came from, in 4 or 16 bytes. What is answered at once may lie in memory that
 * `allocate` gives out again the next time.
 */
export const udpReply = (
  core: TrackerCore,
  ids: ConnectionIds,
  datagram: Uint8Array,
  from: Uint8Array,
  allocate?: Allocate,
): Soon<Uint8Array | undefined> => {
  if (datagram.length < HEAD_BYTES) return undefined
  const action = readUint32(datagram, 8)
  const nowMs = core.now()
  const isConnected = action !== UDP_ACTIONS.connect && ids.accepts(datagram, from, nowMs)
  if (!core.takes('udp', from, isConnected, nowMs)) return undefined
  if (action !== UDP_ACTIONS.connect && !isConnected) {
    if (action !== UDP_ACTIONS.announce && action !== UDP_ACTIONS.scrape) return undefined
    dismiss(core, action, from, 'not_connected')
    return failed(datagram, NOT_CONNECTED)
  }
  const asked =
    datagram.length > LIMITS.trackerQueryBytesMax
      ? ({ type: 'fault', reason: `a request is no longer than ${LIMITS.trackerQueryBytesMax} bytes` } as const)
      : readUdpRequest(datagram, CHECKED)
  switch (asked.type) {
    case 'connect':
      return encodeUdpAnswer(
        { type: 'connected', transactionId: asked.transactionId, connectionId: ids.of(from) },
        'ipv4',
      )
    case 'announce':
      return announceReply(core, datagram, asked, from, allocate, nowMs)
    case 'scrape':
      return scrapeReply(core, datagram, asked, from)
    case 'fault':
      if (!isConnected) return undefined
      dismiss(core, action, from, 'malformed')
      return failed(datagram, asked.reason)
  }
}
