/** Descriptions of peers: which addresses are left. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { isOfData, withCandidates } from '../../src/wire/sdp.js'

const candidate = (host: string, transport = 'udp'): string =>
  `a=candidate:1 1 ${transport} 2122260223 ${host} 50000 typ host generation 0`

const left = (lines: readonly string[], accepts: (host: string) => boolean = () => true): readonly string[] =>
  withCandidates(lines.join('\r\n'), accepts).split('\r\n')

test('descriptions: addresses of UDP stay, and names, TCP and refused hosts go', () => {
  const stays = ['v=0', candidate('10.0.0.1'), candidate('2001:db8::1', 'UDP'), 'a=mid:0', '']
  const goes = [candidate('3f2a.local'), candidate('10.0.0.2', 'tcp'), candidate('10.6.6.6'), 'a=candidate:']
  assert.equal(
    left([...stays.slice(0, 3), ...goes, ...stays.slice(3)], (host) => host !== '10.6.6.6'),
    stays,
  )
})

test('descriptions: no more addresses are left than are tried', () => {
  const many = Array.from({ length: LIMITS.webRtcCandidatesMax + 5 }, (_, at) => candidate(`10.0.0.${at + 1}`))
  assert.equal(left(many), many.slice(0, LIMITS.webRtcCandidatesMax))
})

test('descriptions: those of anything but a data channel are told apart', () => {
  assert.ok(isOfData('v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n'))
  for (const sdp of ['', 'v=0', 'm=audio 9 RTP/AVP 0', 'a=m=application 9']) assert.not(isOfData(sdp), sdp)
})

test.run()
