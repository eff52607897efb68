/**
 * Descriptions of peers to be met by WebRTC (SDP): which of their addresses are tried.
 *
 * Whoever offers or answers names addresses, and packets are sent to each of them (RFC 8839): those that are too many, of
 * names rather than of addresses, of TCP, or of hosts with whom nothing is had to do, are taken out.
 */
import { LIMITS } from '../limits.js'
import { canonicalHost } from './compact.js'

const CANDIDATE = 'a=candidate:'
/** a=candidate:<foundation> <component> <transport> <priority> <address> <port> typ ... */
const TRANSPORT_AT = 2
const ADDRESS_AT = 4

const hostOf = (line: string): string | undefined => {
  const words = line.slice(CANDIDATE.length).split(' ')
  if (words[TRANSPORT_AT]?.toLowerCase() !== 'udp') return undefined
  return canonicalHost(words[ADDRESS_AT] ?? '')
}

/** Whether it is of a data channel (RFC 8841); of anything else no connection could come. */
export const isOfData = (sdp: string): boolean => /^m=application /m.test(sdp)

export const withCandidates = (sdp: string, accepts: (host: string) => boolean): string => {
  let count = 0
  return sdp
    .split(/\r\n|\n/)
    .filter((line) => {
      if (!line.startsWith(CANDIDATE)) return true
      const host = hostOf(line)
      return host !== undefined && accepts(host) && ++count <= LIMITS.webRtcCandidatesMax
    })
    .join('\r\n')
}
